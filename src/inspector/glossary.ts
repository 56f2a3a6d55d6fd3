import { specificationUrl } from "./specifications.ts";

/** The meaning of a name in a message, in one sentence. */
export interface Term {
  id: string;
  name: string;
  text: string;
  /** The specification's section that defines it. */
  source: string;
  url: string | null;
}

/** Where a name is: the same name may mean different things. */
export type Vocabulary =
  | "saml" // SAML
  | "claim"
  | "parameter"
  | "scim"
  | "header";

type Row = readonly [name: string, text: string, source: string];

const claims: readonly Row[] = [
  ["iss", "The issuer: who made this token and signed it.", "RFC 7519 §4.1.1"],
  [
    "sub",
    "The subject: whom the token is about, by an identifier that the issuer never reassigns.",
    "Core §2",
  ],
  ["aud", "The audience: for whom the token is. Every other recipient must refuse it.", "RFC 7519 §4.1.3"],
  [
    "exp",
    "The expiry: at this time and later, the token must be refused. Seconds since 1970.",
    "RFC 7519 §4.1.4",
  ],
  ["nbf", "Not before: until this time, the token must be refused. Seconds since 1970.", "RFC 7519 §4.1.5"],
  ["iat", "Issued at: when the token was made. Seconds since 1970.", "RFC 7519 §4.1.6"],
  ["jti", "The token's own identifier, by which a recipient recognises a replay.", "RFC 7519 §4.1.7"],
  [
    "nonce",
    "A random value of the authorization request, which ties the ID token to that request.",
    "Core §2",
  ],
  ["azp", "The authorized party: the client to which the ID token was issued.", "Core §2"],
  ["auth_time", "When the person last proved to the provider who they are. Seconds since 1970.", "Core §2"],
  [
    "amr",
    "The methods by which the person proved who they are, such as a password or a one-time code.",
    "Core §2",
  ],
  ["acr", "The class of the authentication: how strong it was, by an agreed name.", "Core §2"],
  ["at_hash", "Half of the access token's hash, which ties it to this ID token.", "Core §3.1.3.6"],
  ["c_hash", "Half of the code's hash, which ties it to this ID token.", "Core §3.3.2.11"],
  [
    "sid",
    "The provider's session, which back-channel logout names.",
    "OpenID Connect Back-Channel Logout §2.1",
  ],
  [
    "session_lifetime",
    "How many seconds the session here may last, from the sign-in.",
    "IPSIE OpenID Connect SL1 Profile",
  ],
  [
    "session_expiry",
    "When the provider wants the session here to end at the latest.",
    "IPSIE OpenID Connect SL1 Profile",
  ],
  [
    "email",
    "The e-mail address that the person prefers. It may change, and may belong to another person later.",
    "Core §5.1",
  ],
  ["email_verified", "Whether the provider has checked that the person controls the address.", "Core §5.1"],
  [
    "preferred_username",
    "The name by which the person wants to be known. Nothing guarantees that it is unique.",
    "Core §5.7",
  ],
  ["name", "The full name, in the form in which people read it.", "Core §5.1"],
  ["given_name", "The first name or names.", "Core §5.1"],
  ["family_name", "The last name or names.", "Core §5.1"],
  ["locale", "The language and region that the person prefers.", "Core §5.1"],
  ["zoneinfo", "The person's time zone.", "Core §5.1"],
  ["updated_at", "When the person's profile last changed. Seconds since 1970.", "Core §5.1"],
  [
    "groups",
    "The person's groups. No standard defines this claim: the provider's settings do.",
    "RFC 7519 §4.3",
  ],
  ["ver", "The version of the token's format, by Okta's own numbering.", "RFC 7519 §4.3"],
  ["alg", "The algorithm of the signature. The recipient decides which ones it accepts.", "RFC 7515 §4.1.1"],
  ["kid", "Which of the issuer's published keys made the signature.", "RFC 7515 §4.1.4"],
  ["typ", "The kind of token, so that one kind cannot pass for another.", "RFC 8725 §3.11"],
  ["client_id", "The client for which the token was issued.", "RFC 8693 §4.3"],
  ["scope", "The permissions of the token, as names separated by spaces.", "RFC 8693 §4.2"],
  ["act", "The actor: who acts for the subject, such as an AI agent.", "RFC 8693 §4.1"],
  ["aud_tenant", "The customer of the audience for whom the token is.", "ID-JAG draft §3.1"],
  ["resource", "The API that the token is for.", "ID-JAG draft §3.1"],
  ["sub_id", "The subject in a form that names its own type.", "RFC 9493 §4.1"],
  ["events", "The event, by the URI of its type.", "RFC 8417 §2.2"],
  ["txn", "The cause of the event: events with one cause have the same value.", "RFC 8417 §2.2"],
  ["event_timestamp", "When it happened: in seconds, or at Okta in milliseconds.", "CAEP §2"],
  ["credential_type", "The kind of credential that changed.", "CAEP §3.3.1"],
  ["change_type", "The change of the credential: create, revoke, update or delete.", "CAEP §3.3.1"],
  ["cnf", "The key to which the token is bound: without the key, the token is useless.", "RFC 7800 §3.1"],
  ["htm", "The method of the one request that this proof is for.", "RFC 9449 §4.2"],
  ["htu", "The address of the one request that this proof is for.", "RFC 9449 §4.2"],
  ["ath", "The hash of the access token with which this proof is sent.", "RFC 9449 §4.2"],
];

const parameters: readonly Row[] = [
  [
    "response_type",
    "The kind of answer that the client wants. `code` means a code, which it redeems for tokens itself.",
    "RFC 6749 §3.1.1",
  ],
  [
    "response_mode",
    "How the answer comes back: in the address, or in a form that the browser posts.",
    "Core §3.1.2.1",
  ],
  ["client_id", "The public name of the client at the provider. It is not a secret.", "RFC 6749 §2.2"],
  ["client_secret", "By this the client proves who it is.", "RFC 6749 §2.3.1"],
  [
    "redirect_uri",
    "Where the provider sends the browser back. It must be registered there, to the letter.",
    "RFC 6749 §3.1.2",
  ],
  ["scope", "The permissions that the client asks for. `openid` asks for an ID token.", "RFC 6749 §3.3"],
  [
    "state",
    "A random value that comes back unchanged, so that a browser cannot be given someone else's answer.",
    "RFC 6749 §10.12",
  ],
  ["nonce", "A random value that comes back inside the ID token.", "Core §3.1.2.1"],
  [
    "code_challenge",
    "The hash of a secret that the client keeps until it redeems the code (PKCE).",
    "RFC 7636 §4.3",
  ],
  ["code_challenge_method", "How the challenge was made from the secret. S256 is SHA-256.", "RFC 7636 §4.3"],
  [
    "code_verifier",
    "The secret behind the challenge: a stolen code is useless without it (PKCE).",
    "RFC 7636 §4.5",
  ],
  [
    "code",
    "A code that works once and for a short time. The client redeems it for tokens.",
    "RFC 6749 §4.1.2",
  ],
  [
    "iss",
    "The provider that answers, so that an answer of one cannot pass for that of another.",
    "RFC 9207 §2",
  ],
  ["error", "Why the provider gives nothing, as a code.", "RFC 6749 §4.1.2.1"],
  ["error_description", "The same for developers, in words.", "RFC 6749 §4.1.2.1"],
  ["prompt", "Whether the provider must ask the person to sign in or to choose an account.", "Core §3.1.2.1"],
  ["max_age", "How many seconds ago the person may have signed in at the provider.", "Core §3.1.2.1"],
  [
    "login_hint",
    "The person who probably signs in, so that the provider can fill in the name.",
    "Core §3.1.2.1",
  ],
  ["target_link_uri", "Where the person wants to be after the sign-in.", "Core §4"],
  ["grant_type", "The client offers this for a token: a code, or an assertion.", "RFC 6749 §4.1.3"],
  [
    "assertion",
    "A signed statement of the organisation, for which the client gets a token.",
    "RFC 7523 §2.1",
  ],
  [
    "client_assertion",
    "A signed statement by which the client proves who it is, instead of a secret.",
    "RFC 7523 §2.2",
  ],
  ["client_assertion_type", "The format of the client's statement.", "RFC 7521 §4.2"],
  ["resource", "The API for which the client wants a token.", "RFC 8707 §2"],
  ["access_token", "With this the client calls an API. The client does not read it.", "RFC 6749 §1.4"],
  ["id_token", "A signed statement for the client about who signed in, how and when.", "Core §2"],
  ["refresh_token", "With this the client gets new access tokens.", "RFC 6749 §1.5"],
  [
    "token_type",
    "How the access token is presented. Bearer: anyone who holds it may use it.",
    "RFC 6749 §7.1",
  ],
  ["expires_in", "How many seconds the access token lasts from now on.", "RFC 6749 §5.1"],
  // SAML {
  ["SAMLRequest", "The authentication request, as XML in base64.", "SAML Bindings §3.4.4"],
  ["SAMLResponse", "The response, as XML in base64.", "SAML Bindings §3.5.4"],
  ["RelayState", "A value that comes back unchanged with the response.", "SAML Bindings §3.4.3"],
  ["SigAlg", "The algorithm that signed the parameters of the address.", "SAML Bindings §3.4.4.1"],
  ["Signature", "The signature over the parameters of the address.", "SAML Bindings §3.4.4.1"],
  // SAML }
  ["filter", "Which resources to return.", "RFC 7644 §3.4.2.2"],
  ["startIndex", "The number of the first result, counted from 1.", "RFC 7644 §3.4.2.4"],
  ["count", "How many results to return at most.", "RFC 7644 §3.4.2.4"],
  ["attributes", "Which attributes to return.", "RFC 7644 §3.9"],
  ["excludedAttributes", "Which attributes to leave out.", "RFC 7644 §3.9"],
];

const scim: readonly Row[] = [
  ["schemas", "Which schemas the resource follows, by their URNs.", "RFC 7643 §3"],
  ["id", "The identifier that the service provider assigned. It never changes.", "RFC 7643 §3.1"],
  [
    "externalId",
    "The identifier that the provisioning client assigned, so that it recognises its own resource.",
    "RFC 7643 §3.1",
  ],
  [
    "meta",
    "The service provider's data about the resource: its type, its times and its version.",
    "RFC 7643 §3.1",
  ],
  ["resourceType", "The kind of the resource: User or Group.", "RFC 7643 §3.1"],
  [
    "version",
    "The version of the resource, by which a client changes only what it has seen.",
    "RFC 7643 §3.1",
  ],
  ["userName", "The login name. It is unique, and comparison ignores case.", "RFC 7643 §4.1.1"],
  ["name", "The name, in its parts.", "RFC 7643 §4.1.1"],
  ["givenName", "The first name.", "RFC 7643 §4.1.1"],
  ["familyName", "The last name.", "RFC 7643 §4.1.1"],
  ["displayName", "The name that other people see.", "RFC 7643 §4.1.1"],
  ["active", "Whether the account works. Okta sends false instead of deleting a user.", "RFC 7643 §4.1.1"],
  ["password", "A password, which no answer may ever contain.", "RFC 7643 §4.1.1"],
  ["emails", "The e-mail addresses.", "RFC 7643 §4.1.2"],
  ["groups", "The groups of the user. A client changes them at the group.", "RFC 7643 §4.1.2"],
  ["roles", "The roles of the user.", "RFC 7643 §4.1.2"],
  ["entitlements", "The user's rights, by their names.", "RFC 7643 §4.1.2"],
  ["members", "The users in the group, by their ids.", "RFC 7643 §4.2"],
  ["primary", "Whether this value is the main one. At most one of a list is.", "RFC 7643 §2.4"],
  ["type", "The purpose of the value, such as work or home.", "RFC 7643 §2.4"],
  ["$ref", "The address of the resource.", "RFC 7643 §2.4"],
  ["Operations", "The changes, which apply in their order: all of them or none.", "RFC 7644 §3.5.2"],
  ["op", "The kind of change: add, replace or remove.", "RFC 7644 §3.5.2"],
  ["path", "Which attribute the change is about. Without a path, the value names them.", "RFC 7644 §3.5.2"],
  ["totalResults", "How many resources the filter finds on all pages.", "RFC 7644 §3.4.2"],
  ["itemsPerPage", "How many resources this page has.", "RFC 7644 §3.4.2"],
  ["startIndex", "The number of the first result, counted from 1.", "RFC 7644 §3.4.2"],
  ["Resources", "The resources of this page.", "RFC 7644 §3.4.2"],
  ["scimType", "The kind of error.", "RFC 7644 §3.12"],
  ["detail", "The error in words.", "RFC 7644 §3.12"],
  ["status", "The status of the response, as a text.", "RFC 7644 §3.12"],
  ["failOnErrors", "After how many errors a bulk request stops.", "RFC 7644 §3.7"],
];

// SAML {
const saml: readonly Row[] = [
  ["AuthnRequest", "The request to sign a person in.", "SAML Core §3.4.1"],
  ["Response", "The identity provider's answer. It carries the assertion.", "SAML Core §3.3.3"],
  ["Assertion", "The identity provider's statement about the person.", "SAML Core §2.3.3"],
  ["EncryptedAssertion", "An assertion that only the holder of a private key can read.", "SAML Core §2.3.4"],
  ["Issuer", "The entity ID of the provider that made this document.", "SAML Core §2.2.5"],
  ["Status", "Whether the sign-in succeeded.", "SAML Core §3.2.2.1"],
  ["Signature", "The signature over the element that contains it.", "SAML Core §5.4"],
  [
    "CanonicalizationMethod",
    "How the XML is brought into one form before it is signed.",
    "XML Signature §4.4.1",
  ],
  ["SignatureMethod", "The algorithm of the signature.", "XML Signature §4.4.2"],
  ["Reference", "Which element is signed, by its ID.", "XML Signature §4.4.3"],
  ["Transform", "A step that changes the XML before it is hashed.", "XML Signature §4.4.3.4"],
  ["DigestMethod", "The algorithm that hashes the element.", "XML Signature §4.4.3.5"],
  [
    "X509Certificate",
    "The certificate of the signing key. Only certificates of the set-up are trusted, not this one.",
    "XML Signature §4.5.4",
  ],
  ["Subject", "The person, and who may present this statement.", "SAML Core §2.4.1"],
  ["NameID", "The name of the person, in the format that the attribute Format names.", "SAML Core §2.2.3"],
  [
    "SubjectConfirmation",
    "The way to prove that one may present the assertion. For the bearer method, having it is enough.",
    "SAML Core §2.4.1.1",
  ],
  [
    "SubjectConfirmationData",
    "Until when, where and for which request the assertion may be presented.",
    "SAML Core §2.4.1.2",
  ],
  ["Conditions", "When and for whom the assertion is valid.", "SAML Core §2.5.1"],
  ["AudienceRestriction", "For which applications the assertion is.", "SAML Core §2.5.1.4"],
  [
    "Audience",
    "The entity ID of the application. Every other one must refuse the assertion.",
    "SAML Core §2.5.1.4",
  ],
  ["AuthnStatement", "The statement that the person signed in, with time and session.", "SAML Core §2.7.2"],
  ["AuthnContextClassRef", "The way in which the person signed in.", "SAML Core §2.7.2.2"],
  ["AttributeStatement", "The person's properties, as the identity provider knows them.", "SAML Core §2.7.3"],
  ["Attribute", "One property of the person, with its values.", "SAML Core §2.7.3.1"],
  ["NameIDPolicy", "In which format the service provider wants the name.", "SAML Core §3.4.1.1"],
  ["EncryptedKey", "The key of the contents, encrypted for the recipient.", "XML Encryption 1.1 §3.5.1"],
  ["CipherValue", "The encrypted bytes.", "XML Encryption 1.1 §3.3"],
  ["Destination", "Where the sender sends the message. Another address must refuse it.", "SAML Core §3.2.1"],
  ["InResponseTo", "The ID of the request that this answers.", "SAML Core §3.2.2"],
  ["IssueInstant", "When the document was made.", "SAML Core §2.3.3"],
  ["Recipient", "The one address that may receive the assertion.", "SAML Core §2.4.1.2"],
  ["NotBefore", "Until this time, it must be refused.", "SAML Core §2.5.1.2"],
  ["NotOnOrAfter", "At this time and later, it must be refused.", "SAML Core §2.5.1.2"],
  ["AuthnInstant", "When the person signed in at the provider.", "SAML Core §2.7.2"],
  ["SessionIndex", "The provider's session.", "SAML Core §2.7.2"],
  ["SessionNotOnOrAfter", "When the session here has to end at the latest.", "SAML Core §2.7.2"],
  [
    "AssertionConsumerServiceURL",
    "Where the identity provider has to send the response.",
    "SAML Core §3.4.1",
  ],
  ["ForceAuthn", "Whether the person must sign in again, even with a session.", "SAML Core §3.4.1"],
];
// SAML }

const headers: readonly Row[] = [
  ["Authorization", "By this the caller proves what it may do.", "RFC 9110 §11.6.2"],
  ["Content-Type", "The format of the body.", "RFC 9110 §8.3"],
  ["If-Match", "Do it only if the resource still has this version.", "RFC 9110 §13.1.1"],
  ["If-None-Match", "Send it only if the resource has another version.", "RFC 9110 §13.1.2"],
  ["ETag", "The version of the resource.", "RFC 9110 §8.8.3"],
  ["Location", "The address of the new resource, or where the browser goes next.", "RFC 9110 §10.2.2"],
  ["Retry-After", "When to try again.", "RFC 9110 §10.2.3"],
  ["User-Agent", "The program that sent the request.", "RFC 9110 §10.1.5"],
  ["WWW-Authenticate", "How to get in, and what was wrong with the token.", "RFC 9110 §11.6.1"],
  ["DPoP", "A signed proof that the caller holds the key to which its token is bound.", "RFC 9449 §4.1"],
  [
    "Idempotency-Key",
    "The same key again means the same request again, so nothing happens twice.",
    "draft-ietf-httpapi-idempotency-key-header",
  ],
];

const tables: Record<Vocabulary, ReadonlyMap<string, Term>> = {
  claim: table("claim", claims),
  parameter: table("parameter", parameters),
  scim: table("scim", scim),
  saml: table("saml", saml), // SAML
  header: table("header", headers),
};

function table(vocabulary: Vocabulary, rows: readonly Row[]): ReadonlyMap<string, Term> {
  return new Map(
    rows.map(([name, text, source]) => {
      const id = `${vocabulary}-${name.replace(/\W/g, "")}`;
      return [name.toLowerCase(), { id, name, text, source, url: specificationUrl(source) }];
    }),
  );
}

/** The meaning of a name in a message; null if the glossary does not have it. */
export function termOf(vocabulary: Vocabulary, name: string): Term | null {
  return tables[vocabulary].get(name.toLowerCase()) ?? null;
}

/** Every term, for the tests. */
export function everyTerm(): Term[] {
  return Object.values(tables).flatMap((terms) => [...terms.values()]);
}
