import assert from "node:assert/strict";
import type { BrowserContextOptions, Locator, Page } from "playwright-core";
import { paths } from "../../src/endpoints.ts";
import { describeInBrowser, openAccountMenu, tabTo, takeSession } from "../helpers/browser.ts";
import { onOneDatabase } from "../helpers/databases.ts";
import { useSite } from "../helpers/site.ts";

const phone = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };
const desktop = { viewport: { width: 1280, height: 800 } };

async function heightOf(part: Locator): Promise<number> {
  return (await part.boundingBox())?.height ?? assert.fail("it is not visible");
}

describeInBrowser("the frame of the pages", (browser) => {
  onOneDatabase((use) => {
    const site = useSite(use);

    async function open(path: string, options: BrowserContextOptions): Promise<Page> {
      const page = await browser.open(options);
      await takeSession(page, site().app, await site().clientOf(site().owner));
      await page.goto(site().app.url + path);
      return page;
    }

    it("has a skip link that leads past the header and the console's sections", async () => {
      const page = await open(paths.admin.people, desktop);
      await page.keyboard.press("Tab");
      await page.getByRole("link", { name: "Skip to the content" }).press("Enter");
      await page.keyboard.press("Tab");
      await page.locator("main :focus").waitFor();
      assert.equal(await page.locator("main").getByRole("link", { name: "Connections" }).count(), 0);
    });

    it("has an account menu that works without a script, and that Escape and a click elsewhere close", async () => {
      const page = await open(paths.admin.people, { ...desktop, javaScriptEnabled: false });
      const account = page.getByRole("link", { name: "Account", exact: true });
      await openAccountMenu(page);
      await account.waitFor();
      await page.keyboard.press("Escape");
      await account.waitFor({ state: "hidden" });
      await openAccountMenu(page);
      await account.waitFor();
      await page.locator("h1").click();
      await account.waitFor({ state: "hidden" });
      await openAccountMenu(page);
      await tabTo(page, "Account");
      await page.keyboard.press("Enter");
      await page.waitForURL("**/account");
    });

    it("is a bar of 56 pixels on a phone, with the sections in a sheet that needs no script", async () => {
      const page = await open(paths.admin.people, { ...phone, javaScriptEnabled: false });
      const header = page.locator("header");
      assert.equal(await heightOf(header.locator("> div")), 56);
      const [bar, title] = [await header.boundingBox(), await page.locator("h1").boundingBox()];
      assert.ok(bar && title && title.y - (bar.y + bar.height) < 48, "the title is next");
      const groups = page.getByRole("navigation", { name: "Administration" }).getByText("Groups");
      await groups.waitFor({ state: "hidden" });
      await page.getByRole("button", { name: "Menu" }).tap();
      await groups.tap();
      await page.waitForURL(`**${paths.admin.groups}`);
      await page.getByRole("heading", { level: 1, name: /^Groups/ }).waitFor();
    });

    it("shows the sections in groups on a wide screen, each in at most 36 pixels", async () => {
      const page = await open(paths.admin.people, desktop);
      const sections = page.getByRole("navigation", { name: "Administration" });
      for (const group of ["Sign-in", "Directory", "Observe"]) await sections.getByText(group).waitFor();
      const links = await sections.getByRole("link").all();
      assert.equal(links.length, 12);
      for (const link of links) assert.ok((await heightOf(link)) <= 36);
      await sections.locator("[aria-current=page]").getByText("People").waitFor();
    });

    for (const [device, options, height] of [
      ["a mouse", desktop, 36],
      ["fingers", phone, 44],
    ] as const) {
      it(`has controls of ${height} pixels in the console for ${device}`, async () => {
        const page = await open(paths.admin.domains, options);
        assert.equal(await heightOf(page.getByLabel("E-mail domain")), height);
        assert.equal(await heightOf(page.getByRole("button", { name: "Add domain" })), height);
      });
    }
  });
});
