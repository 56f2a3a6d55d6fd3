import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import { landingPath } from "../../src/web/home.ts";
import { describeInBrowser, takeSession } from "../helpers/browser.ts";
import { onOneDatabase } from "../helpers/databases.ts";
import { createLocalAccount, testPassword } from "../helpers/people.ts";
import { codeOfShownKey } from "../helpers/second-steps.ts";
import { assertSeen } from "../helpers/seen.ts";
import { useSite } from "../helpers/site.ts";

describeInBrowser("second steps in the browser", (browser) => {
  onOneDatabase((use) => {
    const site = useSite(use);
    let people = 0;
    const newPerson = () => createLocalAccount(site().acme.store, `browser-${++people}@acme.example`);

    /** Gives the page's browser an authenticator with a screen lock (WebAuthn §11). */
    async function plugIn(page: Page) {
      const cdp = await page.context().newCDPSession(page);
      await cdp.send("WebAuthn.enable");
      const { authenticatorId } = await cdp.send("WebAuthn.addVirtualAuthenticator", {
        options: {
          protocol: "ctap2",
          transport: "internal",
          hasResidentKey: true,
          hasUserVerification: true,
          isUserVerified: true,
          automaticPresenceSimulation: true,
        },
      });
      const verify = (isUserVerified: boolean) =>
        cdp.send("WebAuthn.setUserVerified", { authenticatorId, isUserVerified });
      return { verify };
    }
    async function enterPassword(page: Page, loginName: string): Promise<void> {
      await page.goto(`${site().app.url}/login/password/${site().acme.tenant.slug}`);
      await page.getByLabel("Login name").fill(loginName);
      await page.getByLabel("Password").fill(testPassword);
      await page.getByRole("button", { name: "Sign in" }).click();
    }
    const codeField = (page: Page) => page.getByRole("textbox", { name: "Code" });
    const signOut = (page: Page) => page.context().clearCookies();
    const codeOn = async (page: Page) => codeOfShownKey({ text: await page.content() });

    it("a person adds a passkey, signs in with it as the second step, and with it alone", async () => {
      const user = await newPerson();
      const page = await browser.open();
      const device = await plugIn(page);
      await enterPassword(page, user.loginName);
      await page.waitForURL(`**${landingPath}`);
      await page.goto(`${site().app.url}/account`);
      await page.getByRole("link", { name: "Add a passkey" }).click();
      await page.getByLabel("Name").fill("Laptop");
      await page.getByRole("button", { name: "Add the passkey" }).click();
      await assertSeen(page, "The passkey “Laptop” is added.");
      assert.equal((await page.locator("#recovery-codes").innerText()).split("\n").length, 10);

      await signOut(page);
      await enterPassword(page, user.loginName);
      await page.waitForURL("**/login/second-step");
      await page.getByRole("button", { name: "Use a passkey" }).click();
      await page.waitForURL(`**${landingPath}`);

      await signOut(page);
      await page.goto(`${site().app.url}/login?returnTo=/account`);
      await page.getByRole("link", { name: "with a passkey" }).click();
      await page.getByRole("button", { name: "Use a passkey" }).click();
      await page.waitForURL("**/account");
      await page.getByText("Last used").waitFor();

      await signOut(page);
      await device.verify(false);
      await page.goto(`${site().app.url}/login/passkey`);
      await page.getByRole("button", { name: "Use a passkey" }).click();
      await page.getByText("The browser did not give a passkey. Try again.").waitFor();
      assert.equal(
        (await page.context().cookies()).find(({ name }) => name === "session"),
        undefined,
      );
    });

    it("a person removes a passkey after a confirmation", async () => {
      const user = await newPerson();
      const page = await browser.open();
      await plugIn(page);
      await enterPassword(page, user.loginName);
      await page.goto(`${site().app.url}/account/passkeys/new`);
      await page.getByLabel("Name").fill("Key");
      await page.getByRole("button", { name: "Add the passkey" }).click();
      await assertSeen(page, "The passkey “Key” is added.");
      await page.locator("summary", { hasText: "Remove Key" }).click();
      await page.getByRole("button", { name: "Remove now" }).click();
      await assertSeen(page, "The passkey is removed.");
      await signOut(page);
      await enterPassword(page, user.loginName);
      await page.waitForURL(`**${landingPath}`);
    });

    it("a policy makes a person set up an app, and a recovery code lets them in without it", async () => {
      await site().acme.store.sessions.changePolicy({ secondStep: "everyone" });
      const user = await newPerson();
      const page = await browser.open({ viewport: { width: 390, height: 800 } });
      await enterPassword(page, user.loginName);
      await page.waitForURL("**/login/second-step/set-up");
      assert.ok(await page.getByRole("img", { name: "QR code" }).isVisible());
      const width = await page.evaluate<number>("document.documentElement.scrollWidth");
      assert.ok(width <= 390, `${width} px`);
      await codeField(page).fill("000000");
      await page.getByRole("button", { name: "Confirm" }).click();
      await page.getByRole("alert").filter({ hasText: "The code is not right" }).waitFor();
      await codeField(page).fill(await codeOn(page));
      await page.getByRole("button", { name: "Confirm" }).click();
      await assertSeen(page, "Your second step is set up, and you are signed in.");
      const [code = ""] = (await page.locator("#recovery-codes").innerText()).split("\n");
      await page.getByRole("link", { name: "Continue" }).click();
      await page.waitForURL(`**${landingPath}`);

      await signOut(page);
      await enterPassword(page, user.loginName);
      await page.getByLabel("Code").fill(code);
      await page.getByRole("button", { name: "Sign in" }).click();
      await page.waitForURL(`**${landingPath}`);
      await page.goto(`${site().app.url}/account`);
      await page.getByText("9 codes are left.").waitFor();
      await site().acme.store.sessions.changePolicy({ secondStep: "none" });
    });

    it("works without scripts, except for passkeys", async () => {
      const user = await newPerson();
      const page = await browser.open({ javaScriptEnabled: false });
      await takeSession(page, site().app, await site().clientOf(user));
      await page.goto(`${site().app.url}/account/authenticator`);
      await codeField(page).fill(await codeOn(page));
      await page.getByRole("button", { name: "Confirm" }).click();
      await page.getByText("The authenticator app is set up.").waitFor();
      await page.goto(`${site().app.url}/account/passkeys/new`);
      const sentence = page.locator("noscript p");
      await sentence.waitFor();
      assert.match(await sentence.innerText(), /^Passkeys need JavaScript/);
      assert.equal(await page.getByRole("button", { name: "Add the passkey" }).isVisible(), false);
    });
  });
});
