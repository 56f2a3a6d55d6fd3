import assert from "node:assert/strict";
import type { OrgApp, OrgPerson } from "okta-stand-in/state";
import { addTo, startStandIn, type TestOrg } from "okta-stand-in/testing";
import type { Page } from "playwright-core";
import { type TestBrowser, takeSession } from "./browser.ts";
import type { TestDatabase } from "./databases.ts";
import { orgOptions } from "./org.ts";
import { type Site, useSite } from "./site.ts";

/** An empty tenant's console and the stand-in org's Admin Console, open in one administrator's browser. */
export interface TwoConsoles {
  site: Site;
  org: TestOrg;
  /** A person of the org, a new one for each test. */
  ada: OrgPerson;
  /** The console in one tab, signed in as the owner, and Okta's Admin Console in another. */
  openBoth(): Promise<{ page: Page; okta: Page }>;
}

let people = 0;

/** Defines the hooks. The returned function returns the consoles in a test. */
export function useTwoConsoles(browser: TestBrowser, use: () => TestDatabase): () => TwoConsoles {
  const site = useSite(use, orgOptions);
  let org: TestOrg;
  let ada: OrgPerson;
  before(async () => {
    org = await startStandIn();
  });
  after(() => org.close());
  beforeEach(() => {
    const login = `ada-${people++}@acme.example`;
    ada = addTo(org, { login, firstName: "Ada", lastName: "Lovelace" });
  });
  return () => ({
    site: site(),
    org,
    ada,
    async openBoth() {
      const page = await browser.open();
      for (const origin of [site().app.url, org.url]) {
        await page.context().grantPermissions(["clipboard-read", "clipboard-write"], { origin });
      }
      await takeSession(page, site().app, await site().clientOf(site().owner));
      return { page, okta: await page.context().newPage() };
    },
  });
}

/** Copies a value with its button, and pastes it into the other tab's field. */
export async function carry(from: Page, name: string, to: Page, label: string): Promise<void> {
  await from.bringToFront();
  // A busy machine may miss the button's two-second confirmation, so wait for the status, which stays.
  await from.evaluate("document.getElementById('copy-status')?.remove()");
  await from.getByRole("button", { name: `Copy ${name}`, exact: true }).click();
  await from.locator("#copy-status", { hasText: "Copied" }).waitFor({ state: "attached" });
  await to.bringToFront();
  // The drawings of Okta's screens name its fields, too.
  const field = to.locator("input, textarea").and(to.getByLabel(label));
  await field.fill("");
  await field.focus();
  await to.keyboard.press("Control+V");
  assert.notEqual(await field.inputValue(), "", `${name} was not pasted`);
}

/** Assigns the test's person to an app, in Okta's Admin Console. */
export async function assign(okta: Page, app: OrgApp, { org, ada }: TwoConsoles): Promise<void> {
  await okta.goto(`${org.url}/admin/apps/${app.id}/assignments`);
  await okta.getByRole("button", { name: "Assign", exact: true }).click();
  await okta.getByRole("link", { name: "Assign to People" }).click();
  await okta.getByLabel("Search").fill(ada.login);
  await okta.getByRole("button", { name: "Search" }).click();
  await okta.getByRole("button", { name: "Assign Ada Lovelace" }).click();
  await okta.getByRole("button", { name: "Save and Go Back" }).click();
  await okta.getByText("Ada Lovelace is assigned").waitFor();
}
