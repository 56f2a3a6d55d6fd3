import { randomUUID } from "node:crypto";
import { jwtBearer, sendTokenRequest, signedClient, signIdJag } from "../helpers/id-jag.ts";
import { form, type HostileRequest, refusedBy, seconds } from "./hostile-table.ts";
import type { HostileWorld } from "./hostile-world.ts";

/** As the key client, with a changed assertion of its own. */
const signed =
  (parts: Parameters<HostileWorld["exchangeSigned"]>[2], audience?: string): HostileRequest["send"] =>
  (world) =>
    world.exchangeSigned(world.keyAgent.clientId, world.keyAgent.key, parts, audience);
const ownClaims =
  (more: () => Record<string, unknown>): HostileRequest["send"] =>
  (world) =>
    signed({ claims: more() })(world);
/** As a client that describes itself at a path. */
const described =
  (path: string): HostileRequest["send"] =>
  (world) =>
    world.exchangeSigned(world.documentUrl(path), world.documentKey);
/** As a client that describes itself somewhere else, at the application without leave to use private addresses. */
const describedAt =
  (clientId: string): HostileRequest["send"] =>
  async (world) => {
    const assertion = await signIdJag(world.org, world.app.url, clientId);
    const client = await signedClient(world.documentKey, clientId, world.app.url);
    return await sendTokenRequest(world.strictApp, { assertion, ...client });
  };
/** As the key client, which names another type of its own assertion. */
const assertionOfType =
  (type: string): HostileRequest["send"] =>
  async (world) => {
    const { clientId, key } = world.keyAgent;
    const client = await signedClient(key, clientId, world.app.url);
    const assertion = await signIdJag(world.org, world.app.url, clientId);
    const named = { client_assertion_type: `urn:ietf:params:oauth:client-assertion-type:${type}` };
    return await sendTokenRequest(world.app, { assertion, ...client, ...named });
  };
const basic = (id: string, secret: string) => ({
  authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString("base64")}`,
});
const none = { client_id: undefined, client_secret: undefined };

const unknown = refusedBy(
  "client-known",
  { error: "invalid_client", otherwise: "a later step" },
  ["no client", form(none)],
  ["an unknown client", form({ client_id: `agent_${randomUUID()}` })],
  [
    "a client's id in another case",
    (world) => form({ client_id: world.agent.clientId.toUpperCase() })(world),
  ],
  ["Basic without a colon", (world) => world.exchange({}, none, { authorization: "Basic YWJj" })],
  ["Basic with broken percent signs", (world) => world.exchange({}, none, basic("%zz", "%"))],
  ["a NUL in Basic", (world) => world.exchange({}, none, basic("agent\0", "x"))],
  ["a bearer token as the client", (world) => world.exchange({}, none, { authorization: "Bearer x" })],
  ["a client without a secret", form({ client_secret: undefined })],
  ["an empty secret", form({ client_secret: "" })],
  ["an own assertion of an unknown type", assertionOfType("jwt")],
  ["an own assertion of the type for SAML", assertionOfType("saml2-bearer")], // SAML
);

const facts = [
  ...refusedBy("client-named", { error: "invalid_client" }, [
    "Basic of one client and the id of another",
    (world) => {
      const { clientId, secret } = world.agent;
      const named = { client_id: world.agents.other.clientId, client_secret: undefined };
      return world.exchange({}, named, basic(clientId, secret));
    },
  ]),
  ...refusedBy("client-not-revoked", { error: "invalid_client" }, [
    "a revoked client",
    (world) => world.exchangeAs(world.agents.revoked),
  ]),
  ...refusedBy(
    "client-assertion-audience",
    { error: "invalid_client" },
    ["an own assertion for another server", signed({}, "https://elsewhere.example")],
    ["an own assertion for two servers", ownClaims(() => ({ aud: ["https://elsewhere.example", "x"] }))],
  ),
  ...refusedBy("client-assertion-lifetime", { error: "invalid_client" }, [
    "an own assertion for two hours",
    ownClaims(() => ({ exp: seconds() + 7200 })),
  ]),
  ...refusedBy("client-assertion-unused", { error: "invalid_client" }, [
    "an own assertion that was used before",
    async (world) => {
      const { clientId, key } = world.keyAgent;
      const client = await signedClient(key, clientId, world.app.url);
      const assertion = () => signIdJag(world.org, world.app.url, clientId);
      await sendTokenRequest(world.app, { assertion: await assertion(), ...client });
      return await sendTokenRequest(world.app, { assertion: await assertion(), ...client });
    },
  ]),
];

const authentication = refusedBy(
  "client-authenticated",
  { error: "invalid_client" },
  ["a wrong secret", form({ client_secret: "oinagent_wrong" })],
  ["another client's secret", (world) => form({ client_secret: world.agents.other.secret })(world)],
  [
    "a wrong secret in Basic",
    (world) => world.exchange({}, none, basic(world.agent.clientId, "oinagent_wrong")),
  ],
  [
    "a secret for a client with keys",
    (world) => world.exchangeAs({ clientId: world.keyAgent.clientId, secret: "x" }),
  ],
  [
    "a signature for a client with a secret",
    (world) => world.exchangeSigned(world.agent.clientId, world.keyAgent.key),
  ],
);

const keys = refusedBy(
  "client-authenticated",
  { error: "invalid_client" },
  ["an own assertion that has expired", ownClaims(() => ({ exp: seconds() - 120 }))],
  ["an own assertion without an expiry", ownClaims(() => ({ exp: undefined }))],
  ["an own assertion without an id", ownClaims(() => ({ jti: undefined }))],
  ["an own assertion of another person", ownClaims(() => ({ sub: "agent_other" }))],
  ["a stranger's key", (world) => world.exchangeSigned(world.keyAgent.clientId, world.strangersKey)],
  [
    "an own assertion by HS256",
    signed({ header: { alg: "HS256" }, key: new TextEncoder().encode("x".repeat(32)) }),
  ],
  [
    "a stranger's key for a document",
    (world) => world.exchangeSigned(world.documentUrl("/good.json"), world.strangersKey),
  ],
);

const documents = refusedBy(
  "client-known",
  { error: "invalid_client", otherwise: "a later step" },
  ["a document with another client_id", described("/other-id.json")],
  ["a document that wants a secret", described("/secret.json")],
  ["a document without keys", described("/no-keys.json")],
  ["a document that is too large", described("/large.json")],
  ["a document that has moved", described("/moved.json")],
  ["a document that is not there", described("/absent.json")],
  ["a document with a query", described("/good.json?x=1")],
  ["a document with a fragment", described("/good.json#x")],
  ["a document at the root", described("/")],
  ["a document over http", describedAt("http://agents.example/agent.json")],
  ["a document at a private address", describedAt("https://10.0.0.1/agent.json")],
  ["a document at the cloud's metadata address", describedAt("https://169.254.169.254/latest/meta-data")],
  ["a document at this machine", describedAt("https://127.0.0.1/agent.json")],
  ["a document at this machine, in IPv6", describedAt("https://[::1]/agent.json")],
  ["a document with a password in its address", describedAt("https://a:b@agents.example/agent.json")],
  ["a document in a file", describedAt("file:///etc/passwd")],
);

const forms = [
  ...refusedBy("client-one-method", { error: "invalid_request" }, [
    "a client that authenticates in two ways",
    (world) => world.exchange({}, {}, basic(world.agent.clientId, world.agent.secret)),
  ]),
  ...refusedBy(
    "parameters-once",
    { error: "invalid_request" },
    ["a scope twice", form({ scope: ["tasks.read", "tasks.read"] })],
    ["a parameter that we do not know, twice", form({ audience: ["one", "two"] })],
  ),
  ...refusedBy("parameters-once", { error: "invalid_request", otherwise: "assertion-readable" }, [
    "an assertion twice",
    async (world) => form({ assertion: [await world.idJag(), await world.idJag()] })(world),
  ]),
  ...refusedBy("parameters-once", { error: "invalid_request", otherwise: "client-known" }, [
    "a client twice",
    (world) => form({ client_id: [world.agent.clientId, "other"] })(world),
  ]),
  ...refusedBy("parameters-once", { error: "invalid_request", otherwise: "client-authenticated" }, [
    "a secret twice",
    (world) => form({ client_secret: [world.agent.secret, "other"] })(world),
  ]),
  ...refusedBy("parameters-once", { error: "invalid_request", otherwise: "grant-type" }, [
    "a grant type twice",
    form({ grant_type: [jwtBearer, "client_credentials"] }),
  ]),
  ...refusedBy(
    "parameters-text",
    { error: "invalid_request" },
    ["a NUL in a parameter", form({ audience: "a\0" })],
    ["a NUL in a scope after a good one", form({ scope: "tasks.read x\0" })],
  ),
  ...refusedBy(
    "grant-type",
    { error: "unsupported_grant_type" },
    ["no grant type", form({ grant_type: undefined })],
    ["the grant of client credentials", form({ grant_type: "client_credentials" })],
    ["a password grant", form({ grant_type: "password", username: "ada", password: "x" })],
    ["a token exchange", form({ grant_type: "urn:ietf:params:oauth:grant-type:token-exchange" })],
    ["a SAML grant", form({ grant_type: "urn:ietf:params:oauth:grant-type:saml2-bearer" })], // SAML
    ["the grant type in another case", form({ grant_type: jwtBearer.toUpperCase() })],
  ),
  ...refusedBy("client-grant", { error: "unauthorized_client", otherwise: "code-known" }, [
    "the grant of a code",
    form({ grant_type: "authorization_code", code: "x" }),
  ]),
  ...refusedBy("client-grant", { error: "unauthorized_client", otherwise: "refresh-known" }, [
    "the grant of a refresh token",
    form({ grant_type: "refresh_token", refresh_token: "x" }),
  ]),
  ...refusedBy(
    "assertion-given",
    { error: "invalid_request", otherwise: "assertion-readable" },
    ["no assertion", form({ assertion: undefined })],
    ["an empty assertion", form({ assertion: "" })],
  ),
  ...refusedBy("request-form", { error: "invalid_request" }, [
    "a form in ISO-8859-1",
    typed("application/x-www-form-urlencoded; charset=iso-8859-1"),
  ]),
  ...refusedBy("request-form", { error: "invalid_request", otherwise: "the parser" }, [
    "a form in UTF-7",
    typed("application/x-www-form-urlencoded; charset=utf-7"),
  ]),
  ...refusedBy(
    "request-form",
    { error: "invalid_request", otherwise: "client-known" },
    [
      "a body in JSON",
      async ({ app, agent, idJag }) => {
        const body = { grant_type: jwtBearer, assertion: await idJag(), client_id: agent.clientId };
        const headers = { "content-type": "application/json" };
        return await app.client().send("POST", "/oauth2/token", headers, JSON.stringify(body));
      },
    ],
    ["a form that says it is text", typed("text/plain")],
    ["no body", ({ app }) => app.client().send("POST", "/oauth2/token", {})],
  ),
];

/** The usual request under another content type. */
function typed(type: string): HostileRequest["send"] {
  return async ({ app, agent, idJag }) => {
    const { clientId, secret } = agent;
    const all = {
      grant_type: jwtBearer,
      assertion: await idJag(),
      client_id: clientId,
      client_secret: secret,
    };
    const body = new URLSearchParams(all).toString();
    return await app.client().send("POST", "/oauth2/token", { "content-type": type }, body);
  };
}

/** Faults of the client, or of the request around the assertion. */
export const hostileClients: readonly HostileRequest[] = [
  ...unknown,
  ...facts,
  ...authentication,
  ...keys,
  ...documents,
  ...forms,
];
