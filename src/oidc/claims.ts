import { attributes } from "../../config/attributes.ts";
import { readName } from "../directory/names.ts";
import { judgeSignIn } from "../errors.ts";
import type { AssignableRole, ExternalIdentity, Profile } from "../model.ts";
import type { ConfiguredConnection } from "../sso/connection.ts";
import { identityRules } from "./policy.ts";
import type { VerifiedLogin } from "./relying-party.ts";

/** Longer than any login name or address, and short enough for the index of any database. */
const longestClaim = 500;

/**
 * The person whom the claims describe, by config/attributes.ts. `email_verified` is never read: the provider vouches for
 * its own people only (Okta: "OIDC limitations"). Names are optional, and an overlong one is cut. Throws RefusedError by
 * identityRules.
 */
export function toIdentity(
  { id, settings }: ConfiguredConnection<"oidc">,
  { subject, claims }: Pick<VerifiedLogin, "subject" | "claims">,
): ExternalIdentity {
  const unfit: string[] = [];
  const sentAs = (field: string): unknown => claims[claimOf(field) ?? ""];
  const claim = (field: string) => {
    const value = sentAs(field);
    if (typeof value !== "string" || value.trim() === "") return null;
    if (value.length > longestClaim || value.includes("\0")) unfit.push(field);
    return value.trim();
  };
  const name = (field: keyof Profile) => {
    const value = sentAs(field);
    if ([value].flat().some((one) => typeof one === "string" && one.includes("\0"))) unfit.push(field);
    return readName(value);
  };
  const email = claim("email");
  const loginName = claim("loginName") ?? email;
  const profile = {
    givenName: name("givenName"),
    familyName: name("familyName"),
    displayName: name("displayName"),
    email,
  };
  judgeSignIn(identityRules, { loginName, email, unfit });
  const roles = rolesIn(claims, settings.roleMapping ?? null);
  return { connectionId: id, subject, loginName: String(loginName), profile, ...(roles ? { roles } : {}) };
}

/** The claim that holds one of our fields; null if there is none. */
export function claimOf(field: string): string | null {
  return attributes.find((entry) => entry.field === field)?.oidcClaim ?? null;
}

/** The roles that the mapped claim grants. Null without a mapping: roles then stay as they are. */
function rolesIn(
  claims: VerifiedLogin["claims"],
  mapping: { name: string; adminValues: readonly string[] } | null,
): AssignableRole[] | null {
  if (!mapping) return null;
  const sent = [claims[mapping.name] ?? []].flat();
  return sent.some((value) => mapping.adminValues.includes(String(value))) ? ["admin"] : [];
}
