import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Response } from "express";

/** Sends a file, piece by piece, so that its length costs no memory. */
export async function sendDownload(
  res: Response,
  { name, type }: { name: string; type: string },
  text: Iterable<string> | AsyncIterable<string>,
): Promise<void> {
  res.attachment(name).set("Content-Type", type);
  try {
    await pipeline(Readable.from(text), res);
  } catch (error) {
    // The browser cancelled the download: there is no one to answer.
    if (!(error instanceof Error && "code" in error && error.code === "ERR_STREAM_PREMATURE_CLOSE"))
      throw error;
  }
}

/** A line of a CSV file, with its end (RFC 4180 §2). */
export function csvRecord(values: readonly unknown[]): string {
  return `${values.map(csvCell).join(",")}\r\n`;
}

/**
 * A quoted cell (RFC 4180 §2). Spreadsheets run text that begins with one of these characters as a formula, also in
 * their full-width form and after spaces, also text that an attacker chose, so an apostrophe goes first.
 */
function csvCell(value: unknown): string {
  const text = Array.isArray(value) ? value.join(" ") : String(value ?? "");
  const safe = /^(?:\s*[=+\-@＝＋－＠]|[\t\r\n])/.test(text) ? `'${text}` : text;
  return `"${safe.replaceAll('"', '""')}"`;
}
