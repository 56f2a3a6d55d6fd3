import assert from "node:assert/strict";
import { addApp, oidcSignOn } from "okta-stand-in/testing";
import type { Page } from "playwright-core";
import { describeInBrowser } from "../helpers/browser.ts";
import { onOneDatabase } from "../helpers/databases.ts";
import { assign, carry, type TwoConsoles, useTwoConsoles } from "../helpers/two-consoles.ts";

describeInBrowser("provisioning set up in the browser, by following the page", (browser) => {
  onOneDatabase((use) => {
    const consoles = useTwoConsoles(browser, use);

    /** Reloads the provisioning page, and returns which of its steps are done. */
    async function stepsDone(page: Page): Promise<string[]> {
      await page.getByRole("navigation", { name: "Administration" }).getByText("Provisioning").click();
      await page.getByRole("heading", { name: "Provisioning", level: 1 }).waitFor();
      await page.waitForLoadState();
      return await page.locator(".steps > .done > h2").allInnerTexts();
    }

    /** "Create a token", "Connect Okta" and "Choose what Okta does". */
    async function connect(page: Page, okta: Page): Promise<void> {
      await page.getByRole("button", { name: "Create a token" }).click();
      await page.getByRole("heading", { name: "The new token" }).waitFor();
      await okta.getByRole("button", { name: "Configure API Integration" }).click();
      await okta.getByLabel("Enable API integration").check();
      await carry(page, "the token", okta, "API Token");
      await carry(page, "Base URL", okta, "Base URL");
      await okta.getByRole("button", { name: "Test API Credentials" }).click();
      await okta.getByText("was verified successfully").waitFor();
      await okta.getByRole("button", { name: "Save", exact: true }).click();
      await okta.getByText("API Integration is saved").waitFor();
      await okta.getByRole("button", { name: "Edit", exact: true }).click();
      for (const name of ["Create Users", "Update User Attributes", "Deactivate Users"]) {
        await okta.getByLabel(name).check();
      }
      await okta.getByRole("button", { name: "Save", exact: true }).last().click();
      await okta.getByText("To App is saved").waitFor();
    }

    /** Follows the page's step to the person, and returns the facts on their page. */
    async function openPerson(page: Page): Promise<string> {
      await stepsDone(page);
      await page.locator(".steps").getByRole("link", { name: "People" }).click();
      await page.getByRole("link", { name: "Ada Lovelace" }).click();
      await page.getByRole("heading", { name: "Ada Lovelace" }).waitFor();
      await page.waitForLoadState();
      return await page.locator("main").innerText();
    }

    async function pushGroup(okta: Page, { org, ada }: TwoConsoles, name: string): Promise<void> {
      await okta.getByRole("navigation", { name: "Admin Console" }).getByText("Groups").click();
      await okta.getByText("Add Group", { exact: true }).click();
      await okta.getByLabel("Name").fill(name);
      await okta.getByRole("button", { name: "Save" }).click();
      await okta.getByText(`The group ${name} is added`).waitFor();
      await okta.getByLabel("Assign person: username").fill(ada.login);
      await okta.getByRole("button", { name: "Assign" }).click();
      await okta.getByText("is a member now").waitFor();
      await okta.goto(`${org.url}/admin/apps`);
      await okta.getByRole("link", { name: "Test App" }).click();
      await okta.getByRole("link", { name: "Push Groups" }).click();
      await okta.getByRole("button", { name: "Push Groups" }).click();
      await okta.getByRole("link", { name: "Find groups by name" }).click();
      await okta.getByLabel("Group", { exact: true }).selectOption(name);
      await okta.getByRole("button", { name: "Save", exact: true }).click();
      await okta.getByRole("link", { name }).waitFor();
    }

    it("from nothing to a provisioned person, a pushed group and a deactivation", async () => {
      const { org, ada, openBoth } = consoles();
      const app = addApp(org, oidcSignOn("http://127.0.0.1:9/not-set-yet"));
      const { page, okta } = await openBoth();
      await page.goto(`${consoles().site.app.url}/admin`);
      await page.getByRole("link", { name: "Set up provisioning" }).click();
      await page.getByText("Okta has not called yet").waitFor();
      await okta.goto(`${org.url}/admin/apps`);
      await okta.getByRole("link", { name: app.label }).click();
      await okta.getByRole("link", { name: "Provisioning" }).click();
      await connect(page, okta);
      await page.bringToFront();
      await page.locator(".steps > .done > h2", { hasText: "Connect Okta" }).waitFor();
      assert.equal(await page.getByText("Okta has not called yet").count(), 0, "the state came by itself");
      await page.getByRole("heading", { name: "The new token" }).waitFor();
      assert.deepEqual(await stepsDone(page), ["Create a token", "Connect Okta"]);

      await assign(okta, app, consoles());
      const person = await openPerson(page);
      for (const part of [ada.login, "Okta manages this account by provisioning", "Active"]) {
        assert.ok(person.includes(part), person);
      }

      await pushGroup(okta, consoles(), "Everybody");
      await stepsDone(page);
      await page.locator(".steps").getByRole("link", { name: "Groups" }).click();
      await page.getByRole("link", { name: "Everybody" }).click();
      await page.getByText("Make its members administrators").click();
      await page.getByRole("button", { name: "Make them administrators" }).click();
      assert.match(await openPerson(page), /Role: Admin\s+Admin: member of the group Everybody/);

      await okta.getByRole("link", { name: "Assignments" }).click();
      await okta.getByRole("button", { name: "Actions Ada Lovelace" }).click();
      await okta.getByRole("button", { name: "Unassign" }).click();
      await okta.getByRole("dialog").getByRole("button", { name: "Unassign" }).click();
      await okta.getByText("was told to deactivate them").waitFor();
      assert.match(await openPerson(page), /Deactivated by Okta/);
      const done = await stepsDone(page);
      assert.deepEqual(done.slice(0, 3), ["Create a token", "Connect Okta", "Assign people"]);
      assert.match(done[3] ?? "", /^Push groups/);
      assert.match(await page.locator("main").innerText(), /1 person provisioned[\s\S]*1 group pushed/);
    });
  });
});
