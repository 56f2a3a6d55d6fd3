import type { Role } from "../model.ts";
import type { Database } from "./database.ts";
import type { SignedInPerson } from "./session-store.ts";
import { type ApiKey, type ApiKeyRow, apiKeyColumns, toApiKey } from "./tenant/api-keys.ts";
import { dayMs } from "./tenant/counts.ts";
import { tenantRoles } from "./tenant/roles.ts";
import { tenantScope } from "./tenant/scope.ts";

/** An API key of a request: src/web/access-token-policy.ts judges it. */
export interface StoredApiKey extends ApiKey {
  kind: "api-key";
  tenant: SignedInPerson["tenant"];
  /** The person's role now. */
  role: Role;
}

/** How long the console lists a key after its end. */
const keptMs = 90 * dayMs;

/** Finds API keys before a tenant is known, and removes those that ended long ago. */
export function apiKeyStore(database: Database, now: () => number = Date.now) {
  return {
    /** Returns null if there is no such key. One statement, and one for the role. */
    async find(keyHash: string): Promise<StoredApiKey | null> {
      const row: (ApiKeyRow & TenantRow) | undefined = await database
        .sql()("api_keys")
        .join("users", (on) =>
          on.on("users.tenant_id", "api_keys.tenant_id").andOn("users.id", "api_keys.user_id"),
        )
        .join("tenants", "tenants.id", "api_keys.tenant_id")
        .where("api_keys.key_hash", keyHash)
        .first([...apiKeyColumns, "tenants.slug as tenant_slug", "tenants.name as tenant_name"]);
      if (!row) return null;
      const tenant = { id: row.tenant_id, slug: row.tenant_slug, name: row.tenant_name };
      const role = await tenantRoles(tenantScope(database, tenant.id)).effective(row.id);
      return { ...toApiKey(row), kind: "api-key", tenant, role };
    },

    async removeEnded(): Promise<void> {
      const before = now() - keptMs;
      await database
        .sql()("api_keys")
        .where("expires_at", "<=", before)
        .orWhere("revoked_at", "<=", before)
        .delete();
    },
  };
}

interface TenantRow {
  tenant_id: string;
  tenant_slug: string;
  tenant_name: string;
}
