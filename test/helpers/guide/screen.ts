import assert from "node:assert/strict";
import type { Locator, Page } from "playwright-core";

/** A person finds these things on a page by their label alone. Nothing here knows an id, a class or an address of the two sites. */

const controlRoles = ["button", "link", "tab", "menuitem", "radio", "checkbox", "switch", "option"] as const;

/** Longer than any page of the two sites takes on a busy machine. */
const patienceMs = 15_000;

type Place = Page | Locator;

/**
 * A control with this name: a button if there is one, or else the first that is called so, or whose name begins so (a hint
 * or a hidden part may follow).
 */
export async function control(page: Page, label: string, within: Place = page): Promise<Locator> {
  const [exact, beginning] = [controls(within, wholly(label)), controls(within, startsWith(label))];
  await found(page, exact.or(beginning), label);
  const button = within.getByRole("button", { name: wholly(label) }).filter({ visible: true });
  for (const some of [button, exact]) if ((await some.count()) > 0) return some.first();
  return beginning.first();
}

function controls(within: Place, name: RegExp): Locator {
  const summary = within.locator("summary").filter({ hasText: name });
  const all = controlRoles.map((role) => within.getByRole(role, { name }));
  return all.reduce((some, one) => some.or(one), summary).filter({ visible: true });
}

/** Whether a control with exactly this name is on the page now. */
export async function hasControl(page: Place, label: string): Promise<boolean> {
  return (await controls(page, wholly(label)).count()) > 0;
}

/** A field with this label. */
export async function fieldOf(page: Page, label: string): Promise<Locator> {
  const exact = page.getByLabel(label, { exact: true }).filter({ visible: true });
  const beginning = page.getByLabel(startsWith(label)).filter({ visible: true });
  await found(page, exact.or(beginning), label);
  return (await exact.count()) > 0 ? exact.first() : beginning.first();
}

/** Text that says exactly this: a heading, a legend, a label, a message. */
export async function textOf(page: Page, text: string | RegExp): Promise<Locator> {
  const shown = page.getByText(typeof text === "string" ? wholly(text) : text).filter({ visible: true });
  await found(page, shown, String(text));
  return shown.first();
}

/**
 * A value that is shown to be copied: what the button "Copy <label>" copies, the value of a read-only field, or what the
 * only copy button below a heading copies.
 */
export async function shownValue(page: Page, label: string): Promise<string> {
  const button = page.getByRole("button", { name: new RegExp(`^Copy ${escaped(label)}$`, "i") });
  const field = page.getByLabel(label, { exact: true });
  const heading = page.getByRole("heading", { name: label, exact: true });
  const below = page
    .locator("section")
    .filter({ has: heading })
    .getByRole("button", { name: /^Copy / });
  await found(page, button.or(field).or(below).filter({ visible: true }), label);
  const copies = (await button.count()) > 0 ? button : below;
  if ((await copies.count()) === 0) return (await field.first().inputValue()).trim();
  const id = await copies.first().getAttribute("data-copy");
  return ((await page.locator(`[id="${id}"]`).textContent()) ?? "").trim();
}

/** The row of a table or a list in which this text is. */
export async function rowOf(page: Page, text: string): Promise<Locator> {
  const rows = page.getByRole("row").or(page.getByRole("listitem")).filter({ hasText: text, visible: true });
  await found(page, rows, text);
  return rows.last();
}

/** The section with this heading. */
export function sectionOf(page: Page, heading: string): Locator {
  return page.locator("section").filter({ has: page.getByRole("heading", { name: heading, exact: true }) });
}

/** Opens what is folded under this label. Anything else that has the label is open already. */
export async function unfold(page: Page, label: string): Promise<void> {
  const summary = page.locator("summary").filter({ hasText: wholly(label), visible: true });
  if ((await summary.count()) === 0) await textOf(page, label);
  else if ((await summary.locator("xpath=parent::details[@open]").count()) === 0)
    await summary.first().click();
}

/** Clicks, and waits until the page that follows is complete. */
export async function click(target: Locator): Promise<void> {
  await target.click();
  await target.page().waitForLoadState();
}

async function found(page: Page, locator: Locator, label: string): Promise<void> {
  try {
    await locator.first().waitFor({ timeout: patienceMs });
  } catch {
    const headings = await page.getByRole("heading").allTextContents();
    assert.fail(`"${label}" is not on ${page.url()}: ${headings.map((text) => text.trim()).join(" | ")}`);
  }
}

const escaped = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
const startsWith = (label: string) => new RegExp(`^\\s*${escaped(label)}(?![\\w-])`, "i");
const wholly = (text: string) => new RegExp(`^\\s*${escaped(text)}\\s*$`, "i");
