import { ScimError } from "./errors.ts";

/** The media types of SCIM (RFC 7644 §3.1). The first one is the default. */
const mediaTypes = ["application/scim+json", "application/json"] as const;

export type ScimMediaType = (typeof mediaTypes)[number];

/** Spellings of UTF-8, and ASCII, which is a part of it. */
const charsets = ["utf-8", "utf8", "us-ascii", ""];

/**
 * Throws 415 for a body that is not announced as SCIM, JSON or nothing in UTF-8. A client that says nothing means JSON: this
 * server reads nothing else. Parameters other than `charset` do not matter.
 */
export function checkContentType(header: string | undefined): void {
  const [type = "", ...parameters] = (header ?? "").toLowerCase().split(/[;,]/);
  if (type.trim() !== "" && !mediaTypes.some((known) => known === type.trim()))
    throw new ScimError(415, null, `Send ${mediaTypes.join(" or ")}.`);
  for (const parameter of parameters) {
    const [, charset] = /^\s*charset\s*=\s*["']?([^"']*?)["']?\s*$/.exec(parameter) ?? [];
    if (charset !== undefined && !charsets.includes(charset))
      throw new ScimError(415, null, "The body's character set is not supported: send UTF-8.");
  }
}

/**
 * The type of an answer, by the Accept header. `application/json` only if the client prefers it; a client that accepts
 * neither gets the default, which says more than 406 (RFC 9110 §12.5.1).
 */
export function answerType(accept: string | undefined): ScimMediaType {
  const ranges = (accept ?? "").toLowerCase().split(",").map(readRange);
  const [best = mediaTypes[0]] = mediaTypes
    .map((type) => ({ type, ...weightOf(type, ranges) }))
    .filter(({ quality }) => quality > 0)
    .sort(
      (one, other) =>
        other.quality - one.quality || other.precision - one.precision || one.place - other.place,
    )
    .map(({ type }) => type);
  return best;
}

interface MediaRange {
  range: string;
  quality: number;
}

function readRange(text: string): MediaRange {
  const [range = "", ...parameters] = text.split(";").map((part) => part.trim());
  const [quality] = parameters.flatMap((parameter) => /^q\s*=\s*(\d(?:\.\d*)?)$/.exec(parameter)?.[1] ?? []);
  return { range, quality: quality === undefined ? 1 : Number(quality) };
}

/** The most precise range that a type is in; among equal ones, the client's first choice counts. */
function weightOf(type: ScimMediaType, ranges: readonly MediaRange[]) {
  const precise = [type, "application/*", "*/*"];
  for (const [index, wanted] of precise.entries()) {
    const place = ranges.findIndex(({ range }) => range === wanted);
    const found = ranges[place];
    if (found) return { quality: found.quality, precision: precise.length - index, place };
  }
  return { quality: 0, precision: 0, place: 0 };
}
