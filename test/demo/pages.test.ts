import assert from "node:assert/strict";
import { registerAgent } from "okta-stand-in/agents";
import { addInstance } from "okta-stand-in/catalog";
import { newSamlKey } from "okta-stand-in/keys";
import { sampleSeed } from "okta-stand-in/sample";
import { newId, type OrgApp, type OrgPerson } from "okta-stand-in/state";
import {
  addAiAgent,
  addApp,
  addTo,
  integration,
  oidcSignOn,
  startStandIn,
  type TestOrg,
} from "okta-stand-in/testing";
import { agentName } from "../../src/demo/agent.ts";
import { orgIdOf } from "../../src/demo/tenants.ts";
import { obstaclesAtEachWidth, obstaclesOn, widths } from "../helpers/accessible.ts";
import { describeInBrowser } from "../helpers/browser.ts";
import { Demo } from "../helpers/demo.ts";

/** Adds an instance of an integration of the catalog, with roles to assign. */
async function addGoverned(org: TestOrg, people: readonly OrgPerson[]): Promise<void> {
  const { catalog } = await sampleSeed("Demo org");
  Object.assign(org.store.state, { catalog });
  const entry = catalog?.sample ?? assert.fail("the sample has an integration");
  const app = await addInstance(org, entry, { label: "Sample", variables: { subdomain: "acme" } });
  const values = ["Member", "Admin"].map((display) => ({ value: display, display, description: "" }));
  const custom = [{ resourceType: "Role", value: "Admin", display: "Admin" }];
  app.governance = {
    resourceTypes: [{ name: "Role", attribute: "roles", description: "What a person may do", values }],
    policy: [{ name: "Everyone", groupId: "g1", values: custom }],
  };
  for (const { id } of people)
    app.assignments[id] = { remoteId: id, state: "provisioned", problem: null, custom };
}

/** Adds an agent that is active, and one that is not configured yet. */
function addAgents(org: TestOrg, product: OrgApp, people: readonly OrgPerson[]): void {
  const issuerUrl = "https://product.of.a.department.company.example";
  const resources = [`${issuerUrl}/api/v1`, `${issuerUrl}/mcp`];
  const allowed = { clientId: newId("client"), scopes: ["tasks.read", "tasks.write"] };
  addAiAgent(org, addApp(org, oidcSignOn("http://localhost:9/agent"), people), {
    name: "An agent with a name that goes on for quite a while",
    connections: [{ app: product, issuerUrl, tenantId: "acme", resources, ...allowed }],
  });
  registerAgent(org, "Another agent");
}

/** An org with everything that a page can show: each status, each state, problems and long texts. */
async function fullOrg(): Promise<TestOrg> {
  const org = await startStandIn();
  const { state } = org.store;
  const people = (["ACTIVE", "SUSPENDED", "DEPROVISIONED"] as const).map((status) =>
    addTo(org, {
      login: `${status.toLowerCase()}.person.with.a.long.name@department.company.example`,
      status,
    }),
  );
  for (let number = 0; number < 60; number++) addTo(org, { login: `p${number}@company.example` });
  const oidc = addApp(org, oidcSignOn("http://localhost:9/callback"), people);
  oidc.provisioning = integration("http://127.0.0.1:9/scim/v2");
  const states = ["waiting", "failed", "removing"] as const;
  for (const [index, assignment] of Object.values(oidc.assignments).entries())
    Object.assign(assignment, {
      state: states[index],
      problem: "The application answered 409: it is taken.",
    });
  const members = Object.keys(state.people).slice(0, 30);
  state.groups.g1 = { id: "g1", name: "A group", memberIds: members };
  state.groups.g2 = {
    id: "g2",
    name: "An empty group with a name that goes on for quite a while",
    memberIds: [],
  };
  oidc.pushGroups.g1 = {
    remoteId: "r",
    pushedName: "A group",
    pushedMembers: {},
    state: "failed",
    problem: "No answer from the application: ECONNREFUSED.",
  };
  const signOn: OrgApp["signOn"] = {
    kind: "saml",
    externalKey: newId("exk"),
    acsUrl: "http://localhost:9/acs",
    audience: "http://localhost:9/sp",
    defaultRelayState: "",
    attributeStatements: [{ name: "email", expression: "user.email" }],
    ...(await newSamlKey("Demo org")),
    algorithm: "SHA1",
  };
  addApp(org, signOn, people);
  await addGoverned(org, people);
  addAgents(org, oidc, people);
  // Nothing answers there, so that the log has calls without an answer.
  await org.provisioner.resume(oidc);
  return org;
}

function pathsOf(org: TestOrg): string[] {
  const [oidc, saml, added] = Object.keys(org.store.state.apps);
  const [person, , gone] = Object.keys(org.store.state.people);
  const tabs = [
    ...["", "?edit=entitlement-management", "/sign-on", "/sign-on?edit=logout", "/sign-on?edit=id-token"],
    ...["/provisioning", "/provisioning/integration?edit=integration", "/provisioning/to-app?edit=to-app"],
    ...["/provisioning/to-okta?edit=to-okta", "/import", "/assignments", "/assign-to-people"],
    ...["/resource-server", "/resource-server?edit=cross-app-access"],
    ...[`/assign-to-people/${person}`, "/push-groups", "/push-groups/by-name", "/push-groups/by-rule"],
  ];
  const [agent, staged] = Object.keys(org.store.state.agents ?? {}).map((id) => `/admin/ai-agents/${id}`);
  const agentTabs = [
    ...["/user-access", "/client-registration", "/client-registration?edit=client-registration"],
    ...["/resource-connections", "/resource-connections?edit=connection"],
  ];
  const instance = `/admin/app/sample/instance/${added}`;
  return [
    ...["/login", "/login?username=unknown", "/app/UserHome", `/home/test_app/${saml}/aln`, "/no-such-page"],
    ...["/admin/users", "/admin/users?q=no-such-person", "/admin/users?page=2"],
    ...[`/admin/users/${person}`, `/admin/users/${gone}`, `/admin/users/${person}/clear-sessions`],
    ...[`/admin/users/${person}/password`, "/admin/groups", "/admin/groups/g1", "/admin/groups/g2"],
    ...["/admin/apps", "/admin/security/api", "/admin/reports/system-log", "/admin/stand-in"],
    ...["/admin/tasks", "/admin/profile-editor", "/admin/profile-editor/okta", "/admin/new-app"],
    ...["/admin/new-app/saml", "/admin/catalog", "/admin/catalog/sample", "/admin/catalog/sample/add"],
    ...tabs.map((tab) => `/admin/app/test_app/instance/${oidc}${tab}`),
    ...["", "/sign-on?edit=settings", "/sign-on/method?to=oidc", "/provisioning"].map(
      (tab) => `/admin/apps/${saml}${tab}`,
    ),
    ...["?edit=settings", "/sign-on?edit=new-claim", "/governance", "/governance/policy?edit=rule"].map(
      (tab) => instance + tab,
    ),
    `${instance}/access/${person}?edit=custom`,
    ...["/admin/ai-agents", "/admin/ai-agents/new", `${staged}/user-access?edit=user-access`],
    ...agentTabs.map((tab) => agent + tab),
    `/admin/reports/system-log/${org.events.latest(1)[0]?.id}`,
    `/admin/reports/system-log/${org.calls.latest(1)[0]?.id}`,
  ];
}

describeInBrowser("the pages of the demo", (browser) => {
  let org: TestOrg;
  let demo: Demo;
  before(async function () {
    this.timeout(120_000);
    org = await fullOrg();
    demo = new Demo();
    await demo.start();
  });
  after(async () => {
    await org.close();
    await demo.remove();
  });

  it("are accessible in light and dark mode, and fit each width", async () => {
    const page = await browser.open({ viewport: { width: 1280, height: 800 } });
    const found: string[] = [];
    const [person] = Object.values(org.store.state.people);
    await page.goto(`${org.url}/login?username=${person?.login}`);
    await page.getByRole("button", { name: "Sign In", exact: true }).click();
    await page.getByRole("heading", { name: "My Apps" }).waitFor();
    const ofDemo = [
      ...["/demo/acme", "/demo/globex/all", "/demo/globex/agent-disconnected", "/demo/acme/messages"],
      ...["/demo/components", "/login", "/login/password/acme"],
    ].map((path) => demo.url + path);
    // The page that posts a SAML response navigates at once, to an application that does not exist.
    const ofOrg = pathsOf(org).filter((path) => !path.startsWith("/home"));
    for (const url of [...ofOrg.map((path) => org.url + path), ...ofDemo]) {
      await page.goto(url);
      found.push(...(await obstaclesAtEachWidth(page, url)));
    }
    assert.deepEqual(found, []);
  }).timeout(180_000);

  for (const width of widths) {
    it(`of the agent are accessible, fit a width of ${width} pixels, and lead through the messages`, async () => {
      const page = await browser.open({ viewport: { width, height: 800 } });
      const found: string[] = [];
      const look = async (name: string) => found.push(...(await obstaclesOn(page, `agent, ${name}`)));
      const console = `${demo.orgUrl}/admin/ai-agents/${orgIdOf("wlp", agentName)}/user-access`;
      const ask = () => page.getByRole("button", { name: "What is on my list?" }).click();
      await page.goto(demo.agentUrl);
      await look("signed out");
      await page.goto(`${demo.agentUrl}/sign-in?login_hint=grace@acme.example`);
      await page.getByRole("button", { name: "Sign In", exact: true }).click();
      await page.getByText("You are signed in as Grace Hopper.").waitFor();
      await look("signed in");
      await ask();
      await page.getByText("You have").waitFor();
      // The script that shows the player also listens to the keys.
      await page.getByRole("button", { name: "Next" }).waitFor();
      for (const message of ["1", "2", "3", "4"]) {
        await page.keyboard.press("ArrowRight");
        await page.locator(`#message-${message}[data-current]:focus`).waitFor();
      }
      await page.locator("#message-4").getByText("oauth-id-jag+jwt").waitFor();
      await look("playing");
      await page.evaluate("for (const part of document.querySelectorAll('details')) part.open = true;");
      await look("everything open");
      await page.getByRole("button", { name: "Back" }).click();
      await page.locator("#message-3[data-current]").waitFor();

      await page.goto(console);
      await page.getByText("Actions", { exact: true }).click();
      await page.getByRole("button", { name: "Deactivate" }).click();
      await page.goto(demo.agentUrl);
      await page.getByRole("button", { name: "Forget the access token" }).click();
      await ask();
      await page.getByRole("heading", { name: "Your org has deactivated Task helper" }).waitFor();
      await look("refused");
      await page.goto(console);
      await page.getByText("Actions", { exact: true }).click();
      await page.getByRole("button", { name: "Activate" }).click();
      assert.deepEqual(found, []);
    }).timeout(120_000);
  }

  it("ask before they take something away, also without a script", async () => {
    const page = await browser.open({ javaScriptEnabled: false });
    const [oidc, saml] = Object.values(org.store.state.apps);
    assert.ok(oidc && saml && saml.signOn.kind === "saml");
    const path = `${org.url}/admin/apps/${oidc.id}`;
    const answer = async (name: string) =>
      await page.getByRole("dialog").getByRole("button", { name, exact: true }).click();
    await page.goto(`${path}/assignments`);
    const [first] = Object.keys(oidc.assignments);
    await page.locator(`button[popovertarget="menu-${first}"]`).click();
    await page.getByRole("button", { name: "Unassign" }).click();
    await page.getByRole("dialog").getByText("told to deactivate their account").waitFor();
    await answer("Cancel");
    assert.equal(oidc.assignments[first ?? ""]?.state, "waiting");
    await page.goto(path);
    await page.getByRole("button", { name: "Deactivate" }).click();
    assert.equal(oidc.active, true, "one click changes nothing");
    await answer("Deactivate");
    await page.getByText("The application is inactive").waitFor();
    await page.getByRole("button", { name: "Activate", exact: true }).click();

    const { certificate } = saml.signOn;
    await page.goto(`${org.url}/admin/apps/${saml.id}/sign-on`);
    await page.getByRole("button", { name: "Generate new certificate" }).click();
    await page.getByRole("button", { name: "Actions" }).last().click();
    await page.getByRole("button", { name: "Activate", exact: true }).click();
    await page.getByRole("dialog").getByText("stops signing at once").waitFor();
    await answer("Cancel");
    assert.equal(saml.signOn.certificate, certificate);
  }).timeout(60_000);

  it("have rows of 44 pixels that never break an address, and on a phone the name above the login", async () => {
    const page = await browser.open({ viewport: { width: 1280, height: 800 } });
    const rows = page.locator(".table tbody tr");
    const boxOf = async (cell: string) => (await rows.first().locator(cell).boundingBox()) ?? assert.fail();
    for (const path of ["/admin/users", "/admin/users?q=person.with", "/admin/groups"]) {
      await page.goto(org.url + path);
      const heights = await page.evaluate<number[]>(
        "[...document.querySelectorAll('.table tbody tr')].map((row) => Math.round(row.getBoundingClientRect().height))",
      );
      assert.deepEqual([...new Set(heights)], [44], path);
    }
    await page.goto(`${org.url}/admin/users`);
    assert.equal((await boxOf(".first")).y, (await boxOf(".second")).y);
    await page.setViewportSize({ width: 390, height: 844 });
    const [name, login] = [await boxOf(".first"), await boxOf(".second")];
    assert.ok(login.y >= name.y + name.height - 1);
    assert.equal(login.x, name.x);
  }).timeout(60_000);

  it("lead back to the story of the customer that is shown, from every program", async () => {
    const page = await browser.open();
    const back = page.getByRole("link", { name: /^The story/ });
    await page.goto(`${demo.url}/`);
    assert.equal(await back.getAttribute("href"), "/demo");
    await page.goto(`${demo.url}/demo/globex/rename`);
    for (const url of [
      `${demo.url}/login`,
      `${demo.orgUrl}/login`,
      `${demo.orgUrl}/admin/users`,
      demo.agentUrl,
    ]) {
      await page.goto(url);
      await back.click();
      await page.waitForURL(`${demo.url}/demo/globex/rename`);
    }
    await page.goto(`${demo.url}/login`);
    assert.equal(await back.textContent(), "The story · step 6 →");
    const bar = await page.locator(".demo-banner").boundingBox();
    assert.equal(bar?.height, 28);
    // No session and no cookie: the path of a refused sign-in tells the customer.
    const refused = await (await fetch(`${demo.url}/oidc/acme/callback?code=x&state=y`)).text();
    assert.match(refused, /href="\/demo\/acme">The story · Acme Rockets →/);
    // SAML {
    const refusedBySaml = await fetch(`${demo.url}/saml/globex/acs`, {
      method: "POST",
      body: new URLSearchParams({ SAMLResponse: "x" }),
    });
    assert.match(await refusedBySaml.text(), /href="\/demo\/globex">The story · Globex Gardens →/);
    // SAML }
  }).timeout(60_000);

  it("show the owner's inspector to be read, and let no one change it without the password", async () => {
    const page = await browser.open();
    await page.goto(`${demo.url}/admin/inspector`);
    assert.match(page.url(), /\/login\?/, "only after the story's link");
    await page.goto(`${demo.url}/demo/globex/messages?protocol=scim`);
    await page.getByRole("heading", { name: "Inspector" }).waitFor();
    await page.getByText("Read only: what the owner of Globex Gardens sees").waitFor();
    assert.equal(await page.getByRole("button", { name: "Switch off" }).count(), 0);
    const change = await page.request.post(`${demo.url}/admin/inspector/recording`, {
      form: { hours: "0" },
      headers: { origin: demo.url },
      maxRedirects: 0,
    });
    assert.match(change.headers().location ?? "", /^\/login/);
    await page.goto(`${demo.url}/admin/people`);
    assert.match(page.url(), /\/login\?/);
  }).timeout(60_000);

  it("have one heading, a title, unique ids, nothing inline and no placeholders", async () => {
    const [person] = Object.values(org.store.state.people);
    assert.ok(person);
    const client = await org.signedIn(person);
    for (const path of pathsOf(org)) {
      const { text } = await client.get(path);
      assert.equal(text.match(/<h1[ >]/g)?.length, 1, `${path}: headings`);
      assert.match(text, /<title>.+ · Demo org<\/title>/, path);
      assert.doesNotMatch(
        text,
        /<script(?![^>]*\bsrc=)|<style|\sstyle\s*=|\son\w+\s*=|\bundefined\b|\[object |\bNaN\b/,
        path,
      );
      assert.match(text, /not made by Okta, and not Okta/, path);
      const ids = [...text.matchAll(/\sid="([^"]*)"/g)].map(([, id]) => id);
      assert.equal(new Set(ids).size, ids.length, `${path}: ids are unique`);
      assert.doesNotMatch(text, /"a token"/, `${path}: no page shows a secret`);
    }
  });

  it("work without JavaScript: a button posts a SAML response, and a reload shows a push", async () => {
    const page = await browser.open({ javaScriptEnabled: false });
    const [person] = Object.values(org.store.state.people);
    const saml = Object.values(org.store.state.apps).find(({ signOn }) => signOn.kind === "saml");
    await page.goto(`${org.url}/login?username=${person?.login}&fromURI=/home/test_app/${saml?.id}/aln`);
    await page.getByRole("button", { name: "Sign In", exact: true }).click();
    await page.getByRole("button", { name: "Continue" }).waitFor();
  });

  it("explain an error next to its form, and keep the input", async () => {
    const page = await browser.open();
    const [oidc] = Object.keys(org.store.state.apps);
    await page.goto(`${org.url}/admin/apps/${oidc}/provisioning/integration?edit=integration`);
    await page.getByLabel("Base URL").fill("http://127.0.0.1:9/scim_v2");
    await page.getByRole("button", { name: "Test API Credentials" }).click();
    await page.getByRole("alert").getByText("must not contain an underscore").waitFor();
    assert.equal(await page.getByLabel("Base URL").inputValue(), "http://127.0.0.1:9/scim_v2");
    await page.getByLabel("Base URL").fill("http://127.0.0.1:9/scim/v2");
    await page.getByRole("button", { name: "Test API Credentials" }).click();
    await page.getByRole("alert").getByText("No answer from the application: ECONNREFUSED").waitFor();
    await page.goto(`${org.url}/admin/users`);
    await page.getByText("Add Person", { exact: true }).click();
    await page.getByLabel("First name").fill("Some");
    await page.getByLabel("Last name").fill("Body");
    await page.getByLabel("Username", { exact: true }).fill("p1@company.example");
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByRole("alert").getByText("Another person has the username").waitFor();
    assert.equal(await page.getByLabel("First name").inputValue(), "Some");
  });
});
