/** The changes of users: PUT and PATCH. patch-user.ts applies the operations of a PATCH. */
import type { UserInput } from "./backend.ts";
import { type PatchOperation, parsePatch } from "./grammar.ts";
import { readResource } from "./input.ts";
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
import { projection } from "./projection.ts";
import {
  hashPassword,
  keepRequired,
  lockUser,
  recordIgnored,
  type SentUser,
  toScimUser,
  toSentUser,
  userAnswer,
} from "./users.ts";

/**
 * PUT /Users/{id} (RFC 7644 §3.5.1). An attribute that is absent is cleared, except those that a client would clear by
 * accident because it does not know them: active, password, roles, entitlements and externalId. An empty value of these is an
 * absent one (RFC 7643 §2.5), so it reactivates no one and takes nothing away; only an empty list of roles or entitlements
 * does. Throws badRequest for a required attribute that the user has and the request lacks, unless it deactivates the user.
 */
export async function replaceUser(call: ScimCall, request: ScimRequest): Promise<ScimResponse> {
  const project = projection(request.query, call.schemas.user);
  const { resource, emptied } = readResource(request.body, call.schemas.user);
  const passwordHash = await hashPassword(call.store, resource, request.id);
  const isSent = (name: string) => resource[name] !== undefined || emptied.has(name);
  const details = { changed: Object.keys(resource), wants: project.wants };
  const { replaced, ignored } = await call.store.transaction(async (store) => {
    const before = await lockUser(store, request, wantsAssigned);
    keepRequired(toScimUser(call, before), resource, call.schemas.user, "invalidValue");
    const { input, ...sent } = toSentUser(call, resource, before);
    const user = await store.users.update(before, changesOf(input, passwordHash, isSent), details);
    return { replaced: userAnswer(call, user, project), ignored: sent.ignored };
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
    const before = await lockUser(store, request, wantsAll);
    const current = toScimUser(call, before);
    const resource = patchUser(current, operations, call.schemas.user, ignoresUnknown(call));
    const changed = changedNames(current, resource);
    const { input, ...sent } = toSentUser(call, resource, before);
    // The patched resource is complete: an attribute that it lacks was removed.
    const changes = changesOf(input, passwordHash, (name) => changed.includes(name));
    const user = await store.users.update(before, changes, { changed, wants: project.wants });
    return { patched: userAnswer(call, user, project), ignored: sent.ignored };
  });
  recordIgnored(call, ignored);
  return patched;
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

/** Hashes the password that a PATCH sets. It does not depend on the user's other attributes, so no lock is needed. */
async function hashPatched(
  call: ScimCall,
  id: string,
  operations: readonly PatchOperation[],
): Promise<string | null> {
  const user = call.store.users.hashPassword ? await call.store.users.get(id, wantsNothing) : null;
  if (!user) return null;
  const current = toScimUser(call, user);
  return await hashPassword(
    call.store,
    patchUser(current, operations, call.schemas.user, ignoresUnknown(call)),
    id,
  );
}

function ignoresUnknown({ store }: ScimCall): boolean {
  return store.users.onUnknownIgnored !== undefined;
}

/** Names of the top-level attributes in which two resources differ. */
function changedNames(before: ScimResource, after: ScimResource): string[] {
  const names = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...names].filter((name) => JSON.stringify(before[name]) !== JSON.stringify(after[name]));
}
