import { ConflictError } from "../../errors.ts";
import { mapUniqueViolation } from "../sql-errors.ts";
import type { TenantScope } from "./scope.ts";

/** A sign-in that was made to see what arrives. */
export interface StoredSignInTest {
  id: string;
  connectionId: string;
  /** The administrator who started it; null for the guest of a set-up link. */
  userId: string | null;
  /** Null until something has arrived. */
  sealedResult: string | null;
  createdAt: number;
}

interface SignInTestRow {
  id: string;
  connection_id: string;
  user_id: string | null;
  sealed_result: string | null;
  created_at: number;
}

const columns = ["id", "connection_id", "user_id", "sealed_result", "created_at"];

const toTest = (row: SignInTestRow): StoredSignInTest => ({
  id: row.id,
  connectionId: row.connection_id,
  userId: row.user_id,
  sealedResult: row.sealed_result,
  createdAt: row.created_at,
});

/** Test sign-ins of one tenant's connections, kept for a short time. */
export function tenantSignInTests(scope: TenantScope, now: () => number) {
  const living = (connectionId: string) =>
    scope.rows("sign_in_tests").where("connection_id", connectionId).where("expires_at", ">", now());

  return {
    /** Throws ConflictError `stale` when there is a test of this id. */
    async create(
      test: Pick<StoredSignInTest, "id" | "connectionId" | "userId">,
      expiresAt: number,
    ): Promise<void> {
      const row = { id: test.id, connection_id: test.connectionId, user_id: test.userId };
      await mapUniqueViolation(
        scope.insert("sign_in_tests", { ...row, created_at: now(), expires_at: expiresAt }),
        {
          id: () => new ConflictError("stale", "This test has begun already: start a new one."),
        },
      );
    },

    /** Null when the connection has no such test, or its time is over. */
    async find(connectionId: string, id: string): Promise<StoredSignInTest | null> {
      const row = (await living(connectionId).where({ id }).first(columns)) as SignInTestRow | undefined;
      return row ? toTest(row) : null;
    },

    /** Keeps what arrived; of two arrivals the first. Returns whether this was it. */
    async finish(connectionId: string, id: string, sealedResult: string): Promise<boolean> {
      const change = living(connectionId).where({ id }).whereNull("sealed_result");
      return ((await change.update({ sealed_result: sealedResult })) as number) > 0;
    },

    /** The last test of a connection that something arrived for. */
    async latest(connectionId: string): Promise<StoredSignInTest | null> {
      const query = living(connectionId).whereNotNull("sealed_result").orderBy("created_at", "desc");
      const row = (await query.orderBy("id").first(columns)) as SignInTestRow | undefined;
      return row ? toTest(row) : null;
    },

    /** Forgets the tests of a connection, because it points elsewhere now. */
    async removeOfConnection(connectionId: string): Promise<void> {
      await scope.rows("sign_in_tests").where("connection_id", connectionId).delete();
    },
  };
}
