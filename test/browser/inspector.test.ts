import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
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

/** Runs in the page: how far it scrolls sideways, and the classes of the elements that leave their card. */
const overflowing = `[
  ...[document.documentElement.scrollWidth - document.documentElement.clientWidth].filter((over) => over > 0),
  ...[...document.querySelectorAll(".card, .sequence")].flatMap((card) =>
    [...card.querySelectorAll("*")]
      .filter((one) => !one.closest(".visually-hidden, [hidden]"))
      .filter((one) => one.getBoundingClientRect().right > card.getBoundingClientRect().right + 1)
      .map((one) => one.outerHTML.slice(0, 80)),
  ),
]`;

describeInBrowser("the inspector in the browser", (browser) => {
  onOneDatabase((use) => {
    const site = useSite(use, { insecureAllowPrivateNetwork: true });

    async function open(who: User = site().owner): Promise<Page> {
      const page = await browser.open();
      await takeSession(page, site().app, await site().clientOf(who));
      await page.goto(`${site().app.url}/admin/inspector`);
      return page;
    }
    const add = (step: string) =>
      site().acme.store.inspector.add([newMessage({ step, person: null, protocol: "scim" })], 0);
    const row = (page: Page, title: string) => page.locator(".flow", { hasText: title });
    const steps = ["Authorization request", "Authorization response", "Token request", "Sign-in"];

    /** A sign-in, and the address of its page. */
    async function addSignIn(): Promise<string> {
      const { inspector } = site().acme.store;
      await inspector.recordUntil(inAnHour());
      const flow = { kind: "sign-in", keys: [randomUUID()] } as const;
      const route = { from: "product", to: "okta", carried: false } as const;
      const person = "a.person.with.a.long.name@a-subsidiary.of-acme.example";
      const summary = "401 Unauthorized. Failed: The provider accepts the client ID and the client secret";
      await inspector.add(
        steps.map((step) =>
          newMessage({
            ...{ step, flow, route, person, protocol: "oidc" },
            ...(step === "Token request" ? { verdict: "failed", summary } : {}),
          }),
        ),
        0,
      );
      const [found] = await inspector.flows({}, null, 1);
      return `${site().app.url}/admin/inspector/flows/${found?.id}`;
    }

    it("is switched on, shows a call as it arrives, and links to the file that handled it", async () => {
      const page = await open();
      await page.getByRole("button", { name: "Switch on" }).click();
      await page.getByText("Live: new messages appear by themselves.").waitFor();
      await page.waitForTimeout(1_100);
      const { token } = await createToken(site().acme.store);
      await scimClient(site().app, token).send("POST", "/Users", oktaUser("ada@acme.example"));
      await page.getByText("ada@acme.example was created").click();
      await page.getByRole("link", { name: "POST /Users" }).click();
      await page.getByRole("link", { name: "The whole message" }).click();
      await page.waitForURL(/\/inspector\/\d+$/);
      await page.locator(".check-group summary").first().click();
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
      await row(page, "first").waitFor();
      await page.getByRole("button", { name: "Pause" }).click();
      await add("meanwhile");
      await page.waitForTimeout(1_500);
      assert.equal(await row(page, "meanwhile").count(), 0);
      await page.getByRole("button", { name: "Pause" }).click();
      await row(page, "meanwhile").waitFor();
      // A stream lasts ten seconds.
      await page.waitForTimeout(10_500);
      await add("later");
      await row(page, "later").waitFor();
      assert.equal(await row(page, "first").count(), 1, "there are no duplicates");
    });

    it("adds a message to the row of its flow, which stays open", async () => {
      await site().acme.store.inspector.recordUntil(inAnHour());
      const page = await open();
      await page.getByText("Live: new messages appear by themselves.").waitFor();
      const flow = { kind: "sign-in", keys: [randomUUID()] } as const;
      const part = (step: string) =>
        newMessage({ step, flow, person: "live@acme.example", protocol: "oidc" });
      await site().acme.store.inspector.add([part("Authorization request")], 0);
      await row(page, "live@acme.example began to sign in").locator("summary").click();
      await site().acme.store.inspector.add([part("Sign-in")], 0);
      await row(page, "live@acme.example signed in").getByRole("link", { name: "Sign-in" }).waitFor();
      assert.equal(await row(page, "live@acme.example").count(), 1);
    });

    it("fits every width: no row leaves its card, and nothing scrolls sideways", async () => {
      const flow = await addSignIn();
      const page = await open();
      await page.locator(".flow summary").first().click();
      for (const address of [page.url(), flow]) {
        await page.goto(address);
        for (const width of [320, 390, 480, 641, 660, 700, 768, 820, 900, 1024, 1100, 1280, 1400]) {
          await page.setViewportSize({ width, height: 800 });
          assert.deepEqual(await page.evaluate(overflowing), [], `${address} at ${width}`);
        }
      }
    });

    it("shows the message of each step, by keyboard and by a click", async () => {
      const page = await open();
      await page.goto(await addSignIn());
      const shown = page.locator("#message-name");
      const current = page.locator("[aria-current=true] .sequence-label");
      assert.equal(await shown.textContent(), "Token request", "the one that failed");
      const presses = [
        ...[
          ["ArrowRight", "Sign-in"],
          ["j", "Sign-in"],
          ["k", "Token request"],
        ],
        ...[
          ["ArrowLeft", "Authorization response"],
          ["ArrowLeft", "Authorization request"],
        ],
        ...[["ArrowLeft", "Authorization request"]],
      ];
      for (const [key = "", step = ""] of presses) {
        await page.keyboard.press(key);
        await shown.getByText(step, { exact: true }).waitFor();
        assert.match((await current.textContent()) ?? "", new RegExp(`${step}$`));
      }
      await page.getByRole("link", { name: "Token request" }).click();
      await shown.getByText("Token request", { exact: true }).waitFor();
      await page.reload();
      assert.equal(await shown.textContent(), "Token request", "the address names the message");
      await page.getByRole("link", { name: "Sign-in", exact: false }).last().focus();
      await page.keyboard.press("Enter");
      await shown.getByText("Sign-in", { exact: true }).waitFor();
    });

    it("plays a flow to its end, and pauses", async () => {
      const page = await open();
      await page.clock.install();
      await page.goto(`${await addSignIn()}?message=0`);
      await page.keyboard.press("ArrowLeft");
      await page.keyboard.press("ArrowLeft");
      const shown = page.locator("#message-name");
      await shown.getByText(steps[0] ?? "", { exact: true }).waitFor();
      await page.getByRole("button", { name: "Play" }).click();
      await page.clock.runFor(3_000);
      await shown.getByText(steps[1] ?? "", { exact: true }).waitFor();
      await page.getByRole("button", { name: "Pause" }).click();
      await page.clock.runFor(9_000);
      assert.equal(await shown.textContent(), steps[1]);
      await page.getByRole("button", { name: "Play" }).click();
      await page.clock.runFor(6_000);
      await shown.getByText(steps[3] ?? "", { exact: true }).waitFor();
      await page.clock.runFor(3_000);
      await page.getByRole("button", { name: "Play" }).waitFor();
    });

    it("does not cover a message with its copy button", async () => {
      const response = { head: ["200 OK"], json: { long: "text ".repeat(200) } };
      await site().acme.store.inspector.recordUntil(inAnHour());
      await site().acme.store.inspector.add([newMessage({ step: "a long one", person: null, response })], 0);
      const page = await open();
      await row(page, "a long one").locator("summary").click();
      await page.getByRole("link", { name: "a long one", exact: true }).click();
      await page.getByRole("link", { name: "The whole message" }).click();
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
      assert.deepEqual(await site().acme.store.inspector.after({}, 0, 1), []);
    });

    it("is a list with a reload link without JavaScript", async () => {
      await site().acme.store.inspector.recordUntil(inAnHour());
      const page = await browser.open({ javaScriptEnabled: false });
      await takeSession(page, site().app, await site().clientOf(site().owner));
      await page.goto(`${site().app.url}/admin/inspector`);
      assert.equal(await page.getByRole("button", { name: "Pause" }).count(), 0);
      await add("without script");
      await page.getByRole("link", { name: "Reload" }).click();
      await row(page, "without script").locator("summary").click();
      await page.getByRole("link", { name: "without script", exact: true }).click();
      await page.getByRole("heading", { name: "without script" }).last().waitFor();
    });
  });
});
