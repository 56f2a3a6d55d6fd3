import { STATUS_CODES } from "node:http";
import type { Request, Response } from "express";
import { z } from "zod";
import { ConflictError, ForbiddenError, InvalidError, NotFoundError, UnavailableError } from "../errors.ts";
import { parserStatus } from "../parser-errors.ts";
import { isUnavailable } from "../store/sql-errors.ts";
import {
  CrossSiteError,
  OtherOrganisationError,
  organisationField,
  TooManyRequestsError,
} from "./request.ts";

/** An error answer of the API (RFC 9457). The API's description has it as `Problem`. */
export const problemSchema = z
  .object({
    type: z.literal("about:blank"),
    title: z.string().describe("The status in words."),
    status: z.int().min(400).max(599),
    detail: z.string().describe("What happened, for people."),
    reference: z.string().describe("Names this request in the log. The header X-Request-Id has it, too."),
    errors: z
      .array(
        z.object({
          detail: z.string(),
          pointer: z
            .string()
            .optional()
            .describe("The member of the body: a JSON Pointer as a URI fragment."),
          parameter: z.string().optional().describe("The name of the query parameter or header."),
        }),
      )
      .optional()
      .describe("Each value that is not acceptable."),
  })
  .meta({ id: "Problem" });

export type ProblemDetails = Pick<z.infer<typeof problemSchema>, "status" | "detail" | "errors"> & {
  /** Seconds until the client may try again. */
  retryAfter?: number;
};

/** A request that the API refuses. */
export class ProblemError extends Error {
  override name = "ProblemError";
  readonly problem: ProblemDetails;
  constructor(status: number, detail: string, errors?: ProblemDetails["errors"]) {
    super(detail);
    this.problem = errors ? { status, detail, errors } : { status, detail };
  }
}

/** An error of a member of the body, with its JSON Pointer as a URI fragment (RFC 6901 §6). */
export function errorAt(path: readonly string[], detail: string) {
  const steps = path.map(
    (name) => `/${encodeURIComponent(wellFormed(name).replaceAll("~", "~0").replaceAll("/", "~1"))}`,
  );
  return { detail, pointer: `#${steps.join("")}` };
}

/** The text without lone surrogates, which JSON allows as "\ud800", and encodeURIComponent() refuses. */
const wellFormed = (text: string) => Buffer.from(text).toString();

/** Whether the client of a page wants JSON rather than a page. A browser never does. */
export function prefersJson(req: Request): boolean {
  const best = req.accepts(["html", "json", "application/problem+json"]);
  return best === "json" || best === "application/problem+json";
}

/** Answers with a problem (RFC 9457). */
export function answerProblem(
  req: Request,
  res: Response,
  { status, detail, errors, retryAfter }: ProblemDetails,
): void {
  const title = STATUS_CODES[status] ?? "Error";
  const problem = { type: "about:blank", title, status, detail, reference: req.id, errors };
  if (retryAfter !== undefined) res.set("Retry-After", String(retryAfter));
  res.status(status).set({ "Content-Type": "application/problem+json", "Cache-Control": "no-store" });
  // Not send(), which would add an ETag.
  res.end(JSON.stringify(problem));
}

/** The problem that an error means; null if the error is a bug. */
export function problemOf(error: unknown): ProblemDetails | null {
  if (error instanceof ProblemError) return error.problem;
  if (error instanceof NotFoundError) return { status: 404, detail: error.message };
  if (error instanceof ForbiddenError) return { status: 403, detail: `${error.message} ${error.next}` };
  if (error instanceof InvalidError) return { status: 422, detail: error.message };
  if (error instanceof ConflictError) return { status: 409, detail: error.message };
  if (error instanceof CrossSiteError)
    return { status: 403, detail: "A browser's session can change something only from our own pages." };
  if (error instanceof OtherOrganisationError)
    return {
      status: 409,
      detail: `This browser is signed in to several organisations. Name the one that is meant by the header ${organisationField}, with its id.`,
    };
  if (error instanceof TooManyRequestsError)
    return { status: 429, detail: "There were too many requests.", retryAfter: error.retryAfter };
  if (error instanceof UnavailableError || isUnavailable(error))
    return { status: 503, detail: outageDetail, retryAfter: 30 };
  const status = parserStatus(error);
  if (status === null) return null;
  // The type is that of Express's body parser.
  const { type } = error as { type?: unknown };
  if (type === "entity.parse.failed") return { status, detail: "The body is not JSON." };
  return { status, detail: details[status] ?? "The request could not be understood." };
}

/** A connection that broke in a commit does not tell whether it was made. */
const outageDetail =
  "The service cannot answer now. After a change, look whether it was made before you repeat it.";

/** The errors of Express and its body parsers. */
const details: Record<number, string> = {
  400: "The request is malformed.",
  408: "The body did not arrive in time. Send it again.",
  413: "The body is too large.",
  415: "The body has a type or an encoding that is not supported here.",
};
