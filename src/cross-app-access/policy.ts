import {
  clientGrantRules,
  clientRules,
  grantTypeRules,
  requestRules,
  tokenRule as rule,
  type TokenError,
  type TokenRule,
  toleranceSeconds,
} from "../oauth/policy.ts";
import type { TokenFinding } from "../trust/org-tokens.ts";

/**
 * The policy of this grant: every rule, in the order in which it is applied. "Draft" is
 * draft-ietf-oauth-identity-assertion-authz-grant, "MCP" the extension Enterprise-Managed Authorization.
 */

/** The grant type of an ID-JAG (RFC 7523 §2.1). */
export const jwtBearer = "urn:ietf:params:oauth:grant-type:jwt-bearer";
export const assertionType = "oauth-id-jag+jwt";
/** Okta's ID-JAGs last five minutes. A longer life would outlast the org's decision to end the access. */
const maxLifetimeSeconds = 600;
export interface GrantFacts {
  assertion: string;
  isReadable: boolean;
  /** The claims of a wrong type. */
  mistyped: readonly string[];
}

export const grantRules: readonly TokenRule<GrantFacts>[] = [
  rule("assertion-given", "The request has an assertion", "RFC 7523 §2.1", {
    reason: "invalid_request",
    holds: ({ assertion }) => assertion !== "",
  }),
  rule("assertion-readable", "The assertion is a JWT with an issuer", "Draft §3.1, RFC 7519 §7.2", {
    holds: ({ isReadable }) => isReadable,
  }),
  rule("assertion-claims", "The assertion's claims have the right types", "Draft §3.1, RFC 7519 §4.1", {
    holds: ({ mistyped }) => mistyped.length === 0,
    found: ({ mistyped }) => mistyped.join(" and "),
  }),
];

/** How many connections are left after each step. The key comes last, or an org could name people of another one. */
export interface ConnectionFacts {
  ofIssuer: number;
  ofClient: number;
  ofTenant: number;
  ofSubject: number;
  ofOrg: number;
}

export const connectionRules: readonly TokenRule<ConnectionFacts>[] = [
  rule("issuer-connected", "The issuer is the org of an active connection", "Draft §4.4.1, RFC 7523 §3", {
    holds: ({ ofIssuer }) => ofIssuer > 0,
  }),
  rule(
    "client-of-tenant",
    "The client is of the deployment, or of the connection's tenant",
    "No client of a tenant acts in another one",
    { holds: ({ ofClient }) => ofClient > 0 },
  ),
  rule(
    "tenant-named",
    "The tenant in aud_tenant, if there is one, is the connection's key",
    "Draft §3.1, Okta: Cross App Access",
    { holds: ({ ofTenant }) => ofTenant > 0 },
  ),
  rule(
    "subject-named",
    "The person is named as in a sign-in: by sub, or by a NameID with its issuer and service provider",
    "Draft §3.1, Okta: Cross App Access",
    { holds: ({ ofSubject }) => ofSubject > 0 },
  ),
  rule(
    "tenant-vouched",
    "The org knows the tenant: aud_tenant, the client or the service provider names it, or a person has signed in by the org",
    "Anyone can connect a tenant to an org that is not theirs",
    { holds: ({ ofOrg }) => ofOrg > 0 },
  ),
  rule("connection-clear", "Only one connection fits", "One org may serve two tenants", {
    holds: ({ ofOrg }) => ofOrg === 1,
  }),
];

export const switchRules: readonly TokenRule<{ isOn: boolean }>[] = [
  rule(
    "switched-on",
    "Cross App Access is switched on",
    "An administrator may switch it off for a connection",
    { holds: ({ isOn }) => isOn },
  ),
];

export interface IdJagFacts {
  finding: TokenFinding | null;
  typ: unknown;
  claims: {
    aud?: string | string[] | undefined;
    client_id?: string | undefined;
    jti?: string | undefined;
    iat?: number | undefined;
    exp?: number | undefined;
  };
  /** Our issuer. */
  issuer: string;
  clientId: string;
  /** Seconds since the epoch. */
  now: number;
}

function byLibrary(
  id: string,
  name: string,
  citation: string,
  reason: TokenError = "invalid_grant",
): TokenRule<IdJagFacts> {
  return rule(id, name, citation, {
    reason,
    holds: ({ finding }) => finding?.ruleId !== id,
    found: ({ finding }) => finding?.found ?? null,
  });
}

/** jose checks those that are `byLibrary`. */
export const assertionRules: readonly TokenRule<IdJagFacts>[] = [
  byLibrary("keys-available", "The org's keys can be read", "RFC 7523 §3", "temporarily_unavailable"),
  byLibrary(
    "assertion-signature",
    "The org's key verifies the assertion's signature, by RS256",
    "MCP §7.4.1, RFC 8725 §3.1",
  ),
  rule("assertion-type", `The assertion's type is ${assertionType}`, "Draft §4.4.1, RFC 8725 §3.11", {
    holds: ({ typ }) => typ === assertionType,
  }),
  rule("assertion-audience", "The assertion's audience is our issuer alone", "Draft §4.4.1", {
    holds: ({ claims, issuer }) => [claims.aud].flat().length === 1 && [claims.aud].flat()[0] === issuer,
  }),
  rule("assertion-client", "The assertion is for the client that presents it", "Draft §4.4.1", {
    holds: ({ claims, clientId }) => claims.client_id === clientId,
  }),
  rule("assertion-id", "The assertion has an id", "Draft §3.1", {
    holds: ({ claims }) => claims.jti !== undefined,
  }),
  byLibrary("assertion-not-before", "The assertion is valid already", "RFC 7519 §4.1.5"),
  byLibrary("assertion-expiry", "The assertion has not expired", "RFC 7519 §4.1.4"),
  rule("assertion-issued", "The assertion was not issued in the future", "Draft §3.1, RFC 7519 §4.1.6", {
    holds: ({ claims: { iat }, now }) => iat !== undefined && iat <= now + toleranceSeconds,
  }),
  rule("assertion-lifetime", "The assertion lasts at most ten minutes", "RFC 7523 §3, item 4", {
    holds: ({ claims: { iat = 0, exp = 0 } }) => exp - iat <= maxLifetimeSeconds,
  }),
];

export interface ResourceFacts {
  /** Whether each resource in the assertion is ours. */
  areOurs: boolean;
  /** Whether the assertion covers each resource that the client asks for. */
  areCovered: boolean;
}

export const resourceRules: readonly TokenRule<ResourceFacts>[] = [
  rule("resource-ours", "Each resource in the assertion is ours, to the letter", "MCP §7.6.2", {
    holds: ({ areOurs }) => areOurs,
  }),
  rule("resource-covered", "The assertion covers the resource that the client asks for", "RFC 8707 §2", {
    reason: "invalid_target",
    holds: ({ areCovered }) => areCovered,
  }),
];

export interface ProofFacts {
  /** The fault of the proof; null if it has none, or if there is no proof. */
  problem: string | null;
  /** The thumbprint of the proof's key; null without a proof. */
  thumbprint: string | null;
  /** Whether the assertion is bound to a key, and the key's thumbprint; the latter is null if it is bound in another way. */
  confirmed: { jkt: string | null } | null;
}

export const proofRules: readonly TokenRule<ProofFacts>[] = [
  rule("proof-valid", "A proof of possession, if there is one, is valid and new", "RFC 9449 §4.3", {
    reason: "invalid_dpop_proof",
    holds: ({ problem }) => problem === null,
    found: ({ problem }) => problem,
  }),
  rule(
    "proof-given",
    "An assertion that is bound to a key comes with a proof",
    "RFC 7800 §3.1, RFC 9449 §5",
    {
      holds: ({ confirmed, thumbprint }) => confirmed === null || thumbprint !== null,
    },
  ),
  rule("proof-key", "The proof's key is the one that the assertion is bound to", "RFC 9449 §6.1", {
    holds: ({ confirmed, thumbprint }) => confirmed === null || confirmed.jkt === thumbprint,
  }),
];

/** From here on, in the transaction that issues the token. */
export const agentRules: readonly TokenRule<{ isBlocked: boolean; isNew: boolean }>[] = [
  rule("agent-not-blocked", "The agent is not blocked here", "An administrator may block an agent", {
    holds: ({ isBlocked }) => !isBlocked,
  }),
  rule("assertion-unused", "An assertion for the MCP server was not used before", "MCP §7.4.2", {
    holds: ({ isNew }) => isNew,
  }),
];

export interface PersonFacts {
  /** The directory's reason to refuse the person; null if it has none. */
  refusal: string | null;
  isRevoked: boolean;
}

export const personRules: readonly TokenRule<PersonFacts>[] = [
  rule("person-admitted", "The person may sign in here", "src/directory/sign-in.ts", {
    holds: ({ refusal }) => refusal === null,
    found: ({ refusal }) => refusal,
  }),
  rule(
    "access-not-revoked",
    "The person has not revoked the agent's access",
    "A person may revoke an agent's access",
    { holds: ({ isRevoked }) => !isRevoked },
  ),
];

export const scopeRules: readonly TokenRule<{ scopes: readonly string[] }>[] = [
  rule(
    "scope-left",
    "A scope is asked for, granted by the org, and allowed to the agent and the person",
    "Draft §4.4.1, RFC 6749 §3.3",
    { reason: "invalid_scope", holds: ({ scopes }) => scopes.length > 0 },
  ),
];

/** The rules about one assertion, which the inspector shows. */
export const assertionPolicy = [
  ...connectionRules,
  ...switchRules,
  ...assertionRules,
  ...resourceRules,
  ...proofRules,
  ...agentRules,
  ...personRules,
  ...scopeRules,
] as const;

export const tokenPolicy = [
  ...requestRules,
  ...clientRules,
  ...grantTypeRules,
  ...clientGrantRules,
  ...grantRules,
  ...assertionPolicy,
] as const;
