import assert from "node:assert/strict";
import type { Answer, Client } from "../helpers/client.ts";

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

function unescaped(text: string): string {
  return text
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&#34;", '"')
    .replaceAll("&#39;", "'")
    .replaceAll("&amp;", "&");
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
