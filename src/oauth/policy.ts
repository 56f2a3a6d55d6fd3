import type { Rule } from "policy-list/policy";

/** The policy of the token endpoint for every grant. The grants have the rules about what a client presents. */
export type TokenRule<Facts> = Rule<Facts, TokenError>;

/**
 * The error codes of a response (RFC 6749 §5.2, RFC 7009 §2.2.1, RFC 8707 §2, RFC 9449 §5). The last two are those of RFC 6749
 * §4.1.2.1 for what the client cannot mend.
 */
export type TokenError =
  | "invalid_request"
  | "invalid_client"
  | "invalid_grant"
  | "invalid_scope"
  | "invalid_target"
  | "invalid_dpop_proof"
  | "unauthorized_client"
  | "unsupported_grant_type"
  | "unsupported_token_type"
  | "temporarily_unavailable"
  | "server_error";

/** Clocks may differ by this much. */
export const toleranceSeconds = 60;

/** A rule whose refusal is `invalid_grant`, unless `how` says otherwise. */
export function tokenRule<Facts>(
  id: string,
  name: string,
  citation: string,
  how: Pick<TokenRule<Facts>, "holds" | "found"> & { reason?: TokenError },
): TokenRule<Facts> {
  return { id, name, citation, reason: "invalid_grant", ...how };
}

export interface RequestFacts {
  isForm: boolean;
  /** A parameter that the request has twice; null if there is none. */
  repeated: string | null;
  hasNul: boolean;
  /** The ways in which the client authenticates. */
  methods: readonly string[];
}

export const requestRules: readonly TokenRule<RequestFacts>[] = [
  tokenRule("request-form", "The request is a form in UTF-8", "RFC 6749 §4.5, appendix B", {
    reason: "invalid_request",
    holds: ({ isForm }) => isForm,
  }),
  tokenRule("parameters-once", "No parameter is there twice, except resource", "RFC 6749 §3.2, RFC 8707 §2", {
    reason: "invalid_request",
    holds: ({ repeated }) => repeated === null,
    found: ({ repeated }) => repeated,
  }),
  tokenRule("parameters-text", "No parameter contains a NUL", "RFC 6749 appendix A", {
    reason: "invalid_request",
    holds: ({ hasNul }) => !hasNul,
  }),
  tokenRule("client-one-method", "The client authenticates in one way", "RFC 6749 §2.3", {
    reason: "invalid_request",
    holds: ({ methods }) => methods.length <= 1,
    found: ({ methods }) => methods.join(" and "),
  }),
];

/** The fault of each part; null if it has none. */
export interface ClientFacts {
  /** Of the client's registration or its document. */
  unknown: string | null;
  isNamedAlike: boolean;
  isRevoked: boolean;
  /** Of the secret or the signature, with the claims that the library checks. */
  unproven: string | null;
  /** Of the client's own assertion; a client with a secret has none. */
  isForUs: boolean;
  isShort: boolean;
  isNew: boolean;
}

function clientRule(
  id: string,
  name: string,
  citation: string,
  how: Pick<TokenRule<ClientFacts>, "holds" | "found">,
): TokenRule<ClientFacts> {
  return tokenRule(id, name, citation, { reason: "invalid_client", ...how });
}

/** One answer for all of them. */
export const clientRules: readonly TokenRule<ClientFacts>[] = [
  clientRule(
    "client-known",
    "The client is registered or describes itself",
    "RFC 6749 §2.2, draft-ietf-oauth-client-id-metadata-document",
    { holds: ({ unknown }) => unknown === null, found: ({ unknown }) => unknown },
  ),
  clientRule("client-named", "A client_id names the client that authenticates", "RFC 7521 §4.2", {
    holds: ({ isNamedAlike }) => isNamedAlike,
  }),
  clientRule("client-not-revoked", "The client is not revoked", "The operator may revoke an agent", {
    holds: ({ isRevoked }) => !isRevoked,
  }),
  clientRule(
    "client-authenticated",
    "The client proves who it is by its secret, or by an assertion that it signed",
    "RFC 6749 §2.3, RFC 7523 §3",
    { holds: ({ unproven }) => unproven === null, found: ({ unproven }) => unproven },
  ),
  clientRule(
    "client-assertion-audience",
    "The client's assertion is for our issuer or token endpoint alone",
    "RFC 7523 §3, item 3",
    { holds: ({ isForUs }) => isForUs },
  ),
  clientRule(
    "client-assertion-lifetime",
    "The client's assertion lasts at most an hour more",
    "RFC 7523 §3, item 4",
    { holds: ({ isShort }) => isShort },
  ),
  clientRule("client-assertion-unused", "The client's assertion was not used before", "RFC 7523 §3, item 7", {
    holds: ({ isNew }) => isNew,
  }),
];

/** Whether the server has the grant that the request names, and whether the client may use it. */
export interface GrantTypeFacts {
  isKnown: boolean;
  isOfClient: boolean;
}

export const grantTypeRules: readonly TokenRule<Pick<GrantTypeFacts, "isKnown">>[] = [
  tokenRule("grant-type", "The grant is one that this server has", "RFC 6749 §5.2", {
    reason: "unsupported_grant_type",
    holds: ({ isKnown }) => isKnown,
  }),
];

/** An agent does not get the access of a provisioning client, nor the other way round. */
export const clientGrantRules: readonly TokenRule<Pick<GrantTypeFacts, "isOfClient">>[] = [
  tokenRule("client-grant", "The client may use this grant", "RFC 6749 §5.2", {
    reason: "unauthorized_client",
    holds: ({ isOfClient }) => isOfClient,
  }),
];
