import { z } from "zod";
import { InvalidError } from "../errors.ts";

/** Rows on a page of a list. */
export const pageSize = 50;

/**
 * Reads the position after which a page begins, from the page's query. Null means the first page. Throws InvalidError
 * for a position that no link of the application contains.
 */
export function readPosition<T>(text: unknown, position: z.ZodType<T>): T | null {
  if (text === undefined || text === "") return null;
  try {
    return position.parse(JSON.parse(Buffer.from(z.string().parse(text), "base64url").toString()));
  } catch (error) {
    if (!(error instanceof z.ZodError || error instanceof SyntaxError)) throw error;
    throw new InvalidError("This list has no such page. Start again from its first page.");
  }
}

/** Encodes a position for readPosition. */
export function writePosition(position: unknown): string {
  return Buffer.from(JSON.stringify(position)).toString("base64url");
}

/** The path with a query of the parameters that have a value. */
export function withQuery(path: string, parameters: Record<string, string | undefined>): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) if (value) query.set(name, value);
  return query.size > 0 ? `${path}?${query}` : path;
}

/** The text of a search field: at most 200 characters, without control characters. */
export const searchText = z
  .string()
  .catch("")
  .transform((text) =>
    text
      .replace(/\p{Cc}/gu, "")
      .trimStart()
      .slice(0, 200),
  );

/** One of the words; any other text counts as no choice. */
export function choice<const Words extends readonly [string, ...string[]]>(words: Words) {
  return z.enum(words).optional().catch(undefined);
}
