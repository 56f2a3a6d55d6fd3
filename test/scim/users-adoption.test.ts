import assert from "node:assert/strict";
import { signIn } from "../../src/directory/sign-in.ts";
import { systemStore } from "../../src/store/system-store.ts";
import { onEachDatabase } from "../helpers/databases.ts";
import { createLocalAccount, identityOf, loginNameConnection } from "../helpers/people.ts";
import { oktaUser } from "../helpers/scim.ts";
import { assertScimError, type ScimTenant, useScim } from "../helpers/scim-site.ts";

const name = "ada@acme.example";
const deactivate = { op: "replace", value: { active: false } };

/** Users that provisioning did not create: just-in-time users, local accounts, and users of another source. */
describe("adoption and sources", () => {
  onEachDatabase((use) => {
    const site = useScim(use);
    let acme: ScimTenant;
    beforeEach(async () => {
      acme = await site().tenant();
    });

    describe("a just-in-time user", () => {
      it("makes POST fail with 409, and is found by the filter", async () => {
        const { user } = await signIn(acme.store, identityOf(await acme.connection(), name));
        assertScimError(
          await acme.client.send("POST", "/Users", oktaUser("ADA@acme.example")),
          409,
          "uniqueness",
        );
        assert.equal((await acme.client.find(`userName eq "${name}"`)).body.Resources[0].id, user.id);
      });

      for (const verb of ["PUT", "PATCH"] as const) {
        it(`is adopted by ${verb}: same id and identities, and sign-in no longer overwrites the profile`, async () => {
          const external = identityOf(await acme.connection(), name);
          const { user } = await signIn(acme.store, external);
          const profile = { displayName: "From Okta", externalId: "00u1" };
          const { status, body } =
            verb === "PUT"
              ? await acme.client.send("PUT", `/Users/${user.id}`, oktaUser(name, profile))
              : await acme.client.patch(`/Users/${user.id}`, { op: "replace", value: profile });
          assert.equal(status, 200);
          assert.deepEqual([body.id, body.externalId], [user.id, "00u1"]);
          const again = await signIn(acme.store, external);
          assert.deepEqual(
            [again.by, again.user.id, again.user.displayName, again.user.origin, again.user.sourceId],
            ["identity", user.id, "From Okta", "scim", acme.writer.source.id],
          );
        });
      }
    });

    describe("a local account", () => {
      const attempts = {
        PUT: (id: string) =>
          acme.client.send("PUT", `/Users/${id}`, oktaUser("owner@acme.example", { externalId: "00u-evil" })),
        PATCH: (id: string) => acme.client.patch(`/Users/${id}`, deactivate),
        DELETE: (id: string) => acme.client.send("DELETE", `/Users/${id}`),
      };
      for (const [verb, attempt] of Object.entries(attempts)) {
        it(`is never changed by ${verb}: 409, which says what to do`, async () => {
          const owner = await createLocalAccount(acme.store, "owner@acme.example", "owner");
          const answer = await attempt(owner.id);
          assertScimError(answer, 409, "uniqueness");
          assert.match(answer.body.detail, /owner can link it to single sign-on while signed in/);
          assert.deepEqual(await acme.store.users.byId(owner.id), owner);
        });
      }

      it("is not linked by the next sign-in", async () => {
        const owner = await createLocalAccount(acme.store, "owner@acme.example", "owner");
        await attempts.PUT(owner.id);
        const connection = await acme.connection();
        for (const subject of ["00u-evil", "owner@acme.example"]) {
          const external = identityOf(connection, "owner@acme.example", { subject });
          await assert.rejects(signIn(acme.store, external), { reason: "account-conflict" });
        }
        assert.deepEqual(await acme.store.identities.ofUser(owner.id), []);
      });

      it("keeps its name: POST and a rename to that name are refused", async () => {
        await createLocalAccount(acme.store, "owner@acme.example", "owner");
        assertScimError(
          await acme.client.send("POST", "/Users", oktaUser("OWNER@acme.example")),
          409,
          "uniqueness",
        );
        const { id } = (await acme.client.send("POST", "/Users", oktaUser(name))).body;
        const rename = { op: "replace", value: { userName: "owner@acme.example" } };
        assertScimError(await acme.client.patch(`/Users/${id}`, rename), 409, "uniqueness");
      });
    });

    describe("a user of another source", () => {
      const create = async () =>
        (await acme.client.send("POST", "/Users", oktaUser(name, { externalId: "00u1" }))).body.id as string;

      it("is readable without the other source's externalId, which filters do not find either", async () => {
        const id = await create();
        const second = await site().otherSource(acme);
        const { status, body } = await second.get(`/Users/${id}`);
        assert.deepEqual([status, body.id, body.externalId], [200, id, undefined]);
        assert.equal((await second.get("/Users")).body.Resources[0].externalId, undefined);
        assert.equal((await second.find('externalId eq "00u1"')).body.totalResults, 0);
        assert.equal((await second.find("externalId pr")).body.totalResults, 0);
        assert.equal((await acme.client.find('externalId eq "00u1"')).body.totalResults, 1);
      });

      it("is not changed: 409 for PUT, PATCH and DELETE", async () => {
        const id = await create();
        const before = await acme.store.users.byId(id);
        const second = await site().otherSource(acme);
        for (const answer of [
          await second.send("PUT", `/Users/${id}`, oktaUser(name)),
          await second.patch(`/Users/${id}`, deactivate),
          await second.send("DELETE", `/Users/${id}`),
        ])
          assertScimError(answer, 409, "uniqueness");
        assert.deepEqual(await acme.store.users.byId(id), before);
      });

      it("is adopted if the tenant allows it: same id, and the old externalId is gone", async () => {
        const id = await create();
        await systemStore(use().database).tenants.update(acme.tenant.id, { sourceConflict: "adopt" });
        const second = await site().otherSource(acme);
        const { status, body } = await second.patch(`/Users/${id}`, deactivate);
        assert.deepEqual([status, body.id, body.active, body.externalId], [200, id, false, undefined]);
        assert.equal((await acme.client.get(`/Users/${id}`)).body.externalId, undefined);
        const given = await second.patch(`/Users/${id}`, { op: "add", path: "externalId", value: "00u2" });
        assert.equal(given.body.externalId, "00u2");
      });

      it("may have an externalId that another source gave to another user", async () => {
        await create();
        const second = await site().otherSource(acme);
        const eve = oktaUser("eve@acme.example", { externalId: "00u1" });
        assert.equal((await second.send("POST", "/Users", eve)).status, 201);
      });
    });

    describe("a new login name", () => {
      const renamed = "ada.king@acme.example";

      it("moves the identity if the subject is the login name, so that the next user of the old name is not linked to it", async () => {
        const byName = await loginNameConnection(acme);
        const { id } = (await acme.client.send("POST", "/Users", oktaUser(name))).body;
        const as = (who: string) => signIn(acme.store, identityOf(byName, who, { subject: who }));
        assert.equal((await as(name)).user.id, id);
        await acme.client.patch(`/Users/${id}`, { op: "replace", value: { userName: renamed } });
        assert.deepEqual([(await as(renamed)).user.id, (await as(renamed)).by], [id, "identity"]);
        const next = (await acme.client.send("POST", "/Users", oktaUser(name))).body.id;
        assert.notEqual(next, id);
        assert.equal((await as(name)).user.id, next);
      });

      it("keeps an identity whose subject is not the login name", async () => {
        const external = identityOf(await acme.connection(), name);
        const { user } = await signIn(acme.store, external);
        await acme.client.send("PUT", `/Users/${user.id}`, oktaUser(renamed));
        assert.equal((await signIn(acme.store, external)).user.id, user.id);
      });

      it("may differ in case only", async () => {
        const { id } = (await acme.client.send("POST", "/Users", oktaUser(name))).body;
        const { body } = await acme.client.patch(`/Users/${id}`, {
          op: "replace",
          value: { userName: "ADA@acme.example" },
        });
        assert.equal(body.userName, "ADA@acme.example");
      });
    });
  });
});
