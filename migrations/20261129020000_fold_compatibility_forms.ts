import type { Knex } from "knex";

/**
 * Compares unique names (login names and group names) by NFKC instead of NFC, so that compatibility forms are equal: the
 * ligature ﬁ and the letters fi. Recomputes the keys of existing rows in chunks; the names themselves stay.
 *
 * If two names of a tenant become equal, no row is lost, and no typed name finds a different row than before. The name
 * that is already in normal form gets the key; among several others, the oldest row does. The rest keep their old keys.
 * Lookups no longer produce such a key, so these rows cannot be found by name until they are renamed. They are still
 * listed and opened, and linked identities still sign in to them.
 *
 * Subjects of identities stay unchanged, because names that an identity provider keeps apart are two people.
 */
const named = [
  { table: "users", name: "login_name", key: "login_name_key", isUnique: true },
  { table: "groups", name: "display_name", key: "display_name_key", isUnique: true },
  { table: "tombstones", name: "login_name", key: "login_name_key", isUnique: false },
] as const;

export async function up(knex: Knex): Promise<void> {
  for (const one of named)
    await fold(knex, one, (name) => name.normalize("NFKC").toLowerCase().normalize("NFKC"));
}

/** Keys by NFC were unique, so every row gets its old key back. */
export async function down(knex: Knex): Promise<void> {
  for (const one of named) await fold(knex, one, (name) => name.normalize("NFC").toLowerCase());
}

type KeyedRow = Record<string, string>;

async function fold(
  knex: Knex,
  { table, name, key, isUnique }: (typeof named)[number],
  keyOf: (name: string) => string,
): Promise<void> {
  // In the order of creation, where it matters.
  const order = ["tenant_id", isUnique ? "seq" : "id"] as const;
  for (let after: readonly (string | number)[] | null = null; ; ) {
    const query = knex(table)
      .orderBy([...order])
      .limit(500)
      .select("tenant_id", "id", order[1], name, key);
    if (after) query.whereRaw(`(tenant_id, ${order[1]}) > (?, ?)`, [...after]);
    const rows: KeyedRow[] = await query;
    for (const row of rows) {
      const wanted = keyOf(row[name] as string);
      if (wanted === row[key]) continue;
      const { tenant_id, id } = row;
      const taken =
        isUnique &&
        (await knex(table)
          .where({ tenant_id, [key]: wanted })
          .first("id"));
      if (!taken)
        await knex(table)
          .where({ tenant_id, id })
          .update({ [key]: wanted });
    }
    const last = rows.at(-1);
    if (!last) return;
    after = [last.tenant_id as string, last[order[1]] as string];
  }
}
