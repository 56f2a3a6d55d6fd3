import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { sampleSeed } from "../src/sample.ts";
import type { OrgApp, OrgPerson } from "../src/state.ts";
import { addTo, startStandIn, type TestOrg } from "../src/testing.ts";
import type { Visitor } from "../src/visitor.ts";
import { FakeApplication, listOf } from "./fake-application.ts";

type Body = Record<string, unknown>;

const userId = "23a35c27-23d3-4c03-b4c5-6443c09e7173";

/** The request and the response of Okta's documented traffic with this number. */
function fixture(number: string): { request: { path: string; body: Body }; response: { body: Body } } {
  const folder = "test/fixtures/okta";
  const file = readdirSync(folder).find((name) => name.startsWith(`${number}-`)) ?? "";
  return JSON.parse(readFileSync(`${folder}/${file}`, "utf8").replaceAll("{{userId}}", userId)) as never;
}

/** Okta's sample user, as the application returns it. */
const found = (): Body => {
  const { roles, entitlements, ...user } = fixture("46").request.body;
  assert.ok(roles && entitlements);
  return user;
};

describe("Entitlement management", () => {
  const application = new FakeApplication();
  let origin: string;
  let org: TestOrg;
  let admin: Visitor;
  let app: OrgApp;
  let person: OrgPerson;
  before(async () => {
    origin = await application.start();
    org = await startStandIn();
    admin = org.browser();
  });
  after(async () => {
    await org.close();
    application.close();
  });
  beforeEach(async () => {
    const { catalog } = await sampleSeed("Demo org");
    const sample = catalog?.sample;
    assert.ok(sample?.scim);
    Object.assign(sample.scim, { baseUrl: `'${origin}'` });
    Object.assign(org.store.state, { people: {}, groups: {}, apps: {}, catalog });
    await admin.post("/admin/catalog/sample/add", { label: "Sample", "variable-subdomain": "acme" });
    [app = assert.fail()] = Object.values(org.store.state.apps);
    const names = { firstName: "Another", middleName: "Excited", lastName: "User" };
    person = addTo(org, { login: "Test.User@okta.local", ...names });
    application.expect();
  });

  /** Sends a form, and returns the message on the page to which it leads. */
  async function submit(path: string, form: Record<string, string> = {}): Promise<string> {
    const { status, location } = await admin.post(`/admin/apps/${app.id}${path}`, form);
    assert.equal(status, 303);
    const { text } = await admin.get(location ?? "");
    return /<p class="notice[^>]*>([^<]*)/.exec(text)?.[1] ?? "";
  }
  const bodyOf = (place: number) => (application.received[place]?.body ?? {}) as Body;
  const enable = (enabled = "on") => submit("/entitlement-management", { enabled });
  const roles = listOf({ id: "member", displayName: "Member" }, { id: "admin", displayName: "Admin" });
  const permissions = listOf({ id: "task-export", displayName: "Task export", type: "Entitlement" });

  /** "Configure API Integration > Save", then everything under To App. */
  async function provision(): Promise<void> {
    const discovery: [number, unknown][] = [
      [200, fixture("39").response.body],
      [200, listOf()],
      [200, roles],
      [200, permissions],
    ];
    application.expect([200, listOf()], [200, listOf()], ...(app.governance ? discovery : []));
    const form = { enabled: "on", token: "the token", save: "1" };
    assert.equal(await submit("/provisioning/integration", form), "API Integration is saved.");
    await submit("/provisioning/to-app", {
      createUsers: "on",
      updateAttributes: "on",
      deactivateUsers: "on",
    });
  }

  /** A governed app that knows the person. */
  async function knowPerson(): Promise<void> {
    await enable();
    await provision();
    application.expect([200, listOf()], [201, { ...found(), id: userId }]);
    await admin.post(`/admin/apps/${app.id}/assign-to-people/${person.id}`);
    assert.equal(app.assignments[person.id]?.remoteId, userId);
  }

  it("is refused once provisioning is enabled, and says what to do instead", async () => {
    await provision();
    assert.match(
      await enable(),
      /provisioning is already enabled for this app instance\. Add a new instance/,
    );
    assert.equal(app.governance, undefined);
    const page = (await admin.get(`/admin/apps/${app.id}`)).text;
    assert.doesNotMatch(page, />Governance<\/a>/);
  });

  it("can be enabled before provisioning, which then reads roles and entitlements", async () => {
    assert.equal(await enable(), "Entitlement management is enabled.");
    await provision();
    assert.deepEqual(application.calls, [
      "GET /Users?startIndex=1&count=2",
      "GET /Groups?startIndex=1&count=100",
      ...["GET /ResourceTypes", "GET /Schemas", "GET /Roles", "GET /Entitlements"],
    ]);
    const page = (await admin.get(`/admin/apps/${app.id}/governance`)).text;
    for (const name of ["Role", "Entitlement", "Member", "Admin", "Task export"])
      assert.match(page, new RegExp(`>${name}<`));
  });

  it("is possible after provisioning was disabled, which forgets the links", async () => {
    await provision();
    app.assignments[person.id] = { remoteId: userId, state: "provisioned", problem: null };
    await submit("/provisioning/integration", { save: "1" });
    assert.equal(app.provisioning, null);
    assert.equal(app.assignments[person.id]?.remoteId, null);
    assert.equal(await enable(), "Entitlement management is enabled.");
  });

  it("reads the pages of a long list of roles", async () => {
    await enable();
    await provision();
    const many = (from: number, count: number) => ({
      ...listOf(...Array.from({ length: count }, (_, at) => ({ id: `r${from + at}`, displayName: "R" }))),
      totalResults: 150,
    });
    application.expect([200, fixture("39").response.body], [200, listOf()], [200, many(1, 100)]);
    application.answers.push([200, many(101, 50)], [200, permissions]);
    await submit("/governance/discover");
    assert.deepEqual(application.calls.slice(2), [
      "GET /Roles",
      "GET /Roles?startIndex=101&count=100",
      "GET /Entitlements",
    ]);
    assert.equal(app.governance?.resourceTypes[0]?.values.length, 150);
  });

  it("sends customised entitlements like Okta: the whole resource with the whole arrays, by PUT", async () => {
    await knowPerson();
    application.expect([200, found()], [200, found()]);
    await admin.post(`/admin/apps/${app.id}/access/${person.id}`, [
      ["value", "Role/admin"],
      ["value", "Entitlement/task-export"],
    ]);
    assert.deepEqual(application.calls, [`GET /Users/${userId}`, `PUT /Users/${userId}`]);
    assert.deepEqual(application.received[1]?.body, fixture("46").request.body);

    application.expect([200, fixture("46").request.body], [200, found()]);
    assert.equal(await submit(`/access/${person.id}`), "The entitlements are saved.");
    assert.deepEqual(application.received[1]?.body, fixture("49").request.body);
  });

  it("shows a person's access, and refuses a value that the application does not offer", async () => {
    await knowPerson();
    application.expect([200, found()], [200, found()]);
    await submit(`/access/${person.id}`, { value: "Role/admin" });
    const details = (await admin.get(`/admin/apps/${app.id}/access/${person.id}`)).text;
    assert.match(details, /Entitlement assignment<\/dt><dd>Custom/);
    assert.match(details, /<dt>Role<\/dt><dd>Admin</);
    application.expect();
    assert.match(await submit(`/access/${person.id}`, { value: "Role/owner" }), /does not offer/);
    assert.deepEqual(application.received, []);
  });

  it("creates a person with the entitlements of the policy, and follows the group", async () => {
    await enable();
    await provision();
    org.store.state.groups.g1 = { id: "g1", name: "Admins", memberIds: [person.id] };
    await submit("/governance/policy", { name: "Admins", groupId: "g1", value: "Role/admin" });
    application.expect([200, listOf()], [201, { ...found(), id: userId }]);
    await submit(`/assign-to-people/${person.id}`);
    const { roles: sent, entitlements } = bodyOf(1);
    assert.deepEqual([sent, entitlements], [[{ value: "admin", display: "Admin" }], []]);

    application.expect([200, found()], [200, found()]);
    await admin.post(`/admin/groups/g1/members/${person.id}/remove`);
    assert.deepEqual(bodyOf(1).roles, []);
  });

  it("deletes the rule that the page shows, even if its group is gone, and no other", async () => {
    await enable();
    await provision();
    org.store.state.groups.g1 = { id: "g1", name: "Admins", memberIds: [] };
    for (const name of ["First", "Second"])
      await submit("/governance/policy", { name, groupId: "g1", value: "Role/admin" });
    delete org.store.state.groups.g1;
    const names = () => app.governance?.policy.map(({ name }) => name);
    for (const place of ["2", "-1", "x"]) {
      const { status } = await admin.post(`/admin/apps/${app.id}/governance/policy/${place}/delete`);
      assert.equal(status, 404, place);
    }
    assert.deepEqual(names(), ["First", "Second"]);
    assert.equal(await submit("/governance/policy/0/delete"), "The rule is deleted.");
    assert.deepEqual(names(), ["Second"]);
  });

  it("does not apply the policy to people who were assigned before it was enabled", async () => {
    await admin.post(`/admin/apps/${app.id}/assign-to-people/${person.id}`);
    await enable();
    await provision();
    org.store.state.groups.g1 = { id: "g1", name: "Admins", memberIds: [person.id] };
    await submit("/governance/policy", { name: "Admins", groupId: "g1", value: "Role/admin" });
    const { text } = await admin.get(`/admin/apps/${app.id}/access/${person.id}`);
    assert.match(text, /Entitlement assignment<\/dt><dd>Custom[\s\S]*<dt>Role<\/dt><dd>None/);
    application.expect([200, listOf()], [201, { ...found(), id: userId }]);
    await submit("/assignments/provision");
    assert.ok(!("roles" in bodyOf(1)), "nothing was chosen for them yet");
    application.expect([200, found()], [200, found()]);
    await submit(`/access/${person.id}/revert`);
    assert.deepEqual(bodyOf(1).roles, [{ value: "admin", display: "Admin" }]);
  });

  it("does not touch roles that Okta does not manage", async () => {
    await provision();
    app.assignments[person.id] = { remoteId: userId, state: "provisioned", problem: null };
    assert.ok(app.provisioning);
    app.provisioning.updates = "put";
    application.expect([200, { ...found(), roles: [{ value: "admin" }] }], [200, found()]);
    await admin.post(`/admin/users/${person.id}`, { ...person, lastName: "Renamed" });
    assert.deepEqual(bodyOf(1).roles, [{ value: "admin" }]);
  });
});
