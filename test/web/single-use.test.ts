import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { createConnection } from "../../src/directory/connections.ts";
import { inviteOwner } from "../../src/directory/local-accounts.ts";
import { hashToken, randomToken } from "../../src/store/secrets.ts";
import { landingPath } from "../../src/web/home.ts";
import { onOneDatabase } from "../helpers/databases.ts";
import { loadInAdvance, speculative } from "../helpers/loaded-in-advance.ts";
import { type OpenIdProvider, startOpenIdProvider } from "../helpers/openid-provider.ts";
import { connectOrg, orgOptions, throughProvider } from "../helpers/org.ts";
import { assertRedirect } from "../helpers/pages.ts";
import type { TestTenant } from "../helpers/people.ts";
import { appRoutes, useSite } from "../helpers/site.ts";

/** The routes that consume or record something by a GET. */
const singleUse = [
  "/account/passkeys/new",
  "/admin/activity/export.csv",
  "/admin/activity/export.jsonl",
  "/admin/connections/:connection/signals/take-over",
  "/login/again",
  "/login/passkey",
  "/login/second-step",
  "/oidc/:connection/callback",
  "/oidc/:connection/initiate",
  "/oidc/:connection/login",
  "/saml/:connection/finish", // SAML
  "/saml/:connection/login", // SAML
  "/shared-signals/:key/callback",
  "/tasks/export.csv", // sample product
];

/** Where the program consumes something, and why a page that is loaded in advance cannot. */
const consumers: Record<string, string> = {
  "src/admin/set-up-links.ts links.consume": "a POST",
  "src/cross-app-access/issue.ts usedTokens.consume": "a POST",
  "src/directory/local-accounts.ts links.consume": "a POST, in web/setup.ts",
  "src/directory/owners.ts ownerApprovals.consume": "the end of a sign-in, after resume()",
  "src/oidc/routes.ts pendingLogins.resume": "the callback is a single-use route",
  "src/saml/sign-in.ts acceptedSignIns.resume": "finish is a single-use route", // SAML
  "src/saml/sign-in.ts requests.resume": "a POST to the ACS", // SAML
  "src/saml/sign-in.ts usedTokens.consume": "a POST to the ACS", // SAML
  "src/scim/routes.ts limiter.consume": "counts requests",
  "src/shared-signals/receive.ts receivedSignals.consume": "a POST",
  "src/shared-signals/stream-set-up.ts consents.resume": "the callback is a single-use route",
  "src/sso/sign-in.ts pendingLogins.consume": "by resume() of the files here",
  "src/sso/sign-in.ts rows.resume": "requires navigationOnly",
  "src/universal-logout/routes.ts usedTokens.consume": "a POST",
  "src/web/access-tokens.ts limiter.consume": "counts requests",
};

describe("a GET that consumes something", () => {
  it("is known, wherever the program has one", () => {
    const files = readdirSync("src", { recursive: true, encoding: "utf8" }).filter(
      (name) => name.endsWith(".ts") && !name.startsWith("store/"),
    );
    const found = files.flatMap((name) => {
      const text = readFileSync(`src/${name}`, "utf8");
      return [...text.matchAll(/(\w+)\s*\.(consume|resume)\(/g)].map(
        ([, object, method]) => `src/${name} ${object}.${method}`,
      );
    });
    assert.deepEqual([...new Set(found)].sort(), Object.keys(consumers).sort());
  });

  onOneDatabase((use) => {
    const site = useSite(use, orgOptions);
    let op: OpenIdProvider;
    before(async () => {
      op = await startOpenIdProvider();
      op.define({ sub: "00u-ada", email: "ada@acme.example" });
    });
    after(() => op.close());

    it("checks first that a person opened the page", () => {
      const guarded = appRoutes(use().database).filter(
        ({ method, handlers }) => method === "GET" && handlers[0] === "navigationOnly",
      );
      assert.deepEqual(guarded.map(({ path }) => path).sort(), singleUse);
    });

    const connect = (wanted = {}) =>
      connectOrg(op, { baseUrl: site().app.url, tenant: site().acme as TestTenant }, {}, wanted);

    it("is not consumed at the OIDC callback", async () => {
      const { key } = await connect();
      const client = site().app.client();
      const left = await client.get(`/oidc/${key}/login`);
      const back = new URL(await throughProvider(op, left.location ?? ""));
      const calls = op.calls.length;
      await loadInAdvance(client, back.pathname + back.search);
      assert.equal(op.calls.length, calls, "the provider was asked");
      assertRedirect(await client.get(back.pathname + back.search), landingPath);
      assert.equal((await client.get("/me")).status, 200);
    });

    it("is not consumed in a test sign-in", async () => {
      const draft = await connect({ draft: true });
      const owner = await site().clientOf(site().owner);
      const test = randomToken();
      await owner.post(`/admin/connections/${draft.id}/tests`, { test });
      await loadInAdvance(owner, `/oidc/${draft.key}/login?test=${test}`);
      const left = await owner.get(`/oidc/${draft.key}/login?test=${test}`);
      const back = new URL(await throughProvider(op, left.location ?? ""));
      await loadInAdvance(owner, back.pathname + back.search);
      const result = async () => (await owner.get(`/admin/connections/${draft.id}/tests/${test}`)).text;
      assert.equal(await result(), '{"finished":false}');
      assert.equal((await owner.get(back.pathname + back.search)).status, 200);
      assert.equal(await result(), '{"finished":true}');
    });

    it("begins no sign-in before the person asks for it", async () => {
      const { key } = await connect();
      const client = site().app.client();
      const pending = async () => (await use().database.sql()("pending_logins")).length;
      const before = await pending();
      await loadInAdvance(client, `/oidc/${key}/login`);
      await loadInAdvance(client, `/oidc/${key}/initiate?iss=${encodeURIComponent(op.issuer)}`);
      assert.equal(await pending(), before);
    });

    it("leaves no entry about an export that no one asked for", async () => {
      const owner = await site().clientOf(site().owner);
      const exports = async () =>
        (await site().acme.store.activity.latest(100)).filter(({ action }) => action === "activity.exported")
          .length;
      const before = await exports();
      await loadInAdvance(owner, "/admin/activity/export.csv");
      assert.equal(await exports(), before);
    });

    /** Opens a link like the previews and mail scanners that find it in a message. */
    async function previewed(path: string): Promise<void> {
      const bot = () => site().app.client();
      for (const agent of ["Slackbot-LinkExpanding 1.0", "Microsoft Office Existence Discovery", "curl/8"]) {
        assert.equal((await bot().get(path, { "user-agent": agent })).status, 200, agent);
        assert.equal((await bot().send("HEAD", path, { "user-agent": agent })).status, 200, agent);
      }
      for (const headers of speculative) assert.equal((await bot().get(path, headers)).status, 503);
    }

    it("does not exist for a set-up link of an account: a preview leaves it valid", async () => {
      const path = `/setup/${await inviteOwner(site().acme.store, "invited@acme.example")}`;
      await previewed(path);
      const password = "four words make one";
      assertRedirect(await site().app.client().post(path, { password, repeated: password }), landingPath);
    });

    it("does not exist for a set-up link of a connection: a preview leaves it valid", async () => {
      const { acme } = site();
      const wanted = {
        key: `${acme.tenant.slug}-linked`,
        type: "oidc",
        settings: null,
        secret: null,
      } as const;
      const draft = await createConnection(use().database, acme.tenant.id, {
        ...wanted,
        justInTime: false,
        draft: true,
      });
      const token = randomToken();
      const purpose = { kind: "set-up-connection", connectionId: draft.id } as const;
      await acme.store.links.create(hashToken(token), purpose, Date.now() + 60_000);
      await previewed(`/setup/${token}`);
      assert.equal((await site().app.client().post(`/setup/${token}/finish`)).status, 200);
    });

    it("does not exist for messages: a page that is loaded in advance leaves them", async () => {
      const client = await site().clientOf(site().owner);
      await client.post("/account/sessions/end-others");
      for (const headers of speculative) assert.equal((await client.get("/account", headers)).status, 200);
      await client.send("HEAD", "/account", {});
      assert.match((await client.get("/account")).text, /You are signed out everywhere else/);
      assert.doesNotMatch((await client.get("/account")).text, /You are signed out everywhere else/);
    });
  });
});
