import assert from "node:assert/strict";
import { urns } from "scim-server/schema";
import type { Database } from "../../src/store/database.ts";
import { startTestApp, type TestApp } from "../helpers/app.ts";
import { onEachDatabase } from "../helpers/databases.ts";
import { createScimTenant } from "../helpers/scim.ts";
import { fill, idsFound } from "./filter-people.ts";
import { own } from "./filter-schema.ts";

/** [filter, ids of the users that it finds]. */
const users: [string, string][] = [
  [`${urns.enterprise}.department eq "research"`, "ada"],
  [`${urns.enterprise.toUpperCase()}.manager.value eq "boss-1"`, "ada"],
  [`${urns.user}.userName eq "dan"`, "dan"],
  [`${urns.user}.name.givenName eq "ada"`, "ada"],
  [`${urns.user}.emails[type eq "work" and value co "@work"]`, "ada"],
  [`${own}.badge eq "aB"`, "ada"],
  ['meta.lastModified gt "2026-02-01"', "cleo dan"],
  ['meta.lastModified ge "2026-02-01"', "bob cleo dan"],
  ['meta.created lt "2026-02-01T00:00"', "ada"],
  ['meta.created ge "2026-02-01+01:00"', "bob cleo dan"],
  ['meta.created ge "2026-02-01T01:00:00 01:00"', "bob cleo dan"],
  ['meta.created ge "2026-01-31t19:00:00.000-0500"', "bob cleo dan"],
  // Texts for other types, and numbers for texts, as in bodies.
  ['active eq "True"', "ada cleo dan"],
  ['active eq "false"', "bob"],
  ['active ne "FALSE"', "ada cleo dan"],
  ['emails[primary eq "True"]', "ada bob"],
  [`${urns.enterprise}:employeeNumber eq 7`, "ada"],
  ["employeeNumber eq 7", "ada"],
  ["employeeNumber sw 7", "ada"],
  [`${own}:floor eq "3"`, "ada"],
  ["userName eq 1", ""],
  // Decided without the stored values.
  ['schemas eq "urn:ietf:params:scim:schemas:core:2.0:User"', "ada bob cleo dan"],
  [`schemas eq "${urns.user.toUpperCase()}"`, "ada bob cleo dan"],
  [`schemas eq "${urns.enterprise}"`, "ada"],
  [`schemas ne "${urns.user}"`, "ada bob cleo"],
  [`schemas eq "${urns.group}"`, ""],
  [`not (schemas eq "${urns.enterprise}")`, "bob cleo dan"],
  ['schemas co "enterprise"', "ada"],
  ['schemas sw "urn:ietf:params:scim:schemas:core"', "ada bob cleo dan"],
  [`schemas[value eq "${own}"]`, "ada bob cleo"],
  ["schemas pr", "ada bob cleo dan"],
  ["schemas eq null", ""],
  [`schemas eq "${urns.enterprise}" or id eq "dan"`, "ada dan"],
  ['meta.resourceType eq "User"', "ada bob cleo dan"],
  ['meta.resourceType eq "Group"', ""],
  ['meta.resourceType ne "Group" and id eq "bob"', "bob"],
  ['meta.resourceType co "se" and not (id eq "bob")', "ada cleo dan"],
  ["meta pr", "ada bob cleo dan"],
  ['meta.location eq "https://acme.example/scim/v2/Users/ada"', "ada"],
  ['meta.location ne "https://acme.example/scim/v2/Users/ada"', "bob cleo dan"],
  ['meta.location eq "https://evil.example/scim/v2/Users/ada"', ""],
  ['meta.location eq "https://acme.example/scim/v2/Groups/ada"', ""],
  ['meta.location sw "https://acme.example/"', "ada bob cleo dan"],
  ['meta.location sw "https://acme.example/scim/v2/Users/b"', "bob"],
  ['meta.location co "/v2/Users/"', "ada bob cleo dan"],
  ['meta.location co "Users/d"', "dan"],
  ['meta.location co "x"', "ada bob cleo dan"],
  ['meta.location co "da"', "ada dan"],
  ['meta.location ew "/bob"', "bob"],
  ['meta.location ew "a"', "ada"],
  ['meta.location ew "Users/"', ""],
  ['meta.location gt "https://acme.example/scim/v2/Users/bob"', "cleo dan"],
  ['meta.location lt "https://b.example"', "ada bob cleo dan"],
  ["meta.location pr", "ada bob cleo dan"],
  ['meta.version eq "W/\\"1\\""', "ada bob cleo dan"],
  ['meta.version eq "x"', ""],
  ['meta.version ne "W/\\"1\\""', ""],
];

const groups: [string, string][] = [
  ['meta.created gt "2000-01-01"', "g1 g2"],
  [`schemas eq "${urns.group}"`, "g1 g2"],
  [`schemas eq "${urns.user}"`, ""],
  ['meta.resourceType eq "Group" and displayName sw "p"', "g2"],
  ['meta.location eq "https://acme.example/scim/v2/Groups/g1"', "g1"],
  [`${urns.group}.displayName eq "pilots"`, "g2"],
  // Every member is a user, and a $ref is the id behind a known address.
  ['members[value eq "bob" and type eq "User"]', "g1"],
  ['members[value eq "bob" and type eq "Group"]', ""],
  ['members[type eq "user"]', "g1 g2"],
  ['members.type eq "User"', "g1 g2"],
  ['members.type ne "User"', ""],
  ['members[not (type eq "User")]', ""],
  ['not (members.type eq "Group") and id eq "g1"', "g1"],
  ["members.type pr", "g1 g2"],
  ["members[$ref pr]", "g1 g2"],
  ["members.display pr", "g1 g2"],
  ['members.$ref eq "https://acme.example/scim/v2/Users/bob"', "g1"],
  ['members[$ref eq "https://acme.example/scim/v2/Users/ada" and type eq "User"]', "g1 g2"],
  ['members.$ref eq "https://acme.example/scim/v2/Groups/bob"', ""],
  ['members.$ref ew "/Users/bob"', "g1"],
  ['members.$ref eq "https://evil.example/scim/v2/Users/bob"', ""],
];

/** Filters on what is known of every user before one is looked up, and whether they find every user. */
const constants: [string, boolean][] = [
  [`schemas eq "${urns.user}"`, true],
  [`schemas eq "${urns.group}"`, false],
  ["schemas pr", true],
  ['meta.resourceType eq "User"', true],
  ['meta.resourceType eq "Group"', false],
  ['meta.resourceType eq "Group" and title co "x"', false],
  ['not (meta.resourceType eq "Group") or title co "x"', true],
  ['meta.location sw "http"', true],
  ['meta.location sw "https://elsewhere.example/"', false],
  ['meta.location eq "https://elsewhere.example/Users/1"', false],
  ["meta.location pr and id pr", true],
  ["userName pr", true],
  ["active pr and meta.created pr", true],
];

onEachDatabase((use) => {
  let filled: Awaited<ReturnType<typeof fill>>;
  before(async () => {
    filled = await fill(use());
  });
  for (const [table, filters] of Object.entries({ users, groups }) as ["users" | "groups", typeof users][]) {
    describe(`a filter on ${table} with what is known or converted`, () => {
      for (const [filter, expected] of filters) {
        it(`${filter} → ${expected || "none"}`, async () => {
          const ids = expected.split(" ").filter((id) => id !== "");
          assert.deepEqual(await idsFound(use(), filled, table, filter), ids);
        });
      }
    });
  }

  describe("a list whose filter needs no stored value", () => {
    let app: TestApp;
    let scans = 0;
    before(async () => {
      const { database } = use();
      const counting: Database = {
        ...database,
        scan: (work) => {
          scans++;
          return database.scan(work);
        },
      };
      app = await startTestApp(counting);
    });
    after(async () => {
      await app.close();
    });

    it("is answered without reading the tenant, as the list without a filter is", async () => {
      const { client } = await createScimTenant(app, use().database);
      const created = (await client.send("POST", "/Users", { userName: "ada@acme.example" })).body;
      const all = (await client.get("/Users")).body;
      const { location } = created.meta;
      const selective: [string, boolean][] = [
        [`meta.location eq "${location}"`, true],
        [`meta.resourceType eq "User" and userName eq "ADA@acme.example"`, true],
        [`schemas eq "${urns.user}" and id eq "${created.id}"`, true],
      ];
      for (const [filter, findsAll] of [...constants, ...selective]) {
        const { status, body } = await client.get(`/Users?filter=${encodeURIComponent(filter)}`);
        const none = { ...all, totalResults: 0, itemsPerPage: 0, Resources: [] };
        assert.deepEqual([status, body], [200, findsAll ? all : none], filter);
        const byCursor = (await client.get(`/Users?cursor=&filter=${encodeURIComponent(filter)}`)).body;
        assert.deepEqual([byCursor.totalResults, byCursor.nextCursor], [findsAll ? 1 : 0, undefined], filter);
      }
      assert.equal(scans, 0);
      await client.get(`/Users?filter=${encodeURIComponent(`schemas eq "${urns.enterprise}"`)}`);
      assert.equal(scans, 1);
    });
  });
});
