import assert from "node:assert/strict";
import { signIn } from "../../src/directory/sign-in.ts";
import type { User } from "../../src/model.ts";
import { systemStore } from "../../src/store/system-store.ts";
import { onEachDatabase } from "../helpers/databases.ts";
import { submit } from "../helpers/forms.ts";
import { createLocalAccount, identityOf, testPasswords } from "../helpers/people.ts";
import { oktaUser } from "../helpers/scim.ts";
import { assertScimError, type ScimTenant, useScim } from "../helpers/scim-site.ts";
import { plantSession } from "../helpers/site.ts";

/** How provisioning changes the access of users: sessions, passwords, deletion. */
describe("provisioning and access", () => {
  onEachDatabase((use) => {
    const site = useScim(use);
    let acme: ScimTenant;
    beforeEach(async () => {
      acme = await site().tenant();
    });
    const create = async (name = "ada@acme.example", password = "a random one: 1mz050nq") => {
      const { body } = await acme.client.send("POST", "/Users", oktaUser(name, { password }));
      return (await acme.store.users.byId(body.id)) as User;
    };
    const browserOf = async (user: User) => {
      const browser = site().app.client();
      browser.cookies.set("session", await plantSession(use(), acme.tenant, user));
      assert.equal((await browser.get("/me")).status, 200);
      return browser;
    };
    const deactivations = {
      "PATCH without a path": (id: string) =>
        acme.client.patch(`/Users/${id}`, { op: "replace", value: { active: false } }),
      "PATCH with a path": (id: string) =>
        acme.client.patch(`/Users/${id}`, { op: "Replace", path: "active", value: "False" }),
      PUT: (id: string) =>
        acme.client.send("PUT", `/Users/${id}`, oktaUser("ada@acme.example", { active: false })),
    };

    for (const [how, deactivate] of Object.entries(deactivations)) {
      it(`deactivation by ${how} answers 200 and ends every session`, async () => {
        const ada = await create();
        const [first, second] = [await browserOf(ada), await browserOf(ada)];
        const { status, body } = await deactivate(ada.id);
        assert.deepEqual([status, body.active, body.id], [200, false, ada.id]);
        for (const browser of [first, second]) assert.notEqual((await browser.get("/me")).status, 200);
        // Not only because the user is inactive: earlier grants are void.
        assert.deepEqual(await acme.store.sessions.ofUser(ada.id), []);
        assert.ok(((await acme.store.users.byId(ada.id))?.accessEpoch ?? 0) > ada.accessEpoch);
      });
    }

    it("deactivation and the end of the sessions are one transaction", async () => {
      const ada = await create();
      const browser = await browserOf(ada);
      const rename = (from: string, to: string) => use().database.sql().schema.renameTable(from, to);
      // The last step of the transaction fails.
      await rename("activity", "activity_away");
      const { status } = await acme.client.patch(`/Users/${ada.id}`, {
        op: "replace",
        value: { active: false },
      });
      await rename("activity_away", "activity");
      assert.equal(status, 500);
      assert.equal((await acme.client.get(`/Users/${ada.id}`)).body.active, true);
      assert.equal((await browser.get("/me")).status, 200);
    });

    it("deletion ends every session", async () => {
      const ada = await create();
      const browser = await browserOf(ada);
      await acme.client.send("DELETE", `/Users/${ada.id}`);
      assert.notEqual((await browser.get("/me")).status, 200);
    });

    it("a profile push ends no session", async () => {
      const ada = await create();
      const browser = await browserOf(ada);
      await acme.client.send("PUT", `/Users/${ada.id}`, oktaUser("ada@acme.example", { title: "Countess" }));
      assert.equal((await browser.get("/me")).status, 200);
    });

    it("reactivation lets the same user in again: same id, nothing lost, old sessions stay ended", async () => {
      const ada = await create();
      const before = (await acme.client.get(`/Users/${ada.id}`)).body;
      const browser = await browserOf(ada);
      await acme.client.patch(`/Users/${ada.id}`, { op: "replace", value: { active: false } });
      const { status, body } = await acme.client.patch(`/Users/${ada.id}`, {
        op: "replace",
        value: { active: true },
      });
      assert.equal(status, 200);
      assert.deepEqual({ ...body, meta: null }, { ...before, meta: null });
      assert.notEqual((await browser.get("/me")).status, 200);
    });

    it("the last owner can be deactivated: 200, and the operator is warned", async () => {
      const ada = await create();
      await acme.store.roles.grant(ada.id, "owner");
      const { status } = await acme.client.patch(`/Users/${ada.id}`, {
        op: "replace",
        value: { active: false },
      });
      assert.equal(status, 200);
      const warnings = site().app.logged.filter(
        ({ event, userId }) => event === "tenant.last_owner_lost" && userId === ada.id,
      );
      assert.deepEqual(
        warnings.map(({ level, tenantId }) => [level, tenantId]),
        [["warn", acme.tenant.id]],
      );
    });

    it("one of two owners is deactivated without a warning", async () => {
      const [ada, eve] = [await create(), await create("eve@acme.example")];
      for (const { id } of [ada, eve]) await acme.store.roles.grant(id, "owner");
      await acme.client.patch(`/Users/${eve.id}`, { op: "replace", value: { active: false } });
      assert.ok(!site().app.logged.some(({ userId }) => userId === eve.id));
    });

    it("reactivation does not lift an administrator's block", async () => {
      const ada = await create();
      await acme.store.users.update(ada.id, { blocked: true });
      for (const active of [false, true])
        await acme.client.patch(`/Users/${ada.id}`, { op: "replace", value: { active } });
      assert.equal((await acme.store.users.byId(ada.id))?.blocked, true);
    });

    describe("a deleted user", () => {
      it("does not come back just in time until provisioning creates the user again, as a new one", async () => {
        const connection = await acme.connection();
        const external = identityOf(connection, "ada@acme.example");
        const { user } = await signIn(acme.store, external);
        assert.equal((await acme.client.send("DELETE", `/Users/${user.id}`)).status, 204);
        await assert.rejects(signIn(acme.store, external), { reason: "user-deleted" });
        const { status, body } = await acme.client.send("POST", "/Users", oktaUser("Ada@acme.example"));
        assert.equal(status, 201);
        assert.notEqual(body.id, user.id);
        assert.equal((await signIn(acme.store, external)).user.id, body.id);
      });
    });

    describe("passwords", () => {
      const sent = "from Okta: 1mz050nq";
      const sync = { op: "replace", value: { password: sent } };
      const hashOf = (id: string) => acme.store.credentials.passwordHash(id);
      const synchronise = async () => {
        await systemStore(use().database).tenants.update(acme.tenant.id, { passwordSync: true });
      };
      const signInWith = async (password: string) => {
        const answer = await site().app.client().signIn(acme.tenant.slug, "ada@acme.example", password);
        return answer.status;
      };

      it("are dropped by POST, PUT and PATCH unless the tenant synchronises them", async () => {
        const ada = await create();
        await acme.client.send("PUT", `/Users/${ada.id}`, oktaUser("ada@acme.example", { password: sent }));
        assert.equal((await acme.client.patch(`/Users/${ada.id}`, sync)).status, 200);
        assert.equal(await hashOf(ada.id), null);
      });

      it("are stored by POST, PUT and PATCH if it does; the old one stops working, an absent one changes nothing", async () => {
        await synchronise();
        const ada = await create();
        assert.ok(await testPasswords.verify("a random one: 1mz050nq", await hashOf(ada.id)));
        await acme.client.patch(`/Users/${ada.id}`, sync);
        assert.ok(await testPasswords.verify(sent, await hashOf(ada.id)));
        assert.ok(!(await testPasswords.verify("a random one: 1mz050nq", await hashOf(ada.id))));
        const { password: _none, ...push } = oktaUser("ada@acme.example");
        await acme.client.send("PUT", `/Users/${ada.id}`, push);
        assert.ok(await testPasswords.verify(sent, await hashOf(ada.id)));
      });

      it("are dropped if single sign-on is enforced for the user's domain", async () => {
        await synchronise();
        const connection = await acme.connection();
        await acme.store.domains.add("acme.example", "proof");
        await acme.store.domains.markVerified("acme.example");
        await acme.store.domains.enforce("acme.example", connection.id);
        const ada = await create();
        const bob = await create("bob@elsewhere.example");
        for (const { id } of [ada, bob])
          assert.equal((await acme.client.patch(`/Users/${id}`, sync)).status, 200);
        assert.equal(await hashOf(ada.id), null);
        assert.ok(await hashOf(bob.id));
      });

      it("follow the rules of local passwords; otherwise nothing is changed", async () => {
        await synchronise();
        for (const password of ["a", "eleven char", "qwertyqwerty", "x".repeat(257)]) {
          const refused = await acme.client.send(
            "POST",
            "/Users",
            oktaUser("ada@acme.example", { password }),
          );
          assertScimError(refused, 400, "invalidValue");
        }
        const ada = await create();
        const change = { op: "replace", value: { password: "a", displayName: "Changed" } };
        assertScimError(await acme.client.patch(`/Users/${ada.id}`, change), 400, "invalidValue");
        const put = oktaUser("ada@acme.example", { password: "a", displayName: "Changed" });
        assertScimError(await acme.client.send("PUT", `/Users/${ada.id}`, put), 400, "invalidValue");
        assert.equal((await acme.store.users.byId(ada.id))?.displayName, ada.displayName);
        assert.equal(await signInWith("a random one: 1mz050nq"), 303);
      });

      it("end the user's sessions if they change, and only then", async () => {
        await synchronise();
        const ada = await create();
        const browser = await browserOf(ada);
        await acme.client.patch(`/Users/${ada.id}`, {
          op: "replace",
          value: { password: "a random one: 1mz050nq" },
        });
        assert.equal((await browser.get("/me")).status, 200, "it was her password already");
        await acme.client.patch(`/Users/${ada.id}`, sync);
        assert.equal((await browser.get("/me")).status, 401);
      });

      it("stop working when password sync is switched off, and do not come back when it is on again", async () => {
        await synchronise();
        const [ada, bob] = [await create(), await create("bob@acme.example")];
        const [byPassword, owner] = [
          await browserOf(ada),
          await createLocalAccount(acme.store, "owner@acme.example", "owner"),
        ];
        const connection = await acme.connection();
        const bySso = site().app.client();
        bySso.cookies.set(
          "session",
          await plantSession(use(), acme.tenant, bob, { connectionId: connection.id }),
        );
        const console = await browserOf(owner);
        const save = (form: Record<string, string>) =>
          submit(console, "/admin/provisioning", "/settings", { sourceConflict: "refuse", ...form });
        assert.equal(await signInWith("a random one: 1mz050nq"), 303);
        await save({});
        assert.equal(await signInWith("a random one: 1mz050nq"), 403);
        assert.equal((await byPassword.get("/me")).status, 401);
        assert.equal((await bySso.get("/me")).status, 200, "a session of single sign-on goes on");
        assert.equal((await console.get("/me")).status, 200, "and so does that of a local account");
        await save({ passwordSync: "on" });
        assert.equal(await signInWith("a random one: 1mz050nq"), 403);
      });

      it("do not count while password sync is off, even if one is stored", async () => {
        await synchronise();
        await create();
        await systemStore(use().database).tenants.update(acme.tenant.id, { passwordSync: false });
        assert.equal(await signInWith("a random one: 1mz050nq"), 403);
      });

      it("cannot be set for an owner: 403, and nothing is changed", async () => {
        await synchronise();
        const ada = await create();
        await acme.store.roles.grant(ada.id, "owner");
        const change = { op: "replace", value: { password: sent, displayName: "Changed" } };
        const refused = await acme.client.patch(`/Users/${ada.id}`, change);
        assertScimError(refused, 403);
        assert.match(refused.body.detail, /does not set the password of an owner/);
        assert.equal((await acme.store.users.byId(ada.id))?.displayName, ada.displayName);
        assert.equal(await signInWith(sent), 403);
        // Nor does one that was stored before the user became an owner.
        assert.equal(await signInWith("a random one: 1mz050nq"), 403);
        const stored = { op: "replace", value: { password: "a random one: 1mz050nq" } };
        assertScimError(await acme.client.patch(`/Users/${ada.id}`, stored), 403);
      });

      it("cannot be set for a local account", async () => {
        await synchronise();
        const owner = await createLocalAccount(acme.store, "owner@acme.example", "owner");
        const before = await hashOf(owner.id);
        assertScimError(await acme.client.patch(`/Users/${owner.id}`, sync), 409, "uniqueness");
        assert.equal(await hashOf(owner.id), before);
      });
    });
  });
});
