import { ConflictError } from "../../errors.ts";
import type { ProvisioningSource, ProvisioningToken } from "../../model.ts";
import { mapUniqueViolation } from "../sql-errors.ts";
import type { TenantScope } from "./scope.ts";

interface TokenRow {
  id: string;
  source_id: string;
  source_name: string;
  hint: string;
  created_at: number;
  expires_at: number | null;
  last_used_at: number | null;
  revoked_at: number | null;
}

export interface NewToken {
  id: string;
  sourceId: string;
  /** SHA-256 of the token, which itself is never stored. */
  tokenHash: string;
  hint: string;
  expiresAt: number | null;
  /** The grant of an OAuth access token; absent for a token that a person enters in Okta. */
  grantId?: string;
}

/** The provisioning clients of one tenant. */
export function tenantSources(scope: TenantScope, now: () => number) {
  return {
    /** Throws ConflictError if the tenant has a source of this name. */
    async create(source: ProvisioningSource): Promise<ProvisioningSource> {
      await mapUniqueViolation(scope.insert("provisioning_sources", { ...source, created_at: now() }), {
        name: () =>
          new ConflictError("source-name-taken", `There is already a source named "${source.name}".`),
      });
      return source;
    },

    async byName(name: string): Promise<ProvisioningSource | null> {
      const row = await scope.rows("provisioning_sources").where("name", name).first(["id", "name"]);
      return (row as ProvisioningSource | undefined) ?? null;
    },

    async list(): Promise<ProvisioningSource[]> {
      return await scope.rows("provisioning_sources").select(["id", "name"]).orderBy("name");
    },
  };
}

/** The provisioning tokens of one tenant. The system store finds the owner of a request's token. */
export function tenantTokens(scope: TenantScope, now: () => number) {
  return {
    async create(token: NewToken): Promise<void> {
      await scope.insert("provisioning_tokens", {
        id: token.id,
        source_id: token.sourceId,
        token_hash: token.tokenHash,
        hint: token.hint,
        created_at: now(),
        expires_at: token.expiresAt,
        grant_id: token.grantId ?? null,
      });
    },

    /** The tokens that a person enters in Okta. Those of grants come and go by themselves. */
    async list(): Promise<ProvisioningToken[]> {
      const query = scope.rows("provisioning_tokens").whereNull("provisioning_tokens.grant_id");
      scope.join(query, "provisioning_sources", "id", "provisioning_tokens.source_id");
      const columns = ["id", "source_id", "hint", "created_at", "expires_at", "last_used_at", "revoked_at"];
      const rows = (await query
        .select([
          ...columns.map((column) => `provisioning_tokens.${column}`),
          "provisioning_sources.name as source_name",
        ])
        .orderBy(["provisioning_tokens.created_at", "provisioning_tokens.id"])) as TokenRow[];
      return rows.map(toToken);
    },

    /** Records that a token was used now. */
    async recordUse(id: string): Promise<void> {
      await scope.rows("provisioning_tokens").where("id", id).update({ last_used_at: now() });
    },

    /** Returns whether there was such a token that was not yet revoked. */
    async revoke(id: string): Promise<boolean> {
      const change = scope
        .rows("provisioning_tokens")
        .where("id", id)
        .whereNull("grant_id")
        .whereNull("revoked_at");
      return ((await change.update({ revoked_at: now() })) as number) > 0;
    },
  };
}

function toToken(row: TokenRow): ProvisioningToken {
  return {
    id: row.id,
    sourceId: row.source_id,
    sourceName: row.source_name,
    hint: row.hint,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    lastUsedAt: row.last_used_at,
    revokedAt: row.revoked_at,
  };
}
