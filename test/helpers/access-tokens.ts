import { accessTokenStore } from "../../src/store/access-tokens.ts";
import type { Database } from "../../src/store/database.ts";
import { hashToken } from "../../src/store/secrets.ts";
import { tokenRules } from "../../src/web/access-token-policy.ts";

/** Whether the guard of the token's resource accepts an access token, by the policy. */
export async function isAccepted(database: Database, presented: string): Promise<boolean> {
  const token = await accessTokenStore(database).find(hashToken(presented));
  if (!token) return false;
  const facts = { token, resource: token.resources[0] ?? "", now: Date.now() };
  return tokenRules.every((rule) => rule.holds(facts));
}
