import assert from "node:assert/strict";
import type { User } from "../../src/model.ts";
import { landingPath } from "../../src/web/home.ts";
import { type Forgery, optionsOn, SoftAuthenticator } from "../helpers/authenticator.ts";
import type { Client } from "../helpers/client.ts";
import { onEachDatabase, onOneDatabase, type TestDatabase } from "../helpers/databases.ts";
import { forgetCounts } from "../helpers/known-devices.ts";
import { assertRedirect } from "../helpers/pages.ts";
import { createLocalAccount, createTestTenant, testPassword } from "../helpers/people.ts";
import { giveAuthenticator } from "../helpers/second-steps.ts";
import { messagesOn } from "../helpers/seen.ts";
import { plantSession, useSite } from "../helpers/site.ts";

const [secondStep, login] = ["/login/second-step", "/login/passkey"];

/** The application, and people with passkeys. */
function usePasskeys(use: () => TestDatabase) {
  const site = useSite(use);
  let people = 0;
  beforeEach(() => forgetCounts(use().database));

  const newPerson = () => createLocalAccount(site().acme.store, `passkey-${++people}@acme.example`);
  const newAuthenticator = () => new SoftAuthenticator(site().app.url);
  const passkeysOf = (user: User) => site().acme.store.passkeys.ofUser(user.id);
  async function add(client: Client, device: SoftAuthenticator, forgery: Forgery = {}) {
    const options = optionsOn(await client.get("/account/passkeys/new"));
    return await client.post("/account/passkeys", {
      name: "Laptop",
      credential: device.create(options, forgery),
    });
  }
  /** A person with a passkey. */
  async function withPasskey() {
    const [user, device] = [await newPerson(), newAuthenticator()];
    assertRedirect(await add(await site().clientOf(user), device), "/account");
    return { user, device };
  }
  const signInAlone = async (
    device: SoftAuthenticator,
    forgery: Forgery = {},
    client = site().app.client(),
  ) => {
    const options = optionsOn(await client.get(login));
    return { client, answer: await client.post(login, { credential: device.get(options, forgery) }) };
  };
  const whoIs = async (client: Client) => {
    const me = await client.get("/me");
    return me.status === 200 ? (JSON.parse(me.text) as { user: { id: string } }).user.id : null;
  };
  return { site, newPerson, newAuthenticator, passkeysOf, add, withPasskey, signInAlone, whoIs };
}

describe("passkeys", () => {
  onEachDatabase((use) => {
    const { site, newPerson, newAuthenticator, passkeysOf, add, withPasskey, signInAlone, whoIs } =
      usePasskeys(use);

    it("are added with a name, listed with their use, and removed", async () => {
      const { user, device } = await withPasskey();
      const client = await site().clientOf(user);
      const account = await client.get("/account");
      assert.match(account.text, /<strong>Laptop<\/strong>/);
      assert.match(account.text, /Never used/);
      await signInAlone(device);
      assert.match((await client.get("/account")).text, /Last used/);
      const passkey = (await passkeysOf(user))[0]?.id ?? "";
      assertRedirect(await client.post("/account/passkeys/remove", { passkey }), "/account");
      assert.deepEqual(await passkeysOf(user), []);
      const actions = (await site().acme.store.activity.page({ person: user.id }, null, 50)).map(
        ({ action }) => action,
      );
      for (const action of ["passkey.added", "recovery_codes.created", "passkey.removed"])
        assert.ok(actions.includes(action), action);
      assert.equal((await signInAlone(device)).answer.status, 403);
    });

    it("sign a person in alone, with the person's own account", async () => {
      const { user, device } = await withPasskey();
      await withPasskey();
      const { client, answer } = await signInAlone(device);
      assertRedirect(answer, landingPath);
      assert.equal(await whoIs(client), user.id);
    });

    it("are the second step after a password", async () => {
      const { user, device } = await withPasskey();
      const client = site().app.client();
      assertRedirect(await client.signIn(site().acme.tenant.slug, user.loginName, testPassword), secondStep);
      const options = optionsOn(await client.get(secondStep));
      assertRedirect(
        await client.post(secondStep, { credential: device.get(options, { userHandle: null }) }),
        landingPath,
      );
      assert.equal(await whoIs(client), user.id);
    });

    it("refuse a counter that did not grow: a copy of the authenticator", async () => {
      const { device } = await withPasskey();
      assert.equal((await signInAlone(device, { counter: 7 })).answer.status, 303);
      for (const counter of [7, 6, 0])
        assert.equal((await signInAlone(device, { counter })).answer.status, 403);
      assert.equal((await signInAlone(device, { counter: 8 })).answer.status, 303);
    });

    it("accept an authenticator without a counter", async () => {
      const { device } = await withPasskey();
      for (const counter of [0, 0]) assert.equal((await signInAlone(device, { counter })).answer.status, 303);
    });

    it("answer each challenge once, in the browser that asked, and only for its purpose", async () => {
      const { device } = await withPasskey();
      const client = site().app.client();
      const options = optionsOn(await client.get(login));
      const cookie = client.cookies.get("passkey") ?? "";
      const credential = device.get(options);
      const other = site().app.client();
      assert.equal((await other.post(login, { credential })).status, 403, "without the cookie");
      assertRedirect(await client.post(login, { credential }), landingPath);
      const thief = site().app.client();
      thief.cookies.set("passkey", cookie);
      assert.equal((await thief.post(login, { credential: device.get(options) })).status, 403, "replayed");
      const fresh = site().app.client();
      optionsOn(await fresh.get(login));
      assert.equal((await fresh.post(login, { credential })).status, 403, "of another challenge");
    });

    it("refuse a passkey of another tenant as a second step, and sign in to its own", async () => {
      const { user } = await withPasskey();
      const other = await createTestTenant(use().database);
      const stranger = await createLocalAccount(other.store, user.loginName);
      const session = site().app.client();
      session.cookies.set("session", await plantSession(use(), other.tenant, stranger));
      const device = newAuthenticator();
      assertRedirect(await add(session, device), "/account");
      const client = site().app.client();
      await client.signIn(site().acme.tenant.slug, user.loginName, testPassword);
      const options = optionsOn(await client.get(secondStep));
      assert.equal((await client.post(secondStep, { credential: device.get(options) })).status, 403);
      assert.equal(await whoIs((await signInAlone(device)).client), stranger.id);
    });

    it("are kept by one account only", async () => {
      const { user, device } = await withPasskey();
      const other = await newPerson();
      await add(await site().clientOf(other), device);
      assert.deepEqual(await passkeysOf(other), []);
      assert.equal((await passkeysOf(user)).length, 1);
    });

    it("count with the authenticator app as one second step: either is enough", async () => {
      const { user, device } = await withPasskey();
      const app = await giveAuthenticator(site().acme.store, site().sealer, user);
      for (const proof of [
        (page: { text: string }) => ({ credential: device.get(optionsOn(page)) }),
        () => ({ code: app.code() }),
      ]) {
        const client = site().app.client();
        await client.signIn(site().acme.tenant.slug, user.loginName, testPassword);
        assertRedirect(await client.post(secondStep, proof(await client.get(secondStep))), landingPath);
      }
    });
  });

  onOneDatabase((use) => {
    const { site, newPerson, newAuthenticator, passkeysOf, add, withPasskey, signInAlone, whoIs } =
      usePasskeys(use);

    it("ask for the user's verification and for no attestation", async () => {
      const { user } = await withPasskey();
      const client = await site().clientOf(user);
      const creation = JSON.parse(optionsOn(await client.get("/account/passkeys/new")));
      const expected = { residentKey: "required", userVerification: "required", requireResidentKey: true };
      assert.deepEqual(creation.authenticatorSelection, expected);
      assert.deepEqual([creation.attestation, creation.rp.id], ["none", "localhost"]);
      assert.equal(creation.excludeCredentials.length, 1);
      const request = JSON.parse(optionsOn(await client.get(login)));
      assert.deepEqual([request.userVerification, request.allowCredentials], ["required", []]);
    });

    const lies: Record<string, Forgery> = {
      "another origin": { origin: "https://evil.example" },
      "a subdomain's origin": { origin: "http://sub.localhost" },
      "another relying party": { rpId: "evil.example" },
      "another challenge": { challenge: "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" },
      "no verification of the user": { isVerified: false },
      "the other ceremony": { type: "webauthn.other" },
    };
    for (const [name, forgery] of Object.entries(lies)) {
      it(`refuse ${name}: alone, as a second step, and when one is added`, async () => {
        const { user, device } = await withPasskey();
        const alone = await signInAlone(device, forgery);
        assert.deepEqual([alone.answer.status, await whoIs(alone.client)], [403, null]);
        const client = site().app.client();
        await client.signIn(site().acme.tenant.slug, user.loginName, testPassword);
        const options = optionsOn(await client.get(secondStep));
        const second = await client.post(secondStep, { credential: device.get(options, forgery) });
        assert.deepEqual([second.status, await whoIs(client)], [403, null]);
        const other = await newPerson();
        const session = await site().clientOf(other);
        await add(session, newAuthenticator(), forgery);
        assert.match(messagesOn(await session.get("/account/passkeys/new")), /The passkey was not added/);
        assert.deepEqual(await passkeysOf(other), []);
      });
    }

    it("refuse an attestation, which the library would follow to the addresses in its certificates", async () => {
      const user = await newPerson();
      await add(await site().clientOf(user), newAuthenticator(), { isAttested: true });
      assert.deepEqual(await passkeysOf(user), []);
    });

    it("refuse another person's passkey, as a second step and by a wrong user handle", async () => {
      const [ada, grace] = [await withPasskey(), await withPasskey()];
      const client = site().app.client();
      await client.signIn(site().acme.tenant.slug, ada.user.loginName, testPassword);
      const options = optionsOn(await client.get(secondStep));
      assert.equal((await client.post(secondStep, { credential: grace.device.get(options) })).status, 403);
      assert.equal(await whoIs(client), null);
      for (const userHandle of [ada.device.userHandle, null])
        assert.equal(
          (await signInAlone(grace.device, { userHandle })).answer.status,
          403,
          String(userHandle),
        );
    });

    it("do not let a person in whom nothing else lets in", async () => {
      const { store } = site().acme;
      const { user, device } = await withPasskey();
      await store.users.update(user.id, { blocked: true });
      assert.equal((await signInAlone(device)).answer.status, 403);
      await store.users.update(user.id, { blocked: false, active: false });
      assert.equal((await signInAlone(device)).answer.status, 403);
      await store.users.update(user.id, { active: true });
      await store.credentials.remove(user.id);
      assert.equal((await signInAlone(device)).answer.status, 403, "provisioning took the account over");
    });

    it("do not get a person past single sign-on of their domain, and the activity says so", async () => {
      const { store } = site().acme;
      const connection = await site().acme.connection();
      const { user, device } = await withPasskey();
      await store.domains.add("acme.example", "token");
      await store.domains.markVerified("acme.example");
      await store.domains.enforce("acme.example", connection.id);
      assert.equal((await signInAlone(device)).answer.status, 403);
      const [latest] = await store.activity.page({ person: user.id }, null, 1);
      assert.equal(latest?.reason, "single-sign-on-required");
      await store.domains.remove("acme.example");
    });

    it("cannot be added to an account by the answer to another person's challenge", async () => {
      const [ada, grace] = [await newPerson(), await newPerson()];
      const [hers, his] = [await site().clientOf(grace), await site().clientOf(ada)];
      const options = optionsOn(await hers.get("/account/passkeys/new"));
      his.cookies.set("new-passkey", hers.cookies.get("new-passkey") ?? "");
      await his.post("/account/passkeys", { name: "Hers", credential: newAuthenticator().create(options) });
      assert.deepEqual(await passkeysOf(ada), []);
    });

    it("are limited with the passwords of a network", async () => {
      const counts = () => use().database.sql()("rate_limits").where("key", "like", "password-network:%");
      await counts().delete();
      const client = site().app.client();
      const { slug } = site().acme.tenant;
      for (let attempt = 0; attempt < 50; attempt++)
        assert.equal((await client.post(login, { credential: "" })).status, 403);
      assert.equal((await client.post(login, { credential: "" })).status, 429);
      assert.equal((await client.signIn(slug, "anyone@acme.example", "wrong password")).status, 429);
      await counts().delete();
    });

    it("refuse what is not an answer", async () => {
      const client = site().app.client();
      for (const credential of ["", "{}", "[]", "null", "{", '{"id":1}', JSON.stringify({ id: "x" })]) {
        await client.get(login);
        assert.equal((await client.post(login, { credential })).status, 403, credential);
      }
    });
  });
});
