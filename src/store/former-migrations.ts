import type { Knex } from "knex";
import { InvalidError } from "../errors.ts";

/** The migrations of the unreleased versions, before they were squashed into one for each area. */
const formerNames: readonly string[] = [
  "20261101000100_create_tenants",
  "20261101000200_create_users",
  "20261101000300_create_groups",
  "20261101000400_create_connections",
  "20261101000500_create_tombstones",
  "20261101000600_create_roles",
  "20261101000700_create_credentials",
  "20261101000800_create_sessions",
  "20261101000900_create_tasks", // sample product
  "20261101001000_create_activity",
  "20261101001100_create_pending_logins",
  "20261124000100_create_key_pairs",
  "20261124071000_create_inspector",
  "20261124214500_add_directory_search",
  "20261124220500_create_sign_in_tests",
  "20261124222000_extend_activity",
  "20261124225500_create_provisioning_problems",
  "20261125015500_index_successful_sign_ins",
];

/** The squashed migrations, which create the same tables. */
const isSquashed = (name: string) => name.startsWith("20261128");

/**
 * Renames the records of the former migrations, so that a database of an unreleased version is migrated like any other.
 * Throws InvalidError if it stopped half way through them: it has neither the old tables nor the new ones.
 * @param names every migration of this version.
 */
export async function adoptFormerMigrations(trx: Knex, names: readonly string[]): Promise<void> {
  const rows: { name: string; batch: number }[] = await trx("knex_migrations").select("name", "batch");
  const applied = new Set(rows.map(({ name }) => name));
  const missing = formerNames.filter((name) => !applied.has(name));
  if (missing.length === formerNames.length) return;
  if (missing.length > 0)
    throw new InvalidError(
      `This database was last migrated by an old unreleased version. It lacks ${missing.join(", ")}: run "npm run migrate" of a version of 2026-11-25 to 2026-11-28 first.`,
    );
  await trx("knex_migrations").whereIn("name", formerNames).delete();
  const renamed = names.filter(isSquashed).map((name) => ({ name, batch: 1, migration_time: new Date() }));
  await trx("knex_migrations").insert(renamed);
}
