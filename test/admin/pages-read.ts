import assert from "node:assert/strict";
import type { Answer, Client } from "../helpers/client.ts";
import { formOn, submit, unescaped } from "../helpers/forms.ts";

/** What a page of the console says, for tests that follow it. */

/** The value to take to Okta under this name of Okta's. */
export function valueToCopy(page: Answer, name: string): string {
  const label = name.replace(/[()]/g, "\\$&");
  const found = new RegExp(`<dt>${label}</dt>[\\s\\S]*?<code class="value"[^>]*>([^<]*)</code>`).exec(
    page.text,
  );
  assert.ok(found?.[1], `${name} is not on the page`);
  return found[1];
}

/** What the page says is wrong with a field, or was found out about it; empty when nothing. */
export function stateOf(page: Answer, field: string): string {
  const text = new RegExp(`<p id="${field}-state"[^>]*>([^<]*)</p>`).exec(page.text)?.[1];
  assert.notEqual(text, undefined, `${field} is not on the page: ${page.text.slice(0, 500)}`);
  return unescaped(text ?? "");
}

/** Creates a draft as the page for it does. Returns the path of its set-up. */
export async function createDraft(client: Client, type: "oidc" | "saml", key: string): Promise<string> {
  const created = await client.post("/admin/connections", { type, key });
  assert.equal(created.status, 303, created.text);
  return created.location ?? "";
}

/** The test that a set-up page offers to start. */
export function offeredTest(page: Answer): string {
  return /name="test" value="([^"]*)"/.exec(page.text)?.[1] ?? assert.fail("the page offers no test");
}

/** Has an owner go through the review of a connection, and switch it on. */
export async function switchOn(owner: Client, base: string): Promise<Answer> {
  const opened = await submit(owner, base, "/review");
  assert.equal(opened.location, `${base}/review`, opened.text);
  return await formOn(await owner.get(`${base}/review`), "/activate").send(owner);
}

/** Makes a set-up link as the connection's page does. Returns its path. */
export async function madeLink(client: Client, base: string): Promise<string> {
  const page = await submit(client, base, "/links");
  assert.equal(page.headers.get("cache-control"), "no-store");
  const url = /<code class="value" id="set-up-link">([^<]*)</.exec(page.text)?.[1] ?? assert.fail(page.text);
  return new URL(url).pathname;
}
