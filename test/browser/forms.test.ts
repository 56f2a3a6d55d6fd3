import assert from "node:assert/strict";
import type { BrowserContextOptions, Page } from "playwright-core";
import { describeInBrowser, tabTo, takeSession } from "../helpers/browser.ts";
import { onOneDatabase } from "../helpers/databases.ts";
import { createLocalAccount } from "../helpers/people.ts";
import { assertSeen } from "../helpers/seen.ts";
import { useSite } from "../helpers/site.ts";

const desk = { viewport: { width: 1280, height: 800 } };
const phone = { viewport: { width: 390, height: 844 } };
const sizes: [string, BrowserContextOptions][] = [
  ["a desk", desk],
  ["a phone", phone],
];

/** In the page: the colours with which a part stands out. */
const look = (selector: string) => `(() => {
  const { backgroundColor, borderTopColor } = getComputedStyle(document.querySelector(${JSON.stringify(selector)}));
  return { backgroundColor, borderTopColor };
})()`;

/** In the page: a neutral notice and a badge in a step that is done, and the same outside. */
const nestedTones = `(() => {
  const parts = '<p class="notice">A question</p><span class="badge">A badge</span>';
  const main = document.querySelector("main");
  main.insertAdjacentHTML("beforeend", '<div id="plain">' + parts + '</div>');
  main.insertAdjacentHTML("beforeend", '<ol class="steps"><li class="done" id="step">' + parts + '</li></ol>');
  const colours = (id) => [...document.querySelectorAll("#" + id + " > *")].map((one) => {
    const { backgroundColor, borderTopColor, color } = getComputedStyle(one);
    return [backgroundColor, borderTopColor, color];
  });
  return [colours("plain"), colours("step")];
})()`;

describeInBrowser("forms that answer", (browser) => {
  onOneDatabase((use) => {
    const site = useSite(use);

    async function open(path: string, options: BrowserContextOptions = desk): Promise<Page> {
      const page = await browser.open(options);
      await takeSession(page, site().app, await site().clientOf(site().owner));
      await page.goto(site().app.url + path);
      return page;
    }
    const tokens = async () => (await site().acme.store.tokens.list()).length;

    for (const [where, size] of sizes) {
      it(`show a new token once, at its step and in a panel that stands out, on ${where}`, async () => {
        const page = await open("/admin/provisioning", size);
        const before = await tokens();
        await page.getByRole("button", { name: "Create a token" }).click();
        await assertSeen(page, "The token is created. Copy it now: it is shown only once.");
        const token = page.locator("#token");
        assert.match(await token.innerText(), /^oinscim_/);
        const box = (await token.boundingBox()) ?? assert.fail();
        assert.ok(box.y + box.height < (size.viewport?.height ?? 0), "the token is in the viewport");
        assert.notDeepEqual(await page.evaluate(look(".new-secret")), await page.evaluate(look("ol.card")));
        assert.equal(await page.locator(".steps > li:has(#token) h2").innerText(), "Create a token");
        assert.equal(new URL(page.url()).pathname, "/admin/provisioning");
        await page.reload();
        assert.equal(await token.count(), 0);
        assert.equal(await tokens(), before + 1, "a reload creates none");
        await page.getByText("It was shown once, when it was created").first().waitFor();
      });

      it(`lead to the first wrong field and keep what was entered, on ${where}`, async () => {
        const page = await open("/admin/provisioning", size);
        await page.getByLabel("Source", { exact: true }).fill("Entra");
        await page.getByLabel("Expires after days").fill("soon");
        await page.getByRole("button", { name: "Create a token" }).click();
        await assertSeen(page, "A token must expire after a whole number of days, 1 to 3650.");
        assert.match(await page.title(), /^Error: Provisioning/);
        assert.equal(await page.evaluate("document.activeElement.id"), "days");
        assert.equal(await page.getByLabel("Source", { exact: true }).inputValue(), "Entra");
        await page.getByRole("link", { name: "Expires after days" }).click();
        assert.equal(await page.evaluate("document.activeElement.id"), "days");
      });

      it(`say far down on a long page what they did, where they did it, on ${where}`, async () => {
        const { store } = site().acme;
        const user = await createLocalAccount(store, `blocked-on-${where.slice(2)}@acme.example`);
        const page = await open(`/admin/people/${user.id}`, size);
        await page.getByText("Block", { exact: true }).click();
        await page.getByRole("button", { name: "Block now" }).click();
        await assertSeen(page, "is blocked and signed out everywhere.");
        assert.equal(await page.locator("section:has(.answer) h2").first().innerText(), "Access");
      });

      it(`say what others changed, and keep what was entered, on ${where}`, async () => {
        const page = await open("/admin/activity", size);
        await page.locator("summary.button", { hasText: "Change" }).click();
        await site().acme.store.settings.change({ activityDays: 100 + (size.viewport?.width ?? 0) });
        await page.locator("#days").fill("90");
        await page.getByRole("button", { name: "Save" }).click();
        await assertSeen(page, "Nothing was changed: another person or a machine has made changes");
        assert.equal(await page.locator("#days").inputValue(), "90");
        await page.getByRole("button", { name: "Save" }).click();
        await assertSeen(page, "The setting is saved.");
      });
    }

    it("are sent once by a double click", async () => {
      const page = await open("/admin/provisioning");
      const before = await tokens();
      await page.getByRole("button", { name: "Create a token" }).dblclick();
      await assertSeen(page, "The token is created.");
      assert.equal(await tokens(), before + 1);
    });

    it("give a question in a completed step no colour of success", async () => {
      const [plain, inStep] = await (await open("/admin/domains")).evaluate<unknown[]>(nestedTones);
      assert.deepEqual(inStep, plain);
    });

    it("close a confirmation by Escape, which gives the focus back, and by a click outside", async () => {
      await site().acme.store.domains.add("closed.example", "token");
      const page = await open("/admin/domains");
      const button = page.getByRole("button", { name: "Remove closed.example" });
      await tabTo(page, "Remove closed.example");
      await page.keyboard.press("Enter");
      await button.waitFor({ state: "visible" });
      await page.keyboard.press("Escape");
      await button.waitFor({ state: "hidden" });
      assert.match(await page.evaluate<string>("document.activeElement.textContent"), /^Remove closed/);
      await page.keyboard.press("Enter");
      await button.waitFor({ state: "visible" });
      await page.locator("h1").click();
      await button.waitFor({ state: "hidden" });
    });
  });
});
