import type { Response } from "express";

/** The detail error keywords of RFC 7644 §3.12, table 9, and of RFC 9865 §3.3. */
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

/** An answer of the SCIM server that is no success. `detail` is shown to the customer's Okta admin. */
export class ScimError extends Error {
  override name = "ScimError";
  readonly status: number;
  readonly scimType: ScimType | null;

  constructor(status: number, scimType: ScimType | null, detail: string) {
    super(detail);
    this.status = status;
    this.scimType = scimType;
  }
}

/** 400 with a keyword: what the client sent cannot be carried out. */
export function badRequest(scimType: ScimType, detail: string): ScimError {
  return new ScimError(400, scimType, detail);
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

export const mediaType = "application/scim+json";

/**
 * Sends a body as SCIM, and leaves it for whoever records the call (recording.ts). Express's `send` would make an entity
 * tag of the bytes; ours are the resources' versions, and a list has none (RFC 7644 §3.14).
 */
export function sendScim(res: Response, status: number, body: unknown): void {
  res.locals.scimBody = body;
  const bytes = Buffer.from(JSON.stringify(body));
  res
    .status(status)
    .set({ "Content-Type": `${mediaType}; charset=utf-8`, "Content-Length": String(bytes.length) })
    .end(bytes);
}
