import assert from "node:assert/strict";
import { landingPath } from "../../src/web/home.ts";
import { describeInBrowser, openAccountMenu, tabTo } from "../helpers/browser.ts";
import { onOneDatabase } from "../helpers/databases.ts";
import { createLocalAccount, createTestTenant, testPassword } from "../helpers/people.ts";
import { assertSeen } from "../helpers/seen.ts";
import { useSite } from "../helpers/site.ts";

describeInBrowser("two organisations in the browser", (browser) => {
  onOneDatabase((use) => {
    const site = useSite(use);

    it("are signed in to, switched and left by keyboard on a phone, and the other tab's form is refused", async () => {
      const { acme, app } = site();
      const beta = await createTestTenant(use().database);
      const name = "ada@acme.example";
      for (const { store } of [acme, beta]) await createLocalAccount(store, name);
      const page = await browser.open({ viewport: { width: 390, height: 844 } });
      const signIn = async (slug: string) => {
        await page.goto(`${app.url}/login/password/${slug}`);
        await page.getByLabel("Login name").fill(name);
        await page.getByLabel("Password", { exact: true }).fill(testPassword);
        await page.keyboard.press("Enter");
        await page.waitForURL(`**${landingPath}`);
      };
      await signIn(acme.tenant.slug);
      const otherTab = await page.context().newPage();
      await otherTab.goto(`${app.url}/account`);
      await signIn(beta.tenant.slug);
      assert.equal(await page.locator(".where").textContent(), beta.tenant.name);

      await otherTab.getByLabel("Current password").fill(testPassword);
      for (const label of ["New password", "Confirm password"])
        await otherTab.getByLabel(label, { exact: true }).fill("another long password of ada");
      await otherTab.keyboard.press("Enter");
      await otherTab.getByText("Nothing was changed").waitFor();
      await otherTab.goBack();

      await openAccountMenu(page);
      if (process.env.SHOTS) await page.screenshot({ path: `${process.env.SHOTS}/menu.png` });
      await tabTo(page, /^Switch to /);
      await page.keyboard.press("Enter");
      await assertSeen(page, `You are in ${acme.tenant.name} now.`);
      await openAccountMenu(page);
      await tabTo(page, "Sign out of all organisations");
      await page.keyboard.press("Enter");
      await page.waitForURL("**/signed-out");
      assert.equal((await page.request.get(`${app.url}/me`)).status(), 401);
    });
  });
});
