import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import type { Answer, Client } from "./client.ts";
import { unescaped } from "./forms.ts";
import { assertRedirect } from "./pages.ts";

/** How long a page may take to put the focus on its message. */
const timeout = 5_000;

/**
 * In the page: why a person does not see the message, or null. It waits for nothing: a page without scripts, or in a
 * background window, never calls back.
 */
const unseen = (text: string) => `(() => {
  const wanted = ${JSON.stringify(text)};
  const textOf = (element) => element.textContent.replace(/\\s+/g, " ");
  const messages = [...document.querySelectorAll("[role=alert], [role=status], .answer, .field-state")]
    .filter((element) => textOf(element).includes(wanted));
  if (messages.length === 0) return "no message has this text";
  const focused = document.activeElement;
  const wrong = document.querySelector("[aria-invalid]");
  if (!messages.some((one) => one.contains(focused)) && (focused === null || focused !== wrong))
    return "the focus is on " + (focused?.outerHTML.slice(0, 200) ?? "nothing");
  const reasons = messages.map((message) => {
    const { top, left, bottom, right } = message.getBoundingClientRect();
    if (top < 0 || left < 0 || bottom > innerHeight || right > innerWidth || bottom === top)
      return "the message is out of sight: top " + top + ", bottom " + bottom + " of " + innerHeight;
    const [x, y] = [(left + right) / 2, (top + bottom) / 2];
    const points = [[x, y], [left + 2, y], [right - 2, y], [x, top + 2], [x, bottom - 2]];
    const covers = points.map(([x, y]) => document.elementFromPoint(x, y)).find((hit) => !message.contains(hit));
    return covers === undefined ? null : "the message is covered by " + (covers?.outerHTML.slice(0, 200) ?? "nothing");
  });
  return reasons.includes(null) ? null : reasons.join("; ");
})()`;

/**
 * Asserts that a person sees the answer to what they did: the message with this text is in the viewport as a whole,
 * nothing covers it, and it has the focus. The focus may also be on the first wrong field of a form.
 */
export async function assertSeen(page: Page, text: string): Promise<void> {
  const end = Date.now() + timeout;
  for (;;) {
    const reason = await page.evaluate<string | null>(unseen(text)).catch(asReason);
    if (reason === null) return;
    assert.ok(Date.now() < end, `a person does not see "${text}" on ${page.url()}: ${reason}`);
  }
}

/** A navigation ends an evaluation, and the next page is asked again. */
const asReason = (error: unknown) => String(error);

/** Follows a form's answer: the page that it leads to. */
export async function answerOf(client: Client, answer: Answer): Promise<Answer> {
  assert.equal(answer.status, 303, answer.text.slice(0, 500));
  return await client.get(answer.location ?? "");
}

/**
 * Follows a form's answer: it leads to `location`, whose page shows the message once. Returns this page. A second request
 * does not show the message.
 */
export async function shownOnce(
  client: Client,
  answer: Answer,
  location: string,
  text: string,
): Promise<Answer> {
  assertRedirect(answer, location);
  const page = await client.get(location);
  assert.ok(messagesOn(page).includes(text), `${location} does not say "${text}": ${messagesOn(page)}`);
  assert.ok(!messagesOn(await client.get(location)).includes(text), `${location} says "${text}" again`);
  return page;
}

/** The text of the answers on a page. */
export function messagesOn(page: Answer): string {
  const found = page.text.matchAll(/<(p|div|section) class="notice answer[^>]*>([\s\S]*?)<\/\1>/g);
  return unescaped([...found].map(([, , body = ""]) => body.replace(/<[^>]*>/g, "")).join("\n")).replace(
    /\s+/g,
    " ",
  );
}
