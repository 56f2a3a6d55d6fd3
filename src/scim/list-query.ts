import { badRequest } from "./errors.ts";
import { urns } from "./schema.ts";

/** Which part of a list a client asks for. */
export type Window =
  /** By index (RFC 7644 §3.4.2.4): `startIndex` 1 is the first. */
  | { by: "index"; startIndex: number; count: number }
  /** By cursor (RFC 9865): after the resource with this seq; 0 for the start. */
  | { by: "cursor"; after: number; count: number };

export const paging = { defaultCount: 100, maxCount: 1000 };

/**
 * Reads startIndex, count and cursor. A startIndex below 1 is 1, a negative count is 0 (RFC 7644 §3.4.2.4), and a count
 * above the maximum is the maximum. Throws badRequest for what is no whole number and for a cursor of somewhere else.
 */
export function readWindow(query: Record<string, unknown>): Window {
  const count = Math.min(
    Math.max(0, wholeNumber(query.count, "count") ?? paging.defaultCount),
    paging.maxCount,
  );
  if (query.cursor !== undefined) {
    if (query.startIndex !== undefined)
      throw badRequest("invalidValue", "Use startIndex or cursor, not both.");
    return { by: "cursor", after: query.cursor === "" ? 0 : readCursor(String(query.cursor)), count };
  }
  return { by: "index", startIndex: Math.max(1, wholeNumber(query.startIndex, "startIndex") ?? 1), count };
}

function wholeNumber(value: unknown, name: string): number | null {
  if (value === undefined || value === "") return null;
  const text = String(value).trim();
  if (!/^[+-]?\d{1,12}$/.test(text)) throw badRequest("invalidValue", `${name} must be a whole number.`);
  return Number(text);
}

/** A cursor names the last resource that was seen; what is deleted before or after it moves nothing. */
export function writeCursor(after: number): string {
  return Buffer.from(`after:${after}`).toString("base64url");
}

function readCursor(cursor: string): number {
  const [, after] = /^after:(\d{1,15})$/.exec(Buffer.from(cursor, "base64url").toString("utf8")) ?? [];
  if (after === undefined) throw badRequest("invalidCursor", "The cursor is not one that this server gave.");
  return Number(after);
}

/** A ListResponse (RFC 7644 §3.4.2). `itemsPerPage` is the number of resources in this answer. */
export function listResponse(
  resources: Record<string, unknown>[],
  totalResults: number,
  page: { startIndex: number } | { nextCursor: string | null },
): Record<string, unknown> {
  const position =
    "startIndex" in page
      ? { startIndex: page.startIndex }
      : page.nextCursor === null
        ? {}
        : { nextCursor: page.nextCursor };
  return {
    schemas: [urns.listResponse],
    totalResults,
    itemsPerPage: resources.length,
    ...position,
    Resources: resources,
  };
}
