import type { ScimRequest } from "./context.ts";
import { ScimError } from "./errors.ts";
import { versionTag } from "./user-resource.ts";

/** Throws 412 when the client wants to change another version than there is (RFC 7644 §3.14, RFC 9110 §13.1.1). */
export function checkIfMatch({ ifMatch }: ScimRequest, version: number): void {
  if (ifMatch === null || ifMatch.trim() === "*") return;
  if (!tags(ifMatch).includes(versionTag(version))) {
    throw new ScimError(412, null, `The resource has changed since: its version is ${versionTag(version)}.`);
  }
}

/** Whether the client has this version already, so that 304 is the answer. */
export function isKnown({ ifNoneMatch }: ScimRequest, version: number): boolean {
  return (
    ifNoneMatch !== null && (ifNoneMatch.trim() === "*" || tags(ifNoneMatch).includes(versionTag(version)))
  );
}

/** Tags compare weakly: a strong one that a proxy made of ours means the same. */
function tags(header: string): string[] {
  return header.split(",").map((tag) => tag.trim().replace(/^(W\/)?"/, 'W/"'));
}
