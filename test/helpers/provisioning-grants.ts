import type { GrantTokens, NewGrant, ProvisioningCode } from "../../src/store/tenant/provisioning-grants.ts";

/** The refresh tokens of a grant, with made-up hashes. */
export function grantTokens(hash: string): GrantTokens {
  const at = Date.now();
  const former = { formerHash: null, sealedResponse: null };
  return { refreshHash: hash, refreshedAt: at, refreshExpiresAt: at + 60_000, ...former };
}

/** A grant with made-up hashes. */
export function newGrant(
  id: string,
  { sourceId, clientId, userId }: { sourceId: string; clientId: string; userId: string },
): NewGrant {
  const by = { allowedBy: "ada@acme.example", allowedById: userId };
  return { id, sourceId, clientId, ...by, familyHash: `family of ${id}`, ...grantTokens(`token of ${id}`) };
}

/** A code with a made-up hash. */
export function newCode(
  id: string,
  { clientId, userId }: { clientId: string; userId: string },
): Omit<ProvisioningCode, "grantId"> & { codeHash: string } {
  const redirectUri = "https://system-admin.okta.com/admin/app/cpc/product/oauth/callback";
  const asked = { clientId, redirectUri, challenge: null, sourceName: "default" };
  return { id, codeHash: `code ${id}`, ...asked, userId, accessEpoch: 0, expiresAt: Date.now() + 60_000 };
}
