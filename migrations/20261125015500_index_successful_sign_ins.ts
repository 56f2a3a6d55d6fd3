import type { Knex } from "knex";

/** Finds the last successful sign-in through each connection of every tenant, without reading other activity. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(
    "create index activity_success_index on activity (tenant_id, target_id, at) where action = 'sign_in.succeeded'",
  );
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw("drop index activity_success_index");
}
