import type { Rule } from "policy-list/policy";
import { provisioningScope } from "../directory/provisioning-clients.ts";
import { type TokenRule, tokenRule } from "../oauth/policy.ts";

/**
 * The policy of OAuth 2.0 for SCIM: every rule, in the order in which it is applied. "Okta: Authentication settings" is the
 * part of Okta's submission guide that lists the redirect URIs.
 */

/** The error codes of the authorization endpoint (RFC 6749 §4.1.2.1). */
export type AuthorizationError =
  | "invalid_request"
  | "unsupported_response_type"
  | "invalid_scope"
  | "access_denied";

function rule<Facts, Reason extends string>(
  id: string,
  name: string,
  citation: string,
  how: Pick<Rule<Facts, Reason>, "reason" | "holds" | "found">,
): Rule<Facts, Reason> {
  return { id, name, citation, ...how };
}

export interface AddressFacts {
  isShort: boolean;
  /** A parameter that the request has twice; null if there is none. */
  repeated: string | null;
  isKnownClient: boolean;
  isOktaUri: boolean;
}

/** These hold before the browser may be sent anywhere. A refusal is a page. */
export const addressRules: readonly Rule<AddressFacts, "page">[] = [
  rule(
    "authorize-short",
    "The request fits into the address of a sign-in",
    "It returns here after a sign-in",
    {
      reason: "page",
      holds: ({ isShort }) => isShort,
    },
  ),
  rule("authorize-once", "No parameter is there twice", "RFC 6749 §3.1", {
    reason: "page",
    holds: ({ repeated }) => repeated === null,
    found: ({ repeated }) => repeated,
  }),
  rule("authorize-client", "The client is the deployment's, and not revoked", "RFC 6749 §4.1.2.1", {
    reason: "page",
    holds: ({ isKnownClient }) => isKnownClient,
  }),
  rule(
    "authorize-redirect",
    "The redirect URI is one of Okta's, to the letter, but for the app's name",
    "RFC 9700 §2.1, RFC 6749 §3.1.2.3, Okta: Authentication settings (test case C21902)",
    { reason: "page", holds: ({ isOktaUri }) => isOktaUri },
  ),
];

export interface QuestionFacts {
  responseType: string | undefined;
  challenge: string | undefined;
  method: string | undefined;
  scopes: readonly string[];
}

/** Refusals of which the client learns, at its redirect URI. */
export const questionRules: readonly Rule<QuestionFacts, AuthorizationError>[] = [
  rule("authorize-code", "The client asks for a code", "RFC 6749 §4.1.1", {
    reason: "unsupported_response_type",
    holds: ({ responseType }) => responseType === "code",
  }),
  rule(
    "authorize-pkce",
    "A code challenge, if there is one, is a SHA-256",
    "RFC 7636 §4.2, RFC 9700 §2.1.1",
    {
      reason: "invalid_request",
      holds: ({ challenge, method }) =>
        challenge === undefined ? method === undefined : method === "S256" && /^[\w-]{43}$/.test(challenge),
    },
  ),
  rule("authorize-scope", `The scope, if there is one, is ${provisioningScope}`, "RFC 6749 §3.3", {
    reason: "invalid_scope",
    holds: ({ scopes }) => scopes.every((scope) => scope === provisioningScope),
  }),
];

export interface OwnerFacts {
  isOwner: boolean;
}

export const ownerRules: readonly Rule<OwnerFacts, "page">[] = [
  rule(
    "authorize-owner",
    "The person is an owner of their organisation",
    "As for tokens: only owners extend what Okta may do",
    {
      reason: "page",
      holds: ({ isOwner }) => isOwner,
    },
  ),
];

/** The form of an "Allow" against the session that sends it. */
export const consentRules: readonly Rule<{ isSame: boolean }, "page">[] = [
  rule(
    "consent-same",
    "The person and the organisation are those that the page showed",
    "Another tab may have signed in again",
    {
      reason: "page",
      holds: ({ isSame }) => isSame,
    },
  ),
];

export interface CodeFacts {
  hasCode: boolean;
  isKnown: boolean;
  isOfClient: boolean;
  isUnused: boolean;
  isFresh: boolean;
  isSameRedirect: boolean;
  isVerified: boolean;
  isOwnerStill: boolean;
}

export const codeRules: readonly TokenRule<CodeFacts>[] = [
  tokenRule("code-given", "The request has a code", "RFC 6749 §4.1.3", {
    reason: "invalid_request",
    holds: ({ hasCode }) => hasCode,
  }),
  tokenRule("code-known", "The code was issued here", "RFC 6749 §4.1.3", { holds: ({ isKnown }) => isKnown }),
  tokenRule("code-client", "The code was issued to this client", "RFC 6749 §4.1.3", {
    holds: ({ isOfClient }) => isOfClient,
  }),
  tokenRule("code-unused", "The code was not used before; if it was, its grant ends", "RFC 6749 §4.1.2", {
    holds: ({ isUnused }) => isUnused,
  }),
  tokenRule("code-expiry", "The code is at most a minute old", "RFC 6749 §4.1.2", {
    holds: ({ isFresh }) => isFresh,
  }),
  tokenRule("code-redirect", "The redirect URI is that of the code", "RFC 6749 §4.1.3", {
    holds: ({ isSameRedirect }) => isSameRedirect,
  }),
  tokenRule(
    "code-verifier",
    "The verifier fits the code's challenge, and there is none without a challenge",
    "RFC 7636 §4.6, RFC 9700 §4.8.2",
    { holds: ({ isVerified }) => isVerified },
  ),
  tokenRule(
    "code-owner",
    "The person who allowed it is still an owner, with the same access",
    "RFC 6749 §10.5",
    {
      holds: ({ isOwnerStill }) => isOwnerStill,
    },
  ),
];

export interface RefreshFacts {
  hasToken: boolean;
  isKnown: boolean;
  isOfClient: boolean;
  isActive: boolean;
  isCurrent: boolean;
  isFresh: boolean;
  scopes: readonly string[];
}

export const refreshRules: readonly TokenRule<RefreshFacts>[] = [
  tokenRule("refresh-given", "The request has a refresh token", "RFC 6749 §6", {
    reason: "invalid_request",
    holds: ({ hasToken }) => hasToken,
  }),
  tokenRule("refresh-known", "The refresh token is of a grant", "RFC 6749 §6", {
    holds: ({ isKnown }) => isKnown,
  }),
  tokenRule("refresh-client", "The refresh token was issued to this client", "RFC 6749 §6", {
    holds: ({ isOfClient }) => isOfClient,
  }),
  tokenRule("refresh-alive", "The grant has not ended", "An owner may revoke it", {
    holds: ({ isActive }) => isActive,
  }),
  tokenRule(
    "refresh-current",
    "The refresh token is the latest one, or its response may be lost; if neither, the grant ends",
    "RFC 9700 §4.14.2",
    { holds: ({ isCurrent }) => isCurrent },
  ),
  tokenRule("refresh-expiry", "The refresh token has not expired", "RFC 9700 §2.2.2", {
    holds: ({ isFresh }) => isFresh,
  }),
  tokenRule("refresh-scope", `The scope, if there is one, is ${provisioningScope}`, "RFC 6749 §6", {
    reason: "invalid_scope",
    holds: ({ scopes }) => scopes.every((scope) => scope === provisioningScope),
  }),
];
