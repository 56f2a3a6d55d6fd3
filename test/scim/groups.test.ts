import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { systemStore } from "../../src/store/system-store.ts";
import { onEachDatabase } from "../helpers/databases.ts";
import { oktaUser, type ScimBody } from "../helpers/scim.ts";
import { assertScimError, type ScimTenant, useScim } from "../helpers/scim-site.ts";

describe("groups", () => {
  onEachDatabase((use) => {
    const site = useScim(use);
    let acme: ScimTenant;
    let people: string[];
    beforeEach(async () => {
      acme = await site().tenant();
      people = [];
      for (const name of ["ada", "bob", "eve"]) {
        const { body } = await acme.client.send(
          "POST",
          "/Users",
          oktaUser(`${name}@acme.example`, { displayName: name }),
        );
        people.push(body.id);
      }
    });
    const member = (index: number) => ({ value: people[index] as string });
    const create = async (members: ScimBody[] = [], displayName = "Staff") =>
      (await acme.client.send("POST", "/Groups", { displayName, members })).body.id as string;
    const membersOf = async (id: string) =>
      ((await acme.client.get(`/Groups/${id}`)).body.members as ScimBody[]).map(({ value }) => value).sort();
    const only = (...indexes: number[]) => indexes.map((index) => people[index]).sort();

    it("are created with members, and show them", async () => {
      const { status, body, headers } = await acme.client.send("POST", "/Groups", {
        displayName: "Staff",
        externalId: "g1",
        members: [member(0)],
      });
      assert.equal(status, 201);
      const base = `${site().app.url}/scim/v2`;
      assert.equal(headers.get("location"), `${base}/Groups/${body.id}`);
      const { meta, ...shown } = body;
      assert.deepEqual(shown, {
        schemas: ["urn:ietf:params:scim:schemas:core:2.0:Group"],
        id: body.id,
        externalId: "g1",
        displayName: "Staff",
        members: [{ value: people[0], $ref: `${base}/Users/${people[0]}`, display: "ada", type: "User" }],
      });
      assert.deepEqual([meta.resourceType, meta.location], ["Group", `${base}/Groups/${body.id}`]);
      assert.deepEqual((await acme.client.get(`/Users/${people[0]}`)).body.groups, [
        { value: body.id, $ref: `${base}/Groups/${body.id}`, display: "Staff", type: "direct" },
      ]);
    });

    it("leave members out of lists unless attributes names them, in GET and in .search", async () => {
      const id = await create([member(0)]);
      const search = (more: object) =>
        acme.client.send("POST", "/Groups/.search", {
          schemas: ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"],
          ...more,
        });
      for (const { body } of [await acme.client.get("/Groups"), await search({})])
        assert.deepEqual([body.Resources[0].id, body.Resources[0].members], [id, undefined]);
      for (const { body } of [
        await acme.client.get("/Groups?attributes=displayName,members"),
        await search({ attributes: ["displayName", "members"] }),
      ])
        assert.equal(body.Resources[0].members[0].value, people[0]);
    });

    it("read the members of a whole page in one statement", async () => {
      for (const name of ["One", "Two", "Three"]) await create([member(0), member(1)], name);
      const knex = use().database.sql();
      const statements: string[] = [];
      const listen = ({ sql }: { sql: string }) => void statements.push(sql);
      knex.on("query", listen);
      const { body } = await acme.client.get("/Groups?attributes=displayName,members");
      knex.off("query", listen);
      assert.deepEqual(
        (body.Resources as ScimBody[]).map(({ members }) => members.map(({ value }: ScimBody) => value)),
        [only(0, 1), only(0, 1), only(0, 1)],
      );
      assert.equal(statements.filter((sql) => sql.includes("group_members")).length, 1);
    });

    const changes: [string, (id: string) => unknown[], number[]][] = [
      ["adds", () => [{ op: "add", path: "members", value: [member(1), member(2)] }], [0, 1, 2]],
      ["adds an existing member", () => [{ op: "add", path: "members", value: [member(0), member(0)] }], [0]],
      ["removes by a filter", () => [{ op: "remove", path: `members[value eq "${people[0]}"]` }], []],
      [
        "removes a user who is not a member",
        () => [{ op: "remove", path: `members[value eq "${people[2]}"]` }],
        [0],
      ],
      ["removes an unknown id", () => [{ op: "remove", path: 'members[value eq "none"]' }], [0]],
      ["removes by a list", () => [{ op: "remove", path: "members", value: [member(0), member(2)] }], []],
      ["replaces", () => [{ op: "replace", path: "members", value: [member(1)] }], [1]],
      ["replaces without a path", () => [{ op: "replace", value: { members: [member(2)] } }], [2]],
      ["empties", () => [{ op: "replace", path: "members", value: [] }], []],
      ["removes all", () => [{ op: "remove", path: "members" }], []],
      ["renames with an echoed id", (id) => [{ op: "replace", value: { id, displayName: "New" } }], [0]],
      [
        "does one after the other",
        () => [
          { op: "Replace", path: "members", value: [] },
          { op: "Add", path: "members", value: [member(0), member(1)] },
          { op: "Remove", path: "members", value: [member(1)] },
        ],
        [0],
      ],
    ];
    for (const [what, operations, expected] of changes) {
      it(`PATCH ${what}: 204 without a body`, async () => {
        const id = await create([member(0)]);
        const { status, text } = await acme.client.patch(`/Groups/${id}`, ...operations(id));
        assert.deepEqual([status, text], [204, ""]);
        assert.deepEqual(await membersOf(id), only(...expected));
      });
    }

    it("PATCH answers 200 with the attributes that are asked for", async () => {
      const id = await create([member(0)]);
      const rename = { op: "replace", value: { displayName: "New" } };
      const named = await acme.client.patch(`/Groups/${id}?attributes=displayName`, rename);
      assert.equal(named.status, 200);
      assert.deepEqual(Object.keys(named.body).sort(), ["displayName", "id", "schemas"]);
      const rest = await acme.client.patch(`/Groups/${id}?excludedAttributes=members`, rename);
      assert.deepEqual([rest.status, rest.body.displayName, rest.body.members], [200, "New", undefined]);
    });

    it("PUT sets exactly the members that were sent, and keeps an absent or empty externalId", async () => {
      const sent = { displayName: "Staff", externalId: "g1", members: [member(0), member(1)] };
      const { id } = (await acme.client.send("POST", "/Groups", sent)).body;
      const put = { displayName: "Crew", members: [member(1), member(2)] };
      const { status, body } = await acme.client.send("PUT", `/Groups/${id}`, put);
      assert.deepEqual([status, body.displayName, body.externalId], [200, "Crew", "g1"]);
      assert.deepEqual(await membersOf(id), only(1, 2));
      const empty = { displayName: "Crew", externalId: "", members: [] };
      const emptied = await acme.client.send("PUT", `/Groups/${id}`, empty);
      assert.deepEqual([emptied.body.externalId, emptied.body.members], ["g1", []]);
    });

    it("refuse members who do not exist, naming all of them, and change nothing", async () => {
      const other = await site().tenant();
      const foreign = (await other.client.send("POST", "/Users", oktaUser("mallory@evil.example"))).body.id;
      const id = await create([member(0)]);
      const strangers = [randomUUID(), foreign];
      const value = [member(1), ...strangers.map((stranger) => ({ value: stranger }))];
      for (const answer of [
        await acme.client.send("POST", "/Groups", { displayName: "Other", members: value }),
        await acme.client.send("PUT", `/Groups/${id}`, { displayName: "Staff", members: value }),
        await acme.client.patch(`/Groups/${id}`, { op: "add", path: "members", value }),
        await acme.client.patch(`/Groups/${id}`, { op: "replace", path: "members", value }),
      ]) {
        assertScimError(answer, 400, "invalidValue");
        for (const stranger of strangers) assert.ok(answer.body.detail.includes(stranger));
        assert.ok(!answer.body.detail.includes(people[1]));
      }
      assert.deepEqual(await membersOf(id), only(0));
      assert.equal((await acme.client.get("/Groups")).body.totalResults, 1);
    });

    it("refuse groups as members", async () => {
      const inner = await create([], "Inner");
      const id = await create([], "Outer");
      const nested = { value: inner, type: "Group" };
      for (const answer of [
        await acme.client.send("POST", "/Groups", { displayName: "Nested", members: [nested] }),
        await acme.client.patch(`/Groups/${id}`, { op: "add", path: "members", value: [nested] }),
      ]) {
        assertScimError(answer, 400, "invalidValue");
        assert.match(answer.body.detail, /Nested groups are not supported/);
      }
    });

    it("cannot have names that differ only in case: 409 on POST, PUT and PATCH", async () => {
      await create([], "Staff");
      const id = await create([], "Crew");
      const taken = { displayName: "STAFF" };
      assertScimError(await acme.client.send("POST", "/Groups", taken), 409, "uniqueness");
      assertScimError(await acme.client.send("PUT", `/Groups/${id}`, taken), 409, "uniqueness");
      assertScimError(
        await acme.client.patch(`/Groups/${id}`, { op: "replace", value: taken }),
        409,
        "uniqueness",
      );
      assert.equal((await acme.client.send("PUT", `/Groups/${id}`, { displayName: "CREW" })).status, 200);
    });

    it("refuse names and keys that are too long for the index, and half surrogate pairs", async () => {
      const id = await create();
      for (const text of ["鄲".repeat(900), "\ud800"]) {
        for (const group of [{ displayName: text }, { displayName: "New", externalId: text }]) {
          assertScimError(await acme.client.send("POST", "/Groups", group), 400, "invalidValue");
          assertScimError(await acme.client.send("PUT", `/Groups/${id}`, group), 400, "invalidValue");
          const patch = { op: "replace", value: group };
          assertScimError(await acme.client.patch(`/Groups/${id}`, patch), 400, "invalidValue");
        }
      }
    });

    it("are deleted, but their members are not", async () => {
      const id = await create([member(0)]);
      assert.equal((await acme.client.send("DELETE", `/Groups/${id}`)).status, 204);
      for (const method of ["GET", "DELETE"])
        assertScimError(await acme.client.send(method, `/Groups/${id}`), 404);
      assert.deepEqual((await acme.client.get(`/Users/${people[0]}`)).body.groups, []);
    });

    it("show their externalId only to the source that gave it, in answers and in filters", async () => {
      const { id } = (await acme.client.send("POST", "/Groups", { displayName: "Staff", externalId: "g1" }))
        .body;
      const second = await site().otherSource(acme);
      const byKey = `/Groups?filter=${encodeURIComponent('externalId eq "g1"')}`;
      for (const [client, key, found] of [
        [acme.client, "g1", 1],
        [second, undefined, 0],
      ] as const) {
        assert.equal((await client.get(`/Groups/${id}`)).body.externalId, key);
        assert.equal((await client.get("/Groups")).body.Resources[0].externalId, key);
        assert.equal((await client.get(byKey)).body.totalResults, found);
      }
    });

    it("of another source cannot be changed unless the tenant allows adoption", async () => {
      const id = await create([member(0)]);
      const second = await site().otherSource(acme);
      const empty = { op: "replace", path: "members", value: [] };
      assertScimError(await second.patch(`/Groups/${id}`, empty), 409, "uniqueness");
      assertScimError(await second.send("PUT", `/Groups/${id}`, { displayName: "Staff" }), 409, "uniqueness");
      assertScimError(await second.send("DELETE", `/Groups/${id}`), 409, "uniqueness");
      assert.deepEqual(await membersOf(id), only(0));
      await systemStore(use().database).tenants.update(acme.tenant.id, { sourceConflict: "adopt" });
      assert.equal((await second.patch(`/Groups/${id}`, empty)).status, 204);
      assert.deepEqual(await membersOf(id), []);
    });

    it("are in the tenant's activity", async () => {
      const id = await create([member(0)], "Secret name");
      await acme.client.patch(`/Groups/${id}`, { op: "replace", path: "members", value: [] });
      await acme.client.send("DELETE", `/Groups/${id}`);
      const entries = (await acme.store.activity.latest(20)).filter(({ targetId }) => targetId === id);
      assert.deepEqual(entries.map(({ action, changed }) => `${action} ${changed}`).sort(), [
        "group.created displayName,members",
        "group.deleted ",
        "group.updated members",
      ]);
      assert.ok(!JSON.stringify(entries).includes("Secret"));
    });
  });
});
