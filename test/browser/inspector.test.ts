import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import { createToken } from "../../src/directory/provisioning-tokens.ts";
import type { User } from "../../src/model.ts";
import { describeInBrowser, takeSession } from "../helpers/browser.ts";
import { onOneDatabase } from "../helpers/databases.ts";
import { inAnHour, newMessage } from "../helpers/messages.ts";
import { createLocalAccount } from "../helpers/people.ts";
import { oktaUser, scimClient } from "../helpers/scim.ts";
import { useSite } from "../helpers/site.ts";

/** Runs in the page: the numbers of the message's lines that a button covers. */
const linesBelowButtons = `[...document.querySelectorAll("button[data-copy]")].flatMap((button) => {
  const range = document.createRange();
  range.selectNodeContents(document.getElementById(button.dataset.copy));
  const place = button.getBoundingClientRect();
  return [...range.getClientRects()].filter(({ left, right, top, bottom }) =>
    left < place.right && right > place.left && top < place.bottom && bottom > place.top);
})`;

describeInBrowser("the inspector in the browser", (browser) => {
  onOneDatabase((use) => {
    const site = useSite(use, { insecureAllowPrivateNetwork: true });

    async function open(who: User = site().owner): Promise<Page> {
      const page = await browser.open();
      await takeSession(page, site().app, await site().clientOf(who));
      await page.goto(`${site().app.url}/admin/inspector`);
      return page;
    }
    const add = (step: string) => site().acme.store.inspector.add([newMessage({ step })], 0);

    it("is switched on, shows a call as it arrives, and links to the file that handled it", async () => {
      const page = await open();
      await page.getByRole("button", { name: "Switch on" }).click();
      await page.getByText("Live: new messages appear by themselves.").waitFor();
      await page.waitForTimeout(1_100);
      const { token } = await createToken(site().acme.store);
      await scimClient(site().app, token).send("POST", "/Users", oktaUser("ada@acme.example"));
      await page.getByRole("link", { name: "POST /Users" }).click();
      await page.getByText("The provisioning token is known").waitFor();
      await page.getByText('"password": "[redacted]"').waitFor();
      await page.getByRole("link", { name: "src/scim/users.ts" }).click();
      await page.getByText("export function scimUsers(").waitFor();
      assert.equal(
        (await page.goto(`${site().app.url}/admin/inspector/source?file=package.json`))?.status(),
        404,
      );
    });

    it("continues after the end of a stream, pauses, and fetches missed messages", async () => {
      const page = await open();
      await add("first");
      await page.getByRole("link", { name: "first" }).waitFor();
      await page.getByRole("button", { name: "Pause" }).click();
      await add("meanwhile");
      await page.waitForTimeout(1_500);
      assert.equal(await page.getByRole("link", { name: "meanwhile" }).count(), 0);
      await page.getByRole("button", { name: "Pause" }).click();
      await page.getByRole("link", { name: "meanwhile" }).waitFor();
      // A stream lasts ten seconds.
      await page.waitForTimeout(10_500);
      await add("later");
      await page.getByRole("link", { name: "later" }).waitFor();
      assert.equal(await page.getByRole("link", { name: "first" }).count(), 1, "there are no duplicates");
    });

    it("does not cover a message with its copy button", async () => {
      const response = { head: ["200 OK"], json: { long: "text ".repeat(200) } };
      await site().acme.store.inspector.recordUntil(inAnHour());
      await site().acme.store.inspector.add([newMessage({ step: "a long one", response })], 0);
      const page = await open();
      await page.getByRole("link", { name: "a long one" }).click();
      await page.getByRole("button", { name: "Copy the answer's JSON" }).waitFor();
      assert.deepEqual(await page.evaluate(linesBelowButtons), []);
    });

    it("stops for a person who has lost the role", async () => {
      const { store } = site().acme;
      const admin = await createLocalAccount(store, "leaving@acme.example", "admin");
      const page = await open(admin);
      await page.getByText("Live: new messages appear by themselves.").waitFor();
      await store.roles.revoke(admin.id, "admin");
      await page.getByText("No longer live. Reload the page.").waitFor();
    });

    it("asks before it deletes everything, and works with the keyboard", async () => {
      await add("to be deleted");
      const page = await open();
      await page.getByText("Delete all", { exact: true }).focus();
      await page.keyboard.press("Enter");
      await page.keyboard.press("Tab");
      await page.keyboard.press("Enter");
      await page.getByText("All recorded messages are deleted.").waitFor();
      assert.deepEqual(await site().acme.store.inspector.page({}, null, 1), []);
    });

    it("is a list with a reload link without JavaScript", async () => {
      await site().acme.store.inspector.recordUntil(inAnHour());
      const page = await browser.open({ javaScriptEnabled: false });
      await takeSession(page, site().app, await site().clientOf(site().owner));
      await page.goto(`${site().app.url}/admin/inspector`);
      assert.equal(await page.getByRole("button", { name: "Pause" }).count(), 0);
      await add("without script");
      await page.getByRole("link", { name: "Reload" }).click();
      await page.getByRole("link", { name: "without script" }).waitFor();
    });
  });
});
