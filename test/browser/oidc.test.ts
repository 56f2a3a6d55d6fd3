import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import { addDomain } from "../../src/directory/tenants.ts";
import type { Connection } from "../../src/model.ts";
import { landingPath } from "../../src/web/home.ts";
import { describeInBrowser, signOut } from "../helpers/browser.ts";
import { onOneDatabase } from "../helpers/databases.ts";
import { type OpenIdProvider, startOpenIdProvider } from "../helpers/openid-provider.ts";
import { connectOrg, orgOptions } from "../helpers/org.ts";
import { useSite } from "../helpers/site.ts";

/** The details on the account page. */
async function factsOf(page: Page): Promise<(string | null)[]> {
  const fact = (name: string) =>
    page.locator("dl.fact-grid > div").filter({ hasText: name }).first().locator("dd").textContent();
  return [await fact("First name"), await fact("Last name"), await fact("E-mail")];
}

describeInBrowser("single sign-on in the browser, with the provider on another site", (browser) => {
  onOneDatabase((use) => {
    const site = useSite(use, orgOptions);
    let op: OpenIdProvider;
    let connection: Connection;
    before(async () => {
      op = await startOpenIdProvider();
      op.showsButton = true;
      op.define({ sub: "00u-ada", email: "ada@acme.example" });
      const { acme, app } = site();
      connection = await connectOrg(op, { baseUrl: app.url, tenant: acme }, { signOutOfProvider: true });
      await acme.store.domains.markVerified(await addDomain(acme.store, "acme.example"));
      op.intercept = (req, res) => req.url === "/dashboard" && showDashboard(res);
    });
    after(() => op.close());

    function showDashboard(res: Parameters<NonNullable<OpenIdProvider["intercept"]>>[1]): boolean {
      const action = `${site().app.url}/oidc/${connection.key}/initiate`;
      const query = new URLSearchParams({ iss: op.issuer, target_link_uri: `${site().app.url}/account` });
      res.setHeader("content-type", "text/html");
      res.end(
        `<!doctype html><title>Org</title><link rel=icon href="data:,"><a href="${action}?${query}">Tile</a>
        <form method=post action="${action}"><input type=hidden name=iss value="${op.issuer}"><button>Form</button></form>`,
      );
      return true;
    }

    it("a person signs in by e-mail address, sees their names, and signs out on both sites", async () => {
      const page = await browser.open();
      await page.goto(`${site().app.url}/account`);
      await page.getByLabel("Work e-mail").fill("ada@acme.example");
      await page.keyboard.press("Enter");
      await page.getByRole("button", { name: "Sign in to the org" }).click();
      await page.waitForURL(`${site().app.url}/account`);
      assert.deepEqual(await factsOf(page), ["Ada", "Lovelace", "ada@acme.example"]);
      await signOut(page);
      await page.getByRole("button", { name: "Sign out of the org" }).click();
      await page.waitForURL(`${site().app.url}/signed-out`);
      await page.goto(`${site().app.url}/account`);
      assert.equal(await page.locator("h1").textContent(), "Sign in");
    });

    it("a tile on the provider's dashboard signs in, also when already signed in", async () => {
      const page = await browser.open();
      await page.goto(`${op.issuer}/dashboard`);
      await page.getByRole("link", { name: "Tile" }).click();
      await page.getByRole("button", { name: "Sign in to the org" }).click();
      await page.waitForURL(`${site().app.url}/account`);
      assert.deepEqual(await factsOf(page), ["Ada", "Lovelace", "ada@acme.example"]);
      await page.goto(`${op.issuer}/dashboard`);
      await page.getByRole("link", { name: "Tile" }).click();
      await page.waitForURL(`${site().app.url}/account`);
    });

    it("a tile that posts a form signs in", async () => {
      const page = await browser.open();
      await page.goto(`${op.issuer}/dashboard`);
      await page.getByRole("button", { name: "Form" }).click();
      await page.getByRole("button", { name: "Sign in to the org" }).click();
      await page.waitForURL(site().app.url + landingPath);
    });
  });
});
