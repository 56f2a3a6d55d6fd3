import { brand } from "../../config/brand.ts";
import { type ApiScope, apiScopes } from "../../config/integration.ts";
import { createApiKey } from "../../src/directory/api-keys.ts";
import type { User } from "../../src/model.ts";
import type { TenantStore } from "../../src/store/tenant-store.ts";
import { createLocalAccount } from "./people.ts";

/** A product without an API of its own has no scope, and a key needs one. */
if (apiScopes.length === 0)
  (apiScopes as ApiScope[]).push({ name: "test.read", description: "Read", role: "member" });

/** The scopes that an administrator can have, the first of which a member can have, too. */
export const keyScopes = apiScopes.filter(({ role }) => role !== "owner").map(({ name }) => name);

interface WantedKey {
  name?: string;
  scopes?: readonly string[];
  days?: number | null;
}

/** An API key of an administrator with all scopes of the role, unless the test wants others. */
export async function apiKeyOf(store: TenantStore, user: User, wanted: WantedKey = {}) {
  const { name = "Report", scopes = keyScopes, days = 90 } = wanted;
  const role = await store.roles.effective(user.id);
  return await createApiKey(store, { user, role }, { prefix: brand.apiKeyPrefix, name, scopes, days });
}

let people = 0;

/** An administrator with an API key. */
export async function administratorWithKey(store: TenantStore, wanted: WantedKey = {}) {
  people += 1;
  const user = await createLocalAccount(store, `key-holder-${people}@acme.example`, "admin");
  return { user, ...(await apiKeyOf(store, user, wanted)) };
}
