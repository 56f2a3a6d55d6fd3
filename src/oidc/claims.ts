import { attributes } from "../../config/attributes.ts";
import { RefusedError } from "../errors.ts";
import type { AssignableRole, Connection, ExternalIdentity, OidcSettings } from "../model.ts";

/** Claims of the ID token, with those of /userinfo over them: Okta's ID tokens are thin. */
export type Claims = Record<string, unknown>;

/** Longer than any name, and short enough for the index of any database. */
const longestClaim = 500;

/**
 * Who the claims say this is, by config/attributes.ts. `email_verified` is never read: the provider answers for its own
 * people only (Okta: "OIDC limitations"). Throws RefusedError `profile-incomplete` without a login name or an address.
 */
export function toIdentity(
  connection: Connection & { type: "oidc" },
  subject: string,
  claims: Claims,
): ExternalIdentity {
  const claim = (field: string) => {
    const name = claimOf(field);
    const value = name ? claims[name] : undefined;
    if (typeof value !== "string" || value.trim() === "") return null;
    if (value.length > longestClaim || value.includes("\0"))
      throw new RefusedError("provider-answer-not-valid");
    return value.trim();
  };
  const email = claim("email");
  const loginName = claim("loginName") ?? email;
  if (loginName === null || email === null) throw new RefusedError("profile-incomplete");
  const [givenName, familyName, displayName] = [
    claim("givenName"),
    claim("familyName"),
    claim("displayName"),
  ];
  const roles = rolesOf(connection.settings, claims);
  return {
    connectionId: connection.id,
    subject,
    loginName,
    profile: { givenName, familyName, displayName, email },
    ...(roles ? { roles } : {}),
  };
}

/** The claim that one of our fields comes in; null when none is asked for. */
export function claimOf(field: string): string | null {
  return attributes.find((entry) => entry.field === field)?.oidcClaim ?? null;
}

/** The roles that the mapped claim grants; null when the connection maps none, which changes nothing. */
function rolesOf(settings: OidcSettings | null, claims: Claims): AssignableRole[] | null {
  const mapping = settings?.roleMapping;
  if (!mapping) return null;
  const sent = [claims[mapping.name] ?? []].flat();
  return sent.some((value) => mapping.adminValues.includes(String(value))) ? ["admin"] : [];
}
