import assert from "node:assert/strict";
import type { Locator, Page } from "playwright-core";
import { brand } from "../../config/brand.ts";
import { inviteOwner } from "../../src/directory/local-accounts.ts";
import { describeInBrowser } from "../helpers/browser.ts";
import { submittedApp } from "../helpers/catalog-app.ts";
import { onOneDatabase } from "../helpers/databases.ts";
import { createTestTenant, testPassword } from "../helpers/people.ts";
import { assertSeen } from "../helpers/seen.ts";
import { type TwoConsoles, useTwoConsoles } from "../helpers/two-consoles.ts";

/** The journey may need this much in the product. */
const most = { clicks: 19, fields: 5 };

/** A customer's administrator in the product's window, whose clicks and fields are counted. */
class Hands {
  readonly page: Page;
  readonly acts: string[] = [];
  fields = 0;

  constructor(page: Page) {
    this.page = page;
  }

  async click(target: Locator): Promise<void> {
    await this.page.bringToFront();
    // The page after the click may no longer have the target.
    this.acts.push((await target.innerText()).trim());
    await target.click();
  }

  button(name: string): Promise<void> {
    return this.click(this.page.getByRole("button", { name, exact: true }));
  }

  async fill(label: string, text: string): Promise<void> {
    await this.page.getByLabel(label, { exact: true }).fill(text);
    this.fields++;
  }

  /** Copies a value with its button. */
  async copy(label: string): Promise<string> {
    await this.page.evaluate("document.getElementById('copy-status')?.remove()");
    await this.button(`Copy ${label}`);
    await this.page.locator("#copy-status", { hasText: "Copied" }).waitFor({ state: "attached" });
    return await this.page.evaluate<string>("navigator.clipboard.readText()");
  }

  /** Follows a link of the navigation, which a phone shows in a sheet. */
  async go(name: string): Promise<void> {
    const link = this.page.getByRole("link", { name, exact: true }).first();
    if (!(await link.isVisible())) await this.button("Menu");
    await this.click(link);
  }

  /** Asserts that a heading of the page is in sight: there is no page in between, and nothing to scroll for. */
  async sees(heading: string): Promise<void> {
    const found = this.page.getByRole("heading", { name: heading, exact: true });
    await found.waitFor();
    await this.page.waitForLoadState();
    const box = (await found.boundingBox()) ?? assert.fail(heading);
    const height = this.page.viewportSize()?.height ?? 0;
    assert.ok(box.y >= 0 && box.y + box.height <= height, `${heading} is at ${box.y} of ${height}`);
  }
}

describeInBrowser("the journey from an empty tenant to the first person in the inspector", (browser) => {
  onOneDatabase((use) => {
    const consoles = useTwoConsoles(browser, use);

    /** A new customer's owner with their first link, and the org's administrator in another tab. */
    async function start(width: number): Promise<{ hands: Hands; okta: Page; link: string }> {
      const { site, org } = consoles();
      const { store } = await createTestTenant(use().database);
      const catalogApp = submittedApp(site.app.url);
      org.store.state.catalog = { [catalogApp.name]: catalogApp };
      const page = await browser.open({ viewport: { width, height: width < 500 ? 844 : 800 } });
      await page.context().grantPermissions(["clipboard-read", "clipboard-write"], { origin: site.app.url });
      const okta = await page.context().newPage();
      const names = { givenName: "Olga", familyName: "Owner" };
      const link = `/setup/${await inviteOwner(store, `olga-${width}@acme.example`, names)}`;
      return { hands: new Hands(page), okta, link: site.app.url + link };
    }

    /** In Okta: adds the app of the catalog with its one value. Returns the path of the app there. */
    async function addFromCatalog(okta: Page, key: string): Promise<string> {
      const { org } = consoles();
      await okta.goto(`${org.url}/admin/apps`);
      await okta.getByText("Browse App Catalog", { exact: true }).click();
      await okta.getByRole("link", { name: brand.productName }).first().click();
      await okta.getByText("Add Integration", { exact: true }).click();
      await okta.getByLabel("Connection ID").fill(key);
      await okta.getByRole("button", { name: "Done" }).click();
      await okta.waitForURL(/\/instance\//);
      return okta.url().replace(/(\/instance\/[^/?#]+).*/, "$1");
    }

    /** In Okta: assigns the test's person. */
    async function assignPerson(okta: Page, app: string): Promise<void> {
      const { ada } = consoles();
      await okta.goto(`${app}/assignments`);
      await okta.getByRole("button", { name: "Assign", exact: true }).click();
      await okta.getByRole("link", { name: "Assign to People" }).click();
      await okta.getByLabel("Search").fill(ada.login);
      await okta.getByRole("button", { name: "Search" }).click();
      await okta.getByRole("button", { name: "Assign Ada Lovelace" }).click();
      await okta.getByRole("button", { name: "Save and Go Back" }).click();
      await okta.getByText("Ada Lovelace is assigned").waitFor();
    }

    /** In Okta: the values that the next step asks for. */
    async function valuesOf(okta: Page, app: string): Promise<{ clientId: string; clientSecret: string }> {
      await okta.goto(`${app}/sign-on`);
      const read = async (id: string) => (await okta.locator(`#${id}`).textContent()) ?? "";
      return { clientId: await read("app-id"), clientSecret: await read("client-secret") };
    }

    /** From the first link to a draft whose values are saved. */
    async function connect(hands: Hands, okta: Page, link: string): Promise<string> {
      const { page } = hands;
      await page.goto(link);
      await hands.fill("New password", testPassword);
      await hands.page.locator("#repeated").fill(testPassword);
      hands.fields++;
      await hands.button("Set password and sign in");
      await assertSeen(page, "Your password is set");
      await hands.go("Admin");
      await hands.click(page.getByRole("link", { name: /^Set up single sign-on/ }));
      await hands.sees("Make two choices");
      await hands.click(page.getByText("Both", { exact: true }));
      await hands.button("Continue");
      await hands.sees("Add the app in Okta");
      const app = await addFromCatalog(okta, await hands.copy("Connection ID"));
      await assignPerson(okta, app);
      const { clientId, clientSecret } = await valuesOf(okta, app);
      await hands.click(page.getByRole("link", { name: "Continue" }));
      await hands.sees("Enter the values from Okta");
      await hands.fill("Issuer", consoles().org.url);
      await hands.fill("Client ID", clientId);
      await hands.fill("Client secret", clientSecret);
      await hands.button("Save and continue");
      await assertSeen(page, "The values are saved. Now test the sign-in.");
      return app;
    }

    /** Tests the sign-in as the org's person, and switches the connection on. */
    async function testAndSwitchOn(hands: Hands, { ada }: TwoConsoles): Promise<void> {
      const { page } = hands;
      await hands.button("Switch the inspector on");
      await assertSeen(page, "The inspector is on for a day");
      await page.waitForLoadState();
      const opened = page.waitForEvent("popup");
      await hands.button("Test sign-in");
      const popup = await opened;
      await popup.getByLabel("Username").fill(ada.login);
      await popup.keyboard.press("Enter");
      await popup.getByRole("heading", { name: "The test has ended" }).waitFor();
      await popup.close();
      await page.locator(".test-result:focus").waitFor();
      const verdicts = await page.locator(".verdicts > .done").allInnerTexts();
      assert.match(verdicts.join("\n"), /understand each other[\s\S]*Ada Lovelace gets in/);
      await hands.button("Review and switch on…");
      await hands.click(page.getByRole("button", { name: "Switch on", exact: true }));
      await assertSeen(page, "The connection is on: people can sign in with it.");
      await hands.sees("What comes next");
    }

    /** Connects provisioning, and has Okta provision the person who was assigned. */
    async function provision(hands: Hands, okta: Page, app: string): Promise<void> {
      const { page } = hands;
      await hands.click(page.getByRole("link", { name: /^Set up provisioning/ }));
      await hands.button("Create a token");
      await page.getByRole("button", { name: "Copy the token" }).waitFor();
      await okta.goto(`${app}/provisioning`);
      await okta.getByRole("button", { name: "Configure API Integration" }).click();
      await okta.getByLabel("Enable API integration").check();
      await okta.getByLabel("API Token").fill(await hands.copy("the token"));
      const baseUrl = okta.getByLabel("Base URL");
      if (await baseUrl.isVisible()) await baseUrl.fill(await hands.copy("Base URL"));
      await okta.getByRole("button", { name: "Test API Credentials" }).click();
      await okta.getByText("was verified successfully").waitFor();
      await okta.getByRole("button", { name: "Save", exact: true }).click();
      await okta.getByText("API Integration is saved").waitFor();
      await okta.goto(`${app}/provisioning/to-app?edit=to-app`);
      for (const name of ["Create Users", "Update User Attributes", "Deactivate Users"])
        await okta.getByLabel(name).check();
      await okta.getByRole("button", { name: "Save", exact: true }).last().click();
      await okta.getByText("To App is saved").waitFor();
      await okta.goto(`${app}/assignments`);
      await okta.getByRole("button", { name: "Provision User" }).first().click();
    }

    for (const width of [1280, 390]) {
      it(`needs at most ${most.clicks} clicks and ${most.fields} fields at a width of ${width}`, async function () {
        this.timeout(240_000);
        const { hands, okta, link } = await start(width);
        const app = await connect(hands, okta, link);
        await testAndSwitchOn(hands, consoles());
        await provision(hands, okta, app);
        await hands.go("Inspector");
        await hands.page
          .getByRole("main")
          .getByText(/Ada Lovelace|ada-\d+@acme\.example/)
          .first()
          .waitFor();
        const { acts, fields } = hands;
        // The report shows what was counted.
        if (this.test) this.test.title += `: ${acts.length} clicks, ${fields} fields`;
        assert.ok(acts.length <= most.clicks, acts.join("; "));
        assert.equal(fields, most.fields);
      });
    }
  });
});
