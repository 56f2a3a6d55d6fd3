import assert from "node:assert/strict";
import type { OrgApp, OrgPerson } from "okta-stand-in/state";
import { addTo, startStandIn, type TestOrg } from "okta-stand-in/testing";
import type { Page } from "playwright-core";
import { landingPath } from "../../src/web/home.ts";
import { describeInBrowser } from "../helpers/browser.ts";
import { addFromCatalog, submittedValues } from "../helpers/catalog-app.ts";
import { onOneDatabase } from "../helpers/databases.ts";
import { fieldOf, goTo, guideOf, ownersPage, type Says } from "../helpers/guide-reader.ts";
import { orgOptions } from "../helpers/org.ts";
import { useSite } from "../helpers/site.ts";

/** A customer who has only the guide, and the app that was built from the submission package. */
describeInBrowser("following the guides", (browser) => {
  onOneDatabase((use) => {
    const site = useSite(use, orgOptions);
    let org: TestOrg;
    before(async () => {
      org = await startStandIn();
    });
    after(() => org.close());

    /** "Create the connection": returns the Connection ID. */
    async function createConnection(page: Page, says: Says, protocol: string, key: string): Promise<string> {
      await goTo(page, says("Admin"), says("Connections"));
      await page
        .getByRole("link", { name: says("Add a connection") })
        .first()
        .click();
      await page.getByRole("radio", { name: says(protocol) }).check();
      await page.getByLabel(says("Connection ID")).fill(key);
      await page.getByRole("button", { name: says("Create a draft") }).click();
      await page.locator("#copy-key").waitFor();
      await page.waitForLoadState();
      return (await page.locator("#copy-key").textContent()) ?? "";
    }

    /** Values of an app in Okta's Admin Console, by label. */
    async function shownByOkta(app: OrgApp, tab: string, label: string): Promise<string> {
      const page = await browser.open();
      await page.goto(`${org.url}/admin/apps/${app.id}${tab}`);
      const value = page.locator(".field", { hasText: label }).locator("code.value").first();
      const shown = (await value.textContent()) ?? "";
      await page.close();
      return shown;
    }

    async function signInAtOkta(page: Page, person: OrgPerson): Promise<void> {
      await page.getByLabel("Username").fill(person.login);
      await page.getByRole("button", { name: "Sign In", exact: true }).click();
    }

    /** "Save", "Test, then switch on". */
    async function testAndSwitchOn(page: Page, says: Says, person: OrgPerson): Promise<void> {
      await page.getByRole("button", { name: says("Save"), exact: true }).click();
      await page.getByText("The values are saved").waitFor();
      // The script polls for a result only if it has seen the test start.
      await page.waitForLoadState();
      const [window] = await Promise.all([
        page.waitForEvent("popup"),
        page.getByRole("button", { name: says("Test sign-in") }).click(),
      ]);
      await signInAtOkta(window, person);
      await page.getByText("The sign-in works.").waitFor();
      await window.close();
      await page.getByRole("button", { name: says("Review and switch on…"), exact: true }).click();
      await page.getByRole("button", { name: says("Switch on"), exact: true }).click();
      await page.getByText("The connection is on").first().waitFor();
    }

    /** The sign-in URL, from the guide with the customer's own values. */
    async function signInAddress(page: Page): Promise<string> {
      await page.getByRole("link", { name: "The guide for this connection" }).click();
      const step = page.getByRole("listitem").filter({ hasText: "From now on people sign in at" });
      return (await step.locator("code").first().textContent()) ?? "";
    }

    async function assertSignedIn(page: Page, { firstName, lastName, email }: OrgPerson): Promise<void> {
      await page.goto(`${site().app.url}/account`);
      const fact = (name: string) =>
        page.locator("dl.rows > div").filter({ hasText: name }).first().locator("dd").textContent();
      assert.deepEqual(
        [await fact("First name"), await fact("Last name"), await fact("E-mail")],
        [firstName, lastName, email],
      );
    }

    /** SP-initiated, from the tile, and then Universal Logout. */
    async function useConnection(address: string, app: OrgApp, person: OrgPerson): Promise<void> {
      const page = await browser.open();
      await page.goto(address);
      await signInAtOkta(page, person);
      await page.waitForURL(site().app.url + landingPath);
      await assertSignedIn(page, person);
      await page.getByRole("button", { name: "Sign out", exact: true }).click();
      await page.getByRole("heading", { name: "You are signed out" }).waitFor();
      await page.goto(`${org.url}/app/UserHome`);
      if (page.url().includes("/login")) await signInAtOkta(page, person);
      await page.getByRole("link", { name: app.label }).click();
      await page.waitForURL(site().app.url + landingPath);
      await assertSignedIn(page, person);
      const admin = await browser.open();
      await admin.goto(`${org.url}/admin/users/${person.id}`);
      await admin.getByRole("button", { name: "More Actions" }).click();
      await admin.getByRole("link", { name: "Clear User Sessions" }).click();
      await admin.getByLabel("Also include logout enabled apps").check();
      await admin.getByRole("button", { name: "Clear and revoke" }).click();
      await admin.getByText("answered 204: the person is signed out there").waitFor();
      await page.goto(`${site().app.url}/account`);
      assert.match(page.url(), /\/login/);
    }

    it("sets OIDC up: sign-in from here, from the tile, and Universal Logout", async function () {
      this.timeout(120_000);
      const says = await guideOf(site(), "oidc");
      const person = addTo(org, { login: "ada@acme.example", firstName: "Ada", lastName: "Lovelace" });
      const page = await ownersPage(browser, site());
      const key = await createConnection(page, says, "OpenID Connect", "acme-oidc");
      const app = await addFromCatalog(org, "oidc", submittedValues(site().app.url), key, [person]);
      await fieldOf(page, says("Issuer")).fill(await shownByOkta(app, "/sign-on", "Issuer"));
      await fieldOf(page, says("Client ID")).fill(await shownByOkta(app, "", "Client ID"));
      await fieldOf(page, says("Client secret")).fill(await shownByOkta(app, "", "Client secret"));
      await page.getByLabel(says("Create accounts at the first sign-in")).check();
      await page.getByText(says("More options")).click();
      await page.getByLabel(says("Signing out here signs out of Okta, too")).check();
      await testAndSwitchOn(page, says, person);
      await useConnection(await signInAddress(page), app, person);
    });

    it("sets SAML up: sign-in from here, from the tile, and Universal Logout", async function () {
      this.timeout(120_000);
      const says = await guideOf(site(), "saml");
      const person = addTo(org, { login: "grace@acme.example", firstName: "Grace", lastName: "Hopper" });
      const page = await ownersPage(browser, site());
      const key = await createConnection(page, says, "SAML 2.0", "acme-saml");
      const app = await addFromCatalog(org, "saml", submittedValues(site().app.url), key, [person]);
      await fieldOf(page, says("Metadata URL")).fill(await shownByOkta(app, "/sign-on", "Metadata URL"));
      await page.getByRole("button", { name: says("Read"), exact: true }).click();
      await page.getByText(says("Universal Logout"), { exact: true }).first().click();
      await fieldOf(page, says("App instance ID")).fill(await shownByOkta(app, "", "App instance ID"));
      await fieldOf(page, says("Org URL")).fill(org.url);
      await page.getByLabel(says("Create accounts at the first sign-in")).check();
      await testAndSwitchOn(page, says, person);
      await useConnection(await signInAddress(page), app, person);
    });
  });
});
