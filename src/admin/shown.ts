import { createHash } from "node:crypto";
import type { Request } from "express";
import { z } from "zod";
import type { Fact } from "../trust/connection-facts.ts";
import { ChangedError, type Difference } from "../web/answers.ts";
import { formField } from "../web/request.ts";

/** The hidden form field with the facts that the page showed. */
export const shownField = "shown";

/** Longer values are replaced by their first characters and a hash, so that the field stays small. */
const maxLength = 600;
const prefixLength = 400;

const shownSchema = z.array(z.tuple([z.string().max(2_000), z.string().max(2_000)])).max(100);

/** The value of the hidden field for a page that shows these facts. */
export function shownValue(facts: readonly Fact[]): string {
  return Buffer.from(JSON.stringify(shortened(facts))).toString("base64url");
}

/**
 * Compares the facts that the form's page showed with the facts now. Call it in the transaction of the change, with the
 * rows behind the facts locked, so that a person changes exactly what they saw. Throws ChangedError, which rolls back.
 * @param page the page to look at again.
 */
export function checkShown(req: Request, now: readonly Fact[], page: string): void {
  const before = readShown(formField(req, shownField).trim());
  if (before === null) throw new ChangedError([], page);
  const differences = differencesOf(new Map(before), new Map(shortened(now)));
  if (differences.length > 0) throw new ChangedError(differences, page);
}

/**
 * Compares `shown`, the value of the hidden field of a page, with the facts now. Empty if nothing differs, or if it cannot
 * be read.
 */
export function differencesSince(shown: string, now: readonly Fact[]): readonly Difference[] {
  const before = readShown(shown);
  return before === null ? [] : differencesOf(new Map(before), new Map(shortened(now)));
}

function readShown(text: string): [string, string][] | null {
  if (text === "") return null;
  try {
    return shownSchema.parse(JSON.parse(Buffer.from(text, "base64url").toString("utf8")));
  } catch {
    return null;
  }
}

function shortened(facts: readonly Fact[]): [string, string][] {
  return facts.map(([label, value]) => {
    if (value.length <= maxLength) return [label, value];
    const hash = createHash("sha256").update(value).digest("base64url");
    return [label, `${value.slice(0, prefixLength)}… (${value.length} characters, SHA-256 ${hash})`];
  });
}

function differencesOf(before: ReadonlyMap<string, string>, now: ReadonlyMap<string, string>): Difference[] {
  const labels = new Set([...before.keys(), ...now.keys()]);
  return [...labels]
    .map((label) => ({ label, was: before.get(label) ?? null, is: now.get(label) ?? null }))
    .filter(({ was, is }) => was !== is);
}
