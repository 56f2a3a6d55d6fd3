import express, { type Request, type RequestHandler } from "express";
import { carriesDocument } from "../endpoints.ts";
import { InvalidError } from "../errors.ts";

/** Parses posted forms, except large ones with a document: their own route parses those. */
export function formBodies(): RequestHandler {
  const read = express.urlencoded({ extended: false, limit: "32kb" });
  return (req, res, next) => (carriesDocument(req.path) ? next() : read(req, res, next));
}

/**
 * Parses large forms; mount it after the permission check. The limit is far above any valid document, because the form's
 * own page explains a document that is too long better than an error page does.
 */
export const documentForm: RequestHandler = express.urlencoded({ extended: false, limit: "4mb" });

/**
 * A text field of a posted form; empty if it is absent or not a single text. Throws InvalidError for text with a NUL:
 * a person cannot type one, and PostgreSQL cannot store it.
 */
export function formField(req: Request, name: string): string {
  const values = valuesOf(req, name);
  return values.length === 1 ? (values[0] ?? "") : "";
}

/** All values of a field: those of ticked boxes, for example. Throws InvalidError as formField does. */
export function formFields(req: Request, name: string): string[] {
  return valuesOf(req, name);
}

function valuesOf(req: Request, name: string): string[] {
  // Express creates the body without a prototype, so `name` cannot reach an inherited member.
  const value = (req.body as Record<string, unknown> | undefined)?.[name];
  const values = [value].flat().filter((one) => typeof one === "string");
  if (values.some((one) => one.includes("\0")))
    throw new InvalidError("The form contains a character that is not text.");
  return values;
}
