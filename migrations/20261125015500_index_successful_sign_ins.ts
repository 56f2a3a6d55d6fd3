import type { Knex } from "knex";

/** When somebody last got in, by which way: read for every tenant at once, without their activity between. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(
    "create index activity_success_index on activity (tenant_id, target_id, at) where action = 'sign_in.succeeded'",
  );
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw("drop index activity_success_index");
}
