/** The detail error keywords of RFC 7644 §3.12, table 9, and of RFC 9865 §2.1. */
export type ScimType =
  | "invalidFilter"
  | "tooMany"
  | "uniqueness"
  | "mutability"
  | "invalidSyntax"
  | "invalidPath"
  | "noTarget"
  | "invalidValue"
  | "invalidVers"
  | "sensitive"
  | "invalidCursor"
  | "invalidCount";

/** An error answer. `detail` is shown to the customer's administrator at the identity provider. */
export class ScimError extends Error {
  override name = "ScimError";
  readonly status: number;
  readonly scimType: ScimType | null;
  /** The value of Retry-After in whole seconds, the only form that Okta reads. Null sends no such header. */
  readonly retryAfter: number | null;

  constructor(status: number, scimType: ScimType | null, detail: string, retryAfter: number | null = null) {
    super(detail);
    this.status = status;
    this.scimType = scimType;
    this.retryAfter = retryAfter;
  }
}

/** 400 with a keyword: the request cannot be carried out as it is. */
export function badRequest(scimType: ScimType, detail: string): ScimError {
  return new ScimError(400, scimType, detail);
}

/** 404: the caller has no such resource. */
export function notFound(detail: string): ScimError {
  return new ScimError(404, null, detail);
}

/** 409: another resource has this value already. */
export function conflict(detail: string): ScimError {
  return new ScimError(409, "uniqueness", detail);
}

/** 429 with Retry-After. */
export function tooManyRequests(seconds: number): ScimError {
  return new ScimError(429, null, `Rate limit exceeded, retry in ${seconds} seconds.`, seconds);
}

/** 503 with Retry-After. An outage is never 404: a client would take that for the deletion of every user. */
export function unavailable(): ScimError {
  return new ScimError(503, null, "The service cannot answer right now; try again.", 30);
}

/** The body of an error answer (RFC 7644 §3.12): `status` is a string. */
export function errorBody({ status, scimType, message }: ScimError) {
  return {
    schemas: ["urn:ietf:params:scim:api:messages:2.0:Error"],
    ...(scimType === null ? {} : { scimType }),
    detail: message,
    status: String(status),
  };
}

/**
 * Turns anything that was thrown into an error answer.
 * @param translate turns the application's own errors into answers; null for those that it does not know.
 */
export function toScimError(
  error: unknown,
  translate: (error: unknown) => ScimError | null = () => null,
): ScimError {
  if (error instanceof ScimError) return error;
  return (
    translate(error) ?? ofBodyParser(error) ?? new ScimError(500, null, "Something went wrong on our side.")
  );
}

/** The errors of express.raw() carry a status. */
function ofBodyParser(error: unknown): ScimError | null {
  const { status } = (error ?? {}) as { status?: unknown };
  if (status === 408) return new ScimError(408, null, "The body did not arrive in time. Send it again.");
  if (status === 413) return new ScimError(413, null, "The request is too large.");
  if (status === 415)
    return new ScimError(415, null, "The body's encoding is not supported: send gzip, deflate, br or none.");
  if (typeof status === "number" && status >= 400 && status < 500) {
    return badRequest("invalidSyntax", "The request could not be understood.");
  }
  return null;
}
