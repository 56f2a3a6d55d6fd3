/** The change of DATA_KEY: docs/how-to/rotate-secrets.md, decision 73. */
import { ConfigError } from "../errors.ts";
import type { Database } from "./database.ts";
import { type SealedColumn, sealedColumns } from "./sealed-columns.ts";
import type { Sealer } from "./secrets.ts";

/** Rows per statement, so that it holds no lock for long. */
const batchSize = 100;

/** The value of a secret whose key is lost. It opens with no key. */
const lost = "lost";

/** The numbers of values. */
export interface Reencrypted {
  /** Those that the current key seals from now on. */
  replaced: number;
  /** Those that still need a former key, because the application stored them in the meantime. */
  left: number;
  /** Those that no key opens. */
  unreadable: number;
}

type Row = Record<string, unknown>;

/** A column's text with the values sealed by the current key. */
interface Resealed {
  text: string;
  replaced: number;
  unreadable: number;
}

/**
 * Seals every value with the current key, in batches, while the application runs. A row that changed since it was read is
 * left alone, so no change is lost. Each row stands alone, so a second run goes on where a killed one ended.
 */
export async function reencrypt(database: Database, sealer: Sealer): Promise<Reencrypted> {
  const result: Reencrypted = { replaced: 0, left: 0, unreadable: 0 };
  await forEachStale(database, sealer, sealedColumns, async (column, row) => {
    const { text, replaced } = resealed(column, row, sealer);
    if (replaced > 0 && (await compareAndSet(database, column, row, text))) result.replaced += replaced;
  });
  await forEachStale(database, sealer, sealedColumns, async (column, row) => {
    const { replaced, unreadable } = resealed(column, row, sealer);
    result.left += replaced;
    result.unreadable += unreadable;
  });
  return result;
}

/**
 * Throws ConfigError if a stored secret that lasts needs a key that is not configured. Reads no value that the current key
 * sealed in the present format.
 */
export async function checkDataKeys(database: Database, sealer: Sealer): Promise<void> {
  const places = new Set<string>();
  let count = 0;
  await forEachStale(database, sealer, lastingColumns, async (column, row) => {
    if (resealed(column, row, sealer).unreadable === 0) return;
    places.add(`${column.table}.${column.column}`);
    count++;
  });
  if (count === 0) return;
  throw new ConfigError(
    `DATA_KEY cannot decrypt ${count} stored secrets (${[...places].join(", ")}): another key encrypted them. ` +
      "Set that key as DATA_KEY, or in DATA_KEY_FORMER. If it is lost, see docs/how-to/rotate-secrets.md",
  );
}

/**
 * Gives up the lasting secrets that no configured key opens, so that the application starts again. They have to be entered
 * anew. Returns their number.
 */
export async function markLost(database: Database, sealer: Sealer): Promise<number> {
  let count = 0;
  await forEachStale(database, sealer, lastingColumns, async (column, row) => {
    const isLost = resealed(column, row, sealer).unreadable > 0;
    if (isLost && (await compareAndSet(database, column, row, lost))) count++;
  });
  return count;
}

const lastingColumns = sealedColumns.filter(({ isLasting }) => isLasting);

/** Calls `each` with the rows of the columns that hold a value which the current key did not seal. */
async function forEachStale(
  database: Database,
  { prefix }: Sealer,
  columns: readonly SealedColumn[],
  each: (column: SealedColumn, row: Row) => Promise<void>,
): Promise<void> {
  for (const column of columns) {
    let rows: Row[] = [];
    do {
      rows = await staleRows(database, column, prefix, rows.at(-1));
      for (const row of rows)
        if (isList(column.contexts) || hasStalePart(textOf(column, row), prefix)) await each(column, row);
    } while (rows.length === batchSize);
  }
}

/** A batch in the order of the primary key, behind the last row of the batch before. */
async function staleRows(
  database: Database,
  { table, column, key, reads = [], contexts }: SealedColumn,
  prefix: string,
  after: Row | undefined,
): Promise<Row[]> {
  const query = database
    .sql()(table)
    .select([...key, ...reads, column])
    .limit(batchSize);
  if (isList(contexts))
    query.whereNot(column, lost).whereNot(column, "").whereNot(column, "like", `${prefix}%`);
  else query.where(column, "like", '%"sealed%');
  if (after)
    query.whereRaw(
      `(${key.join(", ")}) > (${key.map(() => "?").join(", ")})`,
      key.map((part) => after[part] as string),
    );
  for (const part of key) query.orderBy(part);
  return (await query) as Row[];
}

function resealed(column: SealedColumn, row: Row, sealer: Sealer): Resealed {
  const { contexts } = column;
  const before = textOf(column, row);
  if (isList(contexts)) {
    const text = sealedAgain(
      before,
      contexts.map((contextOf) => contextOf(row)),
      sealer,
    );
    return { text: text ?? before, replaced: text === null ? 0 : 1, unreadable: text === null ? 1 : 0 };
  }
  const parts = JSON.parse(before) as Record<string, unknown>;
  const result = { replaced: 0, unreadable: 0 };
  for (const [name, contextOf] of Object.entries(contexts)) {
    const sealed = parts[name];
    if (typeof sealed !== "string" || sealed.startsWith(sealer.prefix)) continue;
    const text = sealedAgain(sealed, [contextOf(row)], sealer);
    if (text === null) result.unreadable++;
    else {
      parts[name] = text;
      result.replaced++;
    }
  }
  return { text: JSON.stringify(parts), ...result };
}

/** Null if it opens in no context. */
function sealedAgain(sealed: string, contexts: readonly string[], sealer: Sealer): string | null {
  for (const context of contexts) {
    try {
      return sealer.seal(sealer.open(sealed, context), context);
    } catch {
      // Another context, or no key for it.
    }
  }
  return null;
}

function isList(contexts: SealedColumn["contexts"]): contexts is readonly ((row: Row) => string)[] {
  return Array.isArray(contexts);
}

function hasStalePart(text: string, prefix: string): boolean {
  const parts = Object.entries(JSON.parse(text) as Record<string, unknown>);
  return parts.some(([name, value]) => name.startsWith("sealed") && !String(value).startsWith(prefix));
}

function textOf({ column }: SealedColumn, row: Row): string {
  return String(row[column]);
}

/** Returns whether the value was still the one that was read. */
async function compareAndSet(
  database: Database,
  { table, column, key }: SealedColumn,
  row: Row,
  text: string,
): Promise<boolean> {
  const asRead = Object.fromEntries([...key, column].map((name) => [name, row[name]]));
  return (
    (await database
      .sql()(table)
      .where(asRead)
      .update({ [column]: text })) > 0
  );
}
