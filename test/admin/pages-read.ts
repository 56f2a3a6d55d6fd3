import assert from "node:assert/strict";
import type { ConnectionType } from "../../src/model.ts";
import type { Answer, Client } from "../helpers/client.ts";
import { formOn, submit, unescaped } from "../helpers/forms.ts";

/** Reads the console's pages, for tests that follow their instructions. */

/** The value to copy to Okta, by the name of Okta's field. */
export function valueToCopy(page: Answer, name: string): string {
  const label = name.replace(/[()]/g, "\\$&");
  const found = new RegExp(`<dt>${label}</dt>[\\s\\S]*?<code class="value"[^>]*>([^<]*)</code>`).exec(
    page.text,
  );
  assert.ok(found?.[1], `${name} is not on the page`);
  return found[1];
}

/** The steps of a set-up page: each one's heading and its visible text. */
export function stepsOf(page: Answer): { heading: string; text: string }[] {
  const list = /<ol class="steps card"[^>]*>([\s\S]*)<\/ol>/.exec(page.text)?.[1] ?? "";
  // A step begins with its heading; the lists inside a step have none.
  return list
    .split(/<li[^>]*>\s*(?=<h2)/)
    .slice(1)
    .map((step) => ({
      heading: wordsOf(/<h2[^>]*>([\s\S]*?)<\/h2>/.exec(step)?.[1] ?? ""),
      text: wordsOf(step),
    }));
}

/** The visible text of a page. */
export function visibleText(page: Answer): string {
  return wordsOf(page.text);
}

function wordsOf(html: string): string {
  return unescaped(html.replace(/<[^>]*>/g, ""))
    .replace(/\s+/g, " ")
    .trim();
}

/** The problem or note that the page shows for a field; empty if there is none. */
export function stateOf(page: Answer, field: string): string {
  const text = new RegExp(`<p id="${field}-state"[^>]*>([^<]*)</p>`).exec(page.text)?.[1];
  assert.notEqual(text, undefined, `${field} is not on the page: ${page.text.slice(0, 500)}`);
  return unescaped(text ?? "");
}

/** Creates a draft and returns the path of its set-up. By default, the app is the customer's own and Okta provisions. */
export async function createDraft(
  client: Client,
  type: ConnectionType,
  key: string,
  choices: { accounts?: string; app?: string } = {},
): Promise<string> {
  const created = await client.post("/admin/connections", {
    type,
    key,
    accounts: "scim",
    app: "own",
    ...choices,
  });
  assert.equal(created.status, 303, created.text);
  return created.location ?? "";
}

/** The page with the form of a connection's settings: a draft's step, or a tab. */
export function settingsPage(base: string): string {
  return `${base}?step=3&tab=settings`;
}

/** The id of the test that a set-up page offers to start. */
export function offeredTest(page: Answer): string {
  return /name="test" value="([^"]*)"/.exec(page.text)?.[1] ?? assert.fail("the page offers no test");
}

/** Reviews a connection as an owner and switches it on. */
export async function switchOn(owner: Client, base: string): Promise<Answer> {
  const opened = await submit(owner, `${base}?step=5`, "/review");
  assert.equal(opened.location, `${base}/review`, opened.text);
  return await formOn(await owner.get(`${base}/review`), "/activate").send(owner);
}

/** Sends a form of a set-up, follows its answer, and returns the page that shows it. */
export async function answered(client: Client, sent: Answer | Promise<Answer>): Promise<Answer> {
  const answer = await sent;
  assert.equal(answer.status, 303, answer.text.slice(0, 500));
  return await client.get(answer.location ?? "");
}

/** Creates a set-up link and returns its path. */
export async function createLink(client: Client, base: string): Promise<string> {
  const page = await answered(client, submit(client, base, "/links"));
  assert.equal(page.headers.get("cache-control"), "no-store, no-transform");
  const url =
    /<code class="value" id="set-up-link-value">([^<]*)</.exec(page.text)?.[1] ?? assert.fail(page.text);
  return new URL(url).pathname;
}
