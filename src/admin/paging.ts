import { z } from "zod";
import { InvalidError } from "../errors.ts";

/** Lines on a page of a list. */
export const pageSize = 50;

/**
 * Where a list goes on, as it stands in an address. Null for the first page. Throws InvalidError for what no page of ours
 * links to.
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

export function writePosition(position: unknown): string {
  return Buffer.from(JSON.stringify(position)).toString("base64url");
}

/** A path with those of the parameters that have a value. */
export function withQuery(path: string, parameters: Record<string, string | undefined>): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) if (value) query.set(name, value);
  return query.size > 0 ? `${path}?${query}` : path;
}

/** What was typed into a search field: its first 200 characters, without those that nobody types. */
export const searchText = z
  .string()
  .catch("")
  .transform((text) =>
    text
      .replace(/\p{Cc}/gu, "")
      .trimStart()
      .slice(0, 200),
  );

/** One of the words; another one means none. */
export function choice<const Words extends readonly [string, ...string[]]>(words: Words) {
  return z.enum(words).optional().catch(undefined);
}
