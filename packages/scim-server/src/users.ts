import { type AssignedKind, checkAssigned, shownAssigned } from "./assigned.ts";
import type { AssignedValue, ScimStore, UserInput, UserRecord, Wants } from "./backend.ts";
import { notFound } from "./errors.ts";
import { type PatchOperation, parsePatch } from "./grammar.ts";
import { checkIfMatch, checkKeyValue, isKnownVersion, readResource, versionTag } from "./input.ts";
import {
  type ScimCall,
  type ScimRequest,
  type ScimResource,
  type ScimResponse,
  wantsAll,
  wantsAssigned,
  wantsNothing,
} from "./operation.ts";
import { patchUser } from "./patch-user.ts";
import { type Projection, projection } from "./projection.ts";
import { deactivates, isBlank, keepRequired, requireAttributes } from "./required.ts";
import { urns } from "./schema.ts";

/** POST /Users (RFC 7644 §3.3). Throws badRequest if a required attribute is missing. */
export async function createUser(call: ScimCall, { query, body }: ScimRequest): Promise<ScimResponse> {
  const project = projection(query, call.schemas.user);
  const { resource } = readResource(body, call.schemas.user);
  requireAttributes(resource, call.schemas.user);
  const { input, ignored } = toSentUser(call, resource, null);
  const passwordHash = await hash(call.store, resource, null);
  const details = { changed: Object.keys(resource), wants: project.wants };
  const created = await call.store.transaction(async ({ users }) => {
    const user = await users.create({ passwordHash, ...input }, details);
    return answer(call, user, project, 201);
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
  return answer(call, user, project);
}

/**
 * PUT /Users/{id} (RFC 7644 §3.5.1). An attribute that is absent is cleared, except those that a client would clear by
 * accident because it does not know them: active, password, roles, entitlements and externalId. An empty value of these is an
 * absent one (RFC 7643 §2.5), so it reactivates no one and takes nothing away; only an empty list of roles or entitlements
 * does. Throws badRequest for a required attribute that the user has and the request lacks, unless it deactivates the user.
 */
export async function replaceUser(call: ScimCall, request: ScimRequest): Promise<ScimResponse> {
  const project = projection(request.query, call.schemas.user);
  const { resource, emptied } = readResource(request.body, call.schemas.user);
  const passwordHash = await hash(call.store, resource, request.id);
  const isSent = (name: string) => resource[name] !== undefined || emptied.has(name);
  const details = { changed: Object.keys(resource), wants: project.wants };
  const { replaced, ignored } = await call.store.transaction(async (store) => {
    const before = await lock(store, request, wantsAssigned);
    keepRequired(toScimUser(call, before), resource, call.schemas.user, "invalidValue");
    const { input, ...sent } = toSentUser(call, resource, before);
    const user = await store.users.update(before, changesOf(input, passwordHash, isSent), details);
    return { replaced: answer(call, user, project), ignored: sent.ignored };
  });
  recordIgnored(call, ignored);
  return replaced;
}

/** PATCH /Users/{id} (RFC 7644 §3.5.2): all operations or none. */
export async function patchUserById(call: ScimCall, request: ScimRequest): Promise<ScimResponse> {
  const project = projection(request.query, call.schemas.user);
  const operations = parsePatch(request.body);
  const passwordHash = await hashPatched(call, request.id, operations);
  const { patched, ignored } = await call.store.transaction(async (store) => {
    const before = await lock(store, request, wantsAll);
    const current = toScimUser(call, before);
    const resource = patchUser(current, operations, call.schemas.user, ignoresUnknown(call));
    const changed = changedNames(current, resource);
    const { input, ...sent } = toSentUser(call, resource, before);
    // The patched resource is complete: an attribute that it lacks was removed.
    const changes = changesOf(input, passwordHash, (name) => changed.includes(name));
    const user = await store.users.update(before, changes, { changed, wants: project.wants });
    return { patched: answer(call, user, project), ignored: sent.ignored };
  });
  recordIgnored(call, ignored);
  return patched;
}

/** DELETE /Users/{id} (RFC 7644 §3.6). Okta never sends it: it deactivates. */
export async function deleteUser(call: ScimCall, request: ScimRequest): Promise<ScimResponse> {
  return await call.store.transaction(async (store) => {
    await lock(store, request, wantsNothing);
    await store.users.remove(request.id);
    return { status: 204 };
  });
}

/** The changes for the store: userName and attributes always, the rest only if `isSent` says so. */
function changesOf(
  input: SentUser["input"],
  passwordHash: string | null,
  isSent: (name: string) => boolean,
): Partial<UserInput> {
  const changes: Partial<UserInput> = { userName: input.userName, attributes: input.attributes };
  if (isSent("active")) changes.active = input.active;
  if (isSent("externalId")) changes.externalId = input.externalId;
  if (isSent("roles")) changes.roles = input.roles;
  if (isSent("entitlements")) changes.entitlements = input.entitlements;
  if (passwordHash !== null) changes.passwordHash = passwordHash;
  return changes;
}

async function hash({ users }: ScimStore, { password }: ScimResource, userId: string | null) {
  if (typeof password !== "string" || !users.hashPassword) return null;
  return await users.hashPassword(password, userId);
}

/** Hashes the password that a PATCH sets. It does not depend on the user's other attributes, so no lock is needed. */
async function hashPatched(
  call: ScimCall,
  id: string,
  operations: readonly PatchOperation[],
): Promise<string | null> {
  const user = call.store.users.hashPassword ? await call.store.users.get(id, wantsNothing) : null;
  if (!user) return null;
  const current = toScimUser(call, user);
  return await hash(call.store, patchUser(current, operations, call.schemas.user, ignoresUnknown(call)), id);
}

function ignoresUnknown({ store }: ScimCall): boolean {
  return store.users.ignoreUnknown !== undefined;
}

/** After the transaction, which may fail or run again. */
function recordIgnored({ store }: ScimCall, ignored: readonly string[]): void {
  if (ignored.length > 0) store.users.ignoreUnknown?.(`${ignored.join(" ")} The rest was carried out.`);
}

async function lock({ users }: ScimStore, request: ScimRequest, wants: Wants): Promise<UserRecord> {
  const user = await users.lock(request.id, wants);
  if (!user) throw userNotFound();
  checkIfMatch(request, user.version);
  return user;
}

function answer(call: ScimCall, user: UserRecord, project: Projection, status = 200): ScimResponse {
  return {
    status,
    body: project.apply(toScimUser(call, user)),
    location: `${call.baseUrl}/Users/${user.id}`,
    version: versionTag(user.version),
  };
}

/** Names of the top-level attributes in which two resources differ. */
function changedNames(before: ScimResource, after: ScimResource): string[] {
  const names = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...names].filter((name) => JSON.stringify(before[name]) !== JSON.stringify(after[name]));
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
interface SentUser {
  input: Omit<UserInput, "passwordHash">;
  /** Why roles and entitlements were left out. */
  ignored: readonly string[];
}

/**
 * Reads a resource that readResource() or patchUser() made, and whose required attributes are checked. Throws badRequest if
 * a role or an entitlement does not exist.
 * @param before the stored user; null for a new one.
 */
function toSentUser(
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
  const mayIgnore = store.users.ignoreUnknown || (before && deactivates({ active: before.active }, resource));
  const ignore = mayIgnore ? (problem: string) => void ignored.push(problem) : undefined;
  const assigned = (kind: AssignedKind) => {
    const sent = (resource[kind] ?? []) as Partial<AssignedValue>[];
    return checkAssigned(kind, sent, schemas, { before: before?.[kind] ?? [], ignore });
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
