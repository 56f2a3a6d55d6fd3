import assert from "node:assert/strict";
import type { Answer, Client } from "./client.ts";

/**
 * Loads a page and submits one of its forms like a browser: with its hidden fields and the given values.
 * @param action the end of the form's action, such as "/settings".
 */
export async function submit(
  client: Client,
  page: string,
  action: string,
  entered: Record<string, string> = {},
): Promise<Answer> {
  return await formOn(await client.get(page), action).send(client, entered);
}

/** A form of a loaded page, to be submitted later. */
export function formOn(page: Answer, action: string) {
  const forms = [...page.text.matchAll(/<form\b([^>]*)>([\s\S]*?)<\/form>/g)].map(
    ([, head = "", body = ""]) => ({
      path: unescaped(/action="([^"]*)"/.exec(head)?.[1] ?? ""),
      hidden: hiddenIn(body),
    }),
  );
  const form = forms.find(({ path }) => path.endsWith(action));
  assert.ok(form, `no form leads to ${action}: ${page.status} ${page.text.slice(0, 500)}`);
  return {
    ...form,
    send: (client: Client, entered: Record<string, string> = {}) =>
      client.post(form.path, { ...form.hidden, ...entered }),
  };
}

/** The page's `shown` value, for an action that it does not offer. */
export function shownOn(page: Answer): string {
  return hiddenIn(page.text).shown ?? assert.fail("the page carries nothing that it shows");
}

function hiddenIn(text: string): Record<string, string> {
  const fields = text.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)">/g);
  return Object.fromEntries([...fields].map(([, name = "", value = ""]) => [name, unescaped(value)]));
}

/** Reverses HTML escaping. */
export function unescaped(text: string): string {
  return text
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&#34;", '"')
    .replaceAll("&#39;", "'")
    .replaceAll("&amp;", "&");
}
