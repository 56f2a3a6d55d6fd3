import assert from "node:assert/strict";
import { onEachDatabase } from "../helpers/databases.ts";
import { oktaUser, type ScimBody } from "../helpers/scim.ts";
import { assertScimError, type ScimTenant, useScim } from "../helpers/scim-site.ts";

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
