import type { Database } from "../../src/store/database.ts";

/** A database whose statements fail on demand. */
export interface FaultyDatabase {
  database: Database;
  /** Makes every statement fail with `error`; null ends that. */
  fail(error: Error | null): void;
}

export function faulty(database: Database): FaultyDatabase {
  let failure: Error | null = null;
  const check = () => {
    if (failure) throw failure;
  };
  return {
    fail: (error) => {
      failure = error;
    },
    database: {
      ...database,
      sql() {
        check();
        return database.sql();
      },
      async transaction(work) {
        check();
        return await database.transaction(work);
      },
    },
  };
}

/** The driver's error if no server listens at the database's address. */
export function connectionRefused(): Error {
  return Object.assign(new Error("connect ECONNREFUSED 127.0.0.1:5432"), { code: "ECONNREFUSED" });
}
