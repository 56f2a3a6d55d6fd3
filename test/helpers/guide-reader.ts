import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import { type TestBrowser, takeSession } from "./browser.ts";
import type { Site } from "./site.ts";

/** Returns a label if the guide names it; fails otherwise. */
export type Says = (label: string) => string;

/** Reads a guide, so that a test uses only the labels that it names. */
export async function guideOf({ app }: Site, capability: string): Promise<Says> {
  const { text } = await app.client().get(`/guides/okta/${capability}.md`);
  return (label) => {
    assert.ok(text.includes(`**${label}**`), `the guide names ${label}`);
    return label;
  };
}

/** The start page of a signed-in owner. */
export async function ownersPage(browser: TestBrowser, { app, clientOf, owner }: Site): Promise<Page> {
  const page = await browser.open();
  await takeSession(page, app, await clientOf(owner));
  await page.goto(`${app.url}/account`);
  return page;
}

/** "Go to A > B": clicks the links one after the other. */
export async function goTo(page: Page, ...links: string[]): Promise<void> {
  for (const name of links) await page.getByRole("link", { name, exact: true }).first().click();
  // Wait for the whole page, because the test reads it at once.
  await page.waitForLoadState();
}

/** The first field whose label starts with `label`. */
export const fieldOf = (page: Page, label: string) => page.getByLabel(new RegExp(`^${label}\\b`)).first();
