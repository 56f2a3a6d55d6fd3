import { attributes } from "../../config/attributes.ts";
import { firstText } from "../directory/names.ts";
import { judgeSignIn } from "../errors.ts";
import type { AssignableRole, ExternalIdentity } from "../model.ts";
import type { ConfiguredConnection } from "../sso/connection.ts";
import type { SentFields } from "../sso/test-sign-in.ts";
import { identityRules } from "./policy.ts";
import type { VerifiedLogin } from "./relying-party.ts";

/** Longer than any login name or address, and short enough for the index of any database. */
const longestClaim = 500;

/**
 * The person whom the claims describe, by config/attributes.ts. `email_verified` is never read: the provider vouches for
 * its own people only (Okta: "OIDC limitations"). Names are optional. Throws RefusedError by
 * identityRules.
 */
export function toIdentity(
  { id, settings }: ConfiguredConnection<"oidc">,
  { subject, claims }: Pick<VerifiedLogin, "subject" | "claims">,
): ExternalIdentity {
  const { loginName, email, ...names } = fieldsIn(claims);
  const profile = {
    givenName: names.givenName.value,
    familyName: names.familyName.value,
    displayName: names.displayName.value,
    email: email.value,
  };
  judgeSignIn(identityRules, { loginName: loginName.value, email: email.value, unfit: unfitIn(claims) });
  const roles = rolesIn(claims, settings.roleMapping ?? null);
  const person = { connectionId: id, subject, loginName: String(loginName.value), profile };
  return { ...person, ...(roles ? { roles } : {}) };
}

/** The claims of each of our fields. The address is the login name of a person without another one. */
export function fieldsIn(claims: VerifiedLogin["claims"]): SentFields {
  const sent = (field: string, read: (value: unknown) => string | null) => {
    const name = claimOf(field);
    return { name, value: name === null ? null : read(claims[name]) };
  };
  const [loginName, email] = [sent("loginName", textIn), sent("email", textIn)];
  return {
    loginName: loginName.value === null && email.value !== null ? email : loginName,
    givenName: sent("givenName", firstText),
    familyName: sent("familyName", firstText),
    displayName: sent("displayName", firstText),
    email,
  };
}

/** A claim that identifies the person is one text: of a list, none is more true than the others. */
function textIn(value: unknown): string | null {
  return typeof value === "string" ? value.trim() || null : null;
}

/** The fields whose claims the database cannot hold. */
function unfitIn(claims: VerifiedLogin["claims"]): string[] {
  return attributes.flatMap(({ field, oidcClaim }) => {
    // A name is cleaned and cut: a sign-in does not fail for it.
    if (oidcClaim === null || (field !== "loginName" && field !== "email")) return [];
    const texts = [claims[oidcClaim]].flat().filter((one) => typeof one === "string");
    const isUnfit = texts.some((text) => text.includes("\0") || text.length > longestClaim);
    return isUnfit ? [field] : [];
  });
}

/** The claim that holds one of our fields; null if there is none. */
function claimOf(field: string): string | null {
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
