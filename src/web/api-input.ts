/** Reads what clients send to the API. Each refusal is a problem (RFC 9457) that names every wrong value. */
import express, { type Request, type RequestHandler } from "express";
import type { z } from "zod";
import { errorAt, ProblemError } from "./problems.ts";

const largestBody = "32kb";

/** Parses a JSON body of one of these types. Throws ProblemError: 400 without a body, 415 for another type. */
export function jsonBody(types: readonly string[]): RequestHandler {
  // Not strict: a text or a number is JSON, too, and its refusal says what is wanted.
  const read = express.json({ type: [...types], limit: largestBody, inflate: false, strict: false });
  return (req, res, next) => {
    const type = req.is([...types]);
    if (type === null || req.get("content-length") === "0")
      throw new ProblemError(400, "The request needs a JSON body.");
    if (type === false) throw new ProblemError(415, `The body has to be ${types.join(" or ")}.`);
    read(req, res, next);
  };
}

/** Parses a JSON body if there is one. Throws ProblemError: 415 for another type. */
export const jsonIfAny: RequestHandler = (req, res, next) => {
  const hasBody = req.is(jsonTypes) !== null && req.get("content-length") !== "0";
  return hasBody ? parseJson(req, res, next) : next();
};

const jsonTypes = ["application/json", "application/*+json"];
const parseJson = jsonBody(jsonTypes);

/** The body, as the schema reads it. Throws ProblemError: 400 without a body, 422 with a pointer to each wrong member. */
export function validBody<Schema extends z.ZodType>(req: Request, schema: Schema): z.output<Schema> {
  if (req.body === undefined) throw new ProblemError(400, "The request needs a JSON body.");
  return validated(schema, req.body, "body");
}

/** The query, as the schema reads it. Throws ProblemError: 400 with the name of each wrong parameter. */
export function validQuery<Schema extends z.ZodType>(req: Request, schema: Schema): z.output<Schema> {
  return validated(schema, req.query, "query");
}

function validated<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  part: "query" | "body",
): z.output<Schema> {
  const result = schema.safeParse(value, {
    error: ({ code, input }) =>
      code === "invalid_type" && input === undefined ? "This has to be there." : undefined,
  });
  if (result.success) return result.data;
  const errors = result.error.issues.flatMap((issue) => {
    const path = issue.path.map(String);
    const unknown = issue.code === "unrecognized_keys";
    const names = unknown ? issue.keys.map((key) => [...path, key]) : [path];
    const detail = unknown ? `There is no such ${part === "body" ? "member" : "parameter"}.` : issue.message;
    return names.map((name) =>
      part === "body" ? errorAt(name, detail) : { detail, parameter: name[0] ?? "" },
    );
  });
  const what = part === "body" ? "body has members" : "query has parameters";
  throw new ProblemError(part === "body" ? 422 : 400, `The ${what} that are not acceptable.`, errors);
}
