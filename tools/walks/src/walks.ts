import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { createProvisioningClient } from "../../../src/directory/provisioning-clients.ts";
import { paths } from "../../../src/endpoints.ts";
import { hashToken } from "../../../src/store/secrets.ts";
import { startTestApp, type TestApp } from "../../../test/helpers/app.ts";
import { createTestDatabase, type TestDatabase } from "../../../test/helpers/databases.ts";
import { registerAgent, sendTokenRequest, signIdJag } from "../../../test/helpers/id-jag.ts";
import { addressOf, codeGrant, fieldsOf, oktaRedirectUri } from "../../../test/helpers/okta-connect.ts";
import { type OpenIdProvider, startOpenIdProvider } from "../../../test/helpers/openid-provider.ts";
import { comeBack, connectOrg, orgOptions } from "../../../test/helpers/org.ts";
import { createLocalAccount, createTestTenant, testPassword } from "../../../test/helpers/people.ts";
import { type RevokingOrg, revocationToken, startRevokingOrg } from "../../../test/helpers/revocation.ts";
import { createScimTenant, oktaUser } from "../../../test/helpers/scim.ts";
import { connectStream, email, signSet } from "../../../test/shared-signals/world.ts";
import { type Coverage, type ExecutedFunctions, startCoverage } from "./coverage.ts";
import { samlWalks } from "./saml.ts"; // SAML
import type { Walk } from "./walk.ts";

export interface MeasuredWalk {
  name: string;
  executed: ExecutedFunctions;
  toRead: string[];
}

const warmUps = 2;
const measuredRuns = 3;
/** Work that goes on after the response belongs to the request, for example what its "finish" event starts. */
const settleMs = 50;

/** Starts the application and its providers, and measures every walk on SQLite. */
export async function measureWalks(): Promise<MeasuredWalk[]> {
  const use = await createTestDatabase("SQLite");
  const coverage = await startCoverage();
  const app = await startTestApp(use.database, orgOptions);
  const provider = await startOpenIdProvider();
  const org = await startRevokingOrg();
  try {
    const walks = [
      await oidcWalk(app, use, provider),
      ...(await samlWalks(app, use)), // SAML
      ...(await scimWalks(app, use)),
      ...(await agentWalks(app, use, org)),
      ...(await revocationWalks(app, use, org)),
      ...(await grantWalks(app, use)),
    ];
    const measured: MeasuredWalk[] = [];
    for (const walk of walks) measured.push(await measure(walk, coverage));
    return [
      ...measured,
      // SAML {
      together(
        "SAML sign-in",
        measured.filter(({ name }) => name.startsWith("SAML")),
      ),
      // SAML }
    ];
  } finally {
    coverage.stop();
    await provider.close();
    await org.close();
    await app.close();
    await use.dispose();
  }
}

async function measure(walk: Walk, coverage: Coverage): Promise<MeasuredWalk> {
  for (let warmUp = 0; warmUp < warmUps; warmUp++) await (await walk.prepare())();
  const runs: ExecutedFunctions[] = [];
  while (runs.length < measuredRuns) {
    const request = await walk.prepare();
    await sleep(settleMs);
    await coverage.take();
    await request();
    await sleep(settleMs);
    runs.push(await coverage.take());
  }
  return measuredWalk(walk, inEveryRun(runs));
}

/** Leaves out what ran only sometimes: timers of the application, such as the recorder's, may fall into a run. */
function inEveryRun([first = new Map(), ...others]: readonly ExecutedFunctions[]): ExecutedFunctions {
  const always = [...first].map(([path, functions]): [string, string[]] => [
    path,
    functions.filter((name) => others.every((run) => run.get(path)?.includes(name))),
  ]);
  return new Map(always.filter(([, functions]) => functions.length > 0));
}

/** Counts the application and its engines. The stand-in org is the other side of the wire. */
function measuredWalk({ name, toRead }: Walk, functions: ExecutedFunctions): MeasuredWalk {
  const executed = [...functions]
    .filter(([path]) => /^(src|packages)\//.test(path) && !path.startsWith("packages/okta-stand-in/"))
    .sort(([one], [other]) => one.localeCompare(other));
  assert.ok(executed.length > 0, `${name} executed nothing`);
  const paths = executed.map(([path]) => path);
  return {
    name,
    executed: new Map(executed),
    toRead: paths.filter((path) => toRead.some((folder) => path.startsWith(folder))),
  };
}

// SAML {
/** Several requests that belong together, counted as one walk. */
function together(name: string, walks: readonly MeasuredWalk[]): MeasuredWalk {
  const executed: ExecutedFunctions = new Map();
  for (const [path, functions] of walks.flatMap((walk) => [...walk.executed]))
    executed.set(path, [...new Set([...(executed.get(path) ?? []), ...functions])]);
  return { name, executed, toRead: [...new Set(walks.flatMap(({ toRead }) => toRead))] };
}
// SAML }

async function oidcWalk(app: TestApp, { database }: TestDatabase, provider: OpenIdProvider): Promise<Walk> {
  const tenant = await createTestTenant(database);
  const connection = await connectOrg(provider, { baseUrl: app.url, tenant });
  provider.define({ sub: "00u-ada", email: "ada@oidc.example" });
  return {
    name: "OIDC callback",
    toRead: ["src/oidc/", "src/sso/"],
    async prepare() {
      const client = app.client();
      const left = await client.get(`/oidc/${connection.key}/login`);
      return async () => {
        // Only the last of these requests, the callback, reaches the application.
        const answer = await comeBack(app, provider, client, left.location ?? "");
        assert.equal(answer.status, 303, answer.text);
      };
    },
  };
}

async function scimWalks(app: TestApp, { database }: TestDatabase): Promise<Walk[]> {
  const { client } = await createScimTenant(app, database);
  let users = 0;
  const create = async () => {
    const answer = await client.send("POST", "/Users", oktaUser(`walker-${users++}@scim.example`));
    assert.equal(answer.status, 201, answer.text);
    return answer.body.id as string;
  };
  const group = await client.send("POST", "/Groups", {
    schemas: ["urn:ietf:params:scim:schemas:core:2.0:Group"],
    displayName: "Walkers",
  });
  const toRead = ["src/scim/", "packages/scim-server/"];
  const postUser: Walk = { name: "SCIM POST user", toRead, prepare: async () => create };
  const patchGroup: Walk = {
    name: "SCIM PATCH group",
    toRead,
    async prepare() {
      const value = await create();
      return async () => {
        const add = { op: "add", path: "members", value: [{ value }] };
        const answer = await client.patch(`/Groups/${group.body.id}`, add);
        assert.ok(answer.status === 200 || answer.status === 204, answer.text);
      };
    },
  };
  return [postUser, patchGroup];
}

const agentCalls: readonly { name: string; path: string }[] = [
  { name: "API call", path: "/api/v1/tasks" }, // sample domain
];

// src/oauth/token-request.ts has no logic of its own: it says what a step finds.
const tokenEndpoint = ["routes", "clients", "policy"].map((file) => `src/oauth/${file}`);

/** A token request, and calls with the token that it answers with. */
async function agentWalks(app: TestApp, { database }: TestDatabase, org: RevokingOrg): Promise<Walk[]> {
  const tenant = await createTestTenant(database);
  const connection = await tenant.connection({ settings: { issuer: org.issuer, clientId: "walks" } });
  const ada = await createLocalAccount(tenant.store, "ada@agents.example");
  await tenant.store.identities.add(connection.id, "00u1", ada.id);
  const { clientId, secret } = await registerAgent({ database });
  const prepare = async () => {
    const claims = { aud_tenant: connection.key };
    const assertion = await signIdJag(org, app.url, clientId, { claims });
    return async () => {
      const form = { client_id: clientId, client_secret: secret, assertion };
      const answer = await sendTokenRequest(app, form);
      assert.equal(answer.status, 200, answer.text);
      return JSON.parse(answer.text).access_token as string;
    };
  };
  const calls = agentCalls.map(({ name, path }) => ({
    name,
    toRead: [
      "src/tasks/", // sample domain
      "src/web/access-token",
      "src/web/api",
    ],
    async prepare() {
      const headers = { authorization: `Bearer ${await (await prepare())()}` };
      return async () => {
        const answer = await app.client().send("GET", path, headers);
        assert.equal(answer.status, 200, answer.text);
      };
    },
  }));
  return [{ name: "Token request", toRead: ["src/cross-app-access/", ...tokenEndpoint], prepare }, ...calls];
}

/** The two messages by which an org ends a person's access. */
async function revocationWalks(app: TestApp, { database }: TestDatabase, org: RevokingOrg): Promise<Walk[]> {
  const tenant = await createTestTenant(database);
  const connection = await tenant.connection({ settings: { issuer: org.issuer, clientId: "revoked" } });
  await createLocalAccount(tenant.store, email);
  const authorization = "Bearer the header of the stream";
  await connectStream(tenant.store, connection, org.issuer, { headerHash: hashToken(authorization) });
  const post = async (path: string, headers: Record<string, string>, body: string, expected: number) => {
    const answer = await app.client().send("POST", path, headers, body);
    assert.equal(answer.status, expected, answer.text);
  };
  const revoke: Walk = {
    name: "Universal Logout",
    toRead: ["src/universal-logout/", "src/sso/"],
    async prepare() {
      const path = paths.globalTokenRevocation;
      const token = await revocationToken(org, "revoked", app.url + path);
      const headers = { "content-type": "application/json", authorization: `Bearer ${token}` };
      return () => post(path, headers, JSON.stringify({ sub_id: { format: "email", email } }), 204);
    },
  };
  const receive: Walk = {
    name: "Security event",
    toRead: ["src/shared-signals/", "src/sso/"],
    async prepare() {
      const set = await signSet(org);
      const headers = { "content-type": "application/secevent+jwt", authorization };
      return () => post(paths.sharedSignals(connection.key), headers, set, 202);
    },
  };
  return [revoke, receive];
}

/** An owner allows Okta to provision, and Okta redeems the code. */
async function grantWalks(app: TestApp, { database }: TestDatabase): Promise<Walk[]> {
  const { tenant, store } = await createTestTenant(database);
  await createLocalAccount(store, "owner@grants.example", "owner");
  const { clientId, secret } = await createProvisioningClient(database);
  const asked = { response_type: "code", client_id: clientId, redirect_uri: oktaRedirectUri, state: "s" };
  const path = `${paths.authorize}?${new URLSearchParams(asked)}`;
  const prepareConsent = async () => {
    const browser = app.client();
    await browser.signIn(tenant.slug, "owner@grants.example", testPassword);
    const page = await browser.get(path);
    return async () => {
      const left = await browser.post(path, { ...fieldsOf(page), decision: "allow" });
      return new URL(addressOf(left)).searchParams.get("code") ?? assert.fail(left.text);
    };
  };
  const prepareCode = async () => {
    const code = await (await prepareConsent())();
    const form = { client_id: clientId, client_secret: secret, ...codeGrant(code) } as Record<string, string>;
    return async () => {
      const answer = await app.client().send("POST", paths.token, {}, new URLSearchParams(form));
      assert.equal(answer.status, 200, answer.text);
    };
  };
  const toRead = ["src/scim-authorization/", ...tokenEndpoint];
  return [
    { name: "SCIM consent", toRead, prepare: prepareConsent },
    { name: "SCIM code", toRead, prepare: prepareCode },
  ];
}
