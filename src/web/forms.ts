import type { Request } from "express";
import { InvalidError } from "../errors.ts";

/**
 * A text field of a posted form; empty when it is absent or was sent as something else than text. Throws InvalidError
 * for text with a NUL in it: nobody can type one, and PostgreSQL cannot store it.
 */
export function formField(req: Request, name: string): string {
  const body = req.body as Record<string, unknown> | undefined;
  const value = body && Object.hasOwn(body, name) ? body[name] : undefined;
  if (typeof value !== "string") return "";
  if (value.includes("\0")) throw new InvalidError("What was entered contains a character that is not text.");
  return value;
}
