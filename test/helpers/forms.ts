import assert from "node:assert/strict";
import type { Answer, Client } from "./client.ts";

/**
 * Loads a page and sends one of its forms as a browser does: with the form's hidden fields and what is entered.
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

/** A form of a page that somebody looks at, to be sent later. */
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

/** What a page says that it shows, for an act that it does not offer. */
export function shownOn(page: Answer): string {
  return hiddenIn(page.text).shown ?? assert.fail("the page carries nothing that it shows");
}

function hiddenIn(text: string): Record<string, string> {
  const fields = text.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)">/g);
  return Object.fromEntries([...fields].map(([, name = "", value = ""]) => [name, unescaped(value)]));
}

/** Text as it was before it was put into a page. */
export function unescaped(text: string): string {
  return text
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&#34;", '"')
    .replaceAll("&#39;", "'")
    .replaceAll("&amp;", "&");
}
