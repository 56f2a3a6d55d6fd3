/** Users: how they are created, read and shown, and which attributes they have to have. user-changes.ts changes them. */
import { type AssignedKind, checkAssigned, shownAssigned } from "./assigned.ts";
import type { AssignedValue, ScimStore, UserInput, UserRecord, Wants } from "./backend.ts";
import { badRequest, notFound } from "./errors.ts";
import { checkIfMatch, isKnownVersion, versionTag } from "./exchange.ts";
import { checkKeyValue, isObject, labelOf, readResource } from "./input.ts";
import {
  type ScimCall,
  type ScimRequest,
  type ScimResource,
  type ScimResponse,
  wantsNothing,
} from "./operation.ts";
import { type Projection, projection } from "./projection.ts";
import { type Attribute, type ResourceSchema, urns } from "./schema.ts";

/** POST /Users (RFC 7644 §3.3). Throws badRequest if a required attribute is missing. */
export async function createUser(call: ScimCall, { query, body }: ScimRequest): Promise<ScimResponse> {
  const project = projection(query, call.schemas.user);
  const { resource } = readResource(body, call.schemas.user);
  requireAttributes(resource, call.schemas.user);
  const { input, ignored } = toSentUser(call, resource, null);
  const passwordHash = await hashPassword(call.store, resource, null);
  const details = { changed: Object.keys(resource), wants: project.wants };
  const created = await call.store.transaction(async ({ users }) => {
    const user = await users.create({ passwordHash, ...input }, details);
    return userAnswer(call, user, project, 201);
  });
  recordIgnored(call, ignored);
  return created;
}

/** GET /Users/{id} (RFC 7644 §3.4.1). */
export async function readUser(call: ScimCall, request: ScimRequest): Promise<ScimResponse> {
  const project = projection(request.query, call.schemas.user);
  const user = await call.store.users.get(request.id, project.wants);
  if (!user) throw userNotFound();
  if (isKnownVersion(request, user.version)) return { status: 304, version: versionTag(user.version) };
  return userAnswer(call, user, project);
}

/** DELETE /Users/{id} (RFC 7644 §3.6). Okta never sends it: it deactivates. */
export async function deleteUser(call: ScimCall, request: ScimRequest): Promise<ScimResponse> {
  return await call.store.transaction(async (store) => {
    await lockUser(store, request, wantsNothing);
    await store.users.remove(request.id);
    return { status: 204 };
  });
}

/**
 * The hash for the store; null if no password was sent, or if the application stores none.
 * @param userId null for a new user.
 */
export async function hashPassword({ users }: ScimStore, { password }: ScimResource, userId: string | null) {
  if (typeof password !== "string" || !users.hashPassword) return null;
  return await users.hashPassword(password, userId);
}

/** Reports roles that were left out. Call it after the transaction, which may fail or run again. */
export function recordIgnored({ store }: ScimCall, ignored: readonly string[]): void {
  if (ignored.length > 0) store.users.onUnknownIgnored?.(`${ignored.join(" ")} The rest was carried out.`);
}

/** A user who is about to be changed. Throws notFound, or 412 if the client has another version. */
export async function lockUser(
  { users }: ScimStore,
  request: ScimRequest,
  wants: Wants,
): Promise<UserRecord> {
  const user = await users.lock(request.id, wants);
  if (!user) throw userNotFound();
  checkIfMatch(request, user.version);
  return user;
}

/** A user as the answer of a call. */
export function userAnswer(
  call: ScimCall,
  user: UserRecord,
  project: Projection,
  status = 200,
): ScimResponse {
  return {
    status,
    body: project.apply(toScimUser(call, user)),
    location: `${call.baseUrl}/Users/${user.id}`,
    version: versionTag(user.version),
  };
}

function userNotFound() {
  return notFound("User not found.");
}

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
  for (const kind of ["roles", "entitlements"] as const) {
    const assigned = user[kind] ?? [];
    if (assigned.length > 0) resource[kind] = shownAssigned(kind, assigned, schemas);
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

/** A user that a client sent. */
export interface SentUser {
  input: Omit<UserInput, "passwordHash">;
  /** Why roles and entitlements were left out. */
  ignored: readonly string[];
}

/**
 * Reads a resource that readResource() or patchUser() made, and whose required attributes are checked. Throws badRequest if
 * a role or an entitlement does not exist.
 * @param before the stored user; null for a new one.
 */
export function toSentUser(
  { schemas, store }: ScimCall,
  resource: ScimResource,
  before: UserRecord | null,
): SentUser {
  // Only a deactivation may lack the name: the user keeps it.
  const userName = isBlank(resource.userName) ? (before?.userName ?? "") : String(resource.userName);
  const externalId = textOf(resource.externalId);
  checkKeyValue("userName", userName);
  checkKeyValue("externalId", externalId);
  const attributes = Object.entries(resource).filter(([name]) => !outsideAttributes.has(name));
  const ignored: string[] = [];
  const mayIgnore =
    store.users.onUnknownIgnored || (before && deactivates({ active: before.active }, resource));
  const ignore = mayIgnore ? (problem: string) => void ignored.push(problem) : undefined;
  const assigned = (kind: AssignedKind) => {
    const sent = (resource[kind] ?? []) as Partial<AssignedValue>[];
    return sent.length === 0
      ? []
      : checkAssigned(kind, sent, schemas, { before: before?.[kind] ?? [], ignore });
  };
  const [roles, entitlements] = [assigned("roles"), assigned("entitlements")];
  return {
    input: {
      userName,
      active: resource.active !== false,
      externalId,
      attributes: Object.fromEntries(attributes),
      entitlements,
      roles,
    },
    ignored,
  };
}

function textOf(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}

/**
 * Throws badRequest `invalidValue` naming the required attributes that a new resource lacks (RFC 7643 §2.2): what /Schemas
 * announces, it has to have.
 */
function requireAttributes(resource: ScimResource, schema: ResourceSchema): void {
  refuse(missingAttributes(resource, schema), "invalidValue");
}

/** Whether a change takes an active user's access away. It is obeyed even if the request lacks something. */
export function deactivates(before: ScimResource, after: ScimResource): boolean {
  return before.active !== false && after.active === false;
}

/**
 * Throws badRequest if a change takes a required attribute away. A resource that never had it can still be changed, and a
 * deactivation is obeyed unless it is a replacement without userName.
 * @param scimType `invalidValue` for a replacement, and `mutability` for a PATCH (RFC 7644 §3.5.2.2).
 */
export function keepRequired(
  before: ScimResource,
  after: ScimResource,
  schema: ResourceSchema,
  scimType: "invalidValue" | "mutability",
): void {
  const isKey = (name: string) => name === "userName" && scimType === "invalidValue";
  const isObeyed = deactivates(before, after);
  const missing = missingAttributes(after, schema).filter((name) => !isObeyed || isKey(name));
  const absent = new Set(missing.length > 0 ? missingAttributes(before, schema) : []);
  refuse(
    missing.filter((name) => !absent.has(name)),
    scimType,
  );
}

function refuse(missing: readonly string[], scimType: "invalidValue" | "mutability"): void {
  if (missing.length === 0) return;
  throw badRequest(scimType, `${missing.join(", ")} ${missing.length === 1 ? "is" : "are"} required.`);
}

function missingAttributes(resource: ScimResource, { core, extensions }: ResourceSchema): string[] {
  const inExtensions = extensions.flatMap(({ id, attributes }) =>
    missingIn(isObject(resource[id]) ? resource[id] : {}, id, attributes),
  );
  return [...missingIn(resource, null, core.attributes), ...inExtensions];
}

function missingIn(
  holder: Record<string, unknown>,
  extension: string | null,
  attributes: readonly Attribute[],
): string[] {
  return attributes
    .filter(({ required, mutability }) => required && mutability !== "readOnly")
    .flatMap((attribute) => {
      const value = holder[attribute.name];
      const subs = attribute.multiValued ? [] : (attribute.subAttributes ?? []);
      const parts = subs.filter(({ required }) => required);
      if (parts.length === 0) return isBlank(value) ? [labelOf(extension, attribute)] : [];
      const object = isObject(value) ? value : {};
      return parts
        .filter(({ name }) => isBlank(object[name]))
        .map((part) => labelOf(extension, attribute, part));
    });
}

/** Whether a value says nothing: an e-mail address without its value, a name of spaces. */
function isBlank(value: unknown): boolean {
  if (Array.isArray(value)) return value.every((one) => isBlank(isObject(one) ? one.value : one));
  return value === undefined || value === null || (typeof value === "string" && value.trim() === "");
}
