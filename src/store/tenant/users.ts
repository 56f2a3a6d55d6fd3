import { ConflictError, NotFoundError } from "../../errors.ts";
import type { AttributeDocument, Profile, User, UserOrigin } from "../../model.ts";
import { prepared } from "../prepared-statements.ts";
import { mapUniqueViolation } from "../sql-errors.ts";
import { nameKey, searchKey, textKey } from "../text-keys.ts";
import {
  type AffiliationRow,
  type Affiliations,
  affiliationColumns,
  toAffiliations,
} from "./affiliations.ts";
import type { TenantScope } from "./scope.ts";
import { findPosition, recordGap, type Search, type SearchResult, searchRows } from "./search.ts";

interface NewUser extends Profile {
  id: string;
  attributes?: AttributeDocument;
  entitlements?: string[];
  loginName: string;
  active: boolean;
  origin: UserOrigin;
  sourceId: string | null;
  sourceKey: string | null;
}

/** Changes of a user. Absent fields stay as they are. */
export type UserChanges = Partial<
  Profile &
    Pick<
      User,
      "loginName" | "active" | "blocked" | "origin" | "sourceId" | "sourceKey" | "attributes" | "entitlements"
    >
>;

const conflicts = {
  login_name_key: () =>
    new ConflictError("login-name-taken", "Another user of this tenant has this login name."),
};

/** The users of one tenant. */
export function tenantUsers(scope: TenantScope, now: () => number) {
  return {
    ...reading(scope, columnList, toUser),
    ...writing(scope, now),

    /** The same lookups for what clients see, with their groups if wanted. Each is still one statement. */
    affiliated(withGroups: boolean) {
      if (!withGroups) return reading(scope, shownColumnList, toAffiliatedUser);
      return reading(scope, `${shownColumnList}, ${affiliationColumns(scope)}`, toAffiliatedUser);
    },
  };
}

/** @param readColumns the columns that `read` needs. */
function reading<Read extends ShownUser>(
  scope: TenantScope,
  readColumns: string,
  read: (row: UserRow) => Read,
) {
  const select = () => scope.rows("users").select(scope.raw(readColumns));
  const orNull = (row: UserRow | undefined) => (row ? read(row) : null);
  return {
    async byId(id: string): Promise<Read | null> {
      const found = select().where("users.id", id).options(prepared).first();
      return orNull((await found) as UserRow | undefined);
    },

    /** Like byId, and locks the row until the transaction ends. */
    async lock(id: string): Promise<Read | null> {
      return orNull((await select().where("users.id", id).forUpdate().first()) as UserRow | undefined);
    },

    async byLoginName(loginName: string): Promise<Read | null> {
      return orNull(
        (await select().where("login_name_key", nameKey(loginName)).first()) as UserRow | undefined,
      );
    },

    /**
     * The provisioned users with this source key, at most two of them: keys are not unique, and two users are as ambiguous
     * as many.
     * @param sourceId limits the lookup to the users of one source.
     */
    async bySourceKey(key: string, sourceId?: string): Promise<Read[]> {
      const query = select().where({ source_key: key, origin: "scim" });
      if (sourceId !== undefined) query.where("source_id", sourceId);
      return ((await query.limit(2)) as UserRow[]).map(read);
    },

    /** The users after `afterSeq` in the tenant's order. */
    async page(afterSeq: number, limit: number): Promise<Read[]> {
      return ((await select().where("seq", ">", afterSeq).orderBy("seq").limit(limit)) as UserRow[]).map(
        read,
      );
    },

    /** A page of the list that begins at a position; 1 is the first. Cheap at any position. */
    async pageFrom(position: number, limit: number): Promise<SearchResult<Read>> {
      const { seq, total } = await findPosition(scope, "users", position);
      if (position > total || limit === 0) return { rows: [], total };
      const rows = (await select().where("seq", ">=", seq).orderBy("seq").limit(limit)) as UserRow[];
      return { rows: rows.map(read), total };
    },

    /** May read every row of the tenant: see searchRows. */
    async search(search: Search): Promise<SearchResult<Read>> {
      const { rows, total } = await searchRows<UserRow>(scope, "users", readColumns, search);
      return { rows: rows.map(read), total };
    },

    /** The number of users, from a maintained counter. */
    async count(): Promise<number> {
      const row = (await scope.tenantRow().first("user_count")) as { user_count: number } | undefined;
      return row?.user_count ?? 0;
    },

    /** The number of provisioned users, from a maintained counter. */
    async provisionedCount(): Promise<number> {
      const row = await scope.tenantRow().first("provisioned_user_count");
      return (row as { provisioned_user_count: number } | undefined)?.provisioned_user_count ?? 0;
    },
  };
}

function writing(scope: TenantScope, now: () => number) {
  return {
    /** Adds a user at the end of the list. Throws ConflictError if the login name is taken. */
    async create(user: NewUser): Promise<User> {
      return await scope.atomically(async (inside) => {
        const count = {
          user_seq: inside.increment("user_seq", 1),
          user_count: inside.increment("user_count", 1),
          ...provisionedCount(inside, user.origin === "scim" ? 1 : 0),
        };
        const [counter] = (await inside.tenantRow().update(count).returning("user_seq")) as {
          user_seq: number;
        }[];
        if (!counter) throw new NotFoundError("There is no such tenant.");
        const at = now();
        const row = {
          ...toRow(user),
          id: user.id,
          seq: counter.user_seq,
          blocked: false,
          created_at: at,
          updated_at: at,
        };
        const insert = inside.insert("users", row).returning(columns);
        const [created] = (await mapUniqueViolation(insert, conflicts)) as UserRow[];
        return toUser(created as UserRow);
      });
    },

    /** Throws NotFoundError, and ConflictError as create does. */
    async update(id: string, changes: UserChanges): Promise<User> {
      if (changes.origin === undefined) return await change(scope, id, changes, now());
      return await scope.atomically(async (inside) => {
        const before = await originOf(inside, id);
        const user = await change(inside, id, changes, now());
        const gained = Number(user.origin === "scim") - Number(before === "scim");
        if (gained !== 0) await inside.tenantRow().update(provisionedCount(inside, gained));
        return user;
      });
    },

    /** Keeps the time of a sign-in. It is not a change of the person, so their version stays. */
    async recordSignIn(id: string): Promise<void> {
      await scope.rows("users").where("id", id).update({ last_sign_in_at: now() });
    },

    /** Invalidates the user's sessions and sign-ins: see revokeUserAccess in directory/access.ts. */
    async advanceAccessEpoch(id: string): Promise<void> {
      await scope
        .rows("users")
        .where("id", id)
        .update({ access_epoch: scope.increment("access_epoch", 1) });
    },

    /** Removes a user with all dependent rows. Returns whether the user existed. */
    async remove(id: string): Promise<boolean> {
      return await scope.atomically(async (inside) => {
        // Locked first, so that no group gains them in between.
        const found = inside.rows("users").where("id", id).forUpdate().first("seq", "origin");
        const row = (await found) as { seq: number; origin: UserOrigin } | undefined;
        if (!row) return false;
        await changeGroupsOf(inside, id, now());
        await inside.rows("users").where("id", id).delete();
        const count = { user_count: inside.increment("user_count", -1) };
        const provisioned = provisionedCount(inside, row.origin === "scim" ? -1 : 0);
        await inside.tenantRow().update({ ...count, ...provisioned });
        await recordGap(inside, "users", row.seq);
        return true;
      });
    },
  };
}

async function change(scope: TenantScope, id: string, changes: UserChanges, at: number): Promise<User> {
  const update = scope
    .rows("users")
    .where("id", id)
    .update({ ...toRow(changes), version: scope.increment("version", 1), updated_at: at })
    .returning(columns.map((column) => column.replace("users.", "")));
  const [row] = (await mapUniqueViolation(update, conflicts)) as UserRow[];
  if (!row) throw new NotFoundError("There is no such user.");
  return toUser(row);
}

/** A group that loses a member is another version of it, or clients with the former one would keep the member. */
async function changeGroupsOf(scope: TenantScope, userId: string, at: number): Promise<void> {
  const groupIds = scope.rows("group_members").where("user_id", userId).select("group_id");
  const change = { version: scope.increment("version", 1), updated_at: at };
  await scope.rows("groups").whereIn("id", groupIds).update(change);
}

/** Locks the row until the transaction ends. */
async function originOf(scope: TenantScope, id: string): Promise<UserOrigin | undefined> {
  const found = scope.rows("users").where("id", id).forUpdate().first("origin");
  return ((await found) as { origin: UserOrigin } | undefined)?.origin;
}

/** The change of the counter of provisioned users. */
function provisionedCount(scope: TenantScope, by: number): Record<string, unknown> {
  return by === 0 ? {} : { provisioned_user_count: scope.increment("provisioned_user_count", by) };
}

const columnOf: Record<Exclude<keyof UserChanges, "attributes" | "entitlements">, string> = {
  loginName: "login_name",
  givenName: "given_name",
  familyName: "family_name",
  displayName: "display_name",
  email: "email",
  active: "active",
  blocked: "blocked",
  origin: "origin",
  sourceId: "source_id",
  sourceKey: "source_key",
};

function toRow(changes: UserChanges): Record<string, unknown> {
  const row: Record<string, unknown> = {};
  for (const [field, column] of Object.entries(columnOf)) {
    const value = changes[field as keyof typeof columnOf];
    if (value !== undefined) row[column] = value;
  }
  if (changes.loginName !== undefined) row.login_name_key = nameKey(changes.loginName);
  if (changes.email !== undefined) row.email_key = changes.email === null ? null : textKey(changes.email);
  for (const field of ["givenName", "familyName"] as const) {
    const value = changes[field];
    if (value !== undefined) row[`${columnOf[field]}_key`] = value === null ? null : searchKey(value);
  }
  if (changes.attributes !== undefined) {
    row.attributes = JSON.stringify(changes.attributes);
    row.attributes_key = JSON.stringify(changes.attributes, (_name, value) =>
      typeof value === "string" ? textKey(value) : value,
    );
  }
  if (changes.entitlements !== undefined) row.entitlements = JSON.stringify(changes.entitlements);
  return row;
}

/** A row as the drivers return it. */
export interface UserRow {
  id: string;
  seq: number;
  login_name: string;
  given_name: string | null;
  family_name: string | null;
  display_name: string | null;
  email: string | null;
  /** Parsed by PostgreSQL's driver; a text on SQLite. */
  attributes: string | AttributeDocument;
  entitlements: string;
  active: number | boolean;
  blocked: number | boolean;
  origin: UserOrigin;
  source_id: string | null;
  source_key: string | null;
  access_epoch: number;
  version: number;
  created_at: number;
  updated_at: number;
}

const shownColumns = [
  "id",
  "seq",
  "login_name",
  "attributes",
  "entitlements",
  "active",
  "source_id",
  "source_key",
  "version",
  "created_at",
  "updated_at",
];

/** The columns of UserRow. */
const columns = qualified([
  ...shownColumns,
  "given_name",
  "family_name",
  "display_name",
  "email",
  "blocked",
  "origin",
  "access_epoch",
]);

/** As SQL, to be combined with affiliationColumns. */
const columnList = columns.join(", ");
const shownColumnList = qualified(shownColumns).join(", ");

function qualified(names: readonly string[]): string[] {
  return names.map((name) => `users.${name}`);
}

/**
 * The part of a user that provisioning clients see. Reading only these eleven of eighteen columns makes a page of users faster:
 * part of what docs/decisions/0030 measures, 4.0–5.4 → 2.4–2.8 ms of CPU time for 100 users.
 */
export type ShownUser = Omit<
  User,
  "givenName" | "familyName" | "displayName" | "email" | "blocked" | "origin" | "accessEpoch"
>;

function toShownUser(row: UserRow): ShownUser {
  return {
    id: row.id,
    seq: row.seq,
    loginName: row.login_name,
    attributes: typeof row.attributes === "string" ? JSON.parse(row.attributes) : row.attributes,
    entitlements: JSON.parse(row.entitlements),
    active: Boolean(row.active),
    sourceId: row.source_id,
    sourceKey: row.source_key,
    version: row.version,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}

export function toUser(row: UserRow): User {
  return {
    ...toShownUser(row),
    givenName: row.given_name,
    familyName: row.family_name,
    displayName: row.display_name,
    email: row.email,
    blocked: Boolean(row.blocked),
    origin: row.origin,
    accessEpoch: row.access_epoch,
  };
}

/** A user as clients see them, with groups and roles. */
export interface AffiliatedUser extends ShownUser {
  affiliations: Affiliations;
}

function toAffiliatedUser(row: UserRow & AffiliationRow): AffiliatedUser {
  return Object.assign(toShownUser(row), { affiliations: toAffiliations(row) });
}
