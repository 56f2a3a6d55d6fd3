import assert from "node:assert/strict";
import { brand } from "../../config/brand.ts";
import type { Client } from "../helpers/client.ts";
import { onOneDatabase } from "../helpers/databases.ts";
import { formOn, shownOn, submit } from "../helpers/forms.ts";
import { hostileKeys, startHostileProvider } from "../helpers/hostile-provider.ts";
import { type OpenIdProvider, startOpenIdProvider } from "../helpers/openid-provider.ts";
import { comeBack, leavingTo, orgOptions, orgSealer } from "../helpers/org.ts";
import { assertRedirect, headingOf } from "../helpers/pages.ts";
import { createLocalAccount, testPassword } from "../helpers/people.ts";
import { messagesOn, shownOnce } from "../helpers/seen.ts";
import { useSite } from "../helpers/site.ts";
import {
  answered,
  createDraft,
  offeredTest,
  settingsPage,
  stateOf,
  switchOn,
  valueToCopy,
} from "./pages-read.ts";

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
    const verdicts = async () => {
      const { testedAt, admittedAt } = (await stored()) ?? assert.fail();
      return [testedAt !== null, admittedAt !== null];
    };
    const rightValues = () => ({
      issuer: op.issuer,
      clientId: "0oa-set-up",
      clientSecret: "the-secret-of-the-set-up",
      justInTime: "on",
      universalLogout: "on",
      crossAppAccess: "on",
    });
    const save = (more: Record<string, string> = {}, as = client) =>
      submit(as, settingsPage(base), "/settings", { ...rightValues(), ...more });

    /** Registers the application at the provider with the values on the page. */
    async function register(): Promise<void> {
      const page = await client.get(`${base}?step=2`);
      op.register({
        clientId: "0oa-set-up",
        secret: "the-secret-of-the-set-up",
        redirectUris: [valueToCopy(page, "Sign-in redirect URIs")],
        postLogoutRedirectUris: [valueToCopy(page, "Sign-out redirect URIs")],
      });
    }

    /** Runs the test sign-in in the administrator's browser. */
    async function test(as = client): Promise<void> {
      const started = await as.post(`${base}/tests`, {
        test: offeredTest(await as.get(`${base}?step=4`)),
      });
      assert.equal(headingOf(started), "Test sign-in");
      const left = await as.get(leavingTo(started));
      assert.equal(headingOf(await comeBack(site().app, op, as, left.location ?? "")), "The test has ended");
    }

    it("leads from a draft to a sign-in by following the page; each step is recorded", async () => {
      await register();
      await shownOnce(client, await save(), `${base}?step=4`, "The values are saved. Now test the sign-in.");
      await test();
      const tested = await client.get(`${base}?step=4`);
      assert.match(tested.text, new RegExp(`Okta and ${brand.productName} understand each other`));
      assert.match(tested.text, /Ada Lovelace gets in.*The first sign-in creates the account/);
      const on = await shownOnce(
        client,
        await switchOn(client, base),
        base,
        "The connection is on: people can sign in with it.",
      );
      assert.match(on.text, /What comes next[\s\S]*Verify your e-mail domain/);
      const person = site().app.client();
      const { pathname } = new URL(valueToCopy(on, "Sign-in address"));
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

    it("says calmly that provisioning comes next, or lets first sign-ins create accounts without another test", async () => {
      // Ada has an account: another test has signed her in.
      op.define({ sub: "00u-grace", email: "grace@acme.example", name: "Grace Hopper" });
      await register();
      await submit(client, settingsPage(base), "/settings", { ...rightValues(), justInTime: "" });
      await test();
      const page = await client.get(`${base}?step=4`);
      assert.match(page.text, new RegExp(`Okta and ${brand.productName} understand each other`));
      assert.match(
        page.text,
        /<li class="calm">[\s\S]*Grace Hopper has no account yet[\s\S]*once provisioning is set up/,
      );
      assert.deepEqual(await verdicts(), [true, false]);
      assert.match(page.text, /Review and switch on…/);
      const calls = op.calls.length;
      const judged = await shownOnce(
        client,
        await formOn(page, "/accounts").send(client),
        `${base}?step=4`,
        "From now on, the first sign-in creates an account. The test below was judged again.",
      );
      assert.match(judged.text, /<li class="done">[\s\S]*Grace Hopper gets in/);
      assert.deepEqual(await verdicts(), [true, true]);
      assert.equal(op.calls.length, calls, "no one signed in again");
      await submit(client, `${base}?step=5`, "/review");
      assert.doesNotMatch((await client.get(`${base}/review`)).text, /test again/);
    });

    it("keeps the choices, and shows only the values that they need", async () => {
      const choose = (app: string) => submit(client, `${base}?step=1`, "/choices", { accounts: "both", app });
      assertRedirect(await choose("catalog"), `${base}?step=2`);
      const catalog = await client.get(`${base}?step=2`);
      assert.match(catalog.text, /Browse App Catalog/);
      assert.doesNotMatch(catalog.text, /Create App Integration/);
      assert.deepEqual(
        [(await stored())?.justInTime, (await stored())?.isProvisioned, (await stored())?.isCatalogApp],
        [true, true, true],
      );
      await choose("own");
      const own = await client.get(`${base}?step=2`);
      assert.match(own.text, /Create App Integration/);
      assert.doesNotMatch(own.text, /Browse App Catalog/);
      const missing = await answered(client, submit(client, `${base}?step=1`, "/choices", { app: "own" }));
      assert.match(messagesOn(missing), /Answer both questions/);
    });

    it("switches the inspector on for a day, so that no message of the test is lost", async () => {
      await save();
      const sent = await submit(client, `${base}?step=4`, "/recording");
      const page = await shownOnce(client, sent, `${base}?step=4`, "The inspector is on for a day.");
      assert.doesNotMatch(page.text, /\/recording"/);
      const { recordingUntil } = await site().acme.store.inspector.state();
      assert.ok(Math.abs(recordingUntil - Date.now() - 86_400_000) < 60_000);
      await site().acme.store.inspector.recordUntil(0);
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
      const { text } = await client.get(`${base}?step=3`);
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
          (await client.get(`${base}?step=3`)).text,
          new RegExp(`name="maxAgeMinutes" type="text" value="${minutes}"`),
        );
      }
    });

    it("stores the client secret sealed, never shows it, and rotates it without an outage", async () => {
      const rejected = await answered(client, save({ issuer: "nonsense" }));
      assert.match(stateOf(rejected, "issuer"), /Enter the address/);
      assert.ok(!rejected.text.includes("the-secret-of-the-set-up"));
      await save();
      assert.ok(!(await client.get(`${base}?step=3`)).text.includes("the-secret-of-the-set-up"));
      const first = await site().acme.store.connections.sealedSecrets(idOf(base));
      await save({ clientSecret: "" });
      assert.deepEqual(await site().acme.store.connections.sealedSecrets(idOf(base)), first);
      await save({ clientSecret: "the-next-secret" });
      const { current, former } = await site().acme.store.connections.sealedSecrets(idOf(base));
      assert.equal(former, first.current);
      const context = `${site().acme.store.tenantId}/${idOf(base)}`;
      assert.equal(orgSealer.open(current ?? "", context), "the-next-secret");
      assert.match((await client.get(`${base}?step=3`)).text, /has not been used yet/);
    });

    it("accepts another name of the org only if it has the same keys", async () => {
      const other = await startOpenIdProvider();
      const page = await answered(client, save({ issuerAlias: other.issuer }));
      assert.match(stateOf(page, "issuerAlias"), /signs with other keys: it is another org/);
      await other.close();
      const itself = await answered(client, save({ issuerAlias: op.issuer }));
      assert.match(stateOf(itself, "issuerAlias"), /This is the issuer itself/);
      assert.equal((await stored())?.settings, null);
      const issuerAlias = op.issuer.replace("127.0.0.1", "localhost");
      await save({ issuerAlias });
      const { settings } = (await stored()) ?? assert.fail();
      assert.equal(settings && "issuerAlias" in settings && settings.issuerAlias, issuerAlias);
    });

    it("refuses a provider through which no sign-in could work", async () => {
      const provider = await startHostileProvider(await hostileKeys(), {
        discovery: (document) =>
          void Object.assign(document, { code_challenge_methods_supported: ["plain"] }),
      });
      const page = await answered(client, save({ issuer: provider.issuer }));
      await provider.close();
      assert.match(stateOf(page, "issuer"), /does not offer PKCE by S256/);
      assert.equal((await stored())?.settings, null);
    });

    it("is for owners only once the connection was switched on", async () => {
      await save();
      await switchOn(client, base);
      const admin = await site().clientOf(
        await createLocalAccount(site().acme.store, `${newKey()}@acme.example`, "admin"),
      );
      const before = await stored();
      for (const path of [
        "settings",
        "check",
        "choices",
        "accounts",
        "review",
        "activate",
        "disable",
        "delete",
        "guests/resume",
      ]) {
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
      const page = await adas.get(`${base}?step=4`);
      assert.match(page.text, /Another account already uses your login name/);
      const link = formOn(page, "/link");
      assert.doesNotMatch(
        (await client.get(`${base}?step=4`)).text,
        /\/link"/,
        "the owner did not make this test",
      );
      assert.equal((await link.send(client)).status, 404);
      assert.deepEqual(await store.identities.ofUser(ada.id), []);
      await shownOnce(
        adas,
        await link.send(adas),
        `${base}?step=4`,
        "From now on this identity signs in to your account.",
      );
      assert.equal((await store.identities.ofUser(ada.id))[0]?.subject, "00u-ada");
      assert.match((await adas.get(`${base}?step=4`)).text, /This identity is known/);
      assert.ok((await stored())?.admittedAt);
      assert.match((await answered(adas, link.send(adas))).text, /already belongs to a user/);
    });

    it("links a tested identity only after a recent sign-in: it would outlive a stolen session", async () => {
      await register();
      await save();
      const { store, tenant } = site().acme;
      const ada = await createLocalAccount(store, `${newKey()}@acme.example`, "admin");
      op.define({ sub: "00u-later", email: ada.loginName });
      const adas = await site().clientOf(ada);
      await test(adas);
      const link = formOn(await adas.get(`${base}?step=4`), "/link");
      const sessions = use().database.sql()("sessions").where("user_id", ada.id);
      await sessions.update({ created_at: Date.now() - 16 * 60_000 });
      assertRedirect(await link.send(adas), "/login/again");
      assert.deepEqual(await store.identities.ofUser(ada.id), []);
      const login = `/login/password/${tenant.slug}`;
      await submit(adas, "/login/again", login, { password: testPassword });
      assertRedirect(await submit(adas, "/login/again", "/link"), `${base}?step=4`);
      assert.equal((await store.identities.ofUser(ada.id))[0]?.subject, "00u-later");
    });
  });
});
