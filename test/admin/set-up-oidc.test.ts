import assert from "node:assert/strict";
import type { Client } from "../helpers/client.ts";
import { onOneDatabase } from "../helpers/databases.ts";
import { formOn, shownOn, submit } from "../helpers/forms.ts";
import { type OpenIdProvider, startOpenIdProvider } from "../helpers/openid-provider.ts";
import { comeBack, leavingTo, orgOptions, orgSealer } from "../helpers/org.ts";
import { assertRedirect, headingOf } from "../helpers/pages.ts";
import { createLocalAccount } from "../helpers/people.ts";
import { useSite } from "../helpers/site.ts";
import { createDraft, offeredTest, stateOf, switchOn, valueToCopy } from "./pages-read.ts";

let keys = 0;
const newKey = () => `oidc-set-up-${keys++}`;

describe("the set-up of an OIDC connection", () => {
  onOneDatabase((use) => {
    const site = useSite(use, orgOptions);
    let op: OpenIdProvider;
    let client: Client;
    let base: string;
    before(async () => {
      op = await startOpenIdProvider();
    });
    after(() => op.close());
    beforeEach(async () => {
      client = await site().clientOf(site().owner);
      base = await createDraft(client, "oidc", newKey());
      op.define({ sub: "00u-ada", email: "ada@acme.example" });
    });

    const idOf = (path: string) => path.split("/").at(-1) ?? "";
    const stored = () => site().acme.store.connections.byId(idOf(base));
    const rightValues = () => ({
      issuer: op.issuer,
      clientId: "0oa-set-up",
      clientSecret: "the-secret-of-the-set-up",
      justInTime: "on",
      universalLogout: "on",
      crossAppAccess: "on",
    });
    const save = (more: Record<string, string> = {}, as = client) =>
      submit(as, base, "/settings", { ...rightValues(), ...more });

    /** Registers the application at the provider with the values on the page. */
    async function register(): Promise<void> {
      const page = await client.get(base);
      op.register({
        clientId: "0oa-set-up",
        secret: "the-secret-of-the-set-up",
        redirectUris: [valueToCopy(page, "Sign-in redirect URIs")],
        postLogoutRedirectUris: [valueToCopy(page, "Sign-out redirect URIs")],
      });
    }

    /** Runs the test sign-in in the administrator's browser. */
    async function test(as = client): Promise<void> {
      const started = await as.post(`${base}/tests`, { test: offeredTest(await as.get(base)) });
      assert.equal(headingOf(started), "Test sign-in");
      const left = await as.get(leavingTo(started));
      assert.equal(headingOf(await comeBack(site().app, op, as, left.location ?? "")), "The test has ended");
    }

    it("leads from a draft to a sign-in by following the page; each step is recorded", async () => {
      await register();
      assertRedirect(await save(), `${base}#test`);
      await test();
      const tested = await client.get(base);
      assert.match(tested.text, /The sign-in works/);
      assert.match(tested.text, /An account would be created/);
      assertRedirect(await switchOn(client, base), base);
      const person = site().app.client();
      const { pathname } = new URL(valueToCopy(await client.get(base), "Sign-in address"));
      const left = await person.get(pathname);
      await comeBack(site().app, op, person, left.location ?? "");
      assert.match((await person.get("/me")).text, /ada@acme\.example/);
      const entries = await site().acme.store.activity.latest(50);
      assert.deepEqual(
        entries.filter(({ targetId }) => targetId === idOf(base)).map(({ action, actor }) => [action, actor]),
        [
          ["sign_in.succeeded", "ada@acme.example"],
          ...["activated", "changed", "created"].map((what) => [`connection.${what}`, "owner@acme.example"]),
        ],
      );
      const changed = entries.find(({ action }) => action === "connection.changed")?.changed ?? [];
      assert.deepEqual([...changed].sort(), ["clientId", "clientSecret", "issuer", "justInTime"]);
    });

    it("answers a poll whether the test has ended", async () => {
      await register();
      await save();
      const testId = offeredTest(await client.get(base));
      assert.equal((await client.get(`${base}/tests/${testId}`)).status, 404);
      const started = await client.post(`${base}/tests`, { test: testId });
      assert.deepEqual(JSON.parse((await client.get(`${base}/tests/${testId}`)).text), { finished: false });
      const left = await client.get(leavingTo(started));
      await comeBack(site().app, op, client, left.location ?? "");
      assert.deepEqual(JSON.parse((await client.get(`${base}/tests/${testId}`)).text), { finished: true });
      assert.equal((await client.post(`${base}/tests`, { test: testId })).status, 409, "it works once");
      assert.equal((await client.post(`${base}/tests`, { test: "short" })).status, 400);
    });

    it("shows the provider's discovery document while its address is typed, and stores nothing", async () => {
      const answer = await client.post(`${base}/check`, { field: "issuer", issuer: op.issuer });
      assert.match(JSON.parse(answer.text).note, new RegExp(`Found ${op.issuer}.*signs with 1 key`));
      assert.equal((await stored())?.settings, null);
      assert.equal((await client.post(`${base}/check`, { field: "constructor" })).status, 400);
    });

    it("saves every switch and option, and shows them again", async () => {
      await save({
        signOutOfProvider: "on",
        universalLogout: "",
        crossAppAccess: "",
        roleName: "groups",
        roleValues: "Admins\r\nOps\r\n",
      });
      const [{ action, changed } = assert.fail()] = await site().acme.store.activity.latest(1);
      assert.equal(action, "connection.changed");
      for (const name of ["universalLogout", "crossAppAccess"]) assert.ok(changed.includes(name), name);
      assert.deepEqual((await stored())?.settings, {
        issuer: op.issuer,
        issuerAlias: null,
        clientId: "0oa-set-up",
        roleMapping: { name: "groups", adminValues: ["Admins", "Ops"] },
        signOutOfProvider: true,
        universalLogout: false,
        crossAppAccess: false,
      });
      assert.equal((await stored())?.justInTime, true);
      const { text } = await client.get(base);
      assert.match(text, /name="signOutOfProvider" type="checkbox" checked/);
      for (const name of ["universalLogout", "crossAppAccess"])
        assert.doesNotMatch(text, new RegExp(`name="${name}" type="checkbox" checked`));
      assert.match(text, />Admins\nOps<\/textarea>/);
    });

    it("asks for a recent sign-in, and no longer once the field is emptied", async () => {
      const changedLast = async () => (await site().acme.store.activity.latest(1))[0]?.changed;
      for (const [minutes, expected] of [
        ["480", { maxAgeMinutes: 480 }],
        ["", {}],
      ] as const) {
        await save({ maxAgeMinutes: minutes });
        const settings = (await stored())?.settings ?? {};
        assert.deepEqual(
          "maxAgeMinutes" in settings ? { maxAgeMinutes: settings.maxAgeMinutes } : {},
          expected,
        );
        assert.ok((await changedLast())?.includes("maxAgeMinutes"));
        assert.match(
          (await client.get(base)).text,
          new RegExp(`name="maxAgeMinutes" type="text" value="${minutes}"`),
        );
      }
    });

    it("stores the client secret sealed, never shows it, and rotates it without an outage", async () => {
      const rejected = await save({ issuer: "nonsense" });
      assert.equal(rejected.status, 400);
      assert.ok(!rejected.text.includes("the-secret-of-the-set-up"));
      await save();
      assert.ok(!(await client.get(base)).text.includes("the-secret-of-the-set-up"));
      const first = await site().acme.store.connections.sealedSecrets(idOf(base));
      await save({ clientSecret: "" });
      assert.deepEqual(await site().acme.store.connections.sealedSecrets(idOf(base)), first);
      await save({ clientSecret: "the-next-secret" });
      const { current, former } = await site().acme.store.connections.sealedSecrets(idOf(base));
      assert.equal(former, first.current);
      const context = `${site().acme.store.tenantId}/${idOf(base)}`;
      assert.equal(orgSealer.open(current ?? "", context), "the-next-secret");
      assert.match((await client.get(base)).text, /has not been used yet/);
    });

    it("accepts another name of the org only if it has the same keys", async () => {
      const other = await startOpenIdProvider();
      const page = await save({ issuerAlias: other.issuer });
      assert.match(stateOf(page, "issuerAlias"), /signs with other keys: it is another org/);
      await other.close();
      assert.match(
        stateOf(await save({ issuerAlias: op.issuer }), "issuerAlias"),
        /This is the issuer itself/,
      );
      assert.equal((await stored())?.settings, null);
    });

    it("is for owners only once the connection was switched on", async () => {
      await save();
      await switchOn(client, base);
      const admin = await site().clientOf(
        await createLocalAccount(site().acme.store, `${newKey()}@acme.example`, "admin"),
      );
      const before = await stored();
      for (const path of ["settings", "check", "review", "activate", "disable", "delete", "guests/resume"]) {
        const form = { ...rightValues(), clientId: "0oa-evil", field: "issuer" };
        const answer = await admin.post(`${base}/${path}`, form);
        assert.equal(answer.status, 404, path);
      }
      assert.match((await admin.get(base)).text, /Only an owner changes a connection/);
      assert.deepEqual(await stored(), before);
      await submit(client, base, "/disable");
      assert.equal((await stored())?.status, "disabled");
      assert.equal(
        (await admin.post(`${base}/settings`, rightValues())).status,
        404,
        "disabled is not a draft",
      );
    });

    it("lets only owners switch the connection on, and only with saved settings", async () => {
      assert.equal((await client.post(`${base}/review`)).status, 409);
      const shown = shownOn(await client.get(base));
      assertRedirect(await client.post(`${base}/activate`, { shown }), `${base}/review`);
      await save();
      const admin = await createLocalAccount(site().acme.store, `${newKey()}@acme.example`, "admin");
      assert.equal((await (await site().clientOf(admin)).post(`${base}/activate`)).status, 404);
      assert.equal((await stored())?.status, "draft");
    });

    it("deletes a connection that is off, with its identities and grants", async () => {
      await save();
      await switchOn(client, base);
      const shown = shownOn(await client.get(base));
      const early = await client.post(`${base}/delete`, { shown });
      assert.equal(early.status, 409);
      assert.match(early.text, /Switch the connection off first/);
      await submit(client, base, "/disable");
      assertRedirect(await submit(client, base, "/delete"), "/admin/connections");
      assert.equal(await stored(), null);
      assert.equal((await client.get(base)).status, 404);
    });

    it("links a tested identity only to the local account of the person who ran the test", async () => {
      await register();
      await save();
      const { store } = site().acme;
      const loginName = `${newKey()}@acme.example`;
      const ada = await createLocalAccount(store, loginName, "admin");
      op.define({ sub: "00u-ada", email: loginName });
      const adas = await site().clientOf(ada);
      await test(adas);
      const page = await adas.get(base);
      assert.match(page.text, /Another account already uses your login name/);
      const link = formOn(page, "/link");
      assert.doesNotMatch((await client.get(base)).text, /\/link"/, "the owner did not make this test");
      assert.equal((await link.send(client)).status, 404);
      assert.deepEqual(await store.identities.ofUser(ada.id), []);
      await link.send(adas);
      assert.equal((await store.identities.ofUser(ada.id))[0]?.subject, "00u-ada");
      assert.match((await adas.get(base)).text, /This identity is known/);
      assert.ok((await stored())?.testedAt);
      await link.send(adas);
      assert.match((await adas.get(base)).text, /already belongs to a user/);
    });
  });
});
