import assert from "node:assert/strict";
import { ScimError } from "scim-server/errors";
import { urns } from "scim-server/schema";
import { onEachDatabase } from "../helpers/databases.ts";
import { awkward, conditionOf, fill, idsFound } from "./filter-people.ts";
import { own } from "./filter-schema.ts";

const ids = (text: string) => text.split(" ").filter((id) => id !== "");

/** [filter, ids of the users that it finds]. */
const users: [string, string][] = [
  // Case-insensitive strings in a column.
  ['userName eq "ADA@acme.EXAMPLE"', "ada"],
  ['userName ne "ADA@acme.EXAMPLE"', "bob cleo dan"],
  ['userName co "ACME"', "ada bob cleo"],
  ['userName sw "AD"', "ada"],
  ['userName sw ""', "ada bob cleo dan"],
  ['userName ew "n"', "dan"],
  ['userName ew "unknown@acme.example"', ""],
  ['userName ew ""', "ada bob cleo dan"],
  ['userName gt "BOB@acme.example"', "cleo dan"],
  ['userName ge "BOB@acme.example"', "bob cleo dan"],
  ['userName lt "BOB@acme.example"', "ada"],
  ['userName le "BOB@acme.example"', "ada bob"],
  ["userName pr", "ada bob cleo dan"],
  ["userName eq null", ""],
  ["userName ne null", "ada bob cleo dan"],
  [`${urns.user}:userName eq "dan"`, "dan"],
  // Case-sensitive strings in a column, of the asking source only.
  ['externalId eq "X-1"', "ada"],
  ['externalId eq "x-1"', "bob"],
  ['externalId ne "X-1"', "bob cleo dan"],
  ['not (externalId eq "X-1")', "bob cleo dan"],
  ['externalId co "-"', "ada bob"],
  ['externalId sw "X"', "ada"],
  ['externalId ew "1"', "ada bob"],
  ['externalId gt "X-1"', "bob"],
  ['externalId le "X-1"', "ada"],
  ["externalId pr", "ada bob"],
  ["externalId eq null", "cleo dan"],
  ["not (externalId pr)", "cleo dan"],
  ['id eq "ada"', "ada"],
  ['id eq "ADA"', ""],
  ['id ne "ada"', "bob cleo dan"],
  ['id co "a"', "ada dan"],
  ['id sw "b"', "bob"],
  ['id ge "bob"', "bob cleo dan"],
  ["id pr", "ada bob cleo dan"],
  // Booleans in a column.
  ["active eq true", "ada cleo dan"],
  ["active eq false", "bob"],
  ["active ne true", "bob"],
  ["not (active eq true)", "bob"],
  ["active pr", "ada bob cleo dan"],
  ["active eq null", ""],
  // Times.
  ['meta.created eq "2026-02-01T00:00:00Z"', "bob"],
  ['meta.created ne "2026-02-01T00:00:00Z"', "ada cleo dan"],
  ['meta.created gt "2026-02-01T00:00:00Z"', "cleo dan"],
  ['meta.created ge "2026-02-01T01:00:00+01:00"', "bob cleo dan"],
  ['meta.created lt "2026-02-01T00:00:00.001Z"', "ada bob"],
  ['meta.lastModified le "2026-01-31T19:00:00-05:00"', "ada bob"],
  ['meta.lastModified le "2026-02-01T00:00:00"', "ada bob"],
  ["meta.created pr", "ada bob cleo dan"],
  // Strings in the document.
  ['displayName eq "ada LOVELACE"', "ada"],
  ['displayName ne "bob"', "ada cleo dan"],
  ['displayName co "LOVE"', "ada"],
  ['displayName co ""', "ada bob"],
  ['displayName sw "BO"', "bob"],
  ['displayName ew "LACE"', "ada"],
  ['displayName ew ""', "ada bob"],
  ['displayName gt "ada lovelace"', "bob"],
  ['displayName ge "ada lovelace"', "ada bob"],
  ['displayName lt "b"', "ada"],
  ['displayName le "BOB"', "ada bob"],
  ['not (displayName gt "a")', "cleo dan"],
  ["displayName pr", "ada bob cleo"],
  ["title pr", "ada"],
  ["title eq null", "bob cleo dan"],
  ["title ne null", "ada"],
  ['title eq ""', "bob"],
  ['title eq "E\\u0301NGINEER"', "ada"],
  ['title lt "z"', "bob"],
  ['title gt "z"', "ada"],
  ['name.givenName eq "ADA"', "ada"],
  ["name.familyName pr", "ada"],
  ["not (name.familyName pr)", "bob cleo dan"],
  ['name.familyName ne "x"', "ada bob cleo dan"],
  ["name pr", "ada bob cleo"],
  // Extensions.
  [`${urns.enterprise}:department eq "research"`, "ada"],
  [`${urns.enterprise.toUpperCase()}:DEPARTMENT sw "Res"`, "ada"],
  [`${urns.enterprise}:manager.value eq "boss-1"`, "ada"],
  [`${urns.enterprise}:manager eq "Boss-1"`, "ada"],
  ['manager eq "Boss-1" and id eq "ada"', "ada"],
  [`${urns.enterprise}:manager pr`, "ada"],
  [`${urns.enterprise}:manager.$ref pr`, ""],
  [`${urns.enterprise}:employeeNumber eq "7"`, "ada"],
  // Case-sensitive strings in the document. Numbers and booleans compare with their own type only.
  [`${own}:badge eq "aB"`, "ada"],
  [`${own}:badge ne "aB"`, "bob cleo dan"],
  [`${own}:badge co "B"`, "ada"],
  [`${own}:badge sw "ab"`, "bob"],
  [`${own}:badge gt "aB"`, "bob"],
  [`${own}:badge pr`, "ada bob cleo"],
  [`${own}:floor eq 3`, "ada"],
  [`${own}:floor eq 3.0`, "ada"],
  [`${own}:floor ne 3`, "bob cleo dan"],
  [`${own}:floor gt 3`, "bob"],
  [`${own}:floor ge 3`, "ada bob"],
  [`${own}:floor lt 12.5`, "ada"],
  [`${own}:floor le 1e2`, "ada bob"],
  [`${own}:floor eq -0.5`, ""],
  [`${own}:floor pr`, "ada bob cleo"],
  [`${own}:remote eq true`, "ada"],
  [`${own}:remote eq false`, "bob"],
  [`${own}:remote ne false`, "ada cleo dan"],
  [`${own}:remote pr`, "ada bob cleo"],
  // Lists of plain values.
  [`${own}:tags eq "RED"`, "ada"],
  [`${own}:tags ne "red"`, "ada bob cleo dan"],
  [`${own}:tags sw "b"`, "ada"],
  [`${own}:tags pr`, "ada cleo"],
  [`${own}:tags eq null`, "bob cleo dan"],
  [`${own}:tags[value eq "red"]`, "ada"],
  [`${own}:tags[value eq "red" and value eq "blue"]`, ""],
  [`${own}:keys eq "K1"`, "ada"],
  [`${own}:keys eq "k1"`, "bob"],
  [`${own}:keys[value sw "k"]`, "ada bob"],
  [`${own}:keys[value pr]`, "ada bob cleo"],
  // Lists of complex values: any element, and one element for everything in brackets.
  ['emails eq "ADA@work.example"', "ada"],
  ['emails.value co "WORK"', "ada bob"],
  ['emails.type eq "work" and emails.value co "@work"', "ada bob"],
  ['emails[type eq "work" and value co "@work"]', "ada"],
  ['emails[type eq "work"].value co "@work"', "ada"],
  ['not (emails[type eq "work" and value co "@work"])', "bob cleo dan"],
  ['emails[not (type eq "work") and value co "@work"]', "bob"],
  ['emails[type eq "work" or primary eq true]', "ada bob"],
  ["emails[primary eq true]", "ada bob"],
  ["emails[primary ne true]", "ada bob"],
  ["emails[not (primary pr)]", "ada bob"],
  ["emails[display pr]", ""],
  ["emails[display eq null]", "ada bob"],
  ["emails.display eq null", "ada bob cleo dan"],
  ['emails.type ne "work"', "ada bob cleo dan"],
  ['emails[type ne "work"]', "ada bob"],
  ['not (emails.type eq "work")', "cleo dan"],
  ["emails pr", "ada bob cleo"],
  ["emails ne null", "ada bob"],
  ["emails.primary eq true", "ada bob"],
  ['emails.value gt "b"', "bob"],
  ['emails.value ew "HOME.example"', "ada bob"],
  ["phoneNumbers pr", "cleo"],
  ["phoneNumbers[value pr]", "cleo"],
  ['phoneNumbers[value eq "1"]', ""],
  ['addresses[locality eq "x"]', ""],
  // Lists in other tables.
  ['groups.value eq "g1"', "ada bob"],
  ['groups eq "g2"', "ada"],
  ['groups.value ne "g1"', "ada cleo dan"],
  ['not (groups.value eq "g1")', "cleo dan"],
  ["groups pr", "ada bob"],
  ["groups eq null", "cleo dan"],
  ['groups.display eq "ENGINEERS"', "ada bob"],
  ['groups[value eq "g1" and display eq "pilots"]', ""],
  ['groups[value eq "g2" and display sw "pi"]', "ada"],
  ['groups.value sw "g"', "ada bob"],
  ['groups.value eq "foreign"', ""],
  ['roles.value eq "ADMIN"', "ada"],
  ['roles eq "admin"', "ada"],
  ['roles.value eq "owner"', ""],
  ["roles pr", "ada"],
  ['roles.value ne "admin"', "bob cleo dan"],
  ['roles[type eq "staff"]', "ada"],
  ['roles[value eq "Admin" and primary eq true]', "ada"],
  ['roles[value eq "admin" and type eq "other"]', ""],
  ["roles.display pr", ""],
  ['not (roles[type eq "staff"])', "bob cleo dan"],
  ['entitlements eq "task-export"', "ada bob"],
  ['entitlements eq "TASK-Export"', "ada bob"],
  ["entitlements.display pr", "ada"],
  ['entitlements[value eq "task-deletion"]', "ada"],
  ['entitlements.value ne "task-export"', "ada cleo dan"],
  ["entitlements pr", "ada bob"],
  ["not (entitlements pr)", "cleo dan"],
  // Logic.
  ['active eq true and userName sw "a" or id eq "dan"', "ada dan"],
  ['active eq true and (userName sw "a" or id eq "dan")', "ada dan"],
  ["not (active eq true and title pr)", "bob cleo dan"],
  ['not (not (title eq "x"))', ""],
  ['not (title eq "x" or title ne "x")', ""],
  ['not (title gt "" and title lt "")', "ada bob cleo dan"],
  ['not (not (emails[not (value co "z")]))', "ada bob"],
  // Values that would break LIKE, or a statement that is concatenated.
  [`nickName eq ${JSON.stringify(awkward)}`, "ada"],
  [`nickName co ${JSON.stringify("%_\\'\"")}`, "ada"],
  ['nickName co "%"', "ada"],
  ['nickName co "0_"', ""],
  ['nickName sw "_"', ""],
  ['nickName ew "%"', ""],
  ['userName sw "%"', ""],
  ['userName sw "_"', ""],
  [`userName eq "' or '1'='1"`, ""],
  [String.raw`userName eq "x\"; drop table users; --"`, ""],
  ['userName eq "? :x $1 ??"', ""],
  ['nickName sw "😀"', "bob"],
  ['nickName ew "😀B"', "bob"],
  ['nickName ew "B"', "bob"],
  ['nickName gt "\uffff"', "bob"],
  ['userName sw "a\udbff\udfff"', ""],
  ['userName lt "\udbff\udfff"', "ada bob cleo dan"],
  ['userName sw "\udbff\udfff"', ""],
];

const groups: [string, string][] = [
  ['displayName eq "ENGINEERS"', "g1"],
  ['displayName sw "p"', "g2"],
  ['displayName co "E" and not (displayName co "PIL")', "g1"],
  ["displayName pr", "g1 g2"],
  ['externalId eq "K"', "g1"],
  ["externalId pr", "g1"],
  ['id eq "g2"', "g2"],
  [`${urns.group}:displayName eq "pilots"`, "g2"],
  ['members eq "ada" and id eq "g1"', "g1"],
  ['members.value eq "ada"', "g1 g2"],
  ['members[value eq "bob"]', "g1"],
  ['members.value eq "ADA"', ""],
  ['members.value ne "ada"', "g1"],
  ['not (members.value eq "bob")', "g2"],
  ["members pr", "g1 g2"],
  ['meta.created gt "2000-01-01T00:00:00Z"', "g1 g2"],
];

/** [filter, the message of the refusal]. */
const refused: [string, RegExp][] = [
  ["active gt true", /"active" cannot be compared by "gt"/],
  ['active co "t"', /"active" cannot be compared by "co"/],
  ["active eq 1", /"active" can only be compared with true or false/],
  ['active eq "yes"', /true or false/],
  ["userName eq true", /"userName" can only be compared with a text in double quotes/],
  ["userName gt null", /"userName" cannot be compared with null by "gt"/],
  ["emails[type co null]", /null/],
  ['name eq "x"', /"name" needs a sub-attribute/],
  ['addresses eq "x"', /"addresses" needs a sub-attribute/],
  ['unknown eq "x"', /"unknown" is not an attribute/],
  ["unknown pr", /"unknown"/],
  ["emails.unknown pr", /"emails.unknown" is not an attribute/],
  ["emails[unknown pr]", /"emails.unknown" is not an attribute/],
  ["userName.x pr", /"userName.x"/],
  ["urn:x:y pr", /"urn:x:y" is not an attribute/],
  ['password eq "x"', /"password" cannot be used/],
  ["PASSWORD pr", /"PASSWORD" cannot be used/],
  ["userName[value pr]", /"userName" has one value/],
  ["name[givenName pr]", /"name" has one value/],
  ["groups.$ref pr", /"groups.\$ref" cannot be used/],
  ['groups[type eq "direct"]', /"groups.type" cannot be used/],
  [`${own}:tags[display pr]`, /tags.display" is not an attribute/],
  [`${own}:floor co 1`, /cannot be compared by "co"/],
  [`${own}:remote gt false`, /cannot be compared by "gt"/],
  [`${own}:since pr`, /cannot be used/],
  ['meta.created eq "yesterday"', /"meta.created" can only be compared with a date, or a date and time/],
  ['meta.created co "2026"', /cannot be compared by "co"/],
  ["meta.created gt 1", /a date, or a date and time/],
  ['meta eq "x"', /"meta" needs a sub-attribute/],
  ['schemas.value eq "x"', /"schemas.value" is not an attribute/],
  ['meta.version gt "W/\\"1\\""', /"meta.version" cannot be compared by "gt"/],
  [`${own}:floor eq "x"`, /a number/],
  ...[
    "2026-02-30T00:00:00Z",
    "2026-13-01T00:00:00Z",
    "2026-02-30",
    "2026-1-1",
    "2026-01-01T25:00:00Z",
    "2026-01-01 00:00:00Z",
  ].map((date): [string, RegExp] => [`meta.created gt "${date}"`, /date and time/]),
];

describe("toCondition", () => {
  for (const [filter, message] of refused) {
    it(`refuses ${filter}`, () => {
      assert.throws(
        () => conditionOf(filter, "users"),
        (error: unknown) => {
          assert.ok(error instanceof ScimError);
          assert.deepEqual([error.status, error.scimType], [400, "invalidFilter"]);
          assert.match(error.message, message);
          return true;
        },
      );
    });
  }
  for (const filter of [
    'userName eq "x"',
    "active eq true",
    'members.display eq "Ada"',
    'members.display co "a"',
    'members[display sw "A" and type eq "User"]',
    'not (members.display eq "Ada")',
  ]) {
    it(`refuses ${filter} of groups`, () => {
      assert.throws(() => conditionOf(filter, "groups"), { scimType: "invalidFilter" });
    });
  }
});

onEachDatabase((use) => {
  let filled: Awaited<ReturnType<typeof fill>>;
  before(async () => {
    filled = await fill(use());
  });
  const found = (table: "users" | "groups", filter: string) => idsFound(use(), filled, table, filter);

  describe("a filter on users", () => {
    for (const [filter, expected] of users) {
      it(`${filter} → ${expected || "no one"}`, async () => {
        assert.deepEqual(await found("users", filter), ids(expected));
      });
    }
  });

  describe("a filter on groups", () => {
    for (const [filter, expected] of groups) {
      it(`${filter} → ${expected || "none"}`, async () => {
        assert.deepEqual(await found("groups", filter), ids(expected));
      });
    }
  });
});
