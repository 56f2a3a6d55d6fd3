import type { Rule } from "policy-list/policy";
import type { TokenFinding } from "../trust/org-tokens.ts";

/**
 * The policy of Universal Logout: every rule, in the order in which it is applied. "Draft" is
 * draft-parecki-oauth-global-token-revocation.
 */
type RevocationRule<Facts> = Rule<Facts, RevocationRefusal>;

/** How a refusal ends: each is one status of the response (routes.ts). */
export type RevocationRefusal =
  | "unauthorized"
  | "keys-unavailable"
  | "switched-off"
  | "not-json"
  | "no-subject"
  | "unknown-person";

interface TokenFacts {
  finding: TokenFinding | null;
}

function byLibrary(
  id: string,
  name: string,
  citation: string,
  reason: RevocationRefusal = "unauthorized",
): RevocationRule<TokenFacts> {
  return {
    id,
    name,
    citation,
    reason,
    holds: ({ finding }) => finding?.ruleId !== id,
    found: ({ finding }) => finding?.found ?? null,
  };
}

/** Before anything is verified: to find the connections that the token is about. */
export const bearerRules: readonly RevocationRule<{ claims: object | null }>[] = [
  {
    id: "token-readable",
    name: "The call has a bearer token that can be read",
    citation: "Draft §3, RFC 6750 §2.1",
    reason: "unauthorized",
    holds: ({ claims }) => claims !== null,
  },
];

/** For each connection that the token names. jose checks all but the first. */
export const tokenRules: readonly RevocationRule<TokenFacts>[] = [
  byLibrary(
    "connection-complete",
    "The connection knows the application's id and the org's address",
    "Okta: Universal Logout",
  ),
  byLibrary("keys-available", "The org's keys can be read", "Okta: Universal Logout", "keys-unavailable"),
  byLibrary("token-signature", "The org's key verifies the token's signature, by RS256", "RFC 7515 §5.2"),
  byLibrary("token-type", "The token's type is global-token-revocation+jwt", "RFC 8725 §3.11"),
  byLibrary("token-id", "The token has an id", "RFC 7519 §4.1.7"),
  byLibrary("token-issuer", "The token's issuer is the connection's org", "RFC 7519 §4.1.1"),
  byLibrary("token-application", "The token's subject is the connection's application", "RFC 7519 §4.1.2"),
  byLibrary("token-audience", "The token's audience is this address, without a query", "RFC 7519 §4.1.3"),
  byLibrary("token-not-before", "The token is valid already", "RFC 7519 §4.1.5"),
  byLibrary("token-expiry", "The token has not expired", "RFC 7519 §4.1.4"),
  byLibrary("token-fresh", "The token was issued in the last 15 minutes", "RFC 7519 §4.1.6"),
];

/** For each connection that accepts the token. */
export const permissionRules: readonly RevocationRule<{ isOn: boolean }>[] = [
  {
    id: "switched-on",
    name: "Universal Logout is switched on",
    citation: "An administrator may switch it off for a connection",
    reason: "switched-off",
    holds: ({ isOn }) => isOn,
  },
];

/** Before the body is parsed. */
export const contentRules: readonly RevocationRule<{ isJson: boolean }>[] = [
  {
    id: "body-json",
    name: "The body is JSON",
    citation: "Draft §3",
    reason: "not-json",
    holds: ({ isJson }) => isJson,
  },
];

export const subjectRules: readonly RevocationRule<{ subject: object | null }>[] = [
  {
    id: "body-subject",
    name: "The body names a person",
    citation: "RFC 9493 §3",
    reason: "no-subject",
    holds: ({ subject }) => subject !== null,
    found: () => "sub_id is missing or of an unknown format",
  },
];

/** For each connection, in its tenant's transaction. */
export const replayRules: readonly RevocationRule<{ isNew: boolean }>[] = [
  {
    id: "token-unused",
    name: "The token was not used before",
    citation: "RFC 7519 §4.1.7",
    reason: "unauthorized",
    holds: ({ isNew }) => isNew,
  },
];

export const personRules: readonly RevocationRule<{ userIds: readonly string[] }>[] = [
  {
    id: "person-known",
    name: "A user of the tenant has that name",
    citation: "Draft §4, 404",
    reason: "unknown-person",
    holds: ({ userIds }) => userIds.length > 0,
  },
];

/** The rules about one connection, which the inspector shows. */
export const connectionPolicy = [
  ...tokenRules,
  ...permissionRules,
  ...contentRules,
  ...subjectRules,
  ...replayRules,
  ...personRules,
] as const;

export const revocationPolicy = [...bearerRules, ...connectionPolicy] as const;
