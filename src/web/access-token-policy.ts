import type { Rule } from "policy-list/policy";
import { atLeast } from "../directory/roles.ts";
import type { StoredAccessToken } from "../store/access-tokens.ts";
import type { StoredApiKey } from "../store/api-keys.ts";

/** The error codes of a refused call (RFC 6750 §3.1, RFC 9449 §7.1). */
type CallError = "invalid_token" | "invalid_dpop_proof" | "insufficient_scope";
type CallRule<Facts> = Rule<Facts, CallError>;

/**
 * The policy of a call with an access token or an API key: every rule, in the order in which it is applied. Both stop
 * working as soon as anything that they depend on is gone, so no job has to find and revoke them.
 */
interface Facts<Token> {
  token: Token;
  /** In ms since the epoch. */
  now: number;
}

export interface TokenFacts extends Facts<StoredAccessToken> {
  /** The identifier of the called resource. */
  resource: string;
}

export interface ApiKeyFacts extends Facts<Omit<StoredApiKey, "kind" | "tenant">> {
  /** Whether the called resource accepts API keys. */
  acceptsApiKeys: boolean;
}

function rule<These extends Facts<unknown>>(
  id: string,
  name: string,
  citation: string,
  holds: (token: These["token"], facts: These) => boolean,
): CallRule<These> {
  return { id, name, citation, reason: "invalid_token", holds: (facts) => holds(facts.token, facts) };
}

/** Access tokens and API keys alike: they act for a person. */
type PersonsToken = Pick<StoredAccessToken, "user" | "role" | "issuedRole" | "issuedEpoch">;

const personRules: readonly CallRule<Facts<PersonsToken>>[] = [
  rule("person-active", "The person is active", "Deactivation is always obeyed", ({ user }) => user.active),
  rule(
    "person-not-blocked",
    "The person is not blocked",
    "An administrator may block a person",
    ({ user }) => !user.blocked,
  ),
  rule(
    "access-current",
    "The person's access was not revoked since the token was issued",
    "Universal Logout, sign-out by an administrator",
    ({ user, issuedEpoch }) => user.accessEpoch === issuedEpoch,
  ),
  rule(
    "role-kept",
    "The person still has the role for which the token was issued",
    "A token does not outlive a role",
    ({ role, issuedRole }) => atLeast(role, issuedRole),
  ),
];

const tokenExpiry = rule<Facts<{ expiresAt: number | null }>>(
  "token-expiry",
  "The token has not expired",
  "RFC 6750 §3.1",
  ({ expiresAt }, { now }) => expiresAt === null || expiresAt > now,
);

export const tokenRules: readonly CallRule<TokenFacts>[] = [
  tokenExpiry,
  rule(
    "token-resource",
    "The token is for this resource",
    "RFC 8707 §2, RFC 9728 §7.4",
    ({ resources }, { resource }) => resources.includes(resource),
  ),
  rule(
    "connection-active",
    "The connection is active",
    "Administrators switch a connection off to keep people out",
    ({ connection }) => connection.isActive,
  ),
  rule(
    "connection-lets-agents-in",
    "Cross App Access is switched on",
    "An administrator may switch it off for a connection",
    ({ connection }) => connection.letsAgentsIn,
  ),
  rule(
    "agent-registered",
    "The agent is not revoked",
    "The operator may revoke an agent",
    ({ agent }) => !agent.isRevoked,
  ),
  rule(
    "agent-not-blocked",
    "The agent is not blocked here",
    "An administrator may block an agent",
    ({ agent }) => !agent.isBlocked,
  ),
  rule(
    "grant-not-revoked",
    "The person has not revoked the agent's access",
    "A person may revoke an agent's access",
    ({ isGrantRevoked }) => !isGrantRevoked,
  ),
  ...personRules,
];

export const apiKeyRules: readonly CallRule<ApiKeyFacts>[] = [
  tokenExpiry,
  rule(
    "api-key-not-revoked",
    "The API key is not revoked",
    "Administrators may revoke an API key",
    ({ revokedAt }) => revokedAt === null,
  ),
  rule(
    "api-key-resource",
    "The resource accepts API keys",
    "The identity provider decides about agents, which call the MCP server",
    (_key, { acceptsApiKeys }) => acceptsApiKeys,
  ),
  ...personRules,
];

export interface CallProof {
  /** Whether the token is bound to a key, and whether the call presents it so. */
  isBound: boolean;
  isPresentedBound: boolean;
  /** The fault of the proof; null if it has none. */
  problem: string | null;
}

/** Before and after the proof is read. */
export const proofRules: readonly CallRule<CallProof>[] = [
  {
    id: "token-scheme",
    name: "A token that is bound to a key comes with DPoP, and no other does",
    citation: "RFC 9449 §7.1",
    reason: "invalid_token",
    holds: ({ isBound, isPresentedBound }) => isBound === isPresentedBound,
  },
  {
    id: "call-proof",
    name: "The proof is valid and new, and its key is the token's",
    citation: "RFC 9449 §4.3, §7.1",
    reason: "invalid_dpop_proof",
    holds: ({ problem }) => problem === null,
    found: ({ problem }) => problem,
  },
];

export const callScopeRules: readonly CallRule<{ scopes: readonly string[]; needed: string }>[] = [
  {
    id: "scope-granted",
    name: "The token has the scope that the call needs, and the person's role still allows it",
    citation: "RFC 6750 §3.1",
    reason: "insufficient_scope",
    holds: ({ scopes, needed }) => scopes.includes(needed),
    found: ({ needed }) => needed,
  },
];

export const callPolicy = [...tokenRules, ...proofRules, ...callScopeRules] as const;
export const apiKeyPolicy = [...apiKeyRules, ...proofRules.slice(0, 1), ...callScopeRules] as const;
