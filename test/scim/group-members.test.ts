import assert from "node:assert/strict";
import { maxMembersOfHit } from "scim-server/lists";
import { onEachDatabase } from "../helpers/databases.ts";
import { newUser } from "../helpers/people.ts";
import { oktaUser, type ScimBody } from "../helpers/scim.ts";
import { assertScimError, type ScimTenant, useScim } from "../helpers/scim-site.ts";

const bulkRequest = "urn:ietf:params:scim:api:messages:2.0:BulkRequest";
const searchRequest = "urn:ietf:params:scim:api:messages:2.0:SearchRequest";
const groupUrn = "urn:ietf:params:scim:schemas:core:2.0:Group";

describe("the members of a group", () => {
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
    const only = (...indexes: number[]) => indexes.map((index) => people[index]).sort();
    const create = async (members: unknown, displayName = "Staff") =>
      (await acme.client.send("POST", "/Groups", { displayName, members })).body.id as string;
    const idsIn = (group: ScimBody) => (group.members as ScimBody[]).map(({ value }) => value).sort();
    const membersOf = async (id: string) => idsIn((await acme.client.get(`/Groups/${id}`)).body);
    const named = (name: string) => `filter=${encodeURIComponent(`displayName eq "${name}"`)}`;
    const search = (more: object) =>
      acme.client.send("POST", "/Groups/.search", { schemas: [searchRequest], ...more });

    /** The statements about members during some work. */
    const statementsOf = async (work: () => Promise<unknown>) => {
      const knex = use().database.sql();
      const statements: string[] = [];
      const listen = ({ sql }: { sql: string }) => void statements.push(sql);
      knex.on("query", listen);
      await work();
      knex.off("query", listen);
      return statements.filter((sql) => sql.includes("group_members"));
    };

    it("are in the only hit of a search, by GET and .search, and writing that body back keeps them", async () => {
      const id = await create([member(0), member(1)]);
      await create([member(2)], "Crew");
      for (const find of [
        () => acme.client.get(`/Groups?${named("staff")}`),
        () => acme.client.get(`/Groups?${named("Staff")}&startIndex=1&count=100`),
        () => acme.client.get(`/Groups?${named("Staff")}&cursor=`),
        () => acme.client.get(`/Groups?filter=${encodeURIComponent(`members.value eq "${people[0]}"`)}`),
        () => search({ filter: 'displayName eq "Staff"' }),
      ]) {
        const { body } = await find();
        assert.equal(body.totalResults, 1);
        assert.deepEqual(idsIn(body.Resources[0]), only(0, 1));
        const put = await acme.client.send("PUT", `/Groups/${id}`, body.Resources[0]);
        assert.deepEqual([put.status, idsIn(put.body)], [200, only(0, 1)]);
        assert.deepEqual(await membersOf(id), only(0, 1));
      }
    });

    it("are an empty list in the only hit if there are none", async () => {
      await create([]);
      assert.deepEqual((await acme.client.get(`/Groups?${named("Staff")}`)).body.Resources[0].members, []);
    });

    it("are read in one statement for the only hit", async () => {
      await create([member(0), member(1)]);
      const statements = await statementsOf(() => acme.client.get(`/Groups?${named("Staff")}`));
      assert.equal(statements.length, 1);
      assert.match(statements[0] as string, /limit/);
    });

    it("are left out if there are more hits, no filter, or no need for them", async () => {
      await create([member(0)]);
      const first = await statementsOf(async () => {
        const all = await acme.client.get("/Groups");
        const without = await acme.client.get(`/Groups?${named("Staff")}&excludedAttributes=members`);
        const names = await acme.client.get(`/Groups?${named("Staff")}&attributes=displayName`);
        for (const { body } of [all, without, names]) {
          assert.equal(body.Resources.length, 1);
          assert.equal(body.Resources[0].members, undefined);
        }
      });
      await create([], "Crew");
      const second = await statementsOf(async () => {
        const { body } = await acme.client.get(
          `/Groups?filter=${encodeURIComponent("displayName pr")}&count=1`,
        );
        assert.deepEqual([body.totalResults, body.Resources[0].members], [2, undefined]);
      });
      assert.deepEqual([...first, ...second], []);
    });

    it("show only the parts that attributes names", async () => {
      await create([member(0)]);
      const { body } = await acme.client.get(`/Groups?${named("Staff")}&attributes=members.value`);
      assert.deepEqual(body.Resources[0].members, [member(0)]);
      const rest = await acme.client.get(`/Groups?${named("Staff")}&excludedAttributes=members.display`);
      assert.deepEqual(Object.keys(rest.body.Resources[0].members[0]).sort(), ["$ref", "type", "value"]);
    });

    it("are left out of the only hit above the limit, and a PUT of that body keeps them", async function () {
      this.timeout(60_000);
      const sourceId = acme.writer.source.id;
      const ids = await acme.store.transaction(async (store) => {
        const created: string[] = [];
        for (let index = 0; index <= maxMembersOfHit; index++)
          created.push((await store.users.create(newUser(`user${index}@acme.example`, { sourceId }))).id);
        return created;
      });
      const id = await create(ids.slice(1));
      const find = async () => (await acme.client.get(`/Groups?${named("Staff")}`)).body.Resources[0];
      assert.equal((await find()).members.length, maxMembersOfHit);
      await acme.client.patch(`/Groups/${id}`, { op: "add", path: "members", value: ids[0] });
      const found = await find();
      assert.ok(!("members" in found));
      assert.equal((await acme.client.send("PUT", `/Groups/${id}`, found)).body.members.length, ids.length);
      const asked = await acme.client.get(`/Groups?${named("Staff")}&attributes=members`);
      assert.equal(asked.body.Resources[0].members.length, ids.length);
    });

    for (const [what, body] of [
      ["without members", {}],
      ["with members that are null", { members: null }],
      ["with members that are an empty text", { members: "" }],
    ] as const) {
      it(`stay with a PUT ${what}, alone and in Bulk`, async () => {
        const id = await create([member(0), member(1)]);
        const put = await acme.client.send("PUT", `/Groups/${id}`, { displayName: "Crew", ...body });
        assert.deepEqual([put.status, put.body.displayName, idsIn(put.body)], [200, "Crew", only(0, 1)]);
        const bulk = { method: "PUT", path: `/Groups/${id}`, data: { displayName: "Team", ...body } };
        const request = { schemas: [bulkRequest], Operations: [bulk] };
        const { Operations } = (await acme.client.send("POST", "/Bulk", request)).body;
        assert.equal(Operations[0].status, "200");
        assert.deepEqual(await membersOf(id), only(0, 1));
      });
    }

    it("stay with a PUT of what any read showed", async () => {
      const sent = { displayName: "Staff", externalId: "g1", members: [member(0), member(1)] };
      const { id } = (await acme.client.send("POST", "/Groups", sent)).body;
      await create([], "Crew");
      const first = async (path: string) => (await acme.client.get(path)).body.Resources[0];
      for (const read of [
        () => first("/Groups"),
        () => first("/Groups?attributes=displayName"),
        () => first(`/Groups?${named("Staff")}&excludedAttributes=members,externalId`),
        () => first(`/Groups?filter=${encodeURIComponent('displayName sw "S" or displayName sw "C"')}`),
        async () =>
          (await search({ filter: 'displayName eq "Staff"', attributes: ["displayName"] })).body.Resources[0],
        async () => (await acme.client.get(`/Groups/${id}?excludedAttributes=members`)).body,
        async () => (await acme.client.get(`/Groups/${id}`)).body,
      ]) {
        const body = await read();
        assert.deepEqual([body.id, body.displayName], [id, "Staff"]);
        const put = (await acme.client.send("PUT", `/Groups/${id}`, body)).body;
        assert.deepEqual([idsIn(put), put.externalId], [only(0, 1), "g1"]);
      }
    });

    it("go with a PUT of an empty list, and only with that", async () => {
      const id = await create([member(0), member(1)]);
      for (const members of [[null], [{}], [""], {}, [[]], [member(2), null]]) {
        const put = await acme.client.send("PUT", `/Groups/${id}`, { displayName: "Staff", members });
        assertScimError(put, 400, "invalidValue");
      }
      assert.deepEqual(await membersOf(id), only(0, 1));
      const put = await acme.client.send("PUT", `/Groups/${id}`, { displayName: "Staff", members: [] });
      assert.deepEqual([put.status, put.body.members], [200, []]);
    });

    it("are announced as returned by default, and are in every answer but a list", async () => {
      const { attributes } = (await acme.client.get(`/Schemas/${groupUrn}`)).body;
      const members = (attributes as ScimBody[]).find(({ name }) => name === "members");
      assert.equal(members?.returned, "default");
      const body = { displayName: "Staff", members: [member(0)] };
      const created = (await acme.client.send("POST", "/Groups", body)).body;
      const path = `/Groups/${created.id}`;
      const read = (await acme.client.get(path)).body;
      const put = (await acme.client.send("PUT", path, { displayName: "Staff" })).body;
      for (const shown of [created, read, put]) assert.equal(shown.members?.length, 1);
      const listed = (await acme.client.get("/Groups")).body.Resources[0];
      assert.deepEqual([listed.id, listed.members], [created.id, undefined]);
    });

    const bodies: [string, (id: string) => unknown, number[]][] = [
      ["one object", (id) => ({ members: { value: id } }), [1]],
      ["one text", (id) => ({ members: id }), [1]],
      ["texts", (id) => ({ members: [id, id] }), [1]],
      ["a reference", (id) => ({ members: [{ $ref: `https://app.example/scim/v2/Users/${id}` }] }), [1]],
      ["a name in another case", (id) => ({ MEMBERS: [{ VALUE: id, Type: "user" }] }), [1]],
      ["the same member twice", (id) => ({ members: [{ value: id }, { value: id, display: "x" }] }), [1]],
      ["a member with unknown parts", (id) => ({ members: [{ value: id, displayName: "x", a: {} }] }), [1]],
      ["a section under the URN", (id) => ({ [groupUrn]: { members: [id] } }), [1]],
      ["the URN in another case", (id) => ({ [groupUrn.toUpperCase()]: { members: [id] } }), [1]],
      ["the URN's colon as a key", (id) => ({ [`${groupUrn}:members`]: [id] }), [1]],
      ["a dot after the URN", (id) => ({ [`${groupUrn}.members`]: [id] }), [1]],
    ];
    for (const [what, bodyOf, expected] of bodies) {
      it(`are read from ${what}, by POST, PUT and PATCH`, async () => {
        const body = { displayName: "Crew", ...(bodyOf(people[1] as string) as object) };
        const post = await acme.client.send("POST", "/Groups", body);
        assert.equal(post.status, 201, post.text);
        assert.deepEqual(await membersOf(post.body.id), only(...expected));
        const path = `/Groups/${post.body.id}`;
        for (const change of [
          () => acme.client.send("PUT", path, body),
          () => acme.client.patch(path, { op: "replace", value: body }),
        ]) {
          await acme.client.patch(path, { op: "replace", path: "members", value: [member(0)] });
          const answer = await change();
          assert.ok(answer.status < 300, answer.text);
          assert.deepEqual(await membersOf(post.body.id), only(...expected));
        }
      });
    }

    it("have names and keys as numbers in groups, and no name twice", async () => {
      const { status, body } = await acme.client.send("POST", "/Groups", { displayName: 42, externalId: 7 });
      assert.deepEqual([status, body.displayName, body.externalId], [201, "42", "7"]);
      const path = `/Groups/${body.id}`;
      const put = await acme.client.send("PUT", path, { DisplayName: 43, externalID: 8 });
      assert.deepEqual([put.body.displayName, put.body.externalId], ["43", "8"]);
      const patch = { op: "replace", value: { displayName: 44, externalId: 9 } };
      const patched = (await acme.client.patch(`${path}?attributes=displayName,externalId`, patch)).body;
      assert.deepEqual([patched.displayName, patched.externalId], ["44", "9"]);
      for (const twice of [
        { displayName: "a", displayname: "b" },
        { displayName: "a", [groupUrn]: { displayName: "b" } },
        { displayName: "a", members: [member(0)], Members: [] },
      ]) {
        assertScimError(await acme.client.send("POST", "/Groups", twice), 400, "invalidSyntax");
        assertScimError(await acme.client.send("PUT", path, twice), 400, "invalidSyntax");
        assertScimError(await acme.client.patch(path, { op: "add", value: twice }), 400, "invalidSyntax");
      }
      assert.equal((await acme.client.get(path)).body.displayName, "44");
    });

    it("may be replaced and removed under the URN's colon", async () => {
      const id = await create([member(0), member(1)]);
      const path = `${groupUrn}:members`;
      await acme.client.patch(`/Groups/${id}`, { op: "remove", path: `${path}[value eq "${people[0]}"]` });
      assert.deepEqual(await membersOf(id), only(1));
      await acme.client.patch(`/Groups/${id}`, { op: "replace", value: { [path]: [member(2)] } });
      assert.deepEqual(await membersOf(id), only(2));
    });

    /** The operation, and who is left of the members ada and bob. */
    const changes: [string, () => object, number[]][] = [
      ["value and type", () => chosen(`value eq "${people[0]}" and type eq "User"`), [1]],
      ["two values", () => chosen(`value eq "${people[0]}" or value eq "${people[1]}"`), []],
      ["another value", () => chosen(`value ne "${people[0]}"`), [0]],
      ["all but two values", () => chosen(`not (value eq "${people[0]}" or value eq "${people[2]}")`), [0]],
      ["a reference", () => chosen(`$ref eq "${site().app.url}/scim/v2/Users/${people[0]}"`), [1]],
      ["a relative reference", () => chosen(`$ref eq "Users/${people[0]}"`), [1]],
      ["a type of no member", () => chosen(`value eq "${people[0]}" and type eq "Group"`), [0, 1]],
      ["a type of each member", () => chosen('type eq "User"'), []],
      ["a shown name", () => chosen('display eq "ada"'), [1]],
      ["a shown name or a value", () => chosen(`display eq "ada" or value eq "${people[1]}"`), []],
      ["all but a shown name", () => chosen('display ne "ada"'), [0]],
      ["a value with its own name", () => chosen(`value eq "${people[0]}" and display eq "ada"`), [1]],
      ["a list", () => ({ op: "remove", path: "members", value: [people[0], member(1), member(2)] }), []],
      ["one object", () => ({ op: "Remove", path: "members", value: member(0) }), [1]],
      ["one text", () => ({ op: "remove", path: "Members", value: people[0] }), [1]],
      [
        "members in an object",
        () => ({ op: "remove", path: "members", value: { members: [member(0)] } }),
        [1],
      ],
      [
        "a replaced member",
        () => ({ ...chosen(`value eq "${people[0]}"`, "replace"), value: member(2) }),
        [1, 2],
      ],
      ["itself", () => ({ ...chosen(`value eq "${people[0]}"`, "replace"), value: [member(0)] }), [0, 1]],
      [
        "a name that is replaced",
        () => ({ ...chosen('display eq "bob"', "replace"), value: people[2] }),
        [0, 2],
      ],
    ];
    const chosen = (filter: string, op = "remove") => ({ op, path: `members[${filter}]` });
    for (const [what, operation, left] of changes) {
      it(`are removed by ${what}`, async () => {
        const id = await create([member(0), member(1)]);
        const { status, text } = await acme.client.patch(`/Groups/${id}`, operation());
        assert.equal(status, 204, text);
        assert.deepEqual(await membersOf(id), only(...left));
      });
    }

    it("are removed by a filter that names 400 people", async () => {
      const id = await create([member(0), member(1), member(2)]);
      const others = Array.from({ length: 398 }, () => crypto.randomUUID());
      const filter = [...others, people[0], people[2]].map((one) => `value eq "${one}"`).join(" or ");
      const { status, text } = await acme.client.patch(`/Groups/${id}`, chosen(filter));
      assert.equal(status, 204, text);
      assert.deepEqual(await membersOf(id), only(1));
    });

    for (const value of [null, ""]) {
      it(`are not lost by a removal whose value is ${JSON.stringify(value)}`, async () => {
        const id = await create([member(0), member(1)]);
        const answer = await acme.client.patch(`/Groups/${id}`, { op: "remove", path: "members", value });
        assertScimError(answer, 400, "invalidValue");
        assert.deepEqual(await membersOf(id), only(0, 1));
      });
    }

    it("find groups by type and $ref, and not by display", async () => {
      const id = await create([member(0)]);
      await create([member(1)], "Crew");
      const ref = `${site().app.url}/scim/v2/Users/${people[0]}`;
      for (const filter of [
        `members[value eq "${people[0]}" and type eq "User"]`,
        `members.$ref eq "${ref}"`,
        `members[$ref eq "${ref}"]`,
        `members.$ref eq "${ref}" and members.type eq "User"`,
      ]) {
        const { status, body } = await acme.client.get(`/Groups?filter=${encodeURIComponent(filter)}`);
        assert.deepEqual([status, body.Resources?.map((one: ScimBody) => one.id)], [200, [id]], filter);
      }
      const byName = await acme.client.get(
        `/Groups?filter=${encodeURIComponent('members.display eq "ada"')}`,
      );
      assertScimError(byName, 400, "invalidFilter");
    });

    it("are chosen among those that the operations before it leave", async () => {
      const id = await create([member(0)]);
      const { status } = await acme.client.patch(
        `/Groups/${id}`,
        { op: "add", path: "members", value: [member(1), member(2)] },
        chosen('display eq "bob"'),
        { op: "add", path: "members", value: [member(1)] },
        { ...chosen(`value eq "${people[2]}"`, "replace"), value: member(0) },
      );
      assert.equal(status, 204);
      assert.deepEqual(await membersOf(id), only(0, 1));
    });

    const refused: [string, () => object, string][] = [
      ["a name that no member has", () => chosen('display eq "Eve"'), "noTarget"],
      [
        "a value with another's name",
        () => chosen(`value eq "${people[0]}" and display eq "bob"`),
        "noTarget",
      ],
      [
        "the replacement of someone who is not a member",
        () => ({ ...chosen(`value eq "${people[2]}"`, "replace"), value: member(0) }),
        "noTarget",
      ],
      [
        "a replacement that does not exist",
        () => ({ ...chosen(`value eq "${people[0]}"`, "replace"), value: "none" }),
        "invalidValue",
      ],
      [
        "a replacement by nothing",
        () => ({ ...chosen('value eq "x"', "replace"), value: [] }),
        "invalidValue",
      ],
      ["an operator that would read them", () => chosen('value sw "a"'), "invalidPath"],
    ];
    for (const [what, operation, scimType] of refused) {
      it(`refuse ${what}, and stay`, async () => {
        const id = await create([member(0), member(1)]);
        const rename = { op: "replace", path: "displayName", value: "New" };
        assertScimError(await acme.client.patch(`/Groups/${id}`, rename, operation()), 400, scimType);
        assert.deepEqual(await membersOf(id), only(0, 1));
        assert.equal((await acme.client.get(`/Groups/${id}`)).body.displayName, "Staff");
      });
    }

    it("are not loaded to change one", async () => {
      const id = await create([member(0), member(1)]);
      const statements = await statementsOf(() =>
        acme.client.patch(`/Groups/${id}`, chosen('display eq "ada"'), {
          op: "add",
          path: "members",
          value: [member(2)],
        }),
      );
      const reads = statements.filter((sql) => sql.startsWith("select"));
      assert.equal(reads.length, 1);
      assert.match(reads[0] as string, /display_name. in/);
    });
  });
});
