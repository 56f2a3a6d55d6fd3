import assert from "node:assert/strict";
import { brand } from "../../config/brand.ts";
import { disableConnectionUnguarded, rotateSecret } from "../../src/directory/connections.ts";
import { judgeAgain, latestSignInTest, startSignInTest } from "../../src/directory/sign-in-tests.ts";
import type { Connection } from "../../src/model.ts";
import type { Answer } from "../helpers/client.ts";
import { onOneDatabase } from "../helpers/databases.ts";
import { type OpenIdProvider, startOpenIdProvider } from "../helpers/openid-provider.ts";
import { comeBack, connectOrg, orgOptions, orgSealer, refusalsIn } from "../helpers/org.ts";
import { headingOf } from "../helpers/pages.ts";
import { useSite } from "../helpers/site.ts";

describe("a test sign-in by OpenID Connect", () => {
  onOneDatabase((use) => {
    const site = useSite(use, orgOptions);
    let op: OpenIdProvider;
    let draft: Connection;
    before(async () => {
      op = await startOpenIdProvider();
    });
    beforeEach(async () => {
      draft = await connect({}, { draft: true });
      op.define({ sub: "00u-ada", email: "ada@acme.example" });
    });
    after(() => op.close());

    const connect = (settings = {}, wanted = {}) =>
      connectOrg(op, { baseUrl: site().app.url, tenant: site().acme }, settings, wanted);
    const start = (connection = draft) => startSignInTest(site().acme.store, connection.id, null);
    const latest = (connection = draft) => latestSignInTest(site().acme.store, orgSealer, connection.id);
    const stored = async ({ id } = draft) => await site().acme.store.connections.byId(id);
    const testedAt = async (connection = draft) => (await stored(connection))?.testedAt;
    const admittedAt = async (connection = draft) => (await stored(connection))?.admittedAt;

    /** Runs a test to its end in a new browser, and returns the last page. */
    async function run(testId: string, connection = draft): Promise<Answer> {
      const client = site().app.client();
      const left = await client.get(`/oidc/${connection.key}/login?test=${testId}`);
      const page = left.status === 302 ? await comeBack(site().app, op, client, left.location ?? "") : left;
      assert.equal((await client.get("/me")).status, 401, "a test signs no one in");
      return page;
    }

    it("shows the claims that arrived and how they map, and signs no one in", async () => {
      const testId = await start();
      const page = await run(testId);
      assert.equal(headingOf(page), "The test has ended");
      assert.match(page.text, new RegExp(`Okta and ${brand.productName} understand each other`));
      const test = await latest();
      assert.equal(test?.id, testId);
      const values = Object.fromEntries(test?.result.values.map(({ name, value }) => [name, value]) ?? []);
      assert.equal(values.sub, "00u-ada");
      assert.equal(values.iss, op.issuer);
      assert.deepEqual(
        test?.result.mapped.map(({ label, name, value }) => [label, name, value]),
        [
          ["Login name", "preferred_username", "ada@acme.example"],
          ["First name", "given_name", "Ada"],
          ["Last name", "family_name", "Lovelace"],
          ["E-mail", "email", "ada@acme.example"],
          ["Display name", "name", "Ada Lovelace"],
        ],
      );
      assert.ok(test?.outcome && "user" in test.outcome && test.outcome.by === "just-in-time");
      assert.equal(await site().acme.store.users.byLoginName("ada@acme.example"), null, "a user was created");
      assert.ok(await testedAt());
    });

    it("counts as tested if the person has no account, but not as a person who gets in", async () => {
      const strict = await connect({}, { draft: true, justInTime: false });
      assert.match((await run(await start(strict), strict)).text, /understand each other/);
      const { isUnderstood, outcome } = (await latest(strict)) ?? assert.fail();
      assert.deepEqual([isUnderstood, outcome], [true, { refused: "just-in-time-off" }]);
      assert.ok(await testedAt(strict));
      assert.equal(await admittedAt(strict), null);
    });

    it("judges a test again when first sign-ins may create accounts, without another sign-in", async () => {
      const strict = await connect({}, { draft: true, justInTime: false });
      await run(await start(strict), strict);
      const { store } = site().acme;
      const calls = op.calls.length;
      await store.connections.update(strict.id, { justInTime: true });
      await judgeAgain({ store, sealer: orgSealer, connection: strict });
      const { outcome } = (await latest(strict)) ?? assert.fail();
      assert.ok(outcome && "user" in outcome && outcome.by === "just-in-time");
      assert.ok(await admittedAt(strict));
      assert.equal(op.calls.length, calls);
      assert.equal(await store.users.byLoginName("ada@acme.example"), null, "a user was created");
    });

    it("does not count as tested if another client was entered while it was judged", async () => {
      const { store } = site().acme;
      await run(await start());
      await store.connections.update(draft.id, { testedAt: null });
      const begin = store.transaction.bind(store);
      store.transaction = async (work) => {
        await store.signInTests.removeOfConnection(draft.id); // as changeSettings() does for another client
        return await begin(work);
      };
      await judgeAgain({ store, sealer: orgSealer, connection: draft });
      assert.equal(await testedAt(), null);
    });

    it("does not count as tested if the login name is not valid", async () => {
      op.define({ sub: "00u-odd", email: "a\u200bda@acme.example" });
      await run(await start());
      assert.equal((await latest())?.isUnderstood, false);
      assert.equal(await testedAt(), null);
    });

    it("shows the claims even if they do not identify a person", async () => {
      op.define({ sub: "00u-odd", email: "" });
      await run(await start());
      const test = await latest();
      assert.equal(test?.result.problem?.reason, "profile-incomplete");
      assert.ok(test?.result.values.some(({ name, value }) => name === "sub" && value === "00u-odd"));
      assert.ok(test?.result.mapped.some(({ label, value }) => label === "E-mail" && value === null));
      assert.equal(await testedAt(), null);
    });

    it("shows an address that came as a list as missing, and the names that the sign-in uses", async () => {
      const lists = { email: ["ada@acme.example"], given_name: ["", "Ada"], preferred_username: ["ada"] };
      Object.assign(op.define({ sub: "00u-list", email: "" }), lists);
      await run(await start());
      const result = (await latest())?.result;
      assert.equal(result?.problem?.reason, "profile-incomplete");
      const shown = Object.fromEntries(result?.mapped.map(({ label, value }) => [label, value]) ?? []);
      assert.deepEqual([shown["E-mail"], shown["Login name"], shown["First name"]], [null, null, "Ada"]);
    });

    it("shows where a login name came from: the address, if there is no other", async () => {
      const person = op.define({ sub: "00u-plain", email: "plain@acme.example" });
      for (const sent of [undefined, "", ["ada"]]) {
        Object.assign(person, { preferred_username: sent });
        await run(await start());
        const result = (await latest())?.result;
        assert.equal(result?.identity?.loginName, "plain@acme.example");
        const { name, value } = result?.mapped[0] ?? assert.fail();
        assert.deepEqual([name, value], ["email", "plain@acme.example"]);
      }
    });

    it("shows that the new client secret is wrong while the former one still works", async () => {
      const { store } = site().acme;
      await rotateSecret(store, orgSealer, draft.id, "not the secret");
      await run(await start());
      const test = await latest();
      assert.equal(test?.result.problem?.reason, "provider-answer-not-valid");
      assert.match(test?.result.problem?.detail ?? "", /client secret that was entered last/);
      assert.equal(await testedAt(), null);
    });

    it("ends with a result if the provider cannot be reached", async () => {
      const nowhere = await connect({ issuer: "http://127.0.0.1:9" }, { draft: true });
      assert.equal(headingOf(await run(await start(nowhere), nowhere)), "The test has ended");
      const test = await latest(nowhere);
      assert.equal(test?.result.problem?.reason, "provider-unavailable");
      assert.match(test?.result.problem?.detail ?? "", /127\.0\.0\.1:9/);
    });

    it("works once, and only with an id that was issued for this connection", async () => {
      const testId = await start();
      await run(testId);
      const other = await connect({}, { draft: true });
      for (const [id, connection] of [
        [testId, draft],
        ["unknown", draft],
        [await start(other), draft],
      ] as const) {
        assert.equal((await run(id, connection)).status, 403);
        assert.equal(refusalsIn(site().app).at(-1), "sign-in-not-started-here");
      }
    });

    it("does not work after a quarter of an hour", async () => {
      const testId = await start();
      const begun = use().database.sql()("sign_in_tests").where("id", testId);
      await begun.update({ created_at: Date.now() - 15 * 60_000 });
      assert.equal((await run(testId)).status, 403);
      assert.equal(refusalsIn(site().app).at(-1), "sign-in-not-started-here");
    });

    it("does not open a disabled connection to a real sign-in that is under way", async () => {
      const active = await connect();
      const client = site().app.client();
      const left = await client.get(`/oidc/${active.key}/login`);
      await disableConnectionUnguarded(site().acme.store, active.id);
      const calls = op.calls.length;
      const page = await comeBack(site().app, op, client, left.location ?? "");
      assert.equal(page.status, 403);
      assert.equal(refusalsIn(site().app).at(-1), "connection-not-active");
      assert.ok(!op.calls.slice(calls).includes("/oauth2/v1/token"), "the code was not redeemed");
      assert.equal((await site().app.client().get(`/oidc/${draft.key}/login`)).status, 403);
    });

    it("stores its result sealed", async () => {
      await run(await start());
      const rows = await use().database.sql()("sign_in_tests").whereNotNull("sealed_result");
      assert.ok(rows.length > 0);
      assert.ok(!JSON.stringify(rows).includes("ada@acme.example"));
    });
  });
});
