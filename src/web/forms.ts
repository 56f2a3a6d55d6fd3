import express, { type Request, type RequestHandler } from "express";
import { carriesDocument } from "../endpoints.ts";
import { InvalidError } from "../errors.ts";

/** Reads posted forms. Those that carry a document are left to their own route. */
export function formBodies(): RequestHandler {
  const read = express.urlencoded({ extended: false, limit: "32kb" });
  return (req, res, next) => (carriesDocument(req.path) ? next() : read(req, res, next));
}

/**
 * Reads a form in which a document is pasted, behind whoever may do so. What is far too long is still read: the page that
 * it came from says so better than an error page.
 */
export const documentForm: RequestHandler = express.urlencoded({ extended: false, limit: "4mb" });

/**
 * A text field of a posted form; empty when it is absent or was sent as something else than text. Throws InvalidError
 * for text with a NUL in it: nobody can type one, and PostgreSQL cannot store it.
 */
export function formField(req: Request, name: string): string {
  const values = valuesOf(req, name);
  return values.length === 1 ? (values[0] ?? "") : "";
}

/** The values of the boxes of this name that are ticked, or of any field that is sent several times. */
export function formFields(req: Request, name: string): string[] {
  return valuesOf(req, name);
}

function valuesOf(req: Request, name: string): string[] {
  // Express makes bodies that inherit nothing.
  const value = (req.body as Record<string, unknown> | undefined)?.[name];
  const values = [value].flat().filter((one) => typeof one === "string");
  if (values.some((one) => one.includes("\0")))
    throw new InvalidError("What was entered contains a character that is not text.");
  return values;
}
