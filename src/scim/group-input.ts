import { badRequest } from "./errors.ts";
import { memberIds } from "./patch-group.ts";

/** A group that a client sent. `externalId` is undefined when it was not sent, null when it was sent empty. */
export interface GroupInput {
  displayName: string;
  externalId: string | null | undefined;
  memberIds: string[];
}

const maxName = 1000;

/**
 * Reads the body of POST and PUT /Groups; names match ignoring case (RFC 7643 §2.1). Throws badRequest for a missing
 * name, for nested groups, and for members that are no list.
 */
export function normaliseGroup(body: unknown): GroupInput {
  if (typeof body !== "object" || body === null || Array.isArray(body)) {
    throw badRequest("invalidSyntax", "The body must be a JSON object.");
  }
  const sent = new Map(Object.entries(body).map(([name, value]) => [name.toLowerCase(), value as unknown]));
  const displayName = sent.get("displayname");
  if (typeof displayName !== "string" || displayName.trim() === "" || displayName.length > maxName) {
    throw badRequest("invalidValue", `displayName is required, with at most ${maxName} characters.`);
  }
  return { displayName, externalId: externalIdOf(sent), memberIds: memberIdsOf(sent.get("members")) };
}

function externalIdOf(sent: Map<string, unknown>): string | null | undefined {
  if (!sent.has("externalid")) return undefined;
  const value = sent.get("externalid");
  if (value === null || value === "") return null;
  if (typeof value !== "string") throw badRequest("invalidValue", "externalId must be a string.");
  return value;
}

function memberIdsOf(members: unknown): string[] {
  if (members === undefined || members === null) return [];
  if (!Array.isArray(members)) throw badRequest("invalidValue", "members must be a list.");
  return memberIds(members);
}
