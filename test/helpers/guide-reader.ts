import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import { type TestBrowser, takeSession } from "./browser.ts";
import type { Site } from "./site.ts";

/** Gives a label back that the guide names, and fails for any other. */
export type Says = (label: string) => string;

/** The steps of a guide: whoever follows it clicks and fills in nothing that it does not name. */
export async function guideOf({ app }: Site, capability: string): Promise<Says> {
  const { text } = await app.client().get(`/guides/okta/${capability}.md`);
  return (label) => {
    assert.ok(text.includes(`**${label}**`), `the guide names ${label}`);
    return label;
  };
}

/** Where an owner who is signed in starts. */
export async function ownersPage(browser: TestBrowser, { app, clientOf, owner }: Site): Promise<Page> {
  const page = await browser.open();
  await takeSession(page, app, await clientOf(owner));
  await page.goto(`${app.url}/account`);
  return page;
}

/** "Go to A > B": clicks one link after the other. */
export async function goTo(page: Page, ...links: string[]): Promise<void> {
  for (const name of links) await page.getByRole("link", { name, exact: true }).first().click();
  // What is read next is read at once, and must not be half of the page.
  await page.waitForLoadState();
}

/** The first field whose label starts so. */
export const fieldOf = (page: Page, label: string) => page.getByLabel(new RegExp(`^${label}\\b`)).first();
