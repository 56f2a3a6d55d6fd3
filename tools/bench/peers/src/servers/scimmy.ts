/**
 * scimmy-routers on Express 4, with a store on SQLite by knex. The store has indexes, translates the filters that columns can
 * answer into SQL, reads pages in SQL, and writes only the members of a group that changed.
 */
import { randomUUID } from "node:crypto";
import { createServer } from "node:http";
import express from "express";
import knexFactory, { type Knex } from "knex";
import SCIMMY from "scimmy";
import SCIMMYRouters from "scimmy-routers";
import { groupName, person } from "../people.ts";
import { databaseFile, originOf, pragmas, runServer, type Seeded, type Wish } from "./program.ts";

/** The part of a scimmy resource that the handlers use. */
interface Asked {
  id?: string;
  filter?: Filter;
  constraints?: { startIndex?: number; count?: number; totalResults?: number };
}
/** A filter is a list of alternatives; each has conditions that must all hold. */
interface Filter extends Array<Record<string, unknown>> {
  match<T>(values: T[]): T[];
}
type Resource = Record<string, unknown>;

const { Error: ScimError } = SCIMMY.Types;
const notFound = (kind: string, id: string) =>
  new ScimError(404, undefined as never, `${kind} ${id} not found`);
const fold = (value: unknown) => String(value).toLowerCase();

function open(wish: Wish, mode: "seed" | "serve"): Knex {
  return knexFactory({
    client: "better-sqlite3",
    connection: { filename: databaseFile(wish) },
    useNullAsDefault: true,
    pool: {
      min: 1,
      max: 1,
      afterCreate(connection: { pragma(text: string): void }, done: () => void) {
        for (const text of pragmas(mode)) connection.pragma(text);
        done();
      },
    },
  });
}

async function seed(wish: Wish): Promise<Seeded> {
  const knex = open(wish, "seed");
  await knex.schema.createTable("users", (table) => {
    table.increments("seq");
    table.string("id").notNullable().unique();
    table.string("user_name_key").notNullable().unique();
    table.string("external_id").index();
    table.string("display_name_key").index();
    table.string("given_name_key");
    table.string("family_name_key");
    table.boolean("active").notNullable();
    table.text("resource").notNullable();
    table.string("created").notNullable();
    table.string("modified").notNullable();
  });
  await knex.schema.createTable("groups", (table) => {
    table.increments("seq");
    table.string("id").notNullable().unique();
    table.string("display_name_key").notNullable().unique();
    table.text("resource").notNullable();
  });
  await knex.schema.createTable("group_members", (table) => {
    table.string("group_id").notNullable();
    table.string("user_id").notNullable().index();
    table.primary(["group_id", "user_id"]);
  });
  const userIds = Array.from({ length: wish.users }, () => randomUUID() as string);
  const groupId = randomUUID();
  await knex.transaction(async (trx) => {
    const rows = userIds.map((id, index) => userRow(id, person(index + 1), new Date().toISOString()));
    await trx.batchInsert("users", rows, 500);
    await trx("groups").insert(groupRow(groupId, { displayName: groupName }));
    const members = userIds.slice(0, wish.members).map((user_id) => ({ group_id: groupId, user_id }));
    await trx.batchInsert("group_members", members, 500);
  });
  await knex.destroy();
  return { userIds, groupId, own: {} };
}

function userRow(id: string, resource: Resource, now: string) {
  const name = (resource.name ?? {}) as Resource;
  return {
    id,
    user_name_key: fold(resource.userName),
    external_id: (resource.externalId as string | undefined) ?? null,
    display_name_key: resource.displayName === undefined ? null : fold(resource.displayName),
    given_name_key: name.givenName === undefined ? null : fold(name.givenName),
    family_name_key: name.familyName === undefined ? null : fold(name.familyName),
    active: resource.active !== false,
    resource: JSON.stringify({ ...resource, id: undefined, meta: undefined, groups: undefined }),
    created: now,
    modified: now,
  };
}

function groupRow(id: string, resource: Resource) {
  const kept = { ...resource, id: undefined, meta: undefined, members: undefined };
  return { id, display_name_key: fold(resource.displayName), resource: JSON.stringify(kept) };
}

async function serve(wish: Wish): Promise<void> {
  const knex = open(wish, "serve");
  const { Resources, Schemas } = SCIMMY;
  Resources.User.extend(Schemas.EnterpriseUser, false);
  Resources.declare(Resources.User, users(knex) as never);
  Resources.declare(Resources.Group, groups(knex) as never);
  const app = express();
  const handler = (req: express.Request) => {
    if (req.get("authorization") !== `Bearer ${wish.token}`) throw new Error("The token is not valid.");
    return "okta";
  };
  app.use("/scim", new SCIMMYRouters({ type: "bearer", handler: handler as never }) as never);
  createServer(app).listen(wish.port, "localhost", () => process.send?.(originOf(wish)));
}

function users(knex: Knex) {
  const present = async (rows: Resource[]): Promise<Resource[]> => {
    const memberships = await knex("group_members as m")
      .join("groups as g", "g.id", "m.group_id")
      .whereIn(
        "m.user_id",
        rows.map(({ id }) => String(id)),
      )
      .select("m.user_id", "g.id", "g.resource");
    return rows.map((row) => ({
      ...JSON.parse(String(row.resource)),
      id: row.id,
      groups: memberships
        .filter(({ user_id }) => user_id === row.id)
        .map(({ id, resource }) => ({
          value: id,
          display: JSON.parse(resource).displayName,
          type: "direct",
        })),
      meta: { created: new Date(String(row.created)), lastModified: new Date(String(row.modified)) },
    }));
  };
  return {
    async ingress(asked: Asked, instance: object) {
      const resource = JSON.parse(JSON.stringify(instance)) as Resource;
      const id = asked.id ?? randomUUID();
      const now = new Date().toISOString();
      const { created, ...row } = userRow(id, resource, now);
      try {
        if (asked.id) await knex("users").where({ id }).update(row);
        else await knex("users").insert({ ...row, created });
      } catch (error) {
        throw conflictOf(error, "userName");
      }
      return (await present(await knex("users").where({ id })))[0];
    },
    async egress(asked: Asked) {
      if (asked.id === undefined) return await list(knex, "users", asked, present);
      const rows = await knex("users").where({ id: asked.id });
      if (rows.length === 0) throw notFound("User", asked.id);
      return (await present(rows))[0];
    },
    async degress({ id = "" }: Asked) {
      await knex("group_members").where({ user_id: id }).delete();
      if ((await knex("users").where({ id }).delete()) === 0) throw notFound("User", id);
    },
  };
}

function groups(knex: Knex) {
  const membersOf = async (id: string) => {
    const rows: { user_id: string }[] = await knex("group_members").where({ group_id: id }).select("user_id");
    return rows.map(({ user_id }) => user_id);
  };
  const present = async (rows: Resource[]): Promise<Resource[]> => {
    const found: Resource[] = [];
    for (const row of rows) {
      const members = (await membersOf(String(row.id))).map((value) => ({ value }));
      found.push({ ...JSON.parse(String(row.resource)), id: row.id, members });
    }
    return found;
  };
  return {
    async ingress(asked: Asked, instance: object) {
      const resource = JSON.parse(JSON.stringify(instance)) as Resource;
      const id = asked.id ?? randomUUID();
      const wanted = new Set(((resource.members ?? []) as { value: string }[]).map(({ value }) => value));
      try {
        await knex.transaction(async (trx) => {
          if (asked.id) await trx("groups").where({ id }).update(groupRow(id, resource));
          else await trx("groups").insert(groupRow(id, resource));
          const before = new Set(
            asked.id ? await trx("group_members").where({ group_id: id }).pluck("user_id") : [],
          );
          const added = [...wanted].filter((user) => !before.has(user));
          const removed = [...before].filter((user) => !wanted.has(user));
          await trx.batchInsert(
            "group_members",
            added.map((user_id) => ({ group_id: id, user_id })),
            500,
          );
          for (let at = 0; at < removed.length; at += 500) {
            const some = removed.slice(at, at + 500);
            await trx("group_members").where({ group_id: id }).whereIn("user_id", some).delete();
          }
        });
      } catch (error) {
        throw conflictOf(error, "displayName");
      }
      return { ...resource, id };
    },
    async egress(asked: Asked) {
      if (asked.id === undefined) return await list(knex, "groups", asked, present);
      const rows = await knex("groups").where({ id: asked.id });
      if (rows.length === 0) throw notFound("Group", asked.id);
      return (await present(rows))[0];
    },
    async degress({ id = "" }: Asked) {
      await knex("group_members").where({ group_id: id }).delete();
      if ((await knex("groups").where({ id }).delete()) === 0) throw notFound("Group", id);
    },
  };
}

/** A page of a table: in SQL if columns can answer the filter, and otherwise by scimmy's own comparison of all rows. */
async function list(
  knex: Knex,
  table: "users" | "groups",
  asked: Asked,
  present: (rows: Resource[]) => Promise<Resource[]>,
): Promise<Resource[]> {
  const { startIndex = 1, count = 20 } = asked.constraints ?? {};
  const matching = knex(table);
  if (asked.filter && !restrict(matching, asked.filter)) {
    const all = await present(await knex(table).orderBy("seq"));
    return asked.filter.match(all);
  }
  const [{ total } = { total: 0 }] = await matching.clone().count({ total: "*" });
  // With its own total, scimmy does not take the page for the whole list.
  asked.constraints = { ...asked.constraints, startIndex, count, totalResults: Number(total) };
  const page = matching
    .orderBy("seq")
    .limit(count)
    .offset(startIndex - 1);
  return await present(await page.select("*"));
}

const columns: Record<string, string> = {
  username: "user_name_key",
  externalid: "external_id",
  displayname: "display_name_key",
  "name.givenname": "given_name_key",
  "name.familyname": "family_name_key",
  active: "active",
};

/** Adds the filter's conditions to the statement. Returns false, and adds nothing, if a column is missing for one. */
function restrict(statement: Knex.QueryBuilder, filter: Filter): boolean {
  const alternatives = [...filter].map((one) => conditionsOf(one));
  if (alternatives.some((one) => one === null)) return false;
  statement.where((all) => {
    for (const conditions of alternatives) {
      all.orWhere((one) => {
        for (const [column, comparator, value] of conditions ?? []) compare(one, column, comparator, value);
      });
    }
  });
  return true;
}

type Condition = [column: string, comparator: string, value: string | boolean];

function conditionsOf(conditions: Record<string, unknown>, prefix = ""): Condition[] | null {
  const found: Condition[] = [];
  for (const [key, expression] of Object.entries(conditions)) {
    const path = `${prefix}${key}`.toLowerCase();
    if (Array.isArray(expression)) {
      const column = columns[path];
      const [comparator, value] = expression as [unknown, string | boolean];
      if (!column || !["eq", "co", "sw", "ew", "pr"].includes(String(comparator))) return null;
      found.push([column, String(comparator), value]);
    } else {
      const inside = conditionsOf(expression as Record<string, unknown>, `${path}.`);
      if (!inside) return null;
      found.push(...inside);
    }
  }
  return found;
}

function compare(
  statement: Knex.QueryBuilder,
  column: string,
  comparator: string,
  value: string | boolean,
): void {
  const text = column === "external_id" ? String(value) : fold(value);
  const pattern = text.replace(/[\\%_]/g, "\\$&");
  const like = (wanted: string) => statement.whereRaw("?? like ? escape '\\'", [column, wanted]);
  if (comparator === "pr") statement.whereNotNull(column);
  else if (comparator === "co") like(`%${pattern}%`);
  else if (comparator === "sw") like(`${pattern}%`);
  else if (comparator === "ew") like(`%${pattern}`);
  else statement.where(column, column === "active" ? value : text);
}

function conflictOf(error: unknown, attribute: string): unknown {
  const isTaken = (error as { code?: string }).code?.startsWith("SQLITE_CONSTRAINT");
  return isTaken ? new ScimError(409, "uniqueness", `${attribute} is taken`) : error;
}

await runServer({ seed, serve });
