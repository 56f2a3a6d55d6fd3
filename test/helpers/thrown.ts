import { ConflictError, RefusedError } from "../../src/errors.ts";

/** For assert.rejects: a ConflictError with this code. */
export const conflict = (code: ConflictError["code"]) => (error: unknown) =>
  error instanceof ConflictError && error.code === code;

/** For assert.rejects: a RefusedError with this reason. */
export const refused = (reason: RefusedError["reason"]) => (error: unknown) =>
  error instanceof RefusedError && error.reason === reason;
