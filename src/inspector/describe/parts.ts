import { STATUS_CODES } from "node:http";
import type { Response } from "express";
import type { MessagePart } from "../../recording.ts";

/** A status with its reason phrase, such as "403 Forbidden"; the number alone if it has none (RFC 9110 §15). */
export function statusLine(status: number): string {
  return `${status} ${STATUS_CODES[status] ?? ""}`.trim();
}

export function statusPart(res: Response | undefined): MessagePart | null {
  return res ? { head: [statusLine(res.statusCode)] } : null;
}

/** The address to which the browser is sent, with its query. Null if the response does not redirect. */
export function redirectPart(
  res: Response | undefined,
): { head: string[]; query: Record<string, string> } | null {
  const location = res?.get("location");
  if (!res || !location || !URL.canParse(location)) return null;
  const { origin, pathname, searchParams } = new URL(location);
  return {
    head: [statusLine(res.statusCode), `Location: ${origin}${pathname}`],
    query: Object.fromEntries(searchParams),
  };
}
