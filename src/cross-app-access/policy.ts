import type { Rule } from "policy-list/policy";
import type { TokenFinding } from "../trust/org-tokens.ts";

/**
 * The policy of the token endpoint: every rule, in the order in which it is applied. "Draft" is
 * draft-ietf-oauth-identity-assertion-authz-grant, "MCP" the extension Enterprise-Managed Authorization.
 */
type TokenRule<Facts> = Rule<Facts, TokenError>;

/** The error codes of a response (RFC 6749 §5.2, RFC 8707 §2, RFC 9449 §5). */
export type TokenError =
  | "invalid_request"
  | "invalid_client"
  | "invalid_grant"
  | "invalid_scope"
  | "invalid_target"
  | "invalid_dpop_proof"
  | "unsupported_grant_type"
  | "temporarily_unavailable";

/** The grant type of an ID-JAG (RFC 7523 §2.1). */
export const jwtBearer = "urn:ietf:params:oauth:grant-type:jwt-bearer";
export const assertionType = "oauth-id-jag+jwt";
/** Okta's ID-JAGs last five minutes. A longer life would keep access alive that the org took away. */
const maxLifetimeSeconds = 600;
/** Clocks may differ by this much. */
export const toleranceSeconds = 60;

export interface RequestFacts {
  isForm: boolean;
  /** A parameter that the request has twice; null if there is none. */
  repeated: string | null;
  hasNul: boolean;
  /** The ways in which the client authenticates. */
  methods: readonly string[];
}

export const requestRules: readonly TokenRule<RequestFacts>[] = [
  {
    id: "request-form",
    name: "The request is a form",
    citation: "RFC 6749 §4.5, appendix B",
    reason: "invalid_request",
    holds: ({ isForm }) => isForm,
  },
  {
    id: "parameters-once",
    name: "No parameter is there twice, except resource",
    citation: "RFC 6749 §3.2, RFC 8707 §2",
    reason: "invalid_request",
    holds: ({ repeated }) => repeated === null,
    found: ({ repeated }) => repeated,
  },
  {
    id: "parameters-text",
    name: "No parameter contains a NUL",
    citation: "RFC 6749 appendix A",
    reason: "invalid_request",
    holds: ({ hasNul }) => !hasNul,
  },
  {
    id: "client-one-method",
    name: "The client authenticates in one way",
    citation: "RFC 6749 §2.3",
    reason: "invalid_request",
    holds: ({ methods }) => methods.length <= 1,
    found: ({ methods }) => methods.join(" and "),
  },
];

export const clientRules: readonly TokenRule<{ problem: string | null }>[] = [
  {
    id: "client-authenticated",
    name: "The client is registered or describes itself, and authenticates",
    citation: "RFC 6749 §2.3, RFC 7523 §3, Client ID Metadata Document",
    reason: "invalid_client",
    holds: ({ problem }) => problem === null,
    found: ({ problem }) => problem,
  },
];

export interface GrantFacts {
  grantType: string;
  assertion: string;
  claims: object | null;
}

export const grantRules: readonly TokenRule<GrantFacts>[] = [
  {
    id: "grant-type",
    name: "The grant is a JWT",
    citation: "RFC 7523 §2.1",
    reason: "unsupported_grant_type",
    holds: ({ grantType }) => grantType === jwtBearer,
  },
  {
    id: "assertion-given",
    name: "The request has an assertion",
    citation: "RFC 7523 §2.1",
    reason: "invalid_request",
    holds: ({ assertion }) => assertion !== "",
  },
  {
    id: "assertion-readable",
    name: "The assertion is a JWT with an issuer, and its claims have the right types",
    citation: "Draft §3.1, RFC 7519 §4.1",
    reason: "invalid_grant",
    holds: ({ claims }) => claims !== null,
  },
];

/** How many connections are left after each step. The key is never tried first, or any org could name another one's people. */
export interface ConnectionFacts {
  ofIssuer: number;
  ofClient: number;
  ofTenant: number;
  ofSubject: number;
  isOn: boolean;
}

function connectionRule(
  id: string,
  name: string,
  citation: string,
  holds: (facts: ConnectionFacts) => boolean,
): TokenRule<ConnectionFacts> {
  return { id, name, citation, reason: "invalid_grant", holds };
}

export const connectionRules: readonly TokenRule<ConnectionFacts>[] = [
  connectionRule(
    "issuer-connected",
    "The issuer is the org of an active connection",
    "Draft §4.4",
    ({ ofIssuer }) => ofIssuer > 0,
  ),
  connectionRule(
    "client-of-tenant",
    "The client is of the deployment or of the connection's tenant",
    "Tenants are kept apart",
    ({ ofClient }) => ofClient > 0,
  ),
  connectionRule(
    "tenant-named",
    "aud_tenant, if there is one, is the connection's key",
    "Draft §3.1, Okta: Audience/tenant ID",
    ({ ofTenant }) => ofTenant > 0,
  ),
  connectionRule(
    "subject-named",
    "The person is named as in a sign-in: by sub, or by a SAML NameID with its issuer and service provider",
    "Draft §3.1, RFC 9493 §3.2.5",
    ({ ofSubject }) => ofSubject > 0,
  ),
  connectionRule(
    "connection-clear",
    "Only one connection fits",
    "One org may serve two tenants",
    ({ ofSubject }) => ofSubject === 1,
  ),
  connectionRule(
    "switched-on",
    "Cross App Access is switched on",
    "An administrator may switch it off for a connection",
    ({ isOn }) => isOn,
  ),
];

export interface AssertionFacts {
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
  rule: Pick<TokenRule<AssertionFacts>, "id" | "name" | "citation"> & { reason?: TokenError },
): TokenRule<AssertionFacts> {
  return {
    reason: "invalid_grant",
    ...rule,
    holds: ({ finding }) => finding?.ruleId !== rule.id,
    found: ({ finding }) => finding?.found ?? null,
  };
}

/** jose checks those that are `byLibrary`. */
export const assertionRules: readonly TokenRule<AssertionFacts>[] = [
  byLibrary({
    id: "keys-available",
    name: "The org's keys can be read",
    citation: "Draft §4.4",
    reason: "temporarily_unavailable",
  }),
  byLibrary({
    id: "assertion-signature",
    name: "The org's key verifies the assertion's signature, by RS256",
    citation: "RFC 7515 §5.2, RFC 8725 §3.1",
  }),
  {
    id: "assertion-type",
    name: `The assertion's type is ${assertionType}`,
    citation: "Draft §3.1, RFC 8725 §3.11",
    reason: "invalid_grant",
    holds: ({ typ }) => typ === assertionType,
  },
  {
    id: "assertion-audience",
    name: "The assertion's audience is our issuer, and nobody else",
    citation: "Draft §4.4.1",
    reason: "invalid_grant",
    holds: ({ claims, issuer }) => [claims.aud].flat().join(" ") === issuer,
  },
  {
    id: "assertion-client",
    name: "The assertion is for the client that presents it",
    citation: "Draft §4.4.1",
    reason: "invalid_grant",
    holds: ({ claims, clientId }) => claims.client_id === clientId,
  },
  {
    id: "assertion-id",
    name: "The assertion has an id",
    citation: "Draft §3.1",
    reason: "invalid_grant",
    holds: ({ claims }) => claims.jti !== undefined,
  },
  byLibrary({
    id: "assertion-not-before",
    name: "The assertion is valid already",
    citation: "RFC 7519 §4.1.5",
  }),
  byLibrary({
    id: "assertion-expiry",
    name: "The assertion has not expired",
    citation: "RFC 7519 §4.1.4",
  }),
  {
    id: "assertion-issued",
    name: "The assertion was not issued in the future",
    citation: "Draft §3.1, RFC 7519 §4.1.6",
    reason: "invalid_grant",
    holds: ({ claims, now }) => claims.iat !== undefined && claims.iat <= now + toleranceSeconds,
  },
  {
    id: "assertion-lifetime",
    name: "The assertion lasts at most ten minutes",
    citation: "RFC 7523 §3, item 4",
    reason: "invalid_grant",
    holds: ({ claims: { iat = 0, exp = 0 } }) => exp - iat <= maxLifetimeSeconds,
  },
];

export interface ResourceFacts {
  /** Whether each resource in the assertion is ours. */
  areOurs: boolean;
  /** Whether the assertion covers each resource that the client asks for. */
  areCovered: boolean;
}

export const resourceRules: readonly TokenRule<ResourceFacts>[] = [
  {
    id: "resource-ours",
    name: "Each resource in the assertion is ours, to the letter",
    citation: "Draft §3.1, MCP §7.6.2",
    reason: "invalid_grant",
    holds: ({ areOurs }) => areOurs,
  },
  {
    id: "resource-covered",
    name: "The assertion covers the resource that the client asks for",
    citation: "RFC 8707 §2, MCP §5.1",
    reason: "invalid_target",
    holds: ({ areCovered }) => areCovered,
  },
];

export interface ProofFacts {
  /** What is wrong with the proof; null if nothing is, or if there is none. */
  problem: string | null;
  /** The thumbprint of the proof's key; null without a proof. */
  thumbprint: string | null;
  /** Whether the assertion is bound to a key, and which; the latter is null if it is bound in another way. */
  confirmed: { jkt: string | null } | null;
}

export const proofRules: readonly TokenRule<ProofFacts>[] = [
  {
    id: "proof-valid",
    name: "A proof of possession, if there is one, is valid and was not used before",
    citation: "RFC 9449 §4.3",
    reason: "invalid_dpop_proof",
    holds: ({ problem }) => problem === null,
    found: ({ problem }) => problem,
  },
  {
    id: "proof-given",
    name: "An assertion that is bound to a key comes with a proof",
    citation: "Draft §4.4.1, RFC 9449 §5",
    reason: "invalid_grant",
    holds: ({ confirmed, thumbprint }) => confirmed === null || thumbprint !== null,
  },
  {
    id: "proof-key",
    name: "The proof is signed with the key that the assertion is bound to",
    citation: "Draft §4.4.1, RFC 7800 §3",
    reason: "invalid_grant",
    holds: ({ confirmed, thumbprint }) => confirmed === null || confirmed.jkt === thumbprint,
  },
];

export const agentRules: readonly TokenRule<{ isBlocked: boolean }>[] = [
  {
    id: "agent-not-blocked",
    name: "No administrator of the tenant blocked the agent",
    citation: "An administrator may block an agent",
    reason: "invalid_grant",
    holds: ({ isBlocked }) => !isBlocked,
  },
];

export const replayRules: readonly TokenRule<{ isNew: boolean }>[] = [
  {
    id: "assertion-unused",
    name: "The assertion was not used before, if it is for the MCP server",
    citation: "MCP §7.4.2",
    reason: "invalid_grant",
    holds: ({ isNew }) => isNew,
  },
];

export interface PersonFacts {
  /** Why the directory refuses the person; null if it does not. */
  refusal: string | null;
  isRevoked: boolean;
}

export const personRules: readonly TokenRule<PersonFacts>[] = [
  {
    id: "person-admitted",
    name: "The person may sign in here",
    citation: "Draft §4.4.1, src/directory/sign-in.ts",
    reason: "invalid_grant",
    holds: ({ refusal }) => refusal === null,
    found: ({ refusal }) => refusal,
  },
  {
    id: "access-not-revoked",
    name: "The person did not take the agent's access away",
    citation: "A person may revoke an agent's access",
    reason: "invalid_grant",
    holds: ({ isRevoked }) => !isRevoked,
  },
];

export const scopeRules: readonly TokenRule<{ scopes: readonly string[] }>[] = [
  {
    id: "scope-left",
    name: "A scope is asked for, granted by the org, and allowed to the agent and the person",
    citation: "Draft §4.4.1, RFC 6749 §3.3",
    reason: "invalid_scope",
    holds: ({ scopes }) => scopes.length > 0,
  },
];

/** The rules about one assertion, which the inspector shows. */
export const assertionPolicy = [
  ...connectionRules,
  ...assertionRules,
  ...resourceRules,
  ...proofRules,
  ...agentRules,
  ...personRules,
  ...replayRules,
  ...scopeRules,
] as const;

export const tokenPolicy = [...requestRules, ...clientRules, ...grantRules, ...assertionPolicy] as const;
