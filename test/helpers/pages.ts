import assert from "node:assert/strict";
import type { Answer } from "./client.ts";

const uuid = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;

/**
 * A response without the parts that differ between any two requests: ids and dates in headers and text, and the words in
 * `varying`, which the request itself contained.
 */
export function comparable(answer: Answer, varying: string[] = []) {
  const cleaned = varying
    .filter((word) => word !== "")
    .reduce((text, word) => text.replaceAll(word, "<varying>"), answer.text.replace(uuid, "<id>"));
  const headers = Object.fromEntries(answer.headers);
  for (const name of ["date", "x-request-id", "etag", "content-length"]) delete headers[name];
  return { status: answer.status, headers, text: cleaned };
}

/** The page's heading. */
export function headingOf(answer: Answer): string {
  return /<h1>([^<]*)<\/h1>/.exec(answer.text)?.[1] ?? "";
}

/** Asserts that the response redirects to `location`. */
export function assertRedirect(answer: Answer, location: string): void {
  assert.deepEqual(
    { status: answer.status, location: answer.location },
    { status: 303, location },
    answer.text.slice(0, 2000),
  );
}

/** A definition list's value for `name`: the text of the `dd` after its `dt`. */
export function factOf(answer: Answer, name: string): string | undefined {
  return new RegExp(`<dt>${name}</dt><dd>(.*?)</dd>`, "s")
    .exec(answer.text)?.[1]
    ?.replace(/<[^>]*>/g, "")
    .trim();
}
