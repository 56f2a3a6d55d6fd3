import assert from "node:assert/strict";
import { blockUser } from "../../src/directory/access.ts";
import { provisionGroup } from "../../src/directory/groups.ts";
import { signIn } from "../../src/directory/sign-in.ts";
import type { User } from "../../src/model.ts";
import { systemStore } from "../../src/store/system-store.ts";
import { forTenant } from "../../src/store/tenant-store.ts";
import { onEachDatabase, someoneWaits } from "../helpers/databases.ts";
import { identityOf, loginNameConnection } from "../helpers/people.ts";
import { oktaUser, type ScimBody } from "../helpers/scim.ts";
import { assertScimError, type ScimTenant, useScim } from "../helpers/scim-site.ts";
import { plantSession } from "../helpers/site.ts";

const key = "00ujl29u0le5T6Aj10h7";
const [oldName, newName] = ["ada@acme.example", "ada.king@acme.example"];
const deactivate = { op: "replace", value: { active: false } };

/** Okta unassigns a person, renames them, and assigns them again: its filter finds no one, so it sends a POST. */
describe("a POST with the externalId of a leaver", () => {
  onEachDatabase((use, engine) => {
    const site = useScim(use);
    let acme: ScimTenant;
    beforeEach(async () => {
      acme = await site().tenant();
    });
    const post = (userName: string, more: ScimBody = {}) =>
      acme.client.send("POST", "/Users", oktaUser(userName, { externalId: key, ...more }));
    const stored = async (id: string) => (await acme.store.users.byId(id)) as User;
    const leaver = async (more: ScimBody = {}) => {
      const { status, body } = await post(oldName, more);
      assert.equal(status, 201);
      assert.equal((await acme.client.patch(`/Users/${body.id}`, deactivate)).status, 200);
      return body;
    };

    /** Asserts that a POST created another user and left the former one alone. */
    const assertCreated = async (answer: Awaited<ReturnType<typeof post>>, former: User) => {
      assert.equal(answer.status, 201, answer.text);
      assert.notEqual(answer.body.id, former.id);
      assert.deepEqual(await stored(former.id), former);
    };

    it("revives the user: 201 under the old id, with the attributes of the POST", async () => {
      const former = await leaver({ title: "Countess", nickName: "Ada" });
      const name = { givenName: "Augusta", familyName: "King" };
      const { status, body, headers } = await post(newName, { name, title: "Analyst" });
      assert.deepEqual([status, body.id, body.active, body.userName], [201, former.id, true, newName]);
      assert.equal(headers.get("location"), `${site().app.url}/scim/v2/Users/${former.id}`);
      assert.deepEqual([body.name, body.title, body.nickName], [name, "Analyst", undefined]);
      assert.deepEqual(body.emails, [{ primary: true, value: newName, type: "work" }]);
      assert.deepEqual((await acme.client.get(`/Users/${former.id}`)).body, body);
      assert.equal((await acme.client.get("/Users")).body.totalResults, 1);
      assert.equal((await acme.client.find(`userName eq "${oldName}"`)).body.totalResults, 0);
      const { givenName, email, origin, sourceId } = await stored(former.id);
      assert.deepEqual(
        [givenName, email, origin, sourceId],
        ["Augusta", newName, "scim", acme.writer.source.id],
      );
    });

    it("revives a user whose name did not change, and one whose active is sent as text", async () => {
      const former = await leaver();
      assert.deepEqual([(await post(oldName)).body.id, (await stored(former.id)).active], [former.id, true]);
      await acme.client.patch(`/Users/${former.id}`, deactivate);
      assert.equal((await post(newName, { active: "True" })).body.id, former.id);
    });

    it("revives a user after Entra's soft delete changed the name", async () => {
      const former = await leaver();
      const deleted = { op: "Replace", path: "userName", value: `5f3c9a1d2b7e4c608d1f${oldName}` };
      await acme.client.patch(`/Users/${former.id}`, deleted);
      assert.equal((await post(oldName)).body.id, former.id);
    });

    it("revives a user whose key another source gave to another user", async () => {
      const second = await site().otherSource(acme);
      await second.send("POST", "/Users", oktaUser("eve@acme.example", { externalId: key }));
      const former = await leaver();
      assert.equal((await post(newName)).body.id, former.id);
    });

    it("is in the activity as a revival", async () => {
      const former = await leaver();
      await post(newName);
      const [entry] = (await acme.store.activity.latest(10)).filter(({ targetId }) => targetId === former.id);
      assert.equal(entry?.action, "user.revived");
    });

    it("revives in a Bulk request, too", async () => {
      const former = await leaver();
      const data = oktaUser(newName, { externalId: key });
      const { body } = await acme.client.send("POST", "/Bulk", {
        schemas: ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
        Operations: [{ method: "POST", path: "/Users", bulkId: "a", data }],
      });
      assert.match(body.Operations[0].location, new RegExp(`/Users/${former.id}$`));
    });

    it("keeps the identities, and moves those whose subject is the login name", async () => {
      const oidc = await acme.connection();
      const byName = await loginNameConnection(acme);
      const { id } = (await post(oldName)).body;
      const asKey = () => signIn(acme.store, identityOf(oidc, oldName, { subject: key }));
      const asName = (name: string) => signIn(acme.store, identityOf(byName, name, { subject: name }));
      await acme.store.identities.add(byName.id, oldName, id);
      assert.equal((await asKey()).user.id, id);
      await acme.client.patch(`/Users/${id}`, deactivate);
      await assert.rejects(asKey(), { reason: "user-inactive" });
      await post(newName);
      assert.equal((await asKey()).user.id, id);
      assert.equal((await asName(newName)).user.id, id);
      const next = (await post(oldName, { externalId: "00u-next" })).body.id;
      assert.equal((await asName(oldName)).user.id, next);
    });

    it("leaves the sessions from before ended", async () => {
      const { id } = (await post(oldName)).body;
      const user = await stored(id);
      const browser = site().app.client();
      browser.cookies.set("session", await plantSession(use(), acme.tenant, user));
      assert.equal((await browser.get("/me")).status, 200);
      await acme.client.patch(`/Users/${id}`, deactivate);
      await post(newName);
      assert.notEqual((await browser.get("/me")).status, 200);
    });

    it("gives exactly the roles and entitlements of the POST; earlier grants do not return", async () => {
      const { id } = (await post(oldName, { roles: [{ value: "admin" }] })).body;
      const connection = await acme.connection();
      await acme.store.roles.grant(id, "admin");
      await acme.store.roles.replace(id, "claim", connection.id, ["admin"]);
      await acme.client.patch(`/Users/${id}`, deactivate);
      assert.equal((await post(newName)).body.id, id);
      assert.deepEqual(await acme.store.roles.grantsOf(id), []);
      await acme.client.patch(`/Users/${id}`, deactivate);
      assert.equal((await post(oldName, { roles: [{ value: "admin" }] })).body.id, id);
      assert.deepEqual(await acme.store.roles.grantsOf(id), [
        { role: "admin", source: "scim", sourceId: null },
      ]);
    });

    it("keeps the memberships in groups", async () => {
      const former = await leaver();
      const group = await provisionGroup(acme.store, acme.writer, { displayName: "Staff", sourceKey: null }, [
        former.id,
      ]);
      const { body } = await post(newName);
      assert.deepEqual(
        body.groups.map(({ value }: ScimBody) => value),
        [group.id],
      );
    });

    it("forgets a synced password, and takes the one of the POST", async () => {
      await systemStore(use().database).tenants.update(acme.tenant.id, { passwordSync: true });
      const { id } = await leaver({ password: "the old one: 1mz050nq" });
      const { password: _none, ...withoutPassword } = oktaUser(newName, { externalId: key });
      assert.equal((await acme.client.send("POST", "/Users", withoutPassword)).body.id, id);
      assert.equal(await acme.store.credentials.passwordHash(id), null);
      await acme.client.patch(`/Users/${id}`, deactivate);
      await post(oldName, { password: "the new one: 1mz050nq" });
      assert.notEqual(await acme.store.credentials.passwordHash(id), null);
    });

    it("lifts the tombstone of the new name, as any creation does", async () => {
      await acme.store.tombstones.add("t", newName, []);
      await leaver();
      await post(newName);
      assert.deepEqual(await acme.store.tombstones.list(), []);
    });

    it("revives once if two requests race", async () => {
      const former = await leaver();
      const answers = await Promise.all([post(newName), post("ada.other@acme.example")]);
      assert.deepEqual(
        answers.map(({ status }) => status),
        [201, 201],
      );
      assert.equal(answers.filter(({ body }) => body.id === former.id).length, 1);
      assert.equal((await acme.client.get("/Users")).body.totalResults, 2);
    });

    describe("creates another user instead", () => {
      it("if the user with the key is active", async () => {
        const { id } = (await post(oldName)).body;
        await assertCreated(await post(newName), await stored(id));
      });

      it("if an active user has the key as well: it does not identify a person", async () => {
        const { id } = (await post(oldName)).body;
        await post("eve@acme.example");
        await acme.client.patch(`/Users/${id}`, deactivate);
        await assertCreated(await post(newName), await stored(id));
      });

      it("if two inactive users have the key", async () => {
        const [one, two] = [(await post(oldName)).body.id, (await post("eve@acme.example")).body.id];
        for (const id of [one, two]) await acme.client.patch(`/Users/${id}`, deactivate);
        const eve = await stored(two);
        await assertCreated(await post(newName), await stored(one));
        assert.deepEqual(await stored(two), eve);
      });

      it("if the leaver is an owner", async () => {
        const { id } = await leaver();
        await acme.store.roles.grant(id, "owner");
        await assertCreated(await post(newName), await stored(id));
        assert.equal(await acme.store.roles.effective(id), "owner");
      });

      it("if an administrator blocked the leaver", async () => {
        const { id } = await leaver();
        await blockUser(acme.store, id);
        await assertCreated(await post(newName), await stored(id));
      });

      for (const [what, active] of [
        ["sends active false", { active: false }],
        ["sends no active", { active: undefined }],
        ["sends an empty active", { active: null }],
      ] as const) {
        it(`if the client ${what}`, async () => {
          const { id } = await leaver();
          await assertCreated(await post(newName, active), await stored(id));
        });
      }

      it("if the externalId differs, in case only, or is absent", async () => {
        const { id } = await leaver();
        const former = await stored(id);
        for (const [index, externalId] of [key.toLowerCase(), "other", undefined, ""].entries())
          await assertCreated(await post(`other${index}@acme.example`, { externalId }), former);
      });

      it("if the leaver belongs to another source, even if that may be adopted", async () => {
        const { id } = await leaver();
        await systemStore(use().database).tenants.update(acme.tenant.id, { sourceConflict: "adopt" });
        const second = await site().otherSource(acme);
        const user = oktaUser(newName, { externalId: key });
        await assertCreated(await second.send("POST", "/Users", user), await stored(id));
      });

      it("if the leaver belongs to another tenant", async () => {
        const { id } = await leaver();
        const other = await site().tenant();
        const user = oktaUser(newName, { externalId: key });
        await assertCreated(await other.client.send("POST", "/Users", user), await stored(id));
      });
    });

    if (engine === "PostgreSQL") {
      describe("waits for a concurrent change, and creates another user", () => {
        const changes: Record<string, () => Promise<Partial<User>>> = {
          "activates the leaver": async () => ({ active: true }),
          "blocks the leaver": async () => ({ blocked: true }),
          "gives the leaver another key": async () => ({ sourceKey: "other" }),
          "gives the leaver to another source": async () => ({
            sourceId: (await acme.store.sources.create({ id: `second-${acme.tenant.id}`, name: "second" }))
              .id,
          }),
        };
        for (const [what, change] of Object.entries(changes)) {
          it(`if it ${what}`, async () => {
            const { id } = await leaver();
            const changed = await change();
            let done = () => {};
            const isDone = new Promise<void>((resolve) => {
              done = resolve;
            });
            // Outside the first transaction's async context.
            const posted = isDone.then(() => post(newName));
            await use().database.transaction(async (inside) => {
              await forTenant(inside, acme.tenant.id).users.update(id, changed);
              done();
              await someoneWaits(inside);
            });
            await assertCreated(await posted, await stored(id));
          });
        }
      });
    }

    describe("is refused and changes nothing", () => {
      it("if another user has the name: 409", async () => {
        const { id } = await leaver();
        const former = await stored(id);
        await post(newName, { externalId: "00u-other" });
        assertScimError(await post(newName), 409, "uniqueness");
        assert.deepEqual(await stored(id), former);
      });

      it("if the leaver has the name, but another externalId: 409, and the filter finds the user", async () => {
        const { id } = await leaver();
        const former = await stored(id);
        assertScimError(await post(oldName, { externalId: "00u-other" }), 409, "uniqueness");
        assert.deepEqual(await stored(id), former);
        assert.equal((await acme.client.find(`userName eq "${oldName}"`)).body.Resources[0].id, id);
      });

      it("if a name is deceptive: 400", async () => {
        const { id } = await leaver();
        const former = await stored(id);
        assertScimError(await post("ada\u202e@acme.example"), 400, "invalidValue");
        assert.deepEqual(await stored(id), former);
      });
    });
  });
});
