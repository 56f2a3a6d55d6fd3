import type { Protocol } from "../../recording.ts";

/** The headings of the checks, in the order of the page, and the ids of the rules below each. */
export type CheckGroups = readonly (readonly [group: string, ids: readonly string[]])[];

// SAML {
/** The rules about how one document is signed; within an encryption their ids begin with "decrypted-". */
const signatureIds = [
  "signature-place",
  "sha1",
  "signature-method",
  "digest-method",
  "canonicalization",
  "transforms",
  "reference",
];
const textIds = ["text", "doctype", "markup", "characters", "nesting"];
const decrypted = (ids: readonly string[]) => ids.map((id) => `decrypted-${id}`);
// SAML }

const clientIds = [
  "client-known",
  "client-named",
  "client-not-revoked",
  "client-authenticated",
  "client-assertion-audience",
  "client-assertion-lifetime",
  "client-assertion-unused",
];

// SAML {
/** The signatures outside an encryption: describe/saml.ts says of which parts they are. */
export const signatureGroup = "Signatures";
// SAML }

export const checkGroups: Record<Protocol, CheckGroups> = {
  oidc: [
    ["Request", ["initiation-issuer", "parameters-once"]],
    ["Connection", ["connection-active", "discovery-available", "discovery-valid"]],
    ["State", ["state-present", "state-known"]],
    [
      "Provider's answer",
      ["answer-issuer", "provider-working", "client-known", "client-permitted", "provider-consents"],
    ],
    [
      "Token response",
      [
        "token-endpoint-available",
        "client-accepted",
        "client-authorized",
        "redirect-accepted",
        "code-accepted",
        "id-token-complete",
      ],
    ],
    [
      "ID token",
      [
        "id-token-issuer",
        "id-token-audience",
        "id-token-nonce",
        "id-token-subject",
        "id-token-authorized-party",
        "id-token-access-token",
        "id-token-class",
      ],
    ],
    ["Signature of the ID token", ["keys-available", "id-token-signature"]],
    [
      "Time",
      [
        "id-token-expiry",
        "id-token-not-before",
        "id-token-fresh",
        "id-token-session-expiry",
        "id-token-session-running",
        "id-token-session-lifetime",
        "id-token-auth-time",
        "id-token-signed-in-again",
        "id-token-auth-age",
      ],
    ],
    ["UserInfo", ["userinfo-available", "userinfo-accepted", "userinfo-subject"]],
    ["Directory", ["claims-fit", "profile-complete", "same-person"]],
  ],
  // SAML {
  saml: [
    ["Transport", ["connection-active", "form", "base64", "size", "arrival", "arrival-current"]],
    ["Document", [...textIds, "well-formed", "unique-ids", "assertion-count"]],
    [
      "Response",
      ["response", "response-version", "status", "response-issuer", "destination", "signed-destination"],
    ],
    [signatureGroup, signatureIds],
    ["Verification of the signatures", ["signed", "signature"]],
    ["Encryption", ["encryption-accepted", "encryption-methods", "encrypted-keys", "decryption"]],
    [
      "Document inside the encryption",
      decrypted([...textIds, "well-formed", "assertion-count", "unique-ids"]),
    ],
    ["Signature of the assertion", decrypted(signatureIds)],
    ["Assertion", ["signed-assertion", "assertion-version", "assertion-issuer", "conditions", "audience"]],
    [
      "Time",
      ["times", "not-before", "not-on-or-after", "confirmation-begin", "confirmation-time", "session-end"],
    ],
    [
      "Sign-in",
      [
        "authn-statement",
        "unsolicited",
        "replay",
        "request",
        "relay-state",
        "reauthentication",
        "test-request",
      ],
    ],
    ["Subject", ["confirmation", "recipient", "same-request", "subject-attribute", "name-id", "same-person"]],
    ["Attributes", ["required-attributes"]],
  ],
  // SAML }
  // Of OAuth 2.0 for SCIM. The calls of SCIM have no policy: describe/scim.ts has their checks.
  scim: [
    ["Request", ["request-form", "parameters-once", "parameters-text", "client-one-method"]],
    ["Client", [...clientIds, "grant-type", "client-grant"]],
    ["Question", ["authorize-code", "authorize-pkce", "authorize-scope"]],
    [
      "Code",
      [
        "code-given",
        "code-known",
        "code-client",
        "code-unused",
        "code-expiry",
        "code-redirect",
        "code-verifier",
        "code-owner",
      ],
    ],
    [
      "Refresh token",
      [
        "refresh-given",
        "refresh-known",
        "refresh-client",
        "refresh-alive",
        "refresh-current",
        "refresh-expiry",
        "refresh-scope",
      ],
    ],
  ],
  "universal-logout": [
    ["Connection", ["connection-complete", "switched-on"]],
    ["Signature of the token", ["keys-available", "token-signature", "token-type"]],
    ["Token", ["token-id", "token-issuer", "token-application", "token-audience", "token-unused"]],
    ["Time", ["token-not-before", "token-expiry", "token-fresh"]],
    ["Request", ["body-json", "body-subject"]],
    ["Person", ["person-known"]],
  ],
  "shared-signals": [
    ["Request", ["header-known", "body-type"]],
    [
      "Stream",
      ["connection-active", "stream-set-up", "stream-enabled", "event-stream", "verification-state"],
    ],
    ["Signature of the SET", ["keys-available", "set-readable", "set-algorithm", "set-key", "set-signature"]],
    [
      "SET",
      [
        "set-type",
        "set-no-expiry",
        "set-no-subject",
        "set-issuer",
        "set-audience",
        "set-id",
        "set-issued",
        "set-depth",
      ],
    ],
    ["Event", ["one-event", "event-name", "event-members"]],
    ["Person", ["event-subject", "subject-issuer"]],
    [
      "Consent",
      [
        "signal-state-known",
        "signal-issuer-named",
        "signal-issuer-expected",
        "consent-given",
        "scopes-allowed",
        "code-allowed",
        "authorization-given",
      ],
    ],
    [
      "Tokens of the org",
      [
        "org-available",
        "signal-client-accepted",
        "grant-allowed",
        "grant-scopes",
        "grant-valid",
        "grant-answered",
        "grant-complete",
        "refresh-token-given",
      ],
    ],
    [
      "Transmitter",
      ["transmitter-readable", "transmitter-issuer", "transmitter-endpoints", "transmitter-push"],
    ],
    [
      "Call",
      [
        "transmitter-available",
        "call-due",
        "call-authorized",
        "stream-free",
        "stream-known",
        "call-accepted",
      ],
    ],
    ["Answer", ["stream-readable", "stream-id", "stream-issuer", "stream-delivery", "stream-events"]],
  ],
  "cross-app-access": [
    [
      "Request",
      [
        "request-form",
        "parameters-once",
        "parameters-text",
        "client-one-method",
        "grant-type",
        "client-grant",
        "assertion-given",
        "assertion-readable",
        "assertion-claims",
      ],
    ],
    ["Client", clientIds],
    [
      "Connection",
      [
        "issuer-connected",
        "client-of-tenant",
        "tenant-named",
        "subject-named",
        "tenant-vouched",
        "connection-clear",
        "switched-on",
        "connection-active",
        "connection-lets-agents-in",
      ],
    ],
    ["Signature of the ID-JAG", ["keys-available", "assertion-signature", "assertion-type"]],
    ["ID-JAG", ["assertion-audience", "assertion-client", "assertion-id", "assertion-unused"]],
    ["Time", ["assertion-not-before", "assertion-expiry", "assertion-issued", "assertion-lifetime"]],
    ["Access token", ["token-expiry", "token-resource"]],
    ["Resource", ["resource-ours", "resource-covered"]],
    ["Proof of possession", ["proof-valid", "proof-given", "proof-key", "token-scheme", "call-proof"]],
    ["Agent", ["agent-registered", "agent-not-blocked", "grant-not-revoked"]],
    [
      "Person",
      [
        "person-admitted",
        "access-not-revoked",
        "person-active",
        "person-not-blocked",
        "access-current",
        "role-kept",
      ],
    ],
    ["Scopes", ["scope-left", "scope-granted"]],
  ],
  "api-key": [
    ["API key", ["token-expiry", "api-key-not-revoked", "api-key-resource", "token-scheme"]],
    ["Person", ["person-active", "person-not-blocked", "access-current", "role-kept"]],
    ["Scopes", ["scope-granted"]],
  ],
};
