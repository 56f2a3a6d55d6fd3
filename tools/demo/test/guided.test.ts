import assert from "node:assert/strict";
import { addGroup, changeMembers, pushGroups } from "okta-stand-in/groups";
import { assign, clearSessions, unassign } from "okta-stand-in/people";
import { addTo, integration, startStandIn, type TestOrg } from "okta-stand-in/testing";
import type { Page } from "playwright-core";
import { obstaclesOn } from "../../../test/helpers/accessible.ts";
import { describeInBrowser, seeSignedIn } from "../../../test/helpers/browser.ts";
import { Demo } from "../../../test/helpers/demo.ts";

describeInBrowser("npm run demo -- --okta, with the stand-in as the Okta org", (browser) => {
  let demo: Demo;
  let org: TestOrg;
  before(async function () {
    this.timeout(120_000);
    org = await startStandIn({ apiToken: "an api token" });
    demo = new Demo({ INSECURE_ALLOW_PRIVATE_NETWORK: "1" });
    await demo.start("--okta");
  });
  after(async () => {
    await demo.remove();
    await org.close();
  });

  /** Waits until the open page ticks the step off. */
  async function ticked(page: Page, step: string): Promise<void> {
    await page.locator(`#${step}.is-done [data-tick]`).waitFor();
  }

  it("starts without a stand-in, and shows no secrets", async () => {
    assert.doesNotMatch(demo.output, /stand-in for an Okta org/);
    const page = await browser.open();
    await page.goto(`${demo.url}/login`);
    assert.ok(!(await page.content()).includes(demo.password));
    await page.goto(`${demo.url}/demo`);
    assert.ok(!(await page.content()).includes(demo.password));
    await page.getByText("not with a live Okta org yet").waitFor();
    await page.getByText("Okta cannot reach").waitFor();
    assert.deepEqual(await obstaclesOn(page, "the guided page"), []);
    assert.equal(
      (await page.request.post(`${demo.url}/demo/reset`, { headers: { origin: demo.url } })).status(),
      404,
    );
  });

  it("ticks off every step as it becomes true", async function () {
    this.timeout(180_000);
    const list = await browser.open();
    await list.goto(`${demo.url}/demo/acme`);
    assert.equal(await list.locator(".is-done").count(), 0);
    assert.equal(await list.locator("[data-tick]:visible").count(), 0, "no tick is visible yet");

    const admin = await browser.open();
    await admin.goto(`${demo.url}/login/password/acme`);
    await admin.getByLabel("Login name").fill("ada@acme.example");
    await admin.getByLabel("Password").fill(demo.password);
    await admin.getByRole("button", { name: "Sign in" }).click();
    await ticked(list, "owner");

    const setUp = await demo.scriptReading(
      "an api token",
      "okta:setup",
      "--",
      "--org",
      org.url,
      "--token-stdin",
    );
    assert.equal(setUp.code, 0);
    await ticked(list, "app");

    const person = addTo(org, { login: "grace@acme.example", firstName: "Grace", lastName: "Hopper" });
    const app = Object.values(org.store.state.apps).find(({ label }) => label.includes("Acme"));
    assert.ok(app);
    await assign(org, app, [person.id]);
    const visitor = await browser.open();
    await visitor.goto(`${demo.url}/oidc/acme/login`);
    await visitor.getByLabel("Username").fill(person.login);
    await visitor.getByRole("button", { name: "Sign In", exact: true }).click();
    await seeSignedIn(visitor, "Grace Hopper");
    await ticked(list, "sign-in");

    const created = await demo.script("admin", "--", "token", "create", "acme", "--json");
    const { token, baseUrl } = JSON.parse(created.stdout) as { token: string; baseUrl: string };
    const shown = await list.locator("#token .value").textContent();
    assert.equal(baseUrl, shown, "the page shows the right URL");
    // Okta's "Header" mode sends the token exactly as the administrator entered it.
    app.provisioning = integration(baseUrl, { token: `Bearer ${token}`, mode: "Header" });
    await org.provisioner.sender(app, "test")("GET", "/Users?startIndex=1&count=2");
    await ticked(list, "token");

    Object.assign(app.assignments[person.id] ?? {}, { state: "pending" });
    await org.provisioner.resume(app);
    await ticked(list, "assign");
    const group = addGroup(org, "Acme Admins", [person.id]);
    await pushGroups(org, app, [group.id]);
    await ticked(list, "group");

    await admin.goto(`${demo.url}/admin/groups`);
    await admin.getByRole("link", { name: "Acme Admins" }).click();
    await admin.getByText("Make its members administrators", { exact: true }).click();
    await admin.getByRole("button", { name: "Make them administrators" }).click();
    await ticked(list, "role");
    await changeMembers(org, group.id, { remove: [person.id] });

    const endpoint = await list.locator("#universal-logout .value").textContent();
    app.universalLogout = { url: endpoint ?? "", subjectFormat: "email" };
    assert.match((await clearSessions(org, person.id, true)).join(), /answered 204/);
    await ticked(list, "universal-logout");
    await unassign(org, app, [person.id]);
    await ticked(list, "deactivate");
    assert.equal(await list.locator(".story > li:not(.is-done)").count(), 0, "every step is done");
  });
});
