import type { Database } from "../../src/store/database.ts";

/** A database whose statements a test makes fail. */
export interface FaultyDatabase {
  database: Database;
  /** From now on every statement fails with `error`; with null none does. */
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

/** What a driver throws when nobody answers at the database's address. */
export function connectionRefused(): Error {
  return Object.assign(new Error("connect ECONNREFUSED 127.0.0.1:5432"), { code: "ECONNREFUSED" });
}
