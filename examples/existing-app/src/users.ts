import knex, { type Knex } from "knex";

/** A user of the application, which had this table before single sign-on came. */
export interface AppUser {
  id: number;
  /** Also the name to sign in with. */
  email: string;
  first_name: string | null;
  last_name: string | null;
  /** Milliseconds since the epoch; null for a user who may sign in. */
  disabled_at: number | null;
  created_at: number;
}

/** @param file a path, or ":memory:". */
export async function openDatabase(file: string): Promise<Knex> {
  const sql = knex({
    client: "sqlite3",
    connection: { filename: file },
    useNullAsDefault: true,
    // SQLite ignores foreign keys unless each connection turns them on.
    pool: {
      afterCreate: (connection: { run(text: string, done: () => void): void }, done: () => void) =>
        connection.run("pragma foreign_keys = on", done),
    },
  });
  if (await sql.schema.hasTable("users")) return sql;
  await createOwnTables(sql);
  await addSingleSignOn(sql);
  return sql;
}

async function createOwnTables(sql: Knex): Promise<void> {
  await sql.schema.createTable("users", (table) => {
    table.increments("id");
    table.specificType("email", "text collate nocase").notNullable().unique();
    table.text("first_name");
    table.text("last_name");
    table.integer("disabled_at");
    table.integer("created_at").notNullable();
  });
  await sql.schema.createTable("sessions", (table) => {
    table.text("token_hash").primary();
    table.integer("user_id").notNullable().references("users.id").onDelete("cascade");
    table.integer("expires_at").notNullable();
  });
}

/** The migration that adds SCIM and single sign-on. */
async function addSingleSignOn(sql: Knex): Promise<void> {
  await sql.schema.alterTable("users", (table) => {
    // The id that Okta gave the person. A client may send one externalId for several people (RFC 7643 §3.1).
    table.text("external_id").index();
    table.integer("version").notNullable().defaultTo(1);
    table.integer("updated_at");
  });
  await sql.schema.createTable("groups", (table) => {
    table.increments("id");
    table.specificType("display_name", "text collate nocase").notNullable().unique();
    table.text("external_id");
    table.integer("version").notNullable().defaultTo(1);
    table.integer("created_at").notNullable();
    table.integer("updated_at");
  });
  await sql.schema.createTable("group_members", (table) => {
    table.integer("group_id").notNullable().references("groups.id").onDelete("cascade");
    table.integer("user_id").notNullable().references("users.id").onDelete("cascade");
    table.primary(["group_id", "user_id"]);
    table.index("user_id");
  });
  // In the database, and not in memory: the browser may come back to another process, or after a restart.
  await sql.schema.createTable("pending_sign_ins", (table) => {
    table.text("id_hash").primary();
    table.text("browser_hash").notNullable();
    table.text("expected").notNullable();
    table.integer("expires_at").notNullable();
  });
  await sql.schema.createTable("consumed_assertions", (table) => {
    table.text("id_hash").primary();
    table.integer("expires_at").notNullable();
  });
}
