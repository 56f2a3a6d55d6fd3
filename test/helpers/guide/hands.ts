import assert from "node:assert/strict";
import { okta } from "okta-labels/labels";
import type { OrgPerson } from "okta-stand-in/state";
import type { Locator, Page } from "playwright-core";
import { pageOf, type Reader, type Windows } from "./reader.ts";
import {
  click,
  control,
  fieldOf,
  hasControl,
  rowOf,
  sectionOf,
  shownValue,
  textOf,
  unfold,
} from "./screen.ts";

/** The hands of a guide's reader: what acts.ts names, done in a window. */

export const nameOf = ({ firstName, lastName }: OrgPerson): string => `${firstName} ${lastName}`;

/** The labels of the first of two alternatives: "**A** or **B**". */
export const firstChoice = (text: string): string => text.split(/,? or (?=\*\*)/)[0] ?? "";

export function lookAt(reader: Reader, window: keyof Windows): void {
  if (reader.at !== window) reader.touched = null;
  reader.at = window;
}

/** The window that the product opens for a test sign-in. */
export async function lookAtNewWindow(reader: Reader): Promise<void> {
  const { windows, orgUrl } = reader;
  const opened = windows.opened ?? (await windows.product.waitForEvent("popup"));
  await opened.waitForURL(({ origin }) => origin === orgUrl);
  lookAt(reader, "opened");
}

export async function seeInProduct(reader: Reader, text: RegExp): Promise<void> {
  lookAt(reader, "product");
  await textOf(pageOf(reader), text);
}

export async function visit(reader: Reader, window: keyof Windows, path: string): Promise<void> {
  lookAt(reader, window);
  await pageOf(reader).goto((window === "okta" ? reader.orgUrl : reader.productUrl) + path);
}

/** Whether a condition of the guide holds. The customer has to have an answer to each. */
export function holds({ facts }: Reader, condition: string): boolean {
  const answer = facts[condition];
  assert.ok(answer !== undefined, `the customer does not know whether ${condition}`);
  return answer;
}

/** "Go to A > B": clicks one label after the other. A label that only names a part of the page or the menu has to be there. */
export async function goTo(reader: Reader, labels: readonly string[]): Promise<void> {
  for (const label of labels) {
    if (await hasControl(pageOf(reader), label)) await clickOn(reader, label);
    else await textOf(pageOf(reader), label);
  }
}

/** "Click A > B". A button of the named part, or of the form that the reader is filling in, comes before others. */
export async function clickPath(reader: Reader, labels: readonly string[]): Promise<void> {
  for (const label of labels) await clickOn(reader, label);
}

export async function clickOn(reader: Reader, label: string): Promise<void> {
  const page = pageOf(reader);
  const form = reader.touched?.locator("xpath=ancestor::form[1]");
  for (const place of [reader.part, form]) {
    if (place && (await place.count()) > 0 && (await hasControl(place, label)))
      return await clickAndConfirm(page, await control(page, label, place));
  }
  await clickAndConfirm(page, await control(page, label));
}

/** The org asks before it changes the sign-on method. */
async function clickAndConfirm(page: Page, target: Locator): Promise<void> {
  await click(target);
  if (/\/sign-on\/method\?/.test(page.url()))
    await click(page.getByRole("button", { name: "Change sign-on method" }));
}

export async function clickInRow(reader: Reader, label: string, text: string): Promise<void> {
  const page = pageOf(reader);
  await click(await control(page, label, await rowOf(page, text)));
}

/** A tab of the app in the Admin Console. Opens the app first if it is not open. */
export async function openTab(reader: Reader, label: string): Promise<void> {
  lookAt(reader, "okta");
  if (!(await hasControl(pageOf(reader), label))) {
    await goTo(reader, okta.menus.applications.split(" > "));
    await clickOn(reader, reader.app);
  }
  await clickOn(reader, label);
}

/** "Open X": what is folded under X, or a link of this name. */
export async function open(reader: Reader, label: string): Promise<void> {
  const page = pageOf(reader);
  const isLink = (await page.getByRole("link", { name: label, exact: true }).count()) > 0;
  if (isLink) await clickOn(reader, label);
  else await unfold(page, label);
}

/** Chooses a radio button, a checkbox, an option of a list, or anything else with this name. */
export async function choose(reader: Reader, label: string): Promise<void> {
  const page = pageOf(reader);
  const list = page.locator("select").filter({ has: page.getByRole("option", { name: label, exact: true }) });
  if ((await list.filter({ visible: true }).count()) > 0) {
    reader.touched = list.filter({ visible: true }).first();
    await reader.touched.selectOption({ label });
    return;
  }
  const chosen = await control(page, label);
  const kind = await chosen.getAttribute("type");
  if (kind !== "radio" && kind !== "checkbox") return await click(chosen);
  await chosen.check();
  reader.touched = chosen;
}

export async function setTo(reader: Reader, label: string, value: string): Promise<void> {
  reader.touched = await fieldOf(pageOf(reader), label);
  await reader.touched.selectOption({ label: value });
}

/** Any choice of a list. */
export async function chooseAny(reader: Reader, label: string): Promise<void> {
  reader.touched = await fieldOf(pageOf(reader), label);
  await reader.touched.selectOption({ index: 0 });
}

export async function tickEach(reader: Reader, labels: readonly string[]): Promise<void> {
  for (const label of labels) await tick(reader, label);
}

export async function tick(reader: Reader, label: string): Promise<void> {
  reader.touched = await control(pageOf(reader), label);
  await reader.touched.check();
}

export async function type(reader: Reader, label: string, value: string): Promise<void> {
  reader.touched = await fieldOf(pageOf(reader), label);
  await reader.touched.fill(value);
}

export async function assertEmpty(reader: Reader, label: string): Promise<void> {
  assert.equal(await (await fieldOf(pageOf(reader), label)).inputValue(), "");
}

/** "Keep the suggested X": something is suggested. */
export async function assertFilled(reader: Reader, label: string): Promise<void> {
  assert.notEqual(await (await fieldOf(pageOf(reader), label)).inputValue(), "", `${label} is filled in`);
}

export async function copy(reader: Reader, labels: readonly string[]): Promise<void> {
  for (const label of labels) reader.copied.set(label.toLowerCase(), await shownValue(pageOf(reader), label));
}

/** Pastes into each field what was copied for it, by the field's own name or by the guide's table of values. */
export async function pasteEach(reader: Reader, labels: readonly string[]): Promise<void> {
  for (const label of labels) await type(reader, label, await copiedFor(reader, label));
}

/** @param name of what was copied: "Connection ID", or "token" for "The new token". */
export async function pasteInto(reader: Reader, name: string, label: string): Promise<void> {
  const wanted = name.toLowerCase();
  const [, value] =
    [...reader.copied].find(([known]) => known === wanted || known.endsWith(` ${wanted}`)) ?? [];
  assert.ok(value, `the reader has not copied ${name}`);
  await type(reader, label, value);
}

async function copiedFor(reader: Reader, label: string): Promise<string> {
  const row = reader.values.find(({ to }) => to.endsWith(`> ${label}`));
  const names = [label, row?.value.replace(/ \(.*\)$/, "") ?? ""];
  const copied = names.flatMap((name) => reader.copied.get(name.toLowerCase()) ?? [])[0];
  if (copied !== undefined) return copied;
  assert.ok(
    row,
    `the reader has copied nothing for ${label}, and the table of values does not say where from`,
  );
  return await fetchFrom(reader, row.from);
}

/** Gets a value as its row in the guide's table of values says. */
async function fetchFrom(reader: Reader, from: string): Promise<string> {
  // Okta shows the domain without its scheme, which an administrator knows to be https. The stand-in's is http.
  if (/^Okta: click your name/.test(from)) return reader.orgUrl;
  const [, tab, heading, start] =
    /> ([^>]+) > ([^>:]+): the part of the link that starts with (\w+)$/.exec(from) ?? [];
  assert.ok(tab && heading && start, `the reader does not understand "${from}"`);
  const before = reader.at;
  await openTab(reader, tab);
  const [part] = new RegExp(`\\b${start}\\w+`).exec(await shownValue(pageOf(reader), heading)) ?? [];
  lookAt(reader, before);
  assert.ok(part, `nothing under ${heading} starts with ${start}`);
  return part;
}

/** Types into the only field of a page. */
export async function typeIntoOnly(reader: Reader, value: string): Promise<void> {
  const fields = pageOf(reader).getByRole("textbox").filter({ visible: true });
  assert.equal(await fields.count(), 1, "the page has one field");
  await fields.fill(value);
}

export async function search(reader: Reader, text: string): Promise<void> {
  const box = pageOf(reader).getByRole("searchbox").filter({ visible: true }).last();
  await box.fill(text);
  await box.press("Enter");
  await pageOf(reader).waitForLoadState();
}

/** "Under X", "in the section X": unfolds it, or sees it. The rest of the sentence is about this part of the page. */
export async function under(reader: Reader, label: string): Promise<void> {
  await unfold(pageOf(reader), label);
  reader.part = sectionOf(pageOf(reader), label);
}

/** The sign-in page of the org, if the browser has no session there. A guide does not explain Okta's own page. */
export async function signInAtOkta({ orgUrl, person }: Reader, page: Page): Promise<void> {
  await page.waitForLoadState();
  if (!page.url().startsWith(`${orgUrl}/login`)) return;
  await page.getByLabel("Username").fill(person.login);
  await page.getByRole("button", { name: "Sign In", exact: true }).click();
}

/** Opens an address that the guide prints, with the customer's Connection ID in it. */
export async function openAddress(reader: Reader, url: string): Promise<void> {
  const connection = reader.copied.get("connection id");
  assert.ok(connection ?? !url.includes("{connection}"), "the reader has copied the Connection ID");
  await pageOf(reader).goto(url.replace("{connection}", connection ?? ""));
}

export async function assertSignedIn(reader: Reader): Promise<void> {
  const { tester } = reader.windows;
  await control(tester, "Your account:");
  assert.equal(new URL(tester.url()).origin, reader.productUrl);
}

export async function assertSignedOut({ windows: { tester } }: Reader): Promise<void> {
  await tester.reload();
  await control(tester, "Continue");
}

export async function openDashboard(reader: Reader): Promise<void> {
  lookAt(reader, "tester");
  await pageOf(reader).goto(`${reader.orgUrl}/app/UserHome`);
  await signInAtOkta(reader, pageOf(reader));
}

const signInAddress = "sign-in address";

export function rememberSignIn({ copied }: Reader, url: string): void {
  copied.set(signInAddress, url);
}

/** Signs the test person in, at the address that the guide gave. */
export async function signInAsTester(reader: Reader): Promise<void> {
  lookAt(reader, "tester");
  await openAddress(reader, reader.copied.get(signInAddress) ?? "");
  await signInAtOkta(reader, pageOf(reader));
  await assertSignedIn(reader);
}

export async function openMenuOf(reader: Reader, text: string): Promise<void> {
  const row = await rowOf(pageOf(reader), text);
  await row.getByRole("button").filter({ visible: true }).first().click();
}

/** "Open it there under Admin > Groups": the group that was pushed, in the product. */
export async function openGroup(reader: Reader, labels: readonly string[]): Promise<void> {
  lookAt(reader, "product");
  await goTo(reader, [...labels, reader.group]);
}

/** Chooses the values that the customer wants for the test person. */
export async function chooseValues(reader: Reader): Promise<void> {
  for (const value of reader.entitlements) await tick(reader, value);
}

/** "Assign a test person": another one, by the steps of "Assign people". */
export async function assignAnother(reader: Reader): Promise<void> {
  reader.person = reader.otherPerson;
  await reader.follow("Assign people");
}

export async function assignAgain(reader: Reader): Promise<void> {
  const before = await inProduct(reader);
  await reader.follow("Assign people");
  const after = await inProduct(reader);
  assert.deepEqual(after, { ...before, state: "Active" }, "the same account is active again");
}

/** An administrator of Okta knows how to edit a person: the guide does not explain it. */
export async function changeLastName(reader: Reader): Promise<void> {
  lookAt(reader, "okta");
  await goTo(reader, okta.menus.people.split(" > "));
  await clickOn(reader, nameOf(reader.person));
  reader.person.lastName = `${reader.person.lastName} King`;
  await type(reader, "Last name", reader.person.lastName);
  await clickOn(reader, okta.buttons.save);
}

export async function unassign(reader: Reader): Promise<void> {
  await openTab(reader, okta.tabs.assignments);
  await openMenuOf(reader, reader.person.login);
  await clickInRow(reader, "Unassign", reader.person.login);
  await pageOf(reader).getByRole("dialog").getByRole("button", { name: "Unassign" }).click();
}

/** "Confirm the matches", if the import found any. */
export async function confirmMatches(reader: Reader): Promise<void> {
  await textOf(pageOf(reader), "Import finished");
  const label = okta.provisioning.confirmAssignments;
  if (await hasControl(pageOf(reader), label)) await clickOn(reader, label);
}

/** The person's row under Admin > People: the state, and the address of their page, which has the account's id. */
async function inProduct(reader: Reader): Promise<{ state: string; address: string | null }> {
  lookAt(reader, "product");
  await goTo(reader, ["Admin", "People"]);
  const row = await rowOf(pageOf(reader), nameOf(reader.person));
  const state = (await row.locator(".badges").textContent()) ?? "";
  return { state: state.trim(), address: await row.getByRole("link").first().getAttribute("href") };
}

export async function assertInProduct(reader: Reader, state: string): Promise<void> {
  assert.equal((await inProduct(reader)).state, state);
}
