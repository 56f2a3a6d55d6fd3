import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { createApp } from "../../examples/sidecar-fastify/src/app.ts";
import { createNotesServer } from "../../examples/sidecar-node/src/app.ts";
import { revokeUserAccess } from "../../src/directory/access.ts";
import { identityKeys } from "../../src/forward-auth/signing-keys.ts";
import type { User } from "../../src/model.ts";
import { sealer } from "../../src/store/secrets.ts";
import { generateRsaKeys } from "../../src/trust/rsa-keys.ts";
import { Client } from "../helpers/client.ts";
import { createTestDatabase, type TestDatabase } from "../helpers/databases.ts";
import { createLocalAccount, createTestTenant, type TestTenant, testPassword } from "../helpers/people.ts";
import { newSecrets, type RunningServer, startServer } from "../helpers/processes.ts";
import { type ReverseProxy, startReverseProxy } from "../helpers/reverse-proxy.ts";

/** Two replicas of the application, a Fastify product and a node:http product behind one proxy. */
describe("the application as a sidecar", () => {
  describe("on PostgreSQL", () => {
    const secrets = newSecrets();
    let current: TestDatabase;
    let acme: TestTenant;
    let ada: User;
    let proxy: ReverseProxy;
    let replicas: RunningServer[];
    let reports: ReturnType<typeof createApp>;
    let notes: Server;
    let browser: Client;

    before(async function () {
      this.timeout(120_000);
      current = await createTestDatabase("PostgreSQL");
      acme = await createTestTenant(current.database, "acme");
      proxy = await startReverseProxy();
      const settings = {
        ...secrets,
        BASE_URL: proxy.url,
        TRUST_PROXY: "1",
        FORWARD_AUTH_AUDIENCES: "reports notes",
      };
      replicas = await Promise.all([startServer(current.url, settings), startServer(current.url, settings)]);
      proxy.sidecars = replicas.map(({ port }) => `http://127.0.0.1:${port}`);
      const [sidecarUrl = "", another = ""] = proxy.sidecars;
      reports = createApp({ sidecarUrl, issuer: proxy.url, audience: "reports" });
      notes = createNotesServer({ sidecarUrl: another, issuer: proxy.url, audience: "notes" });
      await new Promise<void>((resolve) => notes.listen(0, "127.0.0.1", resolve));
      proxy.products = [
        { audience: "reports", url: await reports.listen({ port: 0, host: "127.0.0.1" }) },
        { audience: "notes", url: `http://127.0.0.1:${(notes.address() as AddressInfo).port}` },
      ];
    });
    after(async () => {
      for (const { child } of replicas) child.kill("SIGTERM");
      await Promise.all(replicas.map(({ ended }) => ended));
      await reports.close();
      notes.closeAllConnections();
      await new Promise((resolve) => notes.close(resolve));
      await proxy.close();
      await current.dispose();
    });
    beforeEach(async () => {
      ada = await createLocalAccount(acme.store, `ada-${randomBytes(4).toString("hex")}@acme.example`);
      await acme.store.users.update(ada.id, { entitlements: ["task-export"] });
      browser = new Client(proxy.url, proxy.url);
    });

    const signIn = async () => {
      const { status } = await browser.signIn("acme", ada.loginName, testPassword);
      assert.equal(status, 303);
    };
    const productUrl = (audience: string) =>
      proxy.products.find((one) => one.audience === audience)?.url ?? assert.fail(audience);
    /** A request that goes past the proxy. */
    const direct = (audience: string, token: string) =>
      fetch(`${productUrl(audience)}/${audience}`, { headers: { "identity-token": token } });
    const lastToken = () => proxy.passedOn.at(-1) ?? assert.fail("no token");

    it("leads a page's visitor to the sign-in page and back", async () => {
      const asked = await browser.get("/reports?year=2026");
      assert.equal(asked.status, 303);
      assert.equal(asked.location, "/login?returnTo=%2Freports%3Fyear%3D2026");
      assert.equal((await browser.get(asked.location ?? "")).status, 200);
      const form = { loginName: ada.loginName, password: testPassword, returnTo: "/reports?year=2026" };
      const done = await browser.post("/login/password/acme", form);
      assert.equal(done.location, "/reports?year=2026");
      const page = await browser.get(done.location ?? "");
      assert.equal(page.status, 200);
      assert.deepEqual(JSON.parse(page.text).person, {
        id: ada.id,
        loginName: ada.loginName,
        tenantId: acme.tenant.id,
        role: "member",
        entitlements: ["task-export"],
      });
    });

    it("answers a script's request without a session with 401 as JSON", async () => {
      for (const path of ["/reports", "/notes", "/me"]) {
        const answer = await browser.send("GET", path, { accept: "application/json" });
        assert.equal(answer.status, 401, path);
        assert.match(answer.headers.get("content-type") ?? "", /json/, path);
      }
    });

    it("tells both products the person, whichever replica answers", async () => {
      await signIn();
      for (let round = 0; round < 4; round++) {
        assert.equal((await browser.get("/reports")).status, 200);
        assert.equal((await browser.get("/notes")).status, 200);
      }
    });

    it("tells a product the person's groups by /me", async () => {
      const group = {
        id: `group-of-${ada.id}`,
        displayName: `Readers ${ada.id}`,
        sourceId: null,
        sourceKey: null,
      };
      await acme.store.groups.create(group);
      await acme.store.groupMembers.add(group.id, [ada.id]);
      await signIn();
      const page = await browser.get("/notes");
      assert.deepEqual(JSON.parse(page.text), {
        tenant: acme.tenant.name,
        person: ada.loginName,
        shelves: [group.displayName],
      });
    });

    it("passes an entitlement on, and its loss at the next request", async () => {
      await signIn();
      assert.equal((await browser.post("/reports/export")).status, 415, "Fastify takes JSON only");
      const send = () =>
        browser.send("POST", "/reports/export", { "content-type": "application/json" }, "{}");
      assert.equal((await send()).status, 200);
      await acme.store.users.update(ada.id, { entitlements: [] });
      assert.equal((await send()).status, 403);
    });

    it("replaces a token that a client sends", async () => {
      await signIn();
      await browser.get("/reports");
      const stolen = lastToken();
      const stranger = new Client(proxy.url, proxy.url);
      const headers = { "identity-token": stolen, accept: "application/json" };
      assert.equal((await stranger.get("/reports", headers)).status, 401);
      assert.equal((await browser.get("/reports", { "identity-token": "forged" })).status, 200);
      assert.notEqual(lastToken(), "forged");
    });

    it("gives tokens that only their own product takes", async () => {
      await signIn();
      await browser.get("/notes");
      const ofNotes = lastToken();
      await browser.get("/reports");
      assert.equal((await direct("reports", lastToken())).status, 200);
      assert.equal((await direct("reports", ofNotes)).status, 401);
      assert.equal((await direct("notes", lastToken())).status, 401);
    });

    it("has products that refuse expired and forged tokens", async () => {
      await signIn();
      await browser.get("/reports");
      const claims = JSON.parse(Buffer.from(lastToken().split(".")[1] ?? "", "base64url").toString());
      const dataKey = sealer(Buffer.from(secrets.DATA_KEY, "base64"));
      const keysOf = (sealing: typeof dataKey) =>
        identityKeys({ database: current.database, sealer: sealing, generateKeys: generateRsaKeys });
      const right = await keysOf(dataKey).sign("identity+jwt", claims);
      assert.equal((await direct("reports", right)).status, 200, "the test signs as a replica does");
      const past = claims.iat - 120;
      const wrong = {
        expired: await keysOf(dataKey).sign("identity+jwt", { ...claims, iat: past, exp: past + 60 }),
        "of another type": await keysOf(dataKey).sign("secevent+jwt", claims),
        "of another issuer": await keysOf(dataKey).sign("identity+jwt", {
          ...claims,
          iss: "https://evil.example",
        }),
        "without an end": await keysOf(dataKey).sign("identity+jwt", { ...claims, exp: undefined }),
        unsigned: `${Buffer.from('{"alg":"none","typ":"identity+jwt"}').toString("base64url")}.${right.split(".")[1]}.`,
        "with a changed tenant": right.replace(
          /\.[^.]+\./,
          `.${Buffer.from(JSON.stringify({ ...claims, tenant: { id: "other" } })).toString("base64url")}.`,
        ),
        empty: "",
      };
      for (const [name, token] of Object.entries(wrong)) {
        const audience = "reports";
        assert.equal((await direct(audience, token)).status, 401, name);
      }
    });

    it("lets no one in after a sign-out or a deactivation, whichever replica answers", async () => {
      for (const end of [
        () => browser.post("/logout"),
        () => acme.store.transaction((inside) => revokeUserAccess(inside, ada.id)),
        () => acme.store.users.update(ada.id, { active: false }),
      ]) {
        await acme.store.users.update(ada.id, { active: true });
        browser = new Client(proxy.url, proxy.url);
        await signIn();
        assert.equal((await browser.get("/reports")).status, 200);
        await end();
        for (let round = 0; round < 2; round++) assert.equal((await browser.get("/reports")).status, 303);
      }
    });
  });
});
