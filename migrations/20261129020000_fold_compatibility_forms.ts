import type { Knex } from "knex";

/**
 * The names that are unique, login names and the names of groups, are compared by NFKC from here on, not by NFC: what only
 * looks different in print (the ligature ﬁ and the letters fi) is the same name. The keys of the rows that are there are
 * made anew, some rows at a time; the names themselves stay as they were given.
 *
 * Where two names of a tenant become the same, no row is lost, and no name that somebody types reaches another row than
 * before: the name that is in its normal form keeps it, or of several that are not, the one that was there first. Every
 * other one keeps the key that it had. Nothing that is asked for has that key any more, because it is no normal form: the
 * row is not found by its name, but is listed and opened as before, signed in to by an identity that is linked, and found
 * again once it has another name.
 *
 * The subjects of identities are not touched: what an identity provider keeps apart are two people.
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

/** No two names have had the same key by NFC, so that every row gets its own back. */
export async function down(knex: Knex): Promise<void> {
  for (const one of named) await fold(knex, one, (name) => name.normalize("NFC").toLowerCase());
}

type Row = Record<string, string>;

async function fold(
  knex: Knex,
  { table, name, key, isUnique }: (typeof named)[number],
  keyOf: (name: string) => string,
): Promise<void> {
  // In the order in which they came, where that counts.
  const order = ["tenant_id", isUnique ? "seq" : "id"] as const;
  for (let after: readonly (string | number)[] | null = null; ; ) {
    const query = knex(table)
      .orderBy([...order])
      .limit(500)
      .select("tenant_id", "id", order[1], name, key);
    if (after) query.whereRaw(`(tenant_id, ${order[1]}) > (?, ?)`, [...after]);
    const rows: Row[] = await query;
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
