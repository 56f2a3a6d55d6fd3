import assert from "node:assert/strict";
import { onEachDatabase } from "../helpers/databases.ts";
import { oktaUser, type ScimBody } from "../helpers/scim.ts";
import { type ScimTenant, useScim } from "../helpers/scim-site.ts";

const shared = { externalId: "22fbc523-6032-4c5f-939d-5d4850cf3e52" };
const groupSchema = "urn:ietf:params:scim:schemas:core:2.0:Group";

/** RFC 7643 §3.1: a client may give one externalId to several resources. */
describe("an externalId that several resources have", () => {
  onEachDatabase((use) => {
    const site = useScim(use);
    let acme: ScimTenant;
    beforeEach(async () => {
      acme = await site().tenant();
    });
    const create = async (name: string, more: ScimBody = shared) => {
      const { status, body } = await acme.client.send(
        "POST",
        "/Users",
        oktaUser(`${name}@acme.example`, more),
      );
      assert.deepEqual([status, body.externalId], [201, more.externalId]);
      return body;
    };
    const createGroup = (displayName: string, more: ScimBody = shared) =>
      acme.client.send("POST", "/Groups", { schemas: [groupSchema], displayName, ...more });

    it("is accepted by POST, for users and groups alike", async () => {
      const ids = new Set([(await create("ada")).id, (await create("eve")).id]);
      for (const name of ["Staff", "Pilots"]) {
        const { status, body } = await createGroup(name);
        assert.deepEqual([status, body.externalId], [201, shared.externalId]);
        ids.add(body.id);
      }
      assert.equal(ids.size, 4);
    });

    it("is accepted by PUT and PATCH of a user", async () => {
      await create("ada");
      const { id } = await create("eve", { externalId: "other" });
      const put = await acme.client.send("PUT", `/Users/${id}`, oktaUser("eve@acme.example", shared));
      assert.deepEqual([put.status, put.body.externalId], [200, shared.externalId]);
      const bob = await create("bob", {});
      const patch = await acme.client.patch(`/Users/${bob.id}`, {
        op: "add",
        path: "externalId",
        value: shared.externalId,
      });
      assert.deepEqual([patch.status, patch.body.externalId], [200, shared.externalId]);
    });

    it("is accepted by PUT and PATCH of a group", async () => {
      await createGroup("Staff");
      const { id } = (await createGroup("Pilots", { externalId: "other" })).body;
      const body = { schemas: [groupSchema], displayName: "Pilots", members: [], ...shared };
      assert.equal((await acme.client.send("PUT", `/Groups/${id}`, body)).body.externalId, shared.externalId);
      const third = (await createGroup("Crew", {})).body.id;
      const patch = await acme.client.patch(`/Groups/${third}`, { op: "replace", value: shared });
      assert.equal(patch.status, 204);
      assert.equal((await acme.client.get(`/Groups/${third}`)).body.externalId, shared.externalId);
    });

    it("is accepted in a Bulk request", async () => {
      const post = (path: string, data: ScimBody, bulkId: string) => ({ method: "POST", path, bulkId, data });
      const { body } = await acme.client.send("POST", "/Bulk", {
        schemas: ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
        Operations: [
          post("/Users", oktaUser("ada@acme.example", shared), "a"),
          post("/Users", oktaUser("eve@acme.example", shared), "b"),
          post("/Groups", { schemas: [groupSchema], displayName: "Staff", ...shared }, "c"),
          post("/Groups", { schemas: [groupSchema], displayName: "Pilots", ...shared }, "d"),
        ],
      });
      assert.deepEqual(
        body.Operations.map(({ status }: ScimBody) => status),
        ["201", "201", "201", "201"],
      );
    });

    it("is found with all who have it, page by page, and by .search", async () => {
      const ids = [(await create("ada")).id, (await create("eve")).id, (await create("bob")).id];
      await create("dan", { externalId: "other" });
      const filter = `externalId eq "${shared.externalId}"`;
      const found = (await acme.client.find(filter)).body;
      assert.deepEqual([found.totalResults, found.Resources.map(({ id }: ScimBody) => id)], [3, ids]);
      const second = `/Users?filter=${encodeURIComponent(filter)}&startIndex=2&count=1`;
      const page = (await acme.client.get(second)).body;
      assert.deepEqual([page.totalResults, page.Resources[0].id], [3, ids[1]]);
      const search = await acme.client.send("POST", "/Users/.search", {
        schemas: ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"],
        filter: `${filter} and userName sw "eve"`,
      });
      assert.deepEqual([search.body.totalResults, search.body.Resources[0].id], [1, ids[1]]);
      for (const name of ["Staff", "Pilots"]) await createGroup(name);
      const groups = await acme.client.get(`/Groups?filter=${encodeURIComponent(filter)}`);
      assert.equal(groups.body.totalResults, 2);
    });

    it("stays with the others when one of them is deleted, deactivated or gets another one", async () => {
      const [ada, eve, bob, dan] = [
        await create("ada"),
        await create("eve"),
        await create("bob"),
        await create("dan"),
      ];
      await acme.client.send("DELETE", `/Users/${ada.id}`);
      await acme.client.patch(`/Users/${eve.id}`, { op: "replace", value: { active: false } });
      await acme.client.patch(`/Users/${bob.id}`, { op: "replace", value: { externalId: "other" } });
      const { body } = await acme.client.find(`externalId eq "${shared.externalId}"`);
      assert.deepEqual(
        body.Resources.map(({ id }: ScimBody) => id),
        [eve.id, dan.id],
      );
    });

    it("is not announced as unique", async () => {
      const { Resources } = (await acme.client.get("/Schemas")).body;
      const announced = Resources.flatMap(({ attributes }: ScimBody) => attributes).filter(
        ({ name }: ScimBody) => name === "externalId",
      );
      for (const { uniqueness } of announced) assert.equal(uniqueness, "none");
    });
  });
});
