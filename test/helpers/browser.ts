import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import {
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
  chromium,
  type Page,
} from "playwright-core";
import type { TestApp } from "./app.ts";
import type { Client } from "./client.ts";

const places = [
  process.env.CHROMIUM_PATH,
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
  "/Applications/Chromium.app/Contents/MacOS/Chromium",
];

const switches = [
  ...["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"],
  ...["--disable-background-networking", "--disable-component-update", "--disable-sync"],
];

/** A browser for the tests of a suite. */
export interface TestBrowser {
  /** Opens a page in a fresh profile, closed after the test. Errors on the page's console fail the test. */
  open(options?: BrowserContextOptions): Promise<Page>;
  /** Returns and clears the console errors so far, for a test that provokes them. */
  takeComplaints(): string[];
}

/**
 * Defines a suite that needs Chromium. Without Chromium it defines nothing, or a failing test if REQUIRE_BROWSER=1.
 * CHROMIUM_PATH names the program if it is in an unusual place; NO_BROWSER=1 skips these suites.
 */
export function describeInBrowser(title: string, define: (browser: TestBrowser) => void): void {
  if (process.env.NO_BROWSER === "1") return;
  const executablePath = places.find((path) => path && existsSync(path));
  if (executablePath) describe(title, () => define(useBrowser(executablePath)));
  else if (process.env.REQUIRE_BROWSER === "1") {
    describe(title, () => {
      it("needs Chromium", () => assert.fail("no Chromium was found: set CHROMIUM_PATH"));
    });
  }
}

function useBrowser(executablePath: string): TestBrowser {
  let browser: Browser;
  const contexts: BrowserContext[] = [];
  const complaints: string[] = [];
  before(async () => {
    browser = await chromium.launch({ executablePath, args: switches });
  });
  afterEach(async () => {
    for (const context of contexts.splice(0)) await context.close();
    assert.deepEqual(complaints.splice(0), []);
  });
  after(() => browser.close());

  return {
    takeComplaints: () => complaints.splice(0),
    async open(options = {}) {
      const context = await browser.newContext(options);
      context.setDefaultTimeout(30_000);
      contexts.push(context);
      const page = await context.newPage();
      page.on("pageerror", (error) => complaints.push(error.message));
      page.on("console", (message) => {
        // The test itself judges error statuses, so they are not errors of the page.
        const expected = message
          .text()
          .startsWith("Failed to load resource: the server responded with a status");
        if (["error", "warning"].includes(message.type()) && !expected) complaints.push(message.text());
      });
      return page;
    },
  };
}

/** Gives the browser the client's session. */
export async function takeSession(page: Page, app: TestApp, client: Client): Promise<void> {
  const cookies = [...client.cookies].map(([name, value]) => ({ name, value, url: app.url }));
  await page.context().addCookies(cookies);
}

// demo only {
/** Waits until the application shows who is signed in. The stand-in org shows the name too, but has no such button. */
export async function seeSignedIn(page: Page, name: string): Promise<void> {
  await page.getByRole("button", { name: `Your account: ${name}` }).waitFor();
}
// demo only }

/** Opens the account menu by keyboard. Its entries are the next to get the focus. */
export async function openAccountMenu(page: Page): Promise<void> {
  await page.getByRole("button", { name: /^Your account:/ }).press("Enter");
}

/** Signs out in the account menu. */
export async function signOut(page: Page): Promise<void> {
  await page.getByRole("button", { name: /^Your account:/ }).click();
  await page.getByRole("button", { name: "Sign out", exact: true }).click();
}

/** Presses Tab until an element with this accessible text has the focus. */
export async function tabTo(page: Page, text: string | RegExp): Promise<void> {
  const seen: string[] = [];
  for (let presses = 0; presses < 60; presses++) {
    await page.keyboard.press("Tab");
    const focused = await page.evaluate<string>(
      "((document.activeElement?.labels?.[0] ?? document.activeElement)?.textContent ?? '').replace(/\\s+/g, ' ').trim()",
    );
    if (typeof text === "string" ? focused === text : text.test(focused)) return;
    seen.push(focused);
  }
  assert.fail(`"${text}" cannot be reached by the keyboard, only ${seen.join(" | ")}`);
}
