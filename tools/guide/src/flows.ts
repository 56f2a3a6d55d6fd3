import { createHash, createPrivateKey, randomBytes, randomUUID, sign } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { provisionAll } from "okta-stand-in/people";
import type { OrgApp } from "okta-stand-in/state";
import { addAiAgent, addApp, addTo, integration, oidcSignOn, startStandIn } from "okta-stand-in/testing";
import { universalLogout } from "okta-stand-in/universal-logout";
import { Visitor } from "okta-stand-in/visitor";
import { apiScopes } from "../../../config/integration.ts";
import { createApp } from "../../../src/app.ts";
import { createAgent } from "../../../src/directory/agents.ts";
import { createConnection } from "../../../src/directory/connections.ts";
import { createToken } from "../../../src/directory/provisioning-tokens.ts";
import { createTenant } from "../../../src/directory/tenants.ts";
import { oidcUrls, paths } from "../../../src/endpoints.ts";
import { sequenceOf } from "../../../src/inspector/flow.ts";
import { openInspector } from "../../../src/inspector/recorder.ts";
import { createLog } from "../../../src/log.ts";
import type { Protocol } from "../../../src/recording.ts";
import { eventTypes } from "../../../src/shared-signals/events.ts";
import { openDatabase } from "../../../src/store/database.ts";
import { migrate } from "../../../src/store/migrate.ts";
import { hashToken, sealer } from "../../../src/store/secrets.ts";
import { forTenant } from "../../../src/store/tenant-store.ts";
import { readablePath } from "./product.ts";
import { quietConfig } from "./quiet-config.ts";
import { signInBySaml } from "./saml-flow.ts"; // SAML
import type { Sample } from "./sample.ts";
import { sequenceSvg } from "./sequence-svg.ts";

const folder = "docs/explanation/pictures";
const key = "acme";

/** The picture of each protocol's flow: the name of its file, and its title. A call with an API key is one message. */
const pictures: Record<Exclude<Protocol, "api-key">, [file: string, title: string]> = {
  scim: ["scim-run", "A provisioning run of one person"],
  oidc: ["oidc-sign-in", "A sign-in by OpenID Connect"],
  saml: ["saml-sign-in", "A sign-in by SAML"], // SAML
  "universal-logout": ["universal-logout", "Universal Logout of one person"],
  "shared-signals": ["shared-signals", "A revoked session of one person"],
  "cross-app-access": ["agent-call", "A call of an agent for a person"],
};

/**
 * The pictures of the explanations, by path. They are real flows: the application and the stand-in exchange the messages in
 * this process, and the inspector records them.
 */
export async function flowPictures(): Promise<Map<string, string>> {
  const sample = await openSample();
  const { org, grace, oidcApp, inspector, store } = sample;
  try {
    await provisionAll(org, oidcApp);
    await signInByOidc(sample);
    await signInBySaml(sample, visitorOf(sample)); // SAML
    await callByAgent(sample);
    await universalLogout(org, oidcApp, grace);
    await pushEvent(sample);
    await inspector.close();
    const flows = await store.inspector.flows({}, null, 50);
    return new Map(
      Object.entries(pictures).map(([protocol, [file, title]]) => {
        const flow = flows.findLast(({ messages }) => messages[0]?.protocol === protocol);
        if (!flow) throw new Error(`No message of ${protocol} was recorded.`);
        return [`${folder}/${file}.svg`, sequenceSvg(sequenceOf(flow, null), title)];
      }),
    );
  } finally {
    await sample.close();
  }
}

async function openSample(): Promise<Sample> {
  const database = openDatabase(":memory:");
  await migrate(database);
  const org = await startStandIn();
  const dataKey = randomBytes(32);
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const origin = `http://localhost:${port}`;
  const config = quietConfig({ port, baseUrl: origin, dataKey, insecureAllowPrivateNetwork: true });
  const log = createLog("silent");
  const inspector = openInspector(database, log);
  server.on("request", createApp({ config, database, log, recorder: inspector }));
  const { id: tenantId } = await createTenant(database, "acme", "Acme Rockets");
  const store = forTenant(database, tenantId);
  await store.inspector.recordUntil(Date.now() + 3_600_000);
  const grace = addTo(org, { login: "grace@acme.example", firstName: "Grace", lastName: "Hopper" });
  const oidcApp = addApp(org, oidcSignOn(oidcUrls(origin, key).redirectUri), [grace]);
  const { token } = await createToken(store);
  oidcApp.provisioning = integration(`http://127.0.0.1:${port}${paths.scim}`, { token });
  oidcApp.universalLogout = { url: origin + paths.globalTokenRevocation, subjectFormat: "email" };
  await connect({ database, tenantId, org, oidcApp }, dataKey);
  return {
    ...{ origin, database, tenantId, store, inspector, org, grace, oidcApp },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await org.close();
      await database.close();
    },
  };
}

type Sides = Pick<Sample, "database" | "tenantId" | "org" | "oidcApp">;

async function connect({ database, tenantId, org, oidcApp }: Sides, dataKey: Buffer): Promise<void> {
  const text = oidcApp.signOn.kind === "oidc" ? oidcApp.signOn.clientSecret : "";
  const { id } = await createConnection(database, tenantId, {
    ...{ key, type: "oidc", justInTime: true, draft: false },
    settings: { issuer: org.url, clientId: oidcApp.id },
    secret: { text, sealer: sealer(dataKey) },
  });
  await forTenant(database, tenantId).connections.update(id, { testedAt: Date.now() });
}

const visitorOf = ({ origin }: Sample) => new Visitor(origin.replace("localhost", "127.0.0.1"), origin);
const pathOf = (url: string | null) => new URL(url ?? "").pathname + new URL(url ?? "").search;

async function signInByOidc(sample: Sample): Promise<void> {
  const [browser, atOrg] = [visitorOf(sample), await sample.org.signedIn(sample.grace)];
  let { location } = await browser.get(paths.oidc(key).login);
  while (location?.startsWith(sample.org.url)) {
    const answer = await atOrg.get(pathOf(location));
    location = answer.location && new URL(answer.location, sample.org.url).href;
  }
  await browser.get(pathOf(location));
}

/** The agent signs the person in at the org, gets an ID-JAG there and an access token here, and calls the API. */
async function callByAgent(sample: Sample): Promise<void> {
  const { database, org, origin, grace, oidcApp } = sample;
  const scopes = apiScopes.map(({ name }) => name);
  const registered = await createAgent(database, { tenantId: null, name: "Agent", scopes, jwksUri: null });
  const { clientId } = registered.agent;
  const redirectUri = "http://localhost:9/callback";
  const helper = addApp(org, oidcSignOn(redirectUri), [grace]);
  const resource = origin + paths.api;
  const allowed = { issuerUrl: origin, tenantId: key, resources: [resource], clientId };
  addAiAgent(org, helper, { connections: [{ app: oidcApp, ...allowed, scopes }] });
  const secret = helper.signOn.kind === "oidc" ? helper.signOn.clientSecret : "";
  const basic = { id: helper.id, secret };
  const idToken = await idTokenOf(sample, helper, redirectUri, basic);
  const type = (name: string) => `urn:ietf:params:oauth:token-type:${name}`;
  const { access_token: assertion } = await tokens(`${org.url}/oauth2/v1/token`, basic, {
    grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
    requested_token_type: type("id-jag"),
    subject_token: idToken,
    subject_token_type: type("id_token"),
    ...{ audience: origin, resource, scope: scopes.join(" ") },
  });
  const issued = await tokens(
    origin + paths.token,
    { id: clientId, secret: registered.secret ?? "" },
    { grant_type: "urn:ietf:params:oauth:grant-type:jwt-bearer", assertion },
  );
  const headers = { authorization: `Bearer ${issued.access_token}` };
  await fetch(origin + paths.api + readablePath, { headers });
}

/** The org tells the application of a revoked session, over a stream. */
async function pushEvent({ org, origin, store, grace }: Sample): Promise<void> {
  const connection = (await store.connections.list()).find((one) => one.key === key);
  const [jwk] = org.store.state.keys;
  if (!connection || !jwk) throw new Error("The sample has no connection, or no key.");
  const { sessionRevoked } = eventTypes;
  const stream = { id: randomUUID(), connectionId: connection.id, connectionKey: connection.key };
  await store.signalStreams.create({
    ...stream,
    ...{ clientId: "0oa1", sealedClientSecret: "", eventsRequested: [sessionRevoked] },
    credentialChangeEndsSessions: false,
  });
  const [authorization, audience] = ["Bearer sample", origin + paths.sharedSignals(connection.key)];
  const endpoints = {
    configurationEndpoint: org.url,
    statusEndpoint: org.url,
    verificationEndpoint: org.url,
  };
  await store.signalStreams.update(stream.id, {
    ...{ status: "enabled", audiences: [audience], headerHash: hashToken(authorization) },
    transmitter: { issuer: org.url, jwksUri: `${org.url}/oauth2/v1/keys`, ...endpoints },
  });
  const subject = { format: "email", email: grace.email };
  const events = { [sessionRevoked]: { subject, event_timestamp: Date.now() } };
  const claims = {
    iss: org.url,
    aud: audience,
    jti: randomUUID(),
    iat: Math.floor(Date.now() / 1000),
    events,
  };
  const data = [{ typ: "secevent+jwt", alg: "RS256", kid: jwk.kid }, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString("base64url"))
    .join(".");
  const signature = sign("RSA-SHA256", Buffer.from(data), createPrivateKey({ key: jwk, format: "jwk" }));
  const set = `${data}.${signature.toString("base64url")}`;
  const headers = { authorization, "content-type": "application/secevent+jwt" };
  await fetch(audience, { method: "POST", headers, body: set });
}

interface ClientCredentials {
  id: string;
  secret: string;
}

async function idTokenOf(
  { org, grace }: Sample,
  app: OrgApp,
  redirectUri: string,
  basic: ClientCredentials,
): Promise<string> {
  const verifier = randomBytes(32).toString("base64url");
  const atOrg = await org.signedIn(grace);
  const query = new URLSearchParams({
    ...{ client_id: app.id, redirect_uri: redirectUri, response_type: "code", scope: "openid email" },
    ...{ state: "state", nonce: "nonce", code_challenge_method: "S256" },
    code_challenge: createHash("sha256").update(verifier).digest("base64url"),
  });
  let url = new URL(`/oauth2/v1/authorize?${query}`, org.url);
  while (url.origin === org.url) {
    const { location, text } = await atOrg.get(url.pathname + url.search);
    if (!location) throw new Error(text);
    url = new URL(location, url);
  }
  const code = url.searchParams.get("code") ?? "";
  const form = { grant_type: "authorization_code", code, redirect_uri: redirectUri, code_verifier: verifier };
  return (await tokens(`${org.url}/oauth2/v1/token`, basic, form)).id_token ?? "";
}

async function tokens(
  url: string,
  { id, secret }: ClientCredentials,
  form: Record<string, string | undefined>,
): Promise<{ access_token: string; id_token?: string }> {
  const authorization = `Basic ${Buffer.from(`${encodeURIComponent(id)}:${encodeURIComponent(secret)}`).toString("base64")}`;
  const body = new URLSearchParams(
    Object.entries(form).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
  const answer = await fetch(url, { method: "POST", headers: { authorization }, body });
  if (!answer.ok) throw new Error(`${url} answered ${answer.status}: ${await answer.text()}`);
  return (await answer.json()) as { access_token: string; id_token?: string };
}
