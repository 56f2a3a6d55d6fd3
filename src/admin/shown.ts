import { createHash } from "node:crypto";
import type { ErrorRequestHandler, Request } from "express";
import { z } from "zod";
import type { Fact } from "../trust/connection-facts.ts";
import { formField } from "../web/forms.ts";

/** The hidden field in which a form says what its page showed. */
export const shownField = "shown";

/** Longer values are carried by their beginning and a hash, so that the field stays small. */
const longest = 600;
const head = 400;

const carried = z.array(z.tuple([z.string().max(2_000), z.string().max(2_000)])).max(100);

/** One fact that is other than it was shown; null where it was not there. */
interface Difference {
  label: string;
  was: string | null;
  is: string | null;
}

/**
 * What somebody is about to act on is not what their page showed: another person or a machine changed it. `differences`
 * is empty when the form did not say what was shown.
 */
export class ChangedError extends Error {
  override name = "ChangedError";
  readonly differences: readonly Difference[];
  /** The page to look at again. */
  readonly page: string;
  constructor(differences: readonly Difference[], page: string) {
    super("what was shown has changed");
    this.differences = differences;
    this.page = page;
  }
}

/** What a form carries in its hidden field: the facts that its page shows. */
export function shownValue(facts: readonly Fact[]): string {
  return Buffer.from(JSON.stringify(shortened(facts))).toString("base64url");
}

/**
 * Holds what the form's page showed against what is there now. Call it inside the transaction of the change, with what
 * the change depends on locked, so that what is done is exactly what was shown. Throws ChangedError, after which nothing
 * is changed.
 * @param page the page to look at again.
 */
export function checkShown(req: Request, now: readonly Fact[], page: string): void {
  const before = readShown(formField(req, shownField).trim());
  if (before === null) throw new ChangedError([], page);
  const differences = differencesOf(new Map(before), new Map(shortened(now)));
  if (differences.length > 0) throw new ChangedError(differences, page);
}

/** Answers a ChangedError with a page that shows the difference. */
export const changedPage: ErrorRequestHandler = (error: unknown, req, res, next) => {
  if (!(error instanceof ChangedError)) return next(error);
  req.log.info({ reason: error.name, status: 409 }, "request.refused");
  const { differences, page } = error;
  res.status(409).render("admin/changed", { title: "Nothing was changed", differences, page });
};

function readShown(text: string): [string, string][] | null {
  if (text === "") return null;
  try {
    return carried.parse(JSON.parse(Buffer.from(text, "base64url").toString("utf8")));
  } catch {
    return null;
  }
}

function shortened(facts: readonly Fact[]): [string, string][] {
  return facts.map(([label, value]) => {
    if (value.length <= longest) return [label, value];
    const hash = createHash("sha256").update(value).digest("base64url");
    return [label, `${value.slice(0, head)}… (${value.length} characters, SHA-256 ${hash})`];
  });
}

function differencesOf(before: ReadonlyMap<string, string>, now: ReadonlyMap<string, string>): Difference[] {
  const labels = new Set([...before.keys(), ...now.keys()]);
  return [...labels]
    .map((label) => ({ label, was: before.get(label) ?? null, is: now.get(label) ?? null }))
    .filter(({ was, is }) => was !== is);
}
