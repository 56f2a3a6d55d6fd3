import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import { endSessions } from "../../src/directory/access.ts";
import { inviteOwner } from "../../src/directory/local-accounts.ts";
import { addDomain } from "../../src/directory/tenants.ts";
import { landingPath } from "../../src/web/home.ts";
import { describeInBrowser, openAccountMenu, signOut, tabTo, takeSession } from "../helpers/browser.ts";
import { onOneDatabase } from "../helpers/databases.ts";
import { testPassword } from "../helpers/people.ts";
import { useSite } from "../helpers/site.ts";

const heading = (page: Page) => page.locator("h1").textContent();

describeInBrowser("in the browser", (browser) => {
  onOneDatabase((use) => {
    const site = useSite(use);
    before(async () => {
      const { store } = site().acme;
      await store.domains.markVerified(await addDomain(store, "acme.example"));
    });

    it("an owner signs in, works and signs out with the keyboard only", async () => {
      const page = await browser.open();
      await page.goto(`${site().app.url}/account?x=1`);
      assert.equal(await heading(page), "Sign in");
      await page.locator("#email:focus").waitFor();
      await page.keyboard.type("owner@acme.example");
      await page.keyboard.press("Enter");
      await page.getByLabel("Password").waitFor();
      assert.equal(await page.getByLabel("Login name").inputValue(), "owner@acme.example");
      await page.locator("#password:focus").waitFor();
      await page.keyboard.type(testPassword);
      await page.keyboard.press("Enter");
      await page.waitForURL("**/account?x=1");

      const elsewhere = await site().clientOf(site().owner);
      await openAccountMenu(page);
      await tabTo(page, "Account");
      await page.keyboard.press("Enter");
      await page.locator(".devices > li").nth(1).waitFor();
      await tabTo(page, "Sign out everywhere else");
      await page.keyboard.press("Enter");
      await page.getByRole("status").filter({ hasText: "You are signed out everywhere else." }).waitFor();
      assert.equal((await elsewhere.get("/me")).status, 401);

      await openAccountMenu(page);
      await tabTo(page, "Sign out");
      await page.keyboard.press("Enter");
      await page.waitForURL("**/signed-out");
      await page.goto(`${site().app.url}/account`);
      assert.equal(await heading(page), "Sign in");
    });

    it("a person with a set-up link sets a password and is signed in", async () => {
      const token = await inviteOwner(site().acme.store, "invited@acme.example");
      const page = await browser.open();
      await page.goto(`${site().app.url}/setup/${token}`);
      const [first, second] = [page.locator("#password"), page.locator("#repeated")];
      await first.fill("four words make one");
      await second.fill("five words make one");
      await page.keyboard.press("Enter");
      await page.getByRole("alert").filter({ hasText: "The two passwords are not the same." }).waitFor();
      await first.fill("four words make one");
      await second.fill("four words make one");
      await page.keyboard.press("Enter");
      await page.waitForURL(`**${landingPath}`);
      await page.getByText("Your password is set, and you are signed in.").waitFor();
    });

    it("a person whose session has ended is sent to sign in at the next click, and returns", async () => {
      const page = await browser.open();
      await takeSession(page, site().app, await site().clientOf(site().owner));
      await page.goto(`${site().app.url}/account?x=1`);
      assert.equal(await heading(page), "Your account");
      await endSessions(site().acme.store, site().owner.id);
      await openAccountMenu(page);
      await page.getByRole("link", { name: "Account", exact: true }).click();
      await page.getByText("Your organisation ended your session.").waitFor();
      await page.getByLabel("Work e-mail").fill("owner@acme.example");
      await page.keyboard.press("Enter");
      await page.getByLabel("Password").fill(testPassword);
      await page.keyboard.press("Enter");
      await page.waitForURL("**/account");
    });

    it("an unknown domain keeps the person on the page, with their address and the way on in sight", async () => {
      const page = await browser.open({ viewport: { width: 390, height: 844 } });
      await page.goto(`${site().app.url}/login`);
      await page.getByLabel("Work e-mail").fill("nobody@unknown.example");
      await page.keyboard.press("Enter");
      const problem = page.getByRole("alert").filter({ hasText: "We don’t know unknown.example." });
      await problem.waitFor();
      assert.equal(new URL(page.url()).pathname, "/login");
      const field = page.getByLabel("Work e-mail");
      assert.equal(await field.inputValue(), "nobody@unknown.example");
      assert.equal(await page.evaluate("document.activeElement.id"), "email");
      await problem.getByRole("link", { name: "sign in with a password" }).click();
      await page.getByLabel("Organisation").waitFor();
    });

    it("the back button shows no private page after signing out", async () => {
      await site().acme.store.users.update(site().owner.id, { givenName: "Private name" });
      const page = await browser.open();
      await takeSession(page, site().app, await site().clientOf(await currentOwner()));
      await page.goto(`${site().app.url}/account`);
      await page.getByText("Private name").first().waitFor();
      await signOut(page);
      await page.waitForURL("**/signed-out");
      await page.goBack();
      await page.getByRole("heading", { name: "Sign in" }).waitFor();
      assert.ok(!(await page.content()).includes("Private name"));
    });

    /** Signs the owner in with the current access epoch of the database. */
    async function currentOwner() {
      const owner = await site().acme.store.users.byId(site().owner.id);
      assert.ok(owner);
      return owner;
    }
  });
});
