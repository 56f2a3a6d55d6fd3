import type { Database } from "../../../src/store/database.ts";
import { tableNames } from "../../../test/helpers/every-table.ts";

/** Secrets of the world's callers, none of which may be logged, or stored as it is. */
export interface Canaries {
  plant(name: string, value: string): void;
  /** Looks for them in a line of the log. */
  watch(line: string): void;
  /** Where they are, such as "api_keys: an API key". Reads every row. */
  found(database: Database): Promise<string[]>;
}

/** A caller's newest secrets are the ones that its requests carry. */
const watchedOfName = 3;

export function openCanaries(): Canaries {
  const planted = new Map<string, string[]>();
  const places = new Set<string>();
  const search = (place: string, text: string, most: number) => {
    for (const [name, values] of planted)
      if (values.slice(-most).some((value) => text.includes(value))) places.add(`${place}: ${name}`);
  };
  return {
    plant: (name, value) => void planted.set(name, [...(planted.get(name) ?? []), value]),
    watch: (line) => search("the log", line, watchedOfName),
    async found(database) {
      for (const table of await tableNames(database)) {
        const rows = JSON.stringify(await database.sql()(table));
        // JSON in a column is escaped again.
        search(table, rows + rows.replaceAll("\\", ""), Number.POSITIVE_INFINITY);
      }
      return [...places];
    },
  };
}
