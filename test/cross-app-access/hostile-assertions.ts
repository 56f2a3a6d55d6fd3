import { createHmac, createPublicKey, generateKeyPairSync, randomUUID, sign } from "node:crypto";
import { crossAppAccessUrls } from "../../src/endpoints.ts";
import { signIdJag } from "../helpers/id-jag.ts";
import { strangersKey as strangersRsa, type TokenParts } from "../helpers/revocation.ts";
import { claims, type HostileRequest, refusedBy, seconds } from "./hostile-table.ts";
import type { HostileWorld } from "./hostile-world.ts";
import { samlSubject } from "./hostile-world.ts"; // SAML

const weakRsa = generateKeyPairSync("rsa", { modulusLength: 1024 }).privateKey;
const ec = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;

const base64 = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
const parts =
  (wanted: TokenParts): HostileRequest["send"] =>
  (world) =>
    world.exchange(wanted);
const header = (more: Record<string, unknown>) => parts({ header: more });
/** A good ID-JAG whose text is changed after it was signed. */
const changed =
  (change: (token: string, world: HostileWorld) => string): HostileRequest["send"] =>
  async (world) =>
    world.send(change(await world.idJag(), world));

/** The ID-JAG with another header, signed anew by `signer`. */
const resigned = (head: object, signer: (data: string, world: HostileWorld) => Buffer | string) =>
  changed((token, world) => {
    const data = `${base64({ typ: "oauth-id-jag+jwt", kid: "k1", ...head })}.${token.split(".")[1]}`;
    const signature = signer(data, world);
    return `${data}.${typeof signature === "string" ? signature : signature.toString("base64url")}`;
  });
const publicPem = ({ org }: HostileWorld) =>
  createPublicKey(org.privateKey).export({ type: "spki", format: "pem" });
const byOrg = (data: string, { org }: HostileWorld) => sign("RSA-SHA256", Buffer.from(data), org.privateKey);
const strangersJwk = () => createPublicKey(strangersRsa).export({ format: "jwk" });

/** An ID-JAG of another org for the usual agent. */
const fromOrg =
  (name: keyof HostileWorld["orgs"], more: (world: HostileWorld) => TokenParts = () => ({})) =>
  async (world: HostileWorld) =>
    world.send(await signIdJag(world.orgs[name], world.app.url, world.agent.clientId, more(world)));
// SAML {
const saml = (change: Record<string, unknown>) =>
  fromOrg("saml", (world) => ({ claims: { sub: undefined, sub_id: { ...samlSubject(world), ...change } } }));
// SAML }

const signatures = refusedBy(
  "assertion-signature",
  {},
  ["alg none", resigned({ alg: "none" }, () => "")],
  ["alg None, in another case", resigned({ alg: "None" }, () => "")],
  [
    "HS256 with the org's public key as the secret",
    resigned({ alg: "HS256" }, (data, world) => createHmac("sha256", publicPem(world)).update(data).digest()),
  ],
  ["RS384 with the org's key", header({ alg: "RS384" })],
  ["PS256 with the org's key", header({ alg: "PS256" })],
  [
    "ES256 with a stranger's key",
    resigned({ alg: "ES256" }, (data) =>
      sign("sha256", Buffer.from(data), { key: ec, dsaEncoding: "ieee-p1363" }),
    ),
  ],
  [
    "a key of 1,024 bits",
    resigned({ alg: "RS256" }, (data) => sign("RSA-SHA256", Buffer.from(data), weakRsa)),
  ],
  ["a stranger's key under the org's key id", parts({ key: strangersRsa })],
  ["an unknown key id", header({ kid: "k9" })],
  ["a key id that is a path", header({ kid: "../../../../dev/null" })],
  ["a key id that is a number", header({ kid: 1 })],
  ["another org's key", (world) => world.exchange({ key: world.orgs.bravo.privateKey })],
  ["the issuer of acme's org, signed by bravo's org", fromOrg("bravo", ({ org }) => claimed(org.issuer))],
  ["a stranger's key at jku", signedByStranger((world) => ({ jku: world.documentUrl("/keys") }))],
  ["a stranger's key in jwk", signedByStranger(() => ({ jwk: strangersJwk() }))],
  ["a stranger's certificate at x5u", signedByStranger((world) => ({ x5u: world.documentUrl("/keys") }))],
  ["a stranger's certificate in x5c", signedByStranger(() => ({ x5c: ["MIIB"] }))],
  [
    "a critical header that we do not know",
    resigned({ alg: "RS256", crit: ["urn:example:x"], "urn:example:x": true }, byOrg),
  ],
  ["a critical header with b64", resigned({ alg: "RS256", crit: ["b64"], b64: false }, byOrg)],
  ["claims changed after signing", changed(withOtherClaims)],
  ["a signature without its last bytes", changed((token) => token.slice(0, -8))],
  [
    "the org's other name, signed with keys that are published there",
    fromOrg("alias", ({ connection }) => ({ claims: { aud_tenant: connection.key } })),
  ],
);

function claimed(iss: string): TokenParts {
  return { claims: { iss } };
}

function signedByStranger(head: (world: HostileWorld) => Record<string, unknown>): HostileRequest["send"] {
  return (world) => world.exchange({ header: head(world), key: strangersRsa });
}

function withOtherClaims(token: string): string {
  const [head, body = "", signature] = token.split(".");
  const other = { ...JSON.parse(Buffer.from(body, "base64url").toString()), jti: "other" };
  return [head, base64(other), signature].join(".");
}

const otherTokens = refusedBy(
  "assertion-type",
  {},
  ["no type", header({ typ: undefined })],
  ["the type JWT", header({ typ: "JWT" })],
  ["the type in another case", header({ typ: "OAuth-ID-JAG+JWT" })],
  ["the type as a media type", header({ typ: "application/oauth-id-jag+jwt" })],
  ["a type that is a list", header({ typ: ["oauth-id-jag+jwt"] })],
);
/** Real tokens of the org for something else. They also lack what an ID-JAG has, so a second rule refuses them. */
const ofAnotherKind = refusedBy(
  "assertion-type",
  { otherwise: "assertion-audience" },
  ["an ID token", otherToken("JWT", { aud: "app", nonce: "n", amr: ["pwd"] })],
  ["an access token", otherToken("at+jwt", { aud: "api://default", cid: "app", scp: ["openid"] })],
  ["a logout token", otherToken("logout+jwt", { aud: "app", events: { "urn:example:logout": {} } })],
  [
    "a Universal Logout token",
    otherToken("global-token-revocation+jwt", { aud: "https://elsewhere.example/" }),
  ],
);

function otherToken(typ: string, more: Record<string, unknown>): HostileRequest["send"] {
  return parts({
    header: { typ },
    claims: { client_id: undefined, scope: undefined, act: undefined, ...more },
  });
}

const audiences = refusedBy(
  "assertion-audience",
  {},
  ["no audience", claims(() => ({ aud: undefined }))],
  ["another server's audience", claims(() => ({ aud: "https://elsewhere.example" }))],
  ["us and another audience", claims(({ app }) => ({ aud: [app.url, "https://elsewhere.example"] }))],
  ["us twice", claims(({ app }) => ({ aud: [app.url, app.url] }))],
  ["a list of one other audience", claims(() => ({ aud: ["https://elsewhere.example"] }))],
  ["our issuer with a slash at its end", claims(({ app }) => ({ aud: `${app.url}/` }))],
  ["our token endpoint as the audience", claims(({ app }) => ({ aud: `${app.url}/oauth2/token` }))],
  ["our issuer in another case", claims(({ app }) => ({ aud: app.url.toUpperCase() }))],
  ["the MCP server as the audience", claims(({ app }) => ({ aud: crossAppAccessUrls(app.url).mcpResource }))],
);

const clients = refusedBy(
  "assertion-client",
  {},
  ["an assertion for another client", claims(({ agents }) => ({ client_id: agents.other.clientId }))],
  ["an assertion for no client", claims(() => ({ client_id: undefined }))],
  [
    "an assertion for the client in another case",
    claims(({ agent }) => ({ client_id: agent.clientId.toUpperCase() })),
  ],
);

const times = [
  ...refusedBy(
    "assertion-expiry",
    {},
    ["an expiry two minutes ago", claims(() => ({ exp: seconds() - 120 }))],
    ["no expiry", claims(() => ({ exp: undefined }))],
  ),
  ...refusedBy(
    "assertion-lifetime",
    {},
    ["an expiry in an hour", claims(() => ({ exp: seconds() + 3600 }))],
    ["an expiry in a thousand years", claims(() => ({ exp: seconds() + 31_557_600_000 }))],
    [
      "an issue eleven minutes before the expiry",
      claims(() => ({ iat: seconds() - 400, exp: seconds() + 260 })),
    ],
  ),
  ...refusedBy("assertion-issued", {}, [
    "an issue in two minutes",
    claims(() => ({ iat: seconds() + 120, exp: seconds() + 300 })),
  ]),
  ...refusedBy("assertion-issued", { otherwise: "assertion-lifetime" }, [
    "no time of issue",
    claims(() => ({ iat: undefined })),
  ]),
  ...refusedBy("assertion-not-before", {}, [
    "a start in two minutes",
    claims(() => ({ nbf: seconds() + 120 })),
  ]),
  ...refusedBy("assertion-id", {}, ["no id", claims(() => ({ jti: undefined }))]),
];

const unreadable = [
  ...refusedBy(
    "assertion-readable",
    { otherwise: "a later step" },
    ["a text instead of a token", (world) => world.send("nonsense")],
    ["an encrypted token", (world) => world.send("a.b.c.d.e")],
    ["no issuer", claims(() => ({ iss: undefined }))],
    ["an issuer that is a list", claims(({ org }) => ({ iss: [org.issuer] }))],
  ),
  ...refusedBy(
    "assertion-claims",
    {},
    ["a scope that is a list", claims(() => ({ scope: ["tasks.read"] }))],
    ["a scope that is a number", claims(() => ({ scope: 1 }))],
    ["an empty scope", claims(() => ({ scope: "" }))],
    ["a resource that is a number", claims(() => ({ resource: 1 }))],
    ["no resource in a list", claims(() => ({ resource: [] }))],
    ["a key binding that is text", claims(() => ({ cnf: "jkt" }))],
    ["a subject identifier without a format", claims(() => ({ sub_id: { nameid: "ada@acme.example" } }))],
  ),
  ...refusedBy(
    "assertion-claims",
    { otherwise: "subject-named" },
    ["a person that is a number", claims(() => ({ sub: 1 }))],
    ["a person that is a list", claims(() => ({ sub: ["00u1"] }))],
    ["a person with a NUL", claims(() => ({ sub: "00u1\0" }))],
    ["a person of 5,000 characters", claims(() => ({ sub: "x".repeat(5000) }))],
    ["an empty person", claims(() => ({ sub: "" }))],
  ),
  ...refusedBy("assertion-claims", { otherwise: "assertion-client" }, [
    "a client that is a list",
    claims(({ agent }) => ({ client_id: [agent.clientId] })),
  ]),
  ...refusedBy("assertion-claims", { otherwise: "assertion-audience" }, [
    "an audience that is a number",
    claims(() => ({ aud: 1 })),
  ]),
  ...refusedBy("assertion-claims", { otherwise: "assertion-id" }, [
    "an id that is a number",
    claims(() => ({ jti: 42 })),
  ]),
  ...refusedBy("assertion-claims", { otherwise: "assertion-expiry" }, [
    "an expiry that is text",
    (world) => world.send(unsafe(world, { exp: "tomorrow" })),
  ]),
];

/** jose refuses to sign such claims. */
function unsafe({ org, app, agent }: HostileWorld, more: Record<string, unknown>): string {
  const head = base64({ typ: "oauth-id-jag+jwt", alg: "RS256", kid: "k1" });
  const usual = { iss: org.issuer, sub: "00u1", aud: app.url, client_id: agent.clientId, jti: randomUUID() };
  const data = `${head}.${base64({ ...usual, iat: seconds(), ...more })}`;
  return `${data}.${sign("RSA-SHA256", Buffer.from(data), org.privateKey).toString("base64url")}`;
}

const issuers = [
  ...refusedBy(
    "issuer-connected",
    { otherwise: "client-of-tenant" },
    ["an unknown issuer", claims(() => claimed("https://evil.example").claims ?? {})],
    ["our own issuer", claims(({ app }) => ({ iss: app.url }))],
    ["the issuer in another case", claims(({ org }) => ({ iss: org.issuer.toUpperCase() }))],
    ["the issuer with two slashes", claims(({ org }) => ({ iss: `${org.issuer}//` }))],
    ["the issuer with a query", claims(({ org }) => ({ iss: `${org.issuer}?x` }))],
    [
      "a custom authorization server of the org",
      claims(({ org }) => ({ iss: `${org.issuer}/oauth2/default` })),
    ],
    ["the issuer of a draft", claims(() => ({ iss: "https://draft.okta.example" }))],
    ["the issuer of a disabled connection", claims(() => ({ iss: "https://disabled.okta.example" }))],
  ),
  ...refusedBy(
    "tenant-named",
    { otherwise: "subject-named" },
    ["another tenant's key", claims(({ bravoConnection }) => ({ aud_tenant: bravoConnection.key }))],
    ["an unknown tenant", claims(() => ({ aud_tenant: "unknown" }))],
    ["the key of the tenant's other connection", claims(({ other }) => ({ aud_tenant: other.key }))],
    [
      "the tenant's key in another case",
      claims(({ connection }) => ({ aud_tenant: connection.key.toUpperCase() })),
    ],
  ),
  ...refusedBy("subject-named", { otherwise: "tenant-vouched" }, [
    "no person",
    claims(() => ({ sub: undefined })),
  ]),
  // SAML {
  ...refusedBy(
    "subject-named",
    { otherwise: "tenant-vouched" },
    ["a SAML subject at an OIDC connection", claims((world) => ({ sub_id: samlSubject(world) }))],
    ["only sub at a SAML connection", fromOrg("saml")],
    ["a SAML subject of another issuer", saml({ issuer: "http://www.okta.com/exk2" })],
    ["a SAML subject of another service provider", saml({ sp_name_qualifier: "https://elsewhere.example" })],
    ["a SAML subject without an issuer", saml({ issuer: undefined })],
    ["a SAML subject without a service provider", saml({ sp_name_qualifier: undefined })],
    ["a SAML subject without a NameID", saml({ nameid: undefined })],
    ["a SAML subject of another format", saml({ format: "email", email: "ada@acme.example" })],
  ),
  // SAML }
  ...refusedBy(
    "tenant-vouched",
    { otherwise: "connection-clear" },
    ["an org by which no one has signed in", fromOrg("foreign")],
    ["the org's other name without a tenant", claims(({ orgs }) => ({ iss: orgs.alias.issuer }))],
  ),
  ...refusedBy("connection-clear", {}, [
    "an org of two tenants, without a tenant",
    fromOrg("shared", () => ({ claims: { email: "newcomer@acme.example" } })),
  ]),
  ...refusedBy("switched-on", {}, ["an org for which agents are switched off", fromOrg("off")]),
  ...refusedBy("keys-available", { error: "temporarily_unavailable" }, [
    "an org whose keys cannot be read",
    fromOrg("down"),
  ]),
];

const resources = [
  ...refusedBy(
    "resource-ours",
    {},
    ["another server's resource", claims(() => ({ resource: "https://elsewhere.example/mcp" }))],
    ["our API with a slash at its end", claims(({ app }) => ({ resource: `${app.url}/api/v1/` }))],
    ["our API in another case", claims(({ app }) => ({ resource: `${app.url}/API/v1` }))],
    ["a part of our API", claims(({ app }) => ({ resource: `${app.url}/api/v1/tasks` }))],
    [
      "our API and another server's resource",
      claims(({ app }) => ({ resource: [`${app.url}/api/v1`, "https://elsewhere.example/mcp"] })),
    ],
  ),
  ...refusedBy(
    "resource-covered",
    { error: "invalid_target" },
    [
      "no resource, but the request is for MCP",
      (world) => world.exchange({}, { resource: `${world.app.url}/mcp` }),
    ],
    [
      "the API, but the request is for MCP",
      (world) =>
        world.exchange(
          { claims: { resource: `${world.app.url}/api/v1` } },
          { resource: `${world.app.url}/mcp` },
        ),
    ],
    [
      "MCP, but the request is also for the API",
      (world) =>
        world.exchange(
          { claims: { resource: `${world.app.url}/mcp` } },
          { resource: [`${world.app.url}/mcp`, `${world.app.url}/api/v1`] },
        ),
    ],
    [
      "a request for another server",
      (world) => world.exchange({}, { resource: "https://elsewhere.example/mcp" }),
    ],
  ),
  ...refusedBy("assertion-unused", {}, [
    "an id that was used for MCP before",
    async (world) => {
      const assertion = await world.idJag({ claims: { resource: `${world.app.url}/mcp` } });
      await world.send(assertion);
      return await world.send(assertion);
    },
  ]),
];

/** Faults of the assertion itself. */
export const hostileAssertions: readonly HostileRequest[] = [
  ...signatures,
  ...otherTokens,
  ...ofAnotherKind,
  ...audiences,
  ...clients,
  ...times,
  ...unreadable,
  ...issuers,
  ...resources,
];
