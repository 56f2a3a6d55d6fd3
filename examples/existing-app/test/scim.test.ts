import assert from "node:assert/strict";
import { runCheck } from "oin-kit/check/run";
import { addGroup, changeMembers, pushGroups, renameGroup } from "okta-stand-in/groups";
import { assign, editPerson, unassign } from "okta-stand-in/people";
import { type Exchange, exchangesOf, replay } from "../../../test/helpers/exchanges.ts";
import { describeCrudSuite, describeSpecSuite } from "../../../test/helpers/okta-suites.ts";
import { oktaUser } from "../../../test/helpers/scim.ts";
import { type RunningExample, scimToken, startExample } from "./example.ts";

const userColumns = ["email", "first_name", "last_name", "external_id"];

describe("Okta's test suites against the example", () => {
  let example: RunningExample;
  before(async () => {
    example = await startExample();
    await example.client.send("POST", "/Users", oktaUser("someone@acme.example"));
  });
  after(() => example.close());

  describeSpecSuite(() => example.client);
  describeCrudSuite(() => example.client);

  describe("afterwards, the table", () => {
    it("has the users of the suites", async () => {
      const rows = await example
        .sql("users")
        .select(...userColumns)
        .orderBy("id");
      const suite = { first_name: "Runscope300", last_name: "Hfluaklab151", external_id: null };
      assert.deepEqual(rows, [
        { email: "someone@acme.example", first_name: "Test", last_name: "User", external_id: null },
        { email: "Runscope300Hfluaklab151@atko.com", ...suite },
        { email: "Crud.User@atko.com", first_name: "Test", last_name: "User", external_id: "00u1" },
      ]);
      const [, , crud] = await example.sql("users").orderBy("id");
      assert.ok(crud.disabled_at > 0);
    });
  });
});

/** Exchanges about roles, entitlements and the schemas of all attributes, which the example does not offer. */
const aboutMore =
  /^(Import User Schema|Discovery|Role|Entitlement|Assign|A profile push without roles|Withdraw)/;
/** Attributes that the example's table does not have. */
const notStored = ["displayName", "locale", "userType", "middleName", "display", "roles", "entitlements"];
const enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

/** The exchange, without the expected attributes of users that the example does not store. */
function storedPart(exchange: Exchange): Exchange {
  if (!exchange.request.path.startsWith("/Users")) return exchange;
  const text = JSON.stringify(exchange.response, (name, value) => {
    if (notStored.includes(name) || name === enterprise) return undefined;
    if (name === "schemas") return value.filter((urn: string) => urn !== enterprise);
    if (name === "groups") return value.map(({ value: id }: { value: string }) => ({ value: id }));
    return value;
  });
  return { ...exchange, response: JSON.parse(text) };
}

describe("Okta's recorded traffic against the example", () => {
  let example: RunningExample;
  const variables: Record<string, string> = {};
  before(async () => {
    example = await startExample();
    variables.base = `${example.url}/scim/v2`;
  });
  after(() => example.close());

  const exchanges = exchangesOf("okta").filter(({ name }) => !aboutMore.test(name));
  it("has most of the exchanges", () => assert.ok(exchanges.length > 35, `${exchanges.length}`));
  for (const exchange of exchanges)
    it(exchange.name, () => replay(example.client, storedPart(exchange), variables));
});

for (const updates of ["put", "patch", "private"] as const) {
  describe(`a stand-in org that updates by ${updates}, and the example's table`, () => {
    let example: RunningExample;
    before(async () => {
      example = await startExample({ updates });
    });
    after(() => example.close());

    const row = async (email: string) => await example.sql("users").where({ email }).first();

    it("has the person whom the org assigns", async () => {
      const { org, oidcApp, ada } = example;
      await assign(org, oidcApp, [ada.id]);
      const { email, first_name, last_name, external_id, disabled_at } = await row("ada@ACME.example");
      assert.deepEqual(
        { email, first_name, last_name, external_id, disabled_at },
        {
          email: ada.login,
          first_name: "Ada",
          last_name: "Lovelace",
          external_id: ada.id,
          disabled_at: null,
        },
      );
    });

    it("keeps a user who was there before, and links the person to it", async () => {
      const { org, oidcApp, bob, sql } = example;
      const [old] = await sql("users").insert({ email: "BOB@acme.example", created_at: 1 }, "id");
      await assign(org, oidcApp, [bob.id]);
      const { id, created_at, first_name } = await row("bob@acme.example");
      assert.deepEqual([id, created_at, first_name], [old.id, 1, "Bob"]);
    });

    it("follows a new name and address", async () => {
      const { org, ada } = example;
      const form = { ...ada, login: "countess@acme.example", email: "countess@acme.example" };
      await editPerson(org, ada.id, { ...form, lastName: "King" });
      const { last_name, external_id } = await row("countess@acme.example");
      assert.deepEqual([last_name, external_id], ["King", ada.id]);
    });

    it("has the pushed group and its members", async () => {
      const { org, oidcApp, ada, bob, sql } = example;
      const group = addGroup(org, "Team", [ada.id]);
      await pushGroups(org, oidcApp, [group.id]);
      const members = () =>
        sql("group_members").join("users", "users.id", "user_id").orderBy("email").pluck("first_name");
      assert.deepEqual(await members(), ["Ada"]);
      await changeMembers(org, group.id, { add: [bob.id], remove: [ada.id] });
      await renameGroup(org, group.id, "Crew");
      assert.deepEqual(await members(), ["Bob"]);
      assert.deepEqual(await sql("groups").pluck("display_name"), ["Crew"]);
    });

    it("disables the person whom the org unassigns", async () => {
      const { org, oidcApp, ada } = example;
      await unassign(org, oidcApp, [ada.id]);
      assert.ok((await row("countess@acme.example")).disabled_at > 0);
    });
  });
}

describe("the example's SCIM server", () => {
  let example: RunningExample;
  before(async () => {
    example = await startExample();
    for (const name of ["ada", "bob", "eve"])
      await example.client.send("POST", "/Users", oktaUser(`${name}@acme.example`, { externalId: name }));
  });
  after(() => example.close());

  it("passes every rule of the readiness check", async () => {
    const options = { url: null, connections: [], idpMetadata: null, areas: ["scim" as const] };
    const deps = { product: null, published: null, guideFiles: async () => new Map() };
    const checked = { ...options, scimUrl: `${example.url}/scim/v2`, scimToken };
    const { results, summary, left } = await runCheck(checked, deps);
    const broken = results.filter(({ verdict }) => verdict === "fail" || verdict === "warning");
    assert.deepEqual(broken, []);
    assert.ok(summary.pass > 50, JSON.stringify(summary));
    assert.deepEqual(left, []);
    assert.equal((await example.sql("users")).length, 3);
  });

  it("answers a wrong token with 401, and reads nothing", async () => {
    for (const authorization of ["Bearer wrong", `Bearer ${scimToken}x`, ""]) {
      const answer = await example.client.send("POST", "/Users", "{", { authorization });
      assert.equal(answer.status, 401);
    }
  });

  const filters: [string, string[]][] = [
    ['userName eq "ADA@acme.example"', ["ada"]],
    ['userName ne "ada@acme.example"', ["bob", "eve"]],
    ['externalId eq "bob"', ["bob"]],
    ['externalId eq "BOB"', []],
    ['id eq "2"', ["bob"]],
    ['id eq "02"', []],
    ['userName co "A@AC"', ["ada"]],
    ['userName sw "E"', ["eve"]],
    ['userName ew "_.example"', []],
    ['emails.value eq "eve@acme.example"', ["eve"]],
    ['emails[value sw "b"]', ["bob"]],
    ['not (name.givenName eq "Other")', ["ada", "bob", "eve"]],
    ["active eq true and emails pr", ["ada", "bob", "eve"]],
    ["active eq false or name.familyName eq null", []],
    ['meta.created gt "2020-01-01T00:00:00Z" and userName ge "bob"', ["bob", "eve"]],
  ];
  for (const [filter, expected] of filters) {
    it(`finds by ${filter}`, async () => {
      const { status, body, text } = await example.client.find(filter);
      assert.equal(status, 200, text);
      assert.deepEqual(
        body.Resources.map(({ externalId }: { externalId: string }) => externalId),
        expected,
      );
    });
  }

  it("finds a user without a name by a negated comparison, as SCIM wants", async () => {
    const { sql, client } = example;
    await sql("users").where({ external_id: "eve" }).update({ last_name: null });
    const total = async (filter: string) => (await client.find(filter)).body.totalResults;
    assert.equal(await total('not (name.familyName eq "Other")'), 3);
    assert.equal(await total('name.familyName ne "User"'), 1);
    assert.equal(await total("name.familyName pr"), 2);
  });

  it("refuses a filter on what it does not store", async () => {
    for (const filter of ['externalId co "b"', 'groups.value eq "1"', 'emails.type eq "work"']) {
      const { status, body } = await example.client.find(filter);
      assert.deepEqual([status, body.scimType], [400, "invalidFilter"], filter);
    }
  });

  it("finds the user by the index on its address", async () => {
    const plan = await example.sql.raw(
      "explain query plan select * from users where email = ? collate nocase",
      [""],
    );
    assert.match(JSON.stringify(plan), /USING INDEX/);
  });

  it("refuses a member who is not a user, and changes nothing", async () => {
    const { body } = await example.client.send("POST", "/Groups", {
      displayName: "Team",
      members: [{ value: "1" }],
    });
    for (const value of ["99", "02", "nonsense"]) {
      const answer = await example.client.patch(
        `/Groups/${body.id}`,
        { op: "add", path: "members", value: [{ value: "2" }] },
        { op: "add", path: "members", value: [{ value }] },
      );
      assert.deepEqual([answer.status, answer.body.scimType], [400, "invalidValue"], value);
    }
    assert.deepEqual(await example.sql("group_members").pluck("user_id"), [1]);
  });

  it("pages by cursor, and sorts", async () => {
    const page = await example.client.get("/Users?count=2&cursor");
    assert.equal(page.body.Resources.length, 2);
    const next = await example.client.get(`/Users?count=2&cursor=${page.body.nextCursor}`);
    assert.deepEqual([next.body.Resources.length, next.body.Resources[0].id], [1, "3"]);
    const sorted = await example.client.get("/Users?sortBy=userName&sortOrder=descending");
    assert.deepEqual(
      sorted.body.Resources.map(({ externalId }: { externalId: string }) => externalId),
      ["eve", "bob", "ada"],
    );
  });

  it("deletes the user's memberships and sessions with the user", async () => {
    await example.sql("sessions").insert({ token_hash: "x", user_id: 1, expires_at: Date.now() + 60_000 });
    assert.equal((await example.client.send("DELETE", "/Users/1")).status, 204);
    assert.deepEqual([await example.sql("sessions"), await example.sql("group_members")], [[], []]);
  });
});
