import assert from "node:assert/strict";
import { signIn } from "../../src/directory/sign-in.ts";
import { onEachDatabase } from "../helpers/databases.ts";
import { identityOf, loginNameConnection } from "../helpers/people.ts";
import { oktaUser } from "../helpers/scim.ts";
import { assertScimError, type ScimTenant, useScim } from "../helpers/scim-site.ts";

const name = "ada@acme.example";
/** Entra puts the object's id before the name of a person whom it deletes, so that the name is free. */
const deletedName = `5f3c9a1d2b7e4c608d1f0a2b3c4d5e6f${name}`;
/** The same with the hyphens of the id. */
const deletedNameWithHyphens = `5f3c9a1d-2b7e-4c60-8d1f-0A2B3C4D5E6F${name}`;
const set = (path: string, value: unknown) => ({ op: "Replace", path, value });
type Step = (acme: ScimTenant, id: string) => Promise<{ status: number }>;

const patch =
  (...operations: unknown[]): Step =>
  ({ client }, id) =>
    client.patch(`/Users/${id}`, ...operations);
const put =
  (userName: string, active: unknown): Step =>
  ({ client }, id) =>
    client.send("PUT", `/Users/${id}`, oktaUser(userName, { active, externalId: "ada" }));

const deletions: Record<string, Step[]> = {
  "the name, then the state": [patch(set("userName", deletedName), set("active", "False"))],
  "the state, then the name": [patch(set("active", "False"), set("userName", deletedName))],
  "two requests, the state first": [patch(set("active", false)), patch(set("userName", deletedName))],
  "two requests, the name first": [patch(set("userName", deletedName)), patch(set("active", false))],
  "an object without a path": [patch({ op: "replace", value: { active: false, userName: deletedName } })],
  PUT: [put(deletedName, false)],
};
const restorations: Record<string, Step[]> = {
  "the name, then the state": [patch(set("userName", name), set("active", "True"))],
  "the state, then the name": [patch(set("active", "True"), set("userName", name))],
  "two requests, the state first": [patch(set("active", true)), patch(set("userName", name))],
  "two requests, the name first": [patch(set("userName", name)), patch(set("active", true))],
  "an object without a path": [patch({ op: "replace", value: { userName: name, active: true } })],
  PUT: [put(name, true)],
};

describe("a user whom Entra deletes softly", () => {
  onEachDatabase((use) => {
    const site = useScim(use);
    let acme: ScimTenant;
    let id: string;
    beforeEach(async () => {
      acme = await site().tenant();
      id = (await acme.client.send("POST", "/Users", oktaUser(name, { externalId: "ada" }))).body.id;
    });
    const run = async (steps: Step[]) => {
      for (const step of steps) assert.equal((await step(acme, id)).status, 200);
    };

    // Each order of each with the plain one of the other.
    const pairs = [
      ...Object.keys(deletions).map((deletion) => [deletion, "the name, then the state"]),
      ...Object.keys(restorations).map((restoration) => ["PUT", restoration]),
    ] as [string, string][];
    for (const [deletion, restoration] of pairs) {
      it(`is deleted by ${deletion}, and restored by ${restoration}`, async () => {
        const byName = await loginNameConnection(acme, { justInTime: false });
        const asAda = () => signIn(acme.store, identityOf(byName, name, { subject: name }));
        assert.equal((await asAda()).user.id, id);
        await run(deletions[deletion] as Step[]);
        const { body } = await acme.client.get(`/Users/${id}`);
        assert.deepEqual([body.userName, body.active], [deletedName, false]);
        await assert.rejects(asAda());
        await run(restorations[restoration] as Step[]);
        const restored = (await acme.client.get(`/Users/${id}`)).body;
        assert.deepEqual([restored.userName, restored.active, restored.externalId], [name, true, "ada"]);
        const { by, user } = await asAda();
        assert.deepEqual([by, user.id], ["identity", id]);
      });
    }

    for (const [deletion, restoration] of pairs) {
      it(`does not come back just in time after ${deletion}, before ${restoration}`, async () => {
        const byName = await loginNameConnection(acme);
        const asAda = () => signIn(acme.store, identityOf(byName, name, { subject: name }));
        await run(deletions[deletion] as Step[]);
        await assert.rejects(asAda(), { reason: "user-deleted" });
        await run(restorations[restoration] as Step[]);
        assert.equal((await asAda()).user.id, id);
        assert.deepEqual(await acme.store.tombstones.list(), []);
      });
    }

    for (const [what, renamed] of [
      ["an id", deletedName],
      ["an id with hyphens", deletedNameWithHyphens],
    ] as const) {
      it(`does not come back just in time between the new name with ${what} and the new state`, async () => {
        const byName = await loginNameConnection(acme);
        await run([patch(set("userName", renamed))]);
        const back = signIn(acme.store, identityOf(byName, name, { subject: name }));
        await assert.rejects(back, { reason: "user-deleted" });
      });
    }

    it("leaves the former name of an active person with any other new name free", async () => {
      const byName = await loginNameConnection(acme);
      await run([patch(set("userName", `old-${name}`))]);
      const { by } = await signIn(acme.store, identityOf(byName, name, { subject: name }));
      assert.equal(by, "just-in-time");
    });

    it("frees the name for another person, whom a restoration does not replace: 409", async () => {
      await run(deletions.PUT as Step[]);
      const next = await acme.client.send("POST", "/Users", oktaUser(name, { externalId: "ada.2" }));
      assert.equal(next.status, 201);
      const [restore] = restorations["the name, then the state"] as [Step];
      assertScimError((await restore(acme, id)) as typeof next, 409, "uniqueness");
      assert.equal((await acme.client.get(`/Users/${id}`)).body.active, false);
    });

    it("is deactivated even if the user is an owner who signs in by the login name", async () => {
      const byName = await loginNameConnection(acme);
      await acme.store.identities.add(byName.id, name, id);
      await acme.store.roles.grant(id, "owner");
      await run(deletions["the name, then the state"] as Step[]);
      assert.equal((await acme.store.users.byId(id))?.active, false);
      await run(restorations["the name, then the state"] as Step[]);
      assert.equal((await acme.store.users.byId(id))?.active, true);
    });
  });
});
