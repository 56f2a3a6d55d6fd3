import assert from "node:assert/strict";
import type { OrgApp, OrgPerson } from "okta-stand-in/state";
import { addTo, startStandIn, type TestOrg } from "okta-stand-in/testing";
import type { Page } from "playwright-core";
import { describeInBrowser } from "../helpers/browser.ts";
import { addFromCatalog, baseUrlOf, submittedValues } from "../helpers/catalog-app.ts";
import { onOneDatabase } from "../helpers/databases.ts";
import { fieldOf, goTo, guideOf, ownersPage, type Says } from "../helpers/guide-reader.ts";
import { orgOptions } from "../helpers/org.ts";
import { useSite } from "../helpers/site.ts";

/** A customer who has only the guide, and the app that was built from the submission package. */
describeInBrowser("following the guide to SCIM", (browser) => {
  onOneDatabase((use) => {
    const site = useSite(use, orgOptions);
    let org: TestOrg;
    let ada: OrgPerson;
    before(async () => {
      org = await startStandIn();
      ada = addTo(org, { login: "ada@acme.example", firstName: "Ada", lastName: "Lovelace" });
      const group = { id: "00gengineers", name: "Engineers", memberIds: [ada.id] };
      org.store.state.groups[group.id] = group;
    });
    after(() => org.close());

    /** "Create a provisioning token": returns the token. */
    async function createToken(page: Page, says: Says): Promise<string> {
      await goTo(page, says("Admin"), says("Provisioning"));
      await page.getByRole("heading", { name: says("Create a token") }).waitFor();
      assert.equal(await fieldOf(page, says("Source")).inputValue(), "");
      await fieldOf(page, says("Expires after days")).fill("90");
      await page.getByRole("button", { name: says("Create a token") }).click();
      await page.getByRole("heading", { name: says("The new token") }).waitFor();
      return (await page.locator("#token").textContent()) ?? "";
    }

    /** "Enable provisioning in Okta". The integration's own values come from the package, not from the customer. */
    async function enableProvisioning(okta: Page, says: Says, token: string): Promise<void> {
      const values = submittedValues(site().app.url);
      await goTo(okta, says("Provisioning"));
      await okta.getByRole("button", { name: says("Configure API Integration") }).click();
      await okta.getByLabel(says("Enable API integration")).check();
      await okta.getByLabel("Base URL").fill(baseUrlOf(values));
      await okta
        .getByLabel("Authentication mode")
        .selectOption(values.of("SCIM properties", "Authentication mode"));
      await okta.getByLabel(says("API Token")).fill("not the token");
      await okta.getByRole("button", { name: says("Test API Credentials") }).click();
      await okta.getByRole("alert").waitFor();
      await okta.getByLabel(says("API Token")).fill(token);
      await okta.getByRole("button", { name: says("Test API Credentials") }).click();
      await okta.getByText("was verified successfully").waitFor();
      await okta.getByRole("button", { name: says("Save"), exact: true }).click();
      await okta.getByText("API Integration is saved.").waitFor();
      await goTo(okta, says("To App"));
      await okta.getByRole("button", { name: says("Edit"), exact: true }).click();
      for (const name of ["Create Users", "Update User Attributes", "Deactivate Users"]) {
        await okta.getByLabel(says(name)).check();
      }
      await okta
        .getByRole("button", { name: says("Save"), exact: true })
        .last()
        .click();
      await okta.getByText("To App is saved.").waitFor();
    }

    /** "Assign people", also for the second time. */
    async function assign(okta: Page, says: Says, name: string): Promise<void> {
      await goTo(okta, says("Assignments"));
      await okta.getByRole("button", { name: says("Assign"), exact: true }).click();
      await goTo(okta, says("Assign to People"));
      await okta.getByRole("button", { name: `Assign ${name}` }).click();
      await okta.getByRole("button", { name: says("Save and Go Back") }).click();
      await okta.getByText(`${name} is assigned.`).waitFor();
      await okta.getByRole("button", { name: says("Done") }).click();
    }

    /** The cells of a person's row under Admin > People, and the URL of their page. */
    async function personIn(page: Page, says: Says, name: string) {
      await goTo(page, says("Admin"), says("People"));
      const row = page.getByRole("row").filter({ hasText: name });
      const [, state, role, origin] = await row.getByRole("cell").allTextContents();
      const href = await row.getByRole("link").getAttribute("href");
      return { state: state?.trim(), role: role?.trim(), origin: origin?.trim(), href };
    }

    async function changeLastName(okta: Page, lastName: string): Promise<void> {
      await okta.goto(`${org.url}/admin/users/${ada.id}`);
      await okta.getByLabel("Last name").fill(lastName);
      await okta.getByRole("button", { name: "Save", exact: true }).click();
      await okta.getByRole("heading", { name: `Ada ${lastName}` }).waitFor();
    }

    /** The four steps of "Test". */
    async function testProvisioning(page: Page, okta: Page, says: Says, app: OrgApp): Promise<void> {
      const came = await personIn(page, says, "Ada Lovelace");
      const { href, ...cells } = came;
      assert.deepEqual(cells, { state: "Active", role: "member", origin: "Provisioning" });
      await changeLastName(okta, "King");
      assert.deepEqual(await personIn(page, says, "Ada King"), came);
      await okta.goto(`${org.url}/admin/apps/${app.id}/assignments`);
      await okta.getByRole("button", { name: "Actions Ada King" }).click();
      await okta.getByRole("button", { name: "Unassign" }).click();
      await okta.getByText("The person is unassigned").waitFor();
      assert.deepEqual(await personIn(page, says, "Ada King"), { ...came, state: "Deactivated" });
      await assign(okta, says, "Ada King");
      assert.deepEqual(await personIn(page, says, "Ada King"), came);
    }

    /** "Push groups"; returns the text of the group's page in the console. */
    async function pushGroup(page: Page, okta: Page, says: Says): Promise<void> {
      await goTo(okta, says("Push Groups"));
      await okta.getByRole("button", { name: says("Push Groups") }).click();
      await goTo(okta, says("Find groups by name"));
      await okta.getByLabel("Group", { exact: true }).selectOption("Engineers");
      await okta.getByLabel("Match result & push action").selectOption(says("Create Group"));
      await okta.getByRole("button", { name: says("Save"), exact: true }).click();
      await okta.getByText("The group is pushed.").waitFor();
      await goTo(page, says("Admin"), says("Groups"), "Engineers");
      await page.getByText(says("Make its members administrators")).click();
      await page.getByRole("button", { name: "Make them administrators" }).click();
      await page.getByRole("heading", { name: "Role of its members: admin" }).waitFor();
      const { role } = await personIn(page, says, "Ada King");
      assert.equal(role, "admin");
    }

    it("provisions a person and a group", async function () {
      this.timeout(120_000);
      const says = await guideOf(site(), "scim");
      const page = await ownersPage(browser, site());
      const token = await createToken(page, says);
      const app = await addFromCatalog(org, "oidc", submittedValues(site().app.url), "acme-scim", []);
      const okta = await browser.open();
      await okta.goto(`${org.url}/admin/apps`);
      await goTo(okta, app.label);
      await enableProvisioning(okta, says, token);
      await assign(okta, says, "Ada Lovelace");
      await testProvisioning(page, okta, says, app);
      await pushGroup(page, okta, says);
    });
  });
});
