import type { GroupInput, GroupRecord, GroupStore } from "scim-server/backend";
import {
  changeMembers,
  deleteProvisionedGroup,
  provisionGroup,
  updateProvisionedGroup,
} from "../directory/groups.ts";
import type { Group } from "../model.ts";
import type { TenantStore } from "../store/tenant-store.ts";
import type { ScimContext } from "./context.ts";
import { findRows } from "./lists.ts";

const listing = { table: "groups" as const, rowsOf: ({ groups }: TenantStore) => groups };

/** The groups of one tenant, as the SCIM engine changes them. The rules are those of directory/groups.ts. */
export function scimGroups(store: TenantStore, context: ScimContext): GroupStore {
  const { writer } = context;
  const recordOf = (group: Group | null) => group && toRecord(context, group);
  return {
    get: async (id) => recordOf(await store.groups.byId(id)),
    lock: async (id) => recordOf(await store.groups.lock(id)),

    async list(query) {
      const { rows, total } = await findRows(store, context, query, listing);
      return { items: rows.map((group) => toRecord(context, group)), total };
    },

    async create({ displayName, externalId }, { changed }) {
      const group = await provisionGroup(store, writer, { displayName, sourceKey: externalId }, []);
      await context.record(store, { action: "group.created", targetId: group.id, changed });
      return toRecord(context, group);
    },

    async update({ id }, changes, { changed }) {
      const group = await updateProvisionedGroup(store, writer, id, { changes: toChanges(changes) });
      await context.record(store, { action: "group.updated", targetId: id, changed });
      return toRecord(context, group);
    },

    async changeMembers(id, steps) {
      await changeMembers(store, id, steps);
    },

    async membersOf(ids, limit) {
      return await store.groupMembers.ofGroups(ids, limit);
    },

    async findMembers(id, by) {
      return await store.groupMembers.find(id, by);
    },

    async remove(id) {
      await deleteProvisionedGroup(store, writer, id);
      await context.record(store, { action: "group.deleted", targetId: id, changed: [] });
    },
  };
}

function toRecord({ writer }: ScimContext, group: Group): GroupRecord {
  return {
    id: group.id,
    displayName: group.displayName,
    // A source does not see the key that another source gave.
    externalId: group.sourceId === writer.source.id ? group.sourceKey : null,
    createdAt: group.createdAt,
    updatedAt: group.updatedAt,
    version: group.version,
    position: group.seq,
  };
}

/** The change in the directory's words. */
function toChanges({ displayName, externalId }: Partial<GroupInput>) {
  return {
    ...(displayName === undefined ? {} : { displayName }),
    ...(externalId === undefined ? {} : { sourceKey: externalId }),
  };
}
