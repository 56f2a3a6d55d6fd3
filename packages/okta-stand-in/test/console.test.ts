import assert from "node:assert/strict";
import { okta } from "okta-labels/labels";
import type { OrgApp, OrgPerson } from "../src/state.ts";
import {
  addApp,
  addTo,
  governed,
  integration,
  oidcSignOn,
  startStandIn,
  type TestOrg,
} from "../src/testing.ts";
import type { Visitor } from "../src/visitor.ts";
import { FakeApplication, listOf } from "./fake-application.ts";

describe("the Admin Console", () => {
  const application = new FakeApplication();
  let origin: string;
  let org: TestOrg;
  let admin: Visitor;
  let app: OrgApp;
  let ada: OrgPerson;
  before(async () => {
    origin = await application.start();
    org = await startStandIn();
    admin = org.browser();
  });
  after(async () => {
    await org.close();
    application.close();
  });
  beforeEach(() => {
    Object.assign(org.store.state, { people: {}, groups: {}, apps: {} });
    app = addApp(org, oidcSignOn("http://localhost:9/callback"));
    app.provisioning = integration(origin);
    ada = addTo(org, { login: "ada@acme.example", firstName: "Ada", lastName: "Lovelace" });
    application.expect();
  });

  /** Sends a form, and returns the page to which it leads. */
  async function submit(
    path: string,
    form: Record<string, string> | [string, string][] = {},
  ): Promise<string> {
    const { status, location } = await admin.post(path, form);
    assert.equal(status, 303);
    return (await admin.get(location ?? "")).text;
  }
  const user = (id: string, userName: string, more: object = {}) => ({
    id,
    userName,
    name: { givenName: "Some", familyName: "Person" },
    emails: [{ value: userName, primary: true }],
    active: true,
    ...more,
  });

  it("has Okta's menu, in which the current page is marked", async () => {
    const { text } = await admin.get("/admin/tasks");
    for (const path of [
      okta.menus.failedTasks,
      okta.menus.people,
      okta.menus.profileEditor,
      okta.menus.applications,
    ]) {
      const [section, name] = path.split(" > ");
      const [, inSection = ""] = text.split(`aria-label="${section}"`);
      assert.ok(inSection.includes(`>${name}</a>`), path);
    }
    assert.match(text, /href="\/admin\/tasks" aria-current="true"/);
  });

  it("serves the tabs of an app at Okta's address, which contains the app instance ID", async () => {
    for (const tab of ["", "/sign-on", "/provisioning", "/assignments"]) {
      const { status, text } = await admin.get(`/admin/app/test_app/instance/${app.id}${tab}`);
      assert.equal(status, 200);
      assert.match(text, /<h1>Test App<\/h1>/);
    }
    assert.equal((await admin.get("/admin/app/test_app/instance/0oaunknown")).status, 404);
  });

  it("leaves out its own notes from a page for a drawing, and says that it is a drawing", async () => {
    const plain = (await admin.get("/admin/apps")).text;
    assert.match(plain, /not made by Okta, and not Okta/);
    assert.doesNotMatch(plain, /Drawing of Okta/);
    const drawing = (await admin.get("/admin/apps?drawing")).text;
    assert.doesNotMatch(drawing, /not made by Okta, and not Okta|Not in Okta/);
    assert.match(drawing, /class="drawing-note">Drawing of Okta’s Admin Console/);
  });

  it("creates private apps for both protocols", async () => {
    const urls = { redirectUris: "http://localhost:9/a http://localhost:9/b", initiateLoginUri: "" };
    assert.match(await submit("/admin/new-app/oidc", { label: "Own OIDC", ...urls }), /Own OIDC is created/);
    const saml = {
      acsUrl: "http://localhost:9/acs",
      audience: "http://localhost:9/sp",
      defaultRelayState: "/",
    };
    const page = await submit("/admin/new-app/saml", [
      ...Object.entries({ label: "Own SAML", ...saml }),
      ["attributeName", "email"],
      ["attributeValue", "user.email"],
      ["attributeName", ""],
      ["attributeValue", "user.login"],
    ]);
    assert.match(page, /Metadata URL/);
    const [, first, second] = Object.values(org.store.state.apps).map(({ signOn }) => signOn);
    assert.ok(first?.kind === "oidc" && second?.kind === "saml");
    assert.deepEqual(first.redirectUris, ["http://localhost:9/a", "http://localhost:9/b"]);
    const { acsUrl, audience, defaultRelayState, attributeStatements } = second;
    assert.deepEqual({ acsUrl, audience, defaultRelayState }, saml);
    assert.deepEqual(attributeStatements, [{ name: "email", expression: "user.email" }]);
    assert.match(
      await submit("/admin/new-app/oidc", { label: "", ...urls }),
      /The name of an application has 1 to 100/,
    );
  });

  it("assigns by “Assign to People > Assign > Save and Go Back”", async () => {
    const base = `/admin/app/test_app/instance/${app.id}`;
    const assignments = (await admin.get(`${base}/assignments`)).text;
    assert.match(assignments, new RegExp(`href="${base}/assign-to-people">Assign to People`));
    const people = (await admin.get(`${base}/assign-to-people`)).text;
    assert.match(people, new RegExp(`action="${base}/assign-to-people/${ada.id}"`));
    const form = (await admin.get(`${base}/assign-to-people/${ada.id}`)).text;
    assert.match(form, /ada@acme\.example[\s\S]*Save and Go Back/);
    application.expect([200, listOf()], [201, user("remote", ada.login)]);
    assert.match(
      await submit(`${base}/assign-to-people/${ada.id}`),
      /Ada Lovelace is assigned\.[\s\S]*Assigned</,
    );
    assert.equal(app.assignments[ada.id]?.state, "provisioned");
  });

  it("lists what failed under Tasks, and retries what is selected", async () => {
    application.expect([500, { detail: "out of order" }]);
    await submit(`/admin/apps/${app.id}/assign-to-people/${ada.id}`);
    const tasks = (await admin.get("/admin/tasks")).text;
    assert.match(
      tasks,
      /1 application assignment encountered an error[\s\S]*Ada Lovelace[\s\S]*500: out of order/,
    );
    assert.match(await submit("/admin/tasks/retry"), /Select at least one task/);
    application.expect([200, listOf()], [201, user("remote", ada.login)]);
    const retried = await submit("/admin/tasks/retry", { task: `${app.id}/${ada.id}` });
    assert.match(retried, /The selected tasks are done[\s\S]*No tasks/);
  });

  it("imports active users: links those that match, and adds people for the others", async () => {
    const grace = user("r2", "grace@acme.example");
    application.expect(
      [200, listOf(user("r1", "ADA@acme.example"), grace, user("r3", "x@acme.example", { active: false }))],
      [200, listOf()],
    );
    const { text } = await admin.post(`/admin/apps/${app.id}/import`);
    assert.match(text, /Exact match: Ada Lovelace[\s\S]*New Okta user/);
    assert.match(text, /1 deactivated in the application/);
    application.expect([200, user("r1", "ADA@acme.example")], [200, grace]);
    const confirmed = await submit(`/admin/apps/${app.id}/import/confirm`, [
      ["remoteId", "r1"],
      ["remoteId", "r2"],
    ]);
    assert.match(confirmed, /1 users are linked to people, and 1 people are added/);
    assert.equal(app.assignments[ada.id]?.remoteId, "r1");
    const added = Object.values(org.store.state.people).find(({ login }) => login === "grace@acme.example");
    assert.equal(added && app.assignments[added.id]?.remoteId, "r2");
  });

  it("matches imported users by e-mail address if To Okta says so", async () => {
    const path = `/admin/apps/${app.id}/provisioning/to-okta`;
    assert.match(await submit(path, { importExpression: "appuser.other" }), /knows the expression/);
    await submit(path, { importFormat: "email" });
    const emails = [{ value: ada.login, primary: true }];
    application.expect([200, listOf(user("r1", "alovelace", { emails }))], [200, listOf()]);
    assert.match((await admin.post(`/admin/apps/${app.id}/import`)).text, /Exact match: Ada Lovelace/);
  });

  it("shows the org's domain in the menu under the administrator's name", async () => {
    const { host } = new URL(org.url);
    assert.ok((await admin.get("/admin/apps")).text.includes(`id="org-domain">${host}<`));
    assert.match((await (await org.signedIn(ada)).get("/admin/apps")).text, /account-menu">Ada Lovelace</);
  });

  it("pushes the groups that match a rule, and links only a group that the application has", async () => {
    for (const name of ["Team A", "Team B", "Other"])
      org.store.state.groups[name] = { id: name, name, memberIds: [] };
    const created = (id: string): [number, unknown][] => [
      [200, listOf()],
      [201, { id }],
      [200, { id }],
    ];
    application.expect(...created("g1"), ...created("g2"));
    const byRule = `/admin/apps/${app.id}/push-groups/by-rule`;
    assert.match(await submit(byRule, { condition: "starts", text: "team" }), /2 groups are pushed/);
    assert.deepEqual(Object.keys(app.pushGroups), ["Team A", "Team B"]);
    assert.match(await submit(byRule, { condition: "ends", text: "team" }), /No group matches the rule/);
    application.expect([200, listOf()]);
    const linked = await submit(`/admin/apps/${app.id}/push-groups`, { groupId: "Other", action: "link" });
    assert.match(linked, /The application has no group Other/);
    assert.equal(app.pushGroups.Other, undefined);
  });

  it("shows on the Import tab why an import failed", async () => {
    application.expect([500, { detail: "out of order" }]);
    const page = await submit(`/admin/apps/${app.id}/import`);
    assert.match(page, /role="alert">[^<]*out of order[\s\S]*Import Now/);
  });

  it("keeps what was chosen for a person whom an import links", async () => {
    governed(app).assignments[ada.id] = { remoteId: null, state: "waiting", problem: null, custom: [] };
    application.expect([200, user("r1", ada.login)]);
    await submit(`/admin/apps/${app.id}/import/confirm`, { remoteId: "r1" });
    const linked = { remoteId: "r1", state: "provisioned", problem: null, custom: [] };
    assert.deepEqual(app.assignments[ada.id], linked);
  });

  it("refuses addresses that are none, and its pages stay readable", async () => {
    const path = `/admin/apps/${app.id}/provisioning/integration`;
    for (const baseUrl of ["http://", "http://a b", "ftp://a.example", "javascript:alert(1)"]) {
      const form = { enabled: "on", baseUrl, token: "t", mode: "Bearer", save: "1" };
      assert.match(await submit(path, form), /must be a web address/, baseUrl);
    }
    assert.equal((await admin.get("/admin/reports/system-log")).status, 200);
    assert.equal((await admin.get("/admin/users/%E0%A4%A")).status, 400);
  });

  it("asks before a person is deactivated or deleted, and knows no other actions", async () => {
    const own = `/admin/users/${ada.id}`;
    assert.match((await admin.get(own)).text, new RegExp(`href="${own}/deactivate"`));
    assert.match((await admin.get(`${own}/deactivate`)).text, /is unassigned from every application/);
    assert.match(await submit(`${own}/deactivate`), /Ada Lovelace is deactivated/);
    assert.match((await admin.get(`${own}/delete`)).text, /is deleted for good/);
    assert.equal((await admin.post(`${own}/other`)).status, 404);
    assert.match(await submit(`${own}/delete`), /Ada Lovelace is deleted/);
  });

  it("tests credentials without saving them, and sends nothing after provisioning is disabled", async () => {
    app.provisioning = null;
    const path = `/admin/apps/${app.id}/provisioning/integration`;
    const form = { enabled: "on", baseUrl: origin, token: "the token", mode: "Bearer" };
    application.expect([401, { detail: "wrong token" }]);
    assert.match(await submit(path, form), /role="alert">The application answered 401: wrong token/);
    application.expect([200, listOf()], [200, listOf()]);
    assert.match(await submit(path, form), /Test App was verified successfully!/);
    assert.equal(app.provisioning, null);
    application.expect([200, listOf()], [200, listOf()]);
    assert.match(await submit(path, { ...form, save: "1" }), /API Integration is saved/);
    assert.match(await submit(path, { save: "1" }), /Provisioning is disabled/);
    application.expect();
    await submit(`/admin/apps/${app.id}/assign-to-people/${ada.id}`);
    assert.deepEqual(application.received, []);
  });

  it("tells applications of a session's end only if the administrator ticks that", async () => {
    app.assignments[ada.id] = { remoteId: "r1", state: "provisioned", problem: null };
    app.universalLogout = { url: `${origin}/global-token-revocation`, subjectFormat: "email" };
    const page = (await admin.get(`/admin/users/${ada.id}/clear-sessions`)).text;
    assert.match(page, /Also include logout enabled apps and Okta API tokens/);
    assert.doesNotMatch(page, /type="checkbox" checked/);
    await submit(`/admin/users/${ada.id}/clear-sessions`);
    assert.deepEqual(application.received, []);
    application.expect([204]);
    const told = await submit(`/admin/users/${ada.id}/clear-sessions`, { includeApps: "on" });
    assert.match(told, /answered 204: the person is signed out there/);
    assert.deepEqual(application.calls, ["POST /global-token-revocation"]);
  });

  it("sends a new password to the apps with Sync Password", async () => {
    app.assignments[ada.id] = { remoteId: "r1", state: "provisioned", problem: null };
    const path = `/admin/users/${ada.id}/password`;
    assert.match(
      await submit(path, { password: "not synchronised" }),
      /No application synchronises passwords/,
    );
    await submit(`/admin/apps/${app.id}/provisioning/to-app`, { createUsers: "on", syncPassword: "on" });
    application.expect([200, user("r1", ada.login)]);
    assert.match(await submit(path, { password: "correct horse" }), /was sent to Test App/);
    assert.deepEqual(application.calls, ["PATCH /Users/r1"]);
    assert.match(await submit(path, { password: "short" }), /at least 8 characters[\s\S]*New password/);
  });
});
