import type { UserInput, UserRecord } from "./backend.ts";
import { badRequest } from "./errors.ts";
import { type ScimCall, versionTag } from "./operation.ts";
import { checkKeyValue } from "./resource-input.ts";
import { type AssignableValue, type ScimSchemas, urns } from "./schema.ts";

/** A user or a group in JSON, as clients see it. */
export type ScimResource = Record<string, unknown>;

/** Attributes that UserRecord and UserInput name one by one; all others are in `attributes`. */
const outsideAttributes = new Set([
  ...["schemas", "id", "externalId", "meta", "userName"],
  ...["active", "password", "groups", "roles", "entitlements"],
]);

/** A user as SCIM shows it. */
export function toScimUser({ baseUrl, schemas }: Omit<ScimCall, "store">, user: UserRecord): ScimResource {
  const used = schemas.user.extensions.filter(({ id }) => user.attributes[id] !== undefined);
  const resource: ScimResource = {
    schemas: [urns.user, ...used.map(({ id }) => id)],
    id: user.id,
    userName: user.userName,
    ...user.attributes,
    active: user.active,
  };
  if (user.externalId !== null) resource.externalId = user.externalId;
  if (user.groups) {
    resource.groups = user.groups.map(({ id, displayName }) => ({
      value: id,
      $ref: `${baseUrl}/Groups/${id}`,
      display: displayName,
      type: "direct",
    }));
  }
  if (user.roles && user.roles.length > 0) {
    resource.roles = user.roles.map((id) => ({ value: id, display: nameOf(schemas.roles, id) }));
  }
  if (user.entitlements && user.entitlements.length > 0) {
    resource.entitlements = user.entitlements.map((id) => ({
      value: id,
      display: nameOf(schemas.entitlements, id),
      type: "Entitlement",
    }));
  }
  resource.meta = {
    resourceType: "User",
    created: new Date(user.createdAt).toISOString(),
    lastModified: new Date(user.updatedAt).toISOString(),
    location: `${baseUrl}/Users/${user.id}`,
    version: versionTag(user.version),
  };
  return resource;
}

/** An id that the application no longer offers is its own name. */
function nameOf(values: readonly AssignableValue[], id: string): string {
  return values.find((value) => value.id === id)?.displayName ?? id;
}

/** A user that a client sent: what the store gets, and the password before it is hashed. */
export interface SentUser {
  input: Omit<UserInput, "passwordHash">;
  password: string | null;
}

/**
 * Splits a resource that readResource() or patchUser() made. Throws badRequest if userName is missing or a role or an
 * entitlement does not exist.
 */
export function toSentUser(resource: ScimResource, schemas: ScimSchemas): SentUser {
  const { userName } = resource;
  if (typeof userName !== "string" || userName.trim() === "") {
    throw badRequest("invalidValue", "userName is required.");
  }
  const externalId = textOf(resource.externalId);
  checkKeyValue("userName", userName);
  checkKeyValue("externalId", externalId);
  const attributes = Object.entries(resource).filter(([name]) => !outsideAttributes.has(name));
  return {
    input: {
      userName,
      active: resource.active !== false,
      externalId,
      attributes: Object.fromEntries(attributes),
      entitlements: knownIds(resource.entitlements, "entitlement", schemas.entitlements),
      roles: knownIds(resource.roles, "role", schemas.roles),
    },
    password: textOf(resource.password),
  };
}

function textOf(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}

function knownIds(list: unknown, kind: string, known: readonly AssignableValue[]): string[] {
  const ids = ((list ?? []) as { value?: unknown }[]).map(({ value }) => String(value));
  const unknown = ids.filter((id) => !known.some((value) => value.id === id));
  if (unknown.length > 0) throw badRequest("invalidValue", `There is no ${kind} "${unknown.join('", "')}".`);
  return [...new Set(ids)];
}
