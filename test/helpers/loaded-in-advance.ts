import assert from "node:assert/strict";
import type { Client } from "./client.ts";

/** The headers with which browsers and link previews load a page that the person has not opened. */
export const speculative: Record<string, string>[] = [
  { "sec-purpose": "prefetch" },
  { "sec-purpose": "prefetch;prerender" },
  { "sec-purpose": "prefetch; anonymous-client-ip" },
  { "sec-purpose": "prefetch;prerender", "sec-fetch-mode": "navigate" },
  { "Sec-Purpose": "Prefetch" },
  { purpose: "prefetch" },
  { purpose: "preview" },
  { "x-moz": "prefetch" },
  { "x-purpose": "preview" },
  { "x-purpose": "instant" },
];

/** Sends each kind of request that comes before the one that counts, and asserts that it is refused. */
export async function loadInAdvance(client: Client, path: string): Promise<void> {
  for (const headers of speculative) {
    const answer = await client.get(path, headers);
    assert.equal(answer.status, 503, JSON.stringify(headers));
    assert.equal(answer.headers.get("cache-control"), "no-store");
    assert.deepEqual(answer.headers.getSetCookie(), []);
  }
  const head = await client.send("HEAD", path, {});
  assert.deepEqual([head.status, head.headers.get("allow"), head.text], [405, "GET", ""]);
  assert.deepEqual(head.headers.getSetCookie(), []);
}
