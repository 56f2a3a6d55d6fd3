import { timingSafeEqual } from "node:crypto";
import type { Knex } from "knex";
import type {
  GroupInput,
  GroupRecord,
  GroupStore,
  ResourceStore,
  ScimBackend,
  ScimStore,
  UserInput,
  UserRecord,
  UserStore,
  Wants,
} from "scim-server/backend";
import { badRequest, conflict } from "scim-server/errors";
import { defineSchemas } from "scim-server/schema";
import { type SearchColumns, toSql } from "./filters.ts";
import { endAllSessions, hash } from "./sessions.ts";
import type { AppUser } from "./users.ts";

/** The attributes that the users table has. The engine drops all others. */
export const schemas = defineSchemas({
  attributes: [{ scim: "name.givenName" }, { scim: "name.familyName" }, { scim: "emails" }],
});

/** @param tokenHash the SHA-256 of the one provisioning token, in hex. Throws for anything else. */
export function scimBackend(sql: Knex, tokenHash: string): ScimBackend<"okta"> {
  if (!/^[0-9a-f]{64}$/.test(tokenHash)) throw new Error("The hash of the SCIM token is not SHA-256 in hex.");
  return {
    async authenticate(token) {
      return timingSafeEqual(Buffer.from(hash(token)), Buffer.from(tokenHash)) ? "okta" : null;
    },
    openStore: () => storeOver(sql),
    toScimError(error) {
      const message = String(error);
      if (message.includes("UNIQUE constraint failed")) return conflict("This name is taken.");
      if (message.includes("FOREIGN KEY constraint failed"))
        return badRequest("invalidValue", "A member is not a user of this application.");
      return null;
    },
  };
}

function storeOver(sql: Knex): ScimStore {
  return {
    users: userStore(sql),
    groups: groupStore(sql),
    transaction: (work) => sql.transaction((trx) => work(storeOver(trx))),
  };
}

/** Columns that users and groups share. */
interface ScimRow {
  id: number;
  external_id: string | null;
  version: number;
  created_at: number;
  updated_at: number | null;
}
type UserRow = AppUser & ScimRow;
type GroupRow = ScimRow & { display_name: string };

const shared: SearchColumns = {
  id: "cast(id as text)",
  externalId: "external_id",
  "meta.created": "created_at",
  "meta.lastModified": "coalesce(updated_at, created_at)",
};
const userColumns: SearchColumns = {
  ...shared,
  userName: "email",
  emails: "email",
  "emails.value": "email",
  "name.givenName": "first_name",
  "name.familyName": "last_name",
  active: "(disabled_at is null)",
};
const groupColumns: SearchColumns = { ...shared, displayName: "display_name" };

function userStore(sql: Knex): UserStore {
  const rows = tableStore<UserInput, UserRow, UserRecord>(sql, {
    name: "users",
    columns: userColumns,
    toColumns({ userName, active, externalId, attributes }) {
      const name = attributes?.name as { givenName?: string; familyName?: string } | undefined;
      return {
        email: userName,
        external_id: externalId,
        ...(active === undefined ? {} : { disabled_at: active ? null : Date.now() }),
        ...(attributes ? { first_name: name?.givenName ?? null, last_name: name?.familyName ?? null } : {}),
      };
    },
    async toRecords(found, wants) {
      const groups = wants("groups") ? await groupsOf(sql, found) : [];
      return found.map((row) => ({
        ...recordOf(row),
        userName: row.email,
        active: row.disabled_at === null,
        attributes: {
          name: { givenName: row.first_name ?? undefined, familyName: row.last_name ?? undefined },
          emails: [{ value: row.email, type: "work", primary: true }],
        },
        groups: groups
          .filter(({ user_id }) => user_id === row.id)
          .map(({ id, display_name }) => ({ id: String(id), displayName: display_name })),
      }));
    },
  });
  return {
    ...rows,
    async update(before, changes, details) {
      if (changes.active === false) await endAllSessions(sql, rowId(before.id));
      return await rows.update(before, changes, details);
    },
  };
}

async function groupsOf(sql: Knex, users: readonly UserRow[]): Promise<(GroupRow & { user_id: number })[]> {
  const ids = users.map(({ id }) => id);
  return await sql("group_members")
    .join("groups", "groups.id", "group_members.group_id")
    .whereIn("user_id", ids);
}

function groupStore(sql: Knex): GroupStore {
  const rows = tableStore<GroupInput, GroupRow, GroupRecord>(sql, {
    name: "groups",
    columns: groupColumns,
    toColumns: ({ displayName, externalId }) => ({ display_name: displayName, external_id: externalId }),
    toRecords: async (found) => found.map((row) => ({ ...recordOf(row), displayName: row.display_name })),
  });
  return {
    ...rows,
    async changeMembers(id, steps) {
      for (const { kind, userIds } of steps) {
        // One JSON parameter: a group may have 50,000 members, and SQLite allows 32,766 parameters.
        const ids = JSON.stringify(userIds.map(rowId));
        const members = sql("group_members").where({ group_id: rowId(id) });
        if (kind === "remove")
          await members.whereRaw("user_id in (select value from json_each(?))", [ids]).delete();
        if (kind === "replace") await members.delete();
        if (kind !== "remove")
          await sql.raw("insert or ignore into group_members select ?, value from json_each(?)", [
            rowId(id),
            ids,
          ]);
      }
    },
    async membersOf(ids, limit) {
      const query = sql("group_members")
        .join("users", "users.id", "group_members.user_id")
        .whereIn("group_id", ids.map(rowId));
      if (limit !== undefined) query.limit(limit);
      const members: { group_id: number; id: number; email: string }[] = await query;
      const of = (id: string) => members.filter(({ group_id }) => group_id === rowId(id));
      return new Map(
        ids.map((id) => [id, of(id).map((user) => ({ id: String(user.id), name: user.email }))]),
      );
    },
  };
}

interface ScimTable<Input, Row, Stored> {
  name: string;
  columns: SearchColumns;
  /** Undefined columns stay as they are. */
  toColumns(input: Partial<Input>): object;
  toRecords(rows: readonly Row[], wants: Wants): Promise<Stored[]>;
}

/** Users and groups alike: one row is one resource. */
function tableStore<Input, Row extends ScimRow, Stored extends UserRecord | GroupRecord>(
  sql: Knex,
  { name, columns, toColumns, toRecords }: ScimTable<Input, Row, Stored>,
): ResourceStore<Input, Stored> {
  const only = async (rows: readonly Row[], wants: Wants) => {
    const [record] = await toRecords(rows, wants);
    if (!record) throw new Error(`the row of ${name} is gone`);
    return record;
  };
  const get = async (id: string, wants: Wants) => {
    const rows: Row[] = await sql(name).where({ id: rowId(id) });
    return rows.length > 0 ? await only(rows, wants) : null;
  };
  return {
    get,
    // SQLite runs one transaction at a time. With PostgreSQL, this is `select … for update`.
    lock: get,
    async list({ where, sort, from, limit, wants }) {
      const matching = sql(name).where(where ? toSql(sql, columns, where) : {});
      const [count] = await matching.clone().count({ total: "*" });
      const direction = sort?.descending ? "desc" : "asc";
      const page = matching.clone().orderByRaw(`${columns[sort?.by ?? ""] ?? "id"} ${direction}, id`);
      if ("after" in from) page.where("id", ">", from.after);
      else page.offset(from.offset);
      return { items: await toRecords(await page.limit(limit), wants), total: Number(count?.total) };
    },
    async create(input, { wants }) {
      const row = { ...toColumns(input), created_at: Date.now() };
      return await only(await sql(name).insert(row, "*"), wants);
    },
    async update({ id, version }, changes, { wants }) {
      const row = { ...toColumns(changes), version: version + 1, updated_at: Date.now() };
      return await only(
        await sql(name)
          .where({ id: rowId(id) })
          .update(row, "*"),
        wants,
      );
    },
    async remove(id) {
      await sql(name)
        .where({ id: rowId(id) })
        .delete();
    },
  };
}

function recordOf(row: ScimRow) {
  return {
    id: String(row.id),
    position: row.id,
    externalId: row.external_id,
    version: row.version,
    createdAt: row.created_at,
    updatedAt: row.updated_at ?? row.created_at,
  };
}

/** The key of a row; 0, which no row has, for any other spelling: SQLite would take "07" and "7.0" for 7. */
function rowId(id: string): number {
  return /^[1-9]\d{0,14}$/.test(id) ? Number(id) : 0;
}
