import assert from "node:assert/strict";
import { onEachDatabase } from "../helpers/databases.ts";
import { newUser } from "../helpers/people.ts";
import { oktaUser, type ScimBody } from "../helpers/scim.ts";
import { assertScimError, type ScimTenant, useScim } from "../helpers/scim-site.ts";

const searchRequest = "urn:ietf:params:scim:api:messages:2.0:SearchRequest";
const size = 7;
const nameOf = (index: number) => `user${index}@acme.example`;

describe("lists", () => {
  onEachDatabase((use) => {
    const site = useScim(use);
    let acme: ScimTenant;
    let ids: string[];
    before(async () => {
      acme = await site().tenant();
      ids = [];
      for (let index = 0; index < size; index++) {
        const { body } = await acme.client.send(
          "POST",
          "/Users",
          oktaUser(nameOf(index), { title: `T${size - index}` }),
        );
        ids.push(body.id);
        await acme.client.send("POST", "/Groups", {
          displayName: `Group ${index}`,
          members: [{ value: body.id }],
        });
      }
    });
    const idsOf = (body: ScimBody) => (body.Resources as ScimBody[]).map(({ id }) => id as string);

    /** The query, and the expected result: startIndex, and which of the seven users, from 0. */
    const windows: [string, number, number[]][] = [
      ["", 1, [0, 1, 2, 3, 4, 5, 6]],
      ["startIndex=1&count=3", 1, [0, 1, 2]],
      ["startIndex=4&count=3", 4, [3, 4, 5]],
      ["startIndex=7&count=3", 7, [6]],
      ["startIndex=8&count=3", 8, []],
      ["startIndex=1000000000&count=3", 1_000_000_000, []],
      ["startIndex=0&count=2", 1, [0, 1]],
      ["startIndex=-5&count=2", 1, [0, 1]],
      ["startIndex=&count=", 1, [0, 1, 2, 3, 4, 5, 6]],
      ["count=0", 1, []],
      ["count=-1", 1, []],
      ["count=1000000000", 1, [0, 1, 2, 3, 4, 5, 6]],
    ];
    for (const filter of ["", "&filter=active eq true"]) {
      for (const [query, startIndex, positions] of windows) {
        it(`?${query}${filter} is ${positions.length} of ${size} from ${startIndex} on`, async () => {
          const { status, body } = await acme.client.get(`/Users?${query}${filter}`);
          assert.equal(status, 200);
          assert.deepEqual(
            { ...body, Resources: idsOf(body) },
            {
              schemas: ["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
              totalResults: size,
              itemsPerPage: positions.length,
              startIndex,
              Resources: positions.map((position) => ids[position]),
            },
          );
        });
      }
    }

    const wrong: [string, string][] = [
      ["startIndex=abc", "invalidValue"],
      ["count=abc", "invalidValue"],
      ["count=1e9", "invalidValue"],
      ["startIndex=1.5", "invalidValue"],
      ["cursor=abc", "invalidCursor"],
      ["cursor=&startIndex=1", "invalidValue"],
      ["cursor=&count=abc", "invalidCount"],
      ["cursor=&count=0", "invalidCount"],
      ["cursor=&count=-1", "invalidCount"],
      ["cursor=&count=1.5", "invalidCount"],
      ["cursor=&sortBy=userName", "invalidValue"],
      ["sortBy=title", "invalidValue"],
      ["attributes=id&excludedAttributes=name", "invalidValue"],
      ["filter=colour eq 1", "invalidFilter"],
      ["filter=userName eq", "invalidFilter"],
    ];
    for (const [query, scimType] of wrong) {
      it(`?${query} is 400 ${scimType}`, async () => {
        assertScimError(await acme.client.get(`/Users?${query}`), 400, scimType);
      });
    }

    const spelled: [string, ScimBody][] = [
      [`Filter=userName eq "${nameOf(2)}"`, { Filter: `userName eq "${nameOf(2)}"` }],
      [`FILTER=userName eq "${nameOf(2)}"`, { FILTER: `userName eq "${nameOf(2)}"` }],
      ["startindex=3&Count=1", { startindex: 3, Count: 1 }],
      ["STARTINDEX=5&COUNT=1&SortBy=userName&SORTORDER=descending", { StartIndex: 3, count: 1 }],
    ];
    for (const [query, search] of spelled) {
      it(`?${query} and a .search of that spelling find one user`, async () => {
        const found = await acme.client.get(`/Users?${query}`);
        const searched = await acme.client.send("POST", "/Users/.search", {
          Schemas: [searchRequest],
          ...search,
        });
        assert.deepEqual([found.status, searched.status], [200, 200]);
        assert.deepEqual([idsOf(found.body), idsOf(searched.body)], [[ids[2]], [ids[2]]]);
      });
    }

    it("take a cursor and the names of attributes in any case of the parameter", async () => {
      const page = await acme.client.get("/Users?Cursor=&COUNT=1&Attributes=title");
      assert.deepEqual(Object.keys(page.body.Resources[0]), ["schemas", "id", "title"]);
      assert.equal(typeof page.body.nextCursor, "string");
      const one = await acme.client.get(`/Users/${ids[0]}?EXCLUDEDATTRIBUTES=title`);
      assert.deepEqual([one.status, one.body.title], [200, undefined]);
      assert.equal((await acme.client.get("/Schemas?Filter=id pr")).status, 403);
    });

    for (const query of [
      "filter=id pr&Filter=title pr",
      "count=1&COUNT=1",
      "attributes=id&Attributes=title",
    ]) {
      it(`?${query} is 400, because one parameter is there twice`, async () => {
        assertScimError(await acme.client.get(`/Users?${query}`), 400, "invalidValue");
        const body = Object.fromEntries(new URLSearchParams(query));
        assertScimError(await acme.client.send("POST", "/Users/.search", body), 400, "invalidValue");
      });
    }

    it("keep their order while users change, and include inactive users", async () => {
      await acme.client.patch(`/Users/${ids[2]}`, { op: "replace", value: { active: false, title: "T5" } });
      const { body } = await acme.client.get("/Users");
      await acme.client.patch(`/Users/${ids[2]}`, { op: "replace", value: { active: true } });
      assert.deepEqual([body.totalResults, idsOf(body)], [size, ids]);
    });

    it("return every user exactly once by cursor", async () => {
      const seen: string[] = [];
      let cursor: string | undefined = "";
      while (cursor !== undefined) {
        const { body } = await acme.client.get(`/Users?count=3&cursor=${cursor}`);
        assert.deepEqual([body.totalResults, body.startIndex], [size, undefined]);
        seen.push(...idsOf(body));
        cursor = body.nextCursor;
      }
      assert.deepEqual(seen, ids);
    });

    for (const [count, pages] of [
      [7, [7]],
      [1, [1, 1, 1, 1, 1, 1, 1]],
      [6, [6, 1]],
      [1000, [7]],
    ] as const) {
      it(`end at the last page, even a full one: ${size} users by ${count}`, async () => {
        const sizes: number[] = [];
        let cursor: string | undefined = "";
        while (cursor !== undefined) {
          const { body } = await acme.client.get(`/Users?count=${count}&cursor=${cursor}`);
          sizes.push(body.itemsPerPage);
          cursor = body.nextCursor;
        }
        assert.deepEqual(sizes, pages);
      });
    }

    it("page by cursor through the result of a filter", async () => {
      const filter = encodeURIComponent(`userName ge "${nameOf(3)}"`);
      const first = (await acme.client.get(`/Users?count=3&cursor=&filter=${filter}`)).body;
      const second = (await acme.client.get(`/Users?count=3&cursor=${first.nextCursor}&filter=${filter}`))
        .body;
      assert.deepEqual([...idsOf(first), ...idsOf(second)], ids.slice(3));
      assert.equal(first.totalResults, 4);
    });

    const orders: [string, (sorted: string[]) => string[]][] = [
      ["sortBy=userName", (all) => all],
      ["sortBy=USERNAME&sortOrder=ascending", (all) => all],
      ["sortBy=userName&sortOrder=descending", (all) => all.toReversed()],
      ["sortBy=urn:ietf:params:scim:schemas:core:2.0:User:userName", (all) => all],
      [
        "sortBy=URN:ietf:params:scim:schemas:core:2.0:User.username&sortOrder=descending",
        (all) => all.toReversed(),
      ],
      ["sortBy=urn:ietf:params:scim:schemas:core:2.0:User.meta.created", (all) => all],
      ["sortBy=meta.created", (all) => all],
      ["sortBy=id", (all) => all.toSorted()],
      ["sortBy=userName&sortOrder=descending&startIndex=2&count=2", (all) => all.toReversed().slice(1, 3)],
    ];
    for (const [query, order] of orders) {
      it(`?${query} sorts`, async () => {
        const { body } = await acme.client.get(`/Users?${query}`);
        assert.deepEqual(idsOf(body), order(ids));
        assert.equal(body.totalResults, size);
      });
    }

    it("of groups page and sort in the same way", async () => {
      const { body } = await acme.client.get(
        "/Groups?sortBy=displayName&sortOrder=descending&startIndex=1&count=2",
      );
      const names = (body.Resources as ScimBody[]).map(({ displayName }) => displayName);
      assert.deepEqual([body.totalResults, body.itemsPerPage, names], [size, 2, ["Group 6", "Group 5"]]);
    });

    it("are also answered by .search, with the parameters in the body", async () => {
      const parameters = {
        filter: `userName eq "${nameOf(1)}"`,
        attributes: ["userName"],
        startIndex: 1,
        count: 5,
      };
      const { status, body } = await acme.client.send("POST", "/Users/.search", {
        schemas: [searchRequest],
        ...parameters,
      });
      const query = `filter=${encodeURIComponent(parameters.filter)}&attributes=userName&startIndex=1&count=5`;
      assert.equal(status, 200);
      assert.deepEqual(body, (await acme.client.get(`/Users?${query}`)).body);
      assert.deepEqual(body.Resources[0], { schemas: oktaUser("").schemas, id: ids[1], userName: nameOf(1) });
      assertScimError(await acme.client.send("POST", "/Users/.search", [parameters]), 400, "invalidSyntax");
      const absent = { filter: null, attributes: null, sortBy: null, count: null, cursor: null };
      const all = await acme.client.send("POST", "/Users/.search", { schemas: [searchRequest], ...absent });
      assert.deepEqual(all.body, (await acme.client.get("/Users")).body);
    });

    describe("attributes and excludedAttributes", () => {
      const path = () => `/Users/${ids[0]}`;
      const calls: [string, (query: string) => Promise<{ body: ScimBody }>][] = [
        ["GET", (query) => acme.client.get(path() + query)],
        ["PUT", (query) => acme.client.send("PUT", path() + query, oktaUser(nameOf(0)))],
        ["PATCH", (query) => acme.client.patch(path() + query, { op: "replace", value: { title: "T7" } })],
        [
          "POST",
          async (query) =>
            acme.client.send("POST", `/Users${query}`, oktaUser(`new${Date.now()}${query.length}`)),
        ],
      ];
      for (const [verb, call] of calls) {
        it(`select the attributes in the answer to ${verb}; id and schemas always come`, async () => {
          const named = (await call("?attributes=USERNAME,name.givenName,emails.value,colour")).body;
          assert.deepEqual(Object.keys(named).sort(), ["emails", "id", "name", "schemas", "userName"]);
          assert.deepEqual([named.name, Object.keys(named.emails[0])], [{ givenName: "Test" }, ["value"]]);
          const rest = (await call("?excludedAttributes=id,name.familyName,emails,groups,meta")).body;
          assert.ok(rest.id && rest.schemas && rest.userName);
          assert.deepEqual(
            [rest.name, rest.emails, rest.groups, rest.meta],
            [{ givenName: "Test" }, ...Array(3)],
          );
        });
      }

      it("save the query, not only the output", async () => {
        // A request that reads groups would now fail with 500.
        const rename = (from: string, to: string) => use().database.sql().schema.renameTable(from, to);
        await rename("group_members", "group_members_away");
        const statuses: [string, number][] = [];
        for (const query of [
          "?excludedAttributes=groups",
          "?attributes=userName,roles",
          "?attributes=groups",
        ]) {
          statuses.push([query, (await acme.client.get(path() + query)).status]);
          statuses.push([query, (await acme.client.get(`/Users${query}`)).status]);
        }
        await rename("group_members_away", "group_members");
        assert.deepEqual(
          statuses.map(([, status]) => status),
          [200, 200, 200, 200, 500, 500],
        );
      });
    });

    it("include local and just-in-time users", async () => {
      const other = await site().tenant();
      await other.store.users.create(newUser("local@acme.example", { origin: "local" }));
      await other.store.users.create(newUser("jit@acme.example", { origin: "just-in-time" }));
      assert.equal((await other.client.get("/Users")).body.totalResults, 2);
    });
  });
});
