import { deleteProvisionedUser, provisionUser, updateProvisionedUser } from "../directory/provisioning.ts";
import { setProvisionedRoles } from "../directory/roles.ts";
import { setSyncedPassword } from "../directory/synced-passwords.ts";
import type { User } from "../model.ts";
import type { Affiliations } from "../store/tenant/affiliations.ts";
import type { ShownUser } from "../store/tenant/user-rows.ts";
import type { TenantStore } from "../store/tenant-store.ts";
import { recordActivity, type ScimAnswer, type ScimContext, type ScimRequest } from "./context.ts";
import { ScimError } from "./errors.ts";
import { hashSent } from "./passwords.ts";
import { type PatchOperation, parsePatch } from "./patch-operations.ts";
import { patchUser } from "./patch-user.ts";
import { checkIfMatch, isKnown } from "./preconditions.ts";
import { type Projection, projection } from "./projection.ts";
import { normaliseUser } from "./resource-input.ts";
import { userSchema } from "./schema.ts";
import {
  affiliationsIn,
  type ScimResource,
  toScimUser,
  toUserInput,
  type UserInput,
  versionTag,
} from "./user-resource.ts";

/** POST /Users (RFC 7644 §3.3). */
export async function createUser(context: ScimContext, request: ScimRequest): Promise<ScimAnswer> {
  const project = projection(request.query, userSchema);
  const { resource } = normaliseUser(request.body, userSchema);
  const input = toUserInput(resource);
  const passwordHash = await hashSent(context, null, input.password);
  return await context.store.transaction(async (store) => {
    const user = await provisionUser(store, context.writer, input.user);
    if (input.roles.length > 0) await setProvisionedRoles(store, user.id, input.roles);
    if (passwordHash !== null) await setSyncedPassword(store, user, passwordHash);
    const changed = Object.keys(resource);
    await recordActivity(context, store, { action: "user.created", targetId: user.id, changed });
    return { ...(await answer(context, store, user, project)), status: 201 };
  });
}

/** GET /Users/{id} (RFC 7644 §3.4.1). */
export async function readUser(context: ScimContext, id: string, request: ScimRequest): Promise<ScimAnswer> {
  const project = projection(request.query, userSchema);
  const user = await context.store.users.affiliated(affiliationsIn(project)).byId(id);
  if (!user) throw userNotFound();
  if (isKnown(request, user.version)) return { status: 304, version: versionTag(user.version) };
  return answerWith(context, user, user.affiliations, project);
}

/**
 * PUT /Users/{id} (RFC 7644 §3.5.1): what is absent is cleared, except what a client that does not know it would wipe
 * out by accident: active, password, roles, entitlements and externalId.
 */
export async function replaceUser(
  context: ScimContext,
  id: string,
  request: ScimRequest,
): Promise<ScimAnswer> {
  const project = projection(request.query, userSchema);
  const { resource, cleared } = normaliseUser(request.body, userSchema);
  const sent = (name: string) => resource[name] !== undefined || cleared.has(name);
  const input = toUserInput(resource);
  const passwordHash = await hashSent(context, id, input.password);
  return await context.store.transaction(async (store) => {
    const before = await lock(store, id, request);
    const changed = Object.keys(resource);
    return await apply(context, store, before, { input, passwordHash, sent, changed, project });
  });
}

/** PATCH /Users/{id} (RFC 7644 §3.5.2): all operations or none. */
export async function patchUserById(
  context: ScimContext,
  id: string,
  request: ScimRequest,
): Promise<ScimAnswer> {
  const project = projection(request.query, userSchema);
  const operations = parsePatch(request.body);
  const passwordHash = await hashPatched(context, id, operations);
  return await context.store.transaction(async (store) => {
    const before = await lock(store, id, request);
    const affiliations = await store.affiliations.ofUsers([id]);
    const current = toScimUser(context, before, affiliations.get(id));
    const patched: ScimResource = patchUser(current, operations, userSchema);
    const changed = changedNames(current, patched);
    // The patched resource is complete: an attribute that it lacks was removed.
    const sent = (name: string) => changed.includes(name);
    const input = toUserInput(patched);
    return await apply(context, store, before, { input, passwordHash, sent, changed, project });
  });
}

/** What a PATCH makes of the password is the same whatever else the user is by the time that it is carried out. */
async function hashPatched(
  context: ScimContext,
  id: string,
  operations: readonly PatchOperation[],
): Promise<string | null> {
  const user = context.passwordSync ? await context.store.users.byId(id) : null;
  if (!user) return null;
  const { password } = patchUser(toScimUser(context, user, undefined), operations, userSchema);
  return await hashSent(context, id, typeof password === "string" ? password : null);
}

/** DELETE /Users/{id} (RFC 7644 §3.6). Okta never sends it: it deactivates. */
export async function deleteUser(
  context: ScimContext,
  id: string,
  request: ScimRequest,
): Promise<ScimAnswer> {
  return await context.store.transaction(async (store) => {
    await lock(store, id, request);
    const { lastOwnerLost } = await deleteProvisionedUser(store, context.writer, id);
    await recordActivity(context, store, { action: "user.deleted", targetId: id, changed: [] });
    if (lastOwnerLost) warnOfLostOwner(context, id);
    return { status: 204 };
  });
}

interface Change {
  input: UserInput;
  passwordHash: string | null;
  /** Whether an attribute that is kept when absent is to be changed. */
  sent(name: string): boolean;
  changed: string[];
  project: Projection;
}

async function apply(
  context: ScimContext,
  store: TenantStore,
  before: User,
  { input, passwordHash, sent, changed, project }: Change,
): Promise<ScimAnswer> {
  const { active, sourceKey, entitlements, ...always } = input.user;
  const change = await updateProvisionedUser(store, context.writer, before.id, {
    ...always,
    ...(sent("active") ? { active } : {}),
    ...(sent("externalId") ? { sourceKey } : {}),
    ...(sent("entitlements") ? { entitlements: entitlements ?? [] } : {}),
  });
  if (sent("roles")) await setProvisionedRoles(store, before.id, input.roles);
  if (passwordHash !== null) await setSyncedPassword(store, change.user, passwordHash);
  const action = actionOf(before, change.user);
  await recordActivity(context, store, { action, targetId: before.id, changed });
  if (change.lastOwnerLost) warnOfLostOwner(context, before.id);
  return await answer(context, store, change.user, project);
}

function actionOf(before: User, after: User): string {
  if (before.active === after.active) return "user.updated";
  return after.active ? "user.activated" : "user.deactivated";
}

async function lock(store: TenantStore, id: string, request: ScimRequest): Promise<User> {
  const user = await store.users.lock(id);
  if (!user) throw userNotFound();
  checkIfMatch(request, user.version);
  return user;
}

async function answer(
  context: ScimContext,
  store: TenantStore,
  user: User,
  project: Projection,
): Promise<ScimAnswer> {
  const affiliations = await store.affiliations.ofUsers([user.id], affiliationsIn(project));
  return answerWith(context, user, affiliations.get(user.id), project);
}

function answerWith(
  context: ScimContext,
  user: ShownUser,
  affiliations: Affiliations | undefined,
  project: Projection,
): ScimAnswer {
  return {
    status: 200,
    body: project.apply(toScimUser(context, user, affiliations)),
    location: `${context.baseUrl}/Users/${user.id}`,
    version: versionTag(user.version),
  };
}

/** Names of the top-level attributes in which two resources differ. */
function changedNames(before: ScimResource, after: ScimResource): string[] {
  const names = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...names].filter((name) => JSON.stringify(before[name]) !== JSON.stringify(after[name]));
}

function userNotFound(): ScimError {
  return new ScimError(404, null, "User not found.");
}

/** The tenant cannot be administered any more; `admin -- owner invite` lets somebody in again. */
function warnOfLostOwner({ log, store }: ScimContext, userId: string): void {
  log.warn({ tenantId: store.tenantId, userId }, "tenant.last_owner_lost");
}
