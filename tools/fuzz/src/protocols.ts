import { provisionUser } from "../../../src/directory/provisioning.ts";
import { Client } from "../../../test/helpers/client.ts";
import { allScopes, jwtBearer, signIdJag } from "../../../test/helpers/id-jag.ts";
import { malformedRequests } from "../../../test/helpers/malformed.ts";
import { oktaRedirectUri } from "../../../test/helpers/okta-connect.ts";
import { provisioned } from "../../../test/helpers/people.ts";
import { revocationToken, type TokenParts } from "../../../test/helpers/revocation.ts";
import { oktaUser } from "../../../test/helpers/scim.ts";
import { signSet } from "../../../test/shared-signals/world.ts";
import { apiRequests, mcpRequest } from "./api.ts";
import { consoleRequests, ownerSession } from "./console.ts";
import { changeValue } from "./mutations.ts";
import type { Random } from "./random.ts";
import { samlRequests } from "./saml.ts"; // SAML
import { form, type NextRequest, request, type Template } from "./template.ts";
import type { FuzzedApp } from "./world.ts";

export const protocolNames = [
  "scim",
  "saml", // SAML
  "oidc",
  "oauth",
  "api",
  "ssf",
  "console",
] as const;
export type ProtocolName = (typeof protocolNames)[number];

/** Prepares each protocol, once for a run. */
export const protocols: Record<ProtocolName, (world: FuzzedApp) => Promise<NextRequest>> = {
  scim: scimRequests,
  saml: samlRequests, // SAML
  oidc: async (world) => (random) => oidcRequest(world, random),
  oauth: oauthRequests,
  api: async (world) => {
    const next = await apiRequests(world);
    return async (random) => (random.happens(0.7) ? next(random) : mcpRequest(world, random));
  },
  ssf: async (world) => (random) => signalRequest(world, random),
  console: consoleRequests,
};

const patchUrn = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

async function scimRequests({ acme: { store, writer }, bearer }: FuzzedApp): Promise<NextRequest> {
  const headers = { authorization: bearer.scim, "content-type": "application/scim+json" };
  let [made, id] = [0, ""];
  return async (random) => {
    // Requests delete the user that others need.
    if (made++ % 100 === 0)
      id = (await provisionUser(store, writer, provisioned(`known-${made}-${Date.now()}@acme.example`))).id;
    if (random.happens(0.4)) {
      const [raw] = malformedRequests(random.upTo(2 ** 31), 1, id);
      const body = raw?.body ? ({ kind: "raw", bytes: raw.body } as const) : null;
      return request(raw?.method ?? "GET", raw?.path ?? "/", {
        headers: { ...headers, ...raw?.headers },
        body,
      });
    }
    const send = (method: string, path: string, value: unknown) =>
      request(method, `/scim/v2${path}`, { headers, body: { kind: "json", value: structuredClone(value) } });
    const user = oktaUser(`user-${random.upTo(200)}@acme.example`);
    const change = (Operations: unknown[]) => ({ schemas: [patchUrn], Operations });
    const group = { schemas: [], displayName: `Group ${random.upTo(50)}`, members: [{ value: id }] };
    return random.pick([
      () => send("POST", "/Users", user),
      () => send("PUT", `/Users/${id}`, { ...user, id }),
      () =>
        send("PATCH", `/Users/${id}`, change([{ op: "replace", value: { active: random.happens(0.5) } }])),
      () => send("POST", "/Groups", group),
      () =>
        send("POST", "/Bulk", {
          schemas: ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
          Operations: [{ method: "POST", path: "/Users", bulkId: "a", data: user }],
        }),
      () =>
        request("GET", "/scim/v2/Users", { headers, query: [["filter", `userName eq "${user.userName}"`]] }),
    ])();
  };
}

async function oidcRequest({ url, port, provider, oidc }: FuzzedApp, random: Random): Promise<Template> {
  const path = `/oidc/${oidc.key}`;
  const begun = [
    ["iss", provider.issuer],
    ["login_hint", "ada@acme.example"],
    ["target_link_uri", `${url}/account`],
  ];
  const query = begun as [string, string][];
  const back = async () => {
    const client = new Client(`http://127.0.0.1:${port}`, url);
    const left = new URL((await client.get(`${path}/login`)).location ?? url);
    const state = left.searchParams.get("state") ?? "";
    const cookie = [...client.cookies].map(([name, value]) => `${name}=${value}`).join("; ");
    const answer = random.pick<[string, string][]>([[["code", "x"]], [["error", "access_denied"]], []]);
    return request("GET", `${path}/callback`, { headers: { cookie }, query: [["state", state], ...answer] });
  };
  return await random.pick([
    back,
    back,
    () =>
      request("GET", `${path}/login`, {
        query: [
          ["returnTo", "/account"],
          ["login_hint", "ada@acme.example"],
        ],
      }),
    () => request("GET", `${path}/initiate`, { query }),
    () => request("POST", `${path}/initiate`, { body: { kind: "form", fields: query } }),
  ])();
}

/** Claims and headers of a token, sometimes with a change inside before it is signed. */
function partsOf(random: Random, claims: Record<string, unknown>): TokenParts {
  if (random.happens(0.4)) return {};
  const changed = changeValue(claims, random);
  const isObject = typeof changed === "object" && changed !== null && !Array.isArray(changed);
  return { claims: isObject ? (changed as Record<string, unknown>) : {} };
}

async function oauthRequests(world: FuzzedApp): Promise<NextRequest> {
  const { url, org, agent, provisioningClient } = world;
  const client = { client_id: provisioningClient.clientId, client_secret: provisioningClient.secret };
  const browser = await ownerSession(world);
  const post = (path: string, fields: Record<string, string>) =>
    request("POST", path, { body: form(fields) });
  const byAssertion = async (random: Random) => {
    const claims = {
      scope: allScopes.join(" "),
      sub: "00u1",
      act: { sub: "wlp1" },
      email: "ada@acme.example",
    };
    const assertion = await signIdJag(org, url, agent.clientId, partsOf(random, claims));
    const credentials = { client_id: agent.clientId, client_secret: agent.secret };
    return post("/oauth2/token", { grant_type: jwtBearer, assertion, ...credentials });
  };
  const byCode = () =>
    post("/oauth2/token", {
      grant_type: "authorization_code",
      code: "x",
      redirect_uri: oktaRedirectUri,
      ...client,
    });
  const ask = [
    ["response_type", "code"],
    ["client_id", client.client_id],
    ["redirect_uri", oktaRedirectUri],
    ["scope", "scim"],
    ["state", "x"],
  ] as const;
  const consent = async (random: Random) => {
    const query = ask.map(([name, value]): [string, string] => [name, value]);
    const body = random.happens(0.5)
      ? form({ decision: random.pick(["allow", "deny"]), source: "okta" })
      : null;
    return request(body ? "POST" : "GET", "/oauth2/authorize", { headers: await browser(), query, body });
  };
  return async (random) =>
    await random.pick([
      byAssertion,
      byAssertion,
      byCode,
      () => post("/oauth2/token", { grant_type: "refresh_token", refresh_token: "oinrt_x", ...client }),
      () => post("/oauth2/revoke", { token: "x", token_type_hint: "access_token", ...client }),
      consent,
      () => request("GET", "/.well-known/oauth-authorization-server"),
    ])(random);
}

async function signalRequest(
  { url, org, orgConnection, bearer }: FuzzedApp,
  random: Random,
): Promise<Template> {
  const push = async () => {
    const event = {
      "https://schemas.openid.net/secevent/caep/event-type/session-revoked": { event_timestamp: 1 },
    };
    const claims = { events: event, sub_id: { format: "email", email: "ada@acme.example" }, txn: "x" };
    const bytes = Buffer.from(await signSet(org, partsOf(random, claims)));
    const headers = { authorization: bearer.signals, "content-type": "application/secevent+jwt" };
    return request("POST", `/shared-signals/${orgConnection.key}`, { headers, body: { kind: "raw", bytes } });
  };
  const revoke = async () => {
    const path = "/global-token-revocation";
    const token = await revocationToken(
      org,
      "app",
      url + path,
      partsOf(random, { iss: org.issuer, jti: "x" }),
    );
    const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
    const value = { sub_id: { format: "iss_sub", iss: org.issuer, sub: "00u1" } };
    return request("POST", path, { headers, body: { kind: "json", value } });
  };
  return await random.pick([push, push, revoke])();
}
