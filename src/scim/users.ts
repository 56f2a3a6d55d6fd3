import type { AssignedValue, UserInput, UserRecord, UserStore, Wants } from "scim-server/backend";
import {
  deleteProvisionedUser,
  provisionUser,
  reviveUser,
  updateProvisionedUser,
} from "../directory/provisioning.ts";
import { setProvisionedRoles } from "../directory/roles.ts";
import { prepareSyncedPassword, setSyncedPassword } from "../directory/synced-passwords.ts";
import type { AssignableRole, AttributeDocument } from "../model.ts";
import type { Affiliations } from "../store/tenant/affiliations.ts";
import type { ShownUser } from "../store/tenant/users.ts";
import type { TenantStore } from "../store/tenant-store.ts";
import type { ScimContext } from "./context.ts";
import { findRows } from "./lists.ts";

/** The users of one tenant, as the SCIM engine changes them. The rules are those of directory/provisioning.ts. */
export function scimUsers(store: TenantStore, context: ScimContext): UserStore {
  const { writer } = context;
  const users: UserStore = {
    async get(id, wants) {
      const user = await store.users.affiliated(wants("groups")).byId(id);
      return user && toRecord(context, user, user.affiliations);
    },

    // Two statements: a row that waited for its lock would come with the affiliations of before.
    async lock(id, wants) {
      const user = await store.users.lock(id);
      return user && (await withAffiliations(store, context, user, wants));
    },

    async list(query) {
      const rowsOf = (from: TenantStore) => from.users.affiliated(query.wants("groups"));
      const { rows, total } = await findRows(store, context, query, { table: "users", rowsOf });
      return { items: rows.map((user) => toRecord(context, user, user.affiliations)), total };
    },

    async create(input, { changed, wants }) {
      const wanted = {
        ...profileOf(input.attributes),
        attributes: documentOf(input),
        loginName: input.userName,
        sourceKey: input.externalId,
        active: input.active,
        entitlements: idsOf(input.entitlements),
      };
      // Only an explicit `active` brings a leaver back, not the default of a new user.
      const revived = changed.includes("active") ? await reviveUser(store, writer, wanted) : null;
      const user = revived ?? (await provisionUser(store, writer, wanted));
      const hasRoles = revived !== null || input.roles.length > 0;
      if (hasRoles) await setProvisionedRoles(store, user.id, rolesIn(input.roles));
      if (input.passwordHash !== null) await setSyncedPassword(store, user, input.passwordHash);
      const action = revived ? "user.revived" : "user.created";
      await context.record(store, { action, targetId: user.id, changed });
      return await withAffiliations(store, context, user, wants);
    },

    async update(before, changes, { changed, wants }) {
      const result = await updateProvisionedUser(store, writer, before.id, toChanges(before, changes));
      const { user } = result;
      if (changes.roles) await setProvisionedRoles(store, user.id, rolesIn(changes.roles));
      if (changes.passwordHash) await setSyncedPassword(store, user, changes.passwordHash);
      await context.record(store, { action: actionOf(before, user), targetId: user.id, changed });
      if (result.lastOwnerLost) warnOfLostOwner(store, context, user.id);
      return await withAffiliations(store, context, user, wants);
    },

    async remove(id) {
      const { lastOwnerLost } = await deleteProvisionedUser(store, writer, id);
      await context.record(store, { action: "user.deleted", targetId: id, changed: [] });
      if (lastOwnerLost) warnOfLostOwner(store, context, id);
    },
  };
  if (context.passwordSync) {
    users.hashPassword = (password, userId) =>
      prepareSyncedPassword(store, context.passwords, userId, password);
  }
  if (context.onUnknownIgnored) users.onUnknownIgnored = context.onUnknownIgnored;
  return users;
}

/**
 * The stored document: all attributes of RFC 7643 that have no column. Roles and entitlements are in it with what the
 * client says about them; the rights that they give are rows and ids of their own.
 */
function documentOf({
  attributes,
  roles = [],
  entitlements = [],
}: Pick<UserRecord, "attributes" | "roles" | "entitlements">): AttributeDocument {
  return {
    ...attributes,
    ...(roles.length > 0 ? { roles } : {}),
    ...(entitlements.length > 0 ? { entitlements } : {}),
  };
}

/** Several elements may have one value, with different types. */
function idsOf(assigned: readonly AssignedValue[]): string[] {
  return [...new Set(assigned.map(({ value }) => value))];
}

/** The engine lets only the roles of scimSchemas() through. */
function rolesIn(assigned: readonly AssignedValue[]): AssignableRole[] {
  return idsOf(assigned) as AssignableRole[];
}

async function withAffiliations(
  store: TenantStore,
  context: ScimContext,
  user: ShownUser,
  wants: Wants,
): Promise<UserRecord> {
  // Groups that the answer does not show are not looked up.
  const found = wants("groups") ? await store.affiliations.ofUsers([user.id]) : null;
  return toRecord(context, user, found?.get(user.id));
}

function toRecord(
  { writer }: ScimContext,
  user: ShownUser,
  affiliations: Affiliations = { groups: [] },
): UserRecord {
  const { roles = [], entitlements = [] } = user.attributes;
  return {
    id: user.id,
    userName: user.loginName,
    active: user.active,
    // A source does not see the key that another source gave.
    externalId: user.sourceId === writer.source.id ? user.sourceKey : null,
    attributes: withoutAssigned(user.attributes),
    groups: affiliations.groups,
    roles: roles as AssignedValue[],
    entitlements: entitlements as AssignedValue[],
    createdAt: user.createdAt,
    updatedAt: user.updatedAt,
    version: user.version,
    position: user.seq,
  };
}

/** Most people have neither: then there is no copy, which would be the dearest step of a page. */
function withoutAssigned(document: AttributeDocument): AttributeDocument {
  if (!("roles" in document || "entitlements" in document)) return document;
  const { roles: _roles, entitlements: _entitlements, ...attributes } = document;
  return attributes;
}

/** The change in the directory's words. */
function toChanges(before: UserRecord, changes: Partial<UserInput>) {
  const { userName, attributes, active, externalId, roles, entitlements } = changes;
  const isDocumentChanged = attributes !== undefined || roles !== undefined || entitlements !== undefined;
  return {
    ...(attributes === undefined ? {} : profileOf(attributes)),
    ...(isDocumentChanged ? { attributes: documentOf({ ...before, ...changes }) } : {}),
    ...(userName === undefined ? {} : { loginName: userName }),
    ...(active === undefined ? {} : { active }),
    ...(externalId === undefined ? {} : { sourceKey: externalId }),
    ...(entitlements === undefined ? {} : { entitlements: idsOf(entitlements) }),
  };
}

/** The attributes that the application itself uses; config/attributes.ts says where each of them comes from. */
function profileOf(attributes: AttributeDocument) {
  const name = (attributes.name ?? {}) as Record<string, unknown>;
  const emails = (attributes.emails ?? []) as { value?: unknown; primary?: unknown }[];
  const email = emails.find(({ primary }) => primary === true) ?? emails[0];
  return {
    givenName: textOf(name.givenName),
    familyName: textOf(name.familyName),
    displayName: textOf(attributes.displayName) ?? textOf(name.formatted),
    email: textOf(email?.value),
  };
}

function textOf(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}

function actionOf(before: { active: boolean }, after: { active: boolean }): string {
  if (before.active === after.active) return "user.updated";
  return after.active ? "user.activated" : "user.deactivated";
}

/** No one can administer the tenant any more; `admin -- owner invite` lets someone in again. */
function warnOfLostOwner(store: TenantStore, { log }: ScimContext, userId: string): void {
  log.warn({ tenantId: store.tenantId, userId }, "tenant.last_owner_lost");
}
