import { ConflictError } from "../../errors.ts";
import { mapUniqueViolation } from "../sql-errors.ts";
import type { TenantScope } from "./scope.ts";

/** A sign-in in flight: the browser is at the identity provider. */
export interface PendingLogin {
  connectionId: string;
  /** SHA-256 of the `state`. */
  stateHash: string;
  /** SHA-256 of the browser's cookie. */
  browserHash: string;
  /** The values that the response must match, sealed. */
  sealedData: string;
  expiresAt: number;
  /** A hash of the network in which it began; null for an administrator's consent to manage a stream. */
  networkHash: string | null;
}

/** A connection keeps this many sign-ins in flight. Anyone can begin one, and each is a row. */
export const maxPendingLogins = 5_000;

/** Sign-ins in flight. Each completes once, in the browser, connection and tenant where it began. */
export function tenantPendingLogins(scope: TenantScope, now: () => number) {
  const one = (connectionId: string, stateHash: string, browserHash: string) =>
    scope
      .rows("pending_logins")
      .where({ connection_id: connectionId, state_hash: stateHash, browser_hash: browserHash })
      .where("expires_at", ">", now());
  const ofConnection = (connectionId: string) =>
    scope.rows("pending_logins").where("connection_id", connectionId);

  /**
   * Removes the older half of the sign-ins of one network, if the connection has too many: of the network with the most, and
   * of equal ones the one with the oldest. So a flood pushes out its own sign-ins, and no one has to wait: a limit that
   * refused new ones would let an attacker keep everyone out.
   */
  async function makeRoom(connectionId: string): Promise<void> {
    const last = await ofConnection(connectionId)
      .offset(maxPendingLogins - 1)
      .first("state_hash");
    if (!last) return;
    // Counted and chosen in one statement: if another request has just made room, the next busiest network must not pay.
    const busiest = (await ofConnection(connectionId)
      .groupBy("network_hash")
      .orderByRaw("count(*) desc, min(expires_at)")
      .first([
        "network_hash",
        scope.raw("count(*) as held"),
        scope.raw("sum(count(*)) over () as held_by_all"),
      ])) as { network_hash: string; held: number; held_by_all: number } | undefined;
    if (!busiest || Number(busiest.held_by_all) < maxPendingLogins) return;
    const ofNetwork = () => ofConnection(connectionId).where("network_hash", busiest.network_hash);
    const middle = (await ofNetwork()
      .orderBy("expires_at")
      .offset(Math.ceil(busiest.held / 2) - 1)
      .first("expires_at")) as { expires_at: number } | undefined;
    if (middle) await ofNetwork().where("expires_at", "<=", middle.expires_at).delete();
  }

  return {
    /** Of too many sign-ins of a connection, some are removed: see makeRoom(). */
    async create(login: PendingLogin): Promise<void> {
      await makeRoom(login.connectionId);
      await scope.insert("pending_logins", {
        connection_id: login.connectionId,
        state_hash: login.stateHash,
        browser_hash: login.browserHash,
        sealed_data: login.sealedData,
        expires_at: login.expiresAt,
        network_hash: login.networkHash,
      });
    },

    /** Ends all sign-ins of a connection: it was switched off, or leads to another provider. */
    async removeOfConnection(connectionId: string): Promise<void> {
      await ofConnection(connectionId).delete();
    },

    /** Consumes the sign-in and returns its sealed data. Of two concurrent callers, one gets null. */
    async consume(connectionId: string, stateHash: string, browserHash: string): Promise<string | null> {
      const found = one(connectionId, stateHash, browserHash).first("sealed_data");
      const row = (await found) as { sealed_data: string } | undefined;
      // Both may have read the row; only the deletion decides.
      const deleted = (await one(connectionId, stateHash, browserHash).delete()) as number;
      return row && deleted === 1 ? row.sealed_data : null;
    },
  };
}

/** One-time tokens that were used, to refuse replays. */
export function tenantUsedTokens(scope: TenantScope) {
  return {
    /** Returns false on replay, here or at another replica. Call it in the transaction of the token's effect. */
    async consume(tokenId: string, expiresAt: number): Promise<boolean> {
      return await scope.insertIfNew("used_tokens", { token_id: tokenId, expires_at: expiresAt });
    },
  };
}

/** A test sign-in has to come back within this time. */
const pendingTestMs = 15 * 60_000;

/** A test sign-in, which shows an administrator what the identity provider sends. */
export interface StoredSignInTest {
  id: string;
  connectionId: string;
  /** The administrator who started it; null for the guest of a set-up link. */
  userId: string | null;
  /** null until the identity provider has responded. */
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
  const unexpired = (connectionId: string) =>
    scope.rows("sign_in_tests").where("connection_id", connectionId).where("expires_at", ">", now());

  return {
    /** Throws ConflictError `stale` if the id was used before. */
    async create(
      test: Pick<StoredSignInTest, "id" | "connectionId" | "userId">,
      expiresAt: number,
    ): Promise<void> {
      const row = { id: test.id, connection_id: test.connectionId, user_id: test.userId };
      await mapUniqueViolation(
        scope.insert("sign_in_tests", { ...row, created_at: now(), expires_at: expiresAt }),
        {
          id: () => new ConflictError("stale", "This test has already begun. Start a new one."),
        },
      );
    },

    /** Returns null if the connection has no such test, or if it has expired. */
    async find(connectionId: string, id: string): Promise<StoredSignInTest | null> {
      const row = (await unexpired(connectionId).where({ id }).first(columns)) as SignInTestRow | undefined;
      return row ? toTest(row) : null;
    },

    /** Whether the connection has a test that began under this id, is not too old, and has no result yet. */
    async isUnderWay(connectionId: string, id: string): Promise<boolean> {
      const begun = unexpired(connectionId)
        .where({ id })
        .where("created_at", ">", now() - pendingTestMs);
      return (await begun.whereNull("sealed_result").first("id")) !== undefined;
    },

    /** Stores the first result of a test. Returns whether it was the first. */
    async finish(connectionId: string, id: string, sealedResult: string): Promise<boolean> {
      const change = unexpired(connectionId).where({ id }).whereNull("sealed_result");
      return ((await change.update({ sealed_result: sealedResult })) as number) > 0;
    },

    /** The connection's last test with a result. */
    async latest(connectionId: string): Promise<StoredSignInTest | null> {
      const query = unexpired(connectionId).whereNotNull("sealed_result").orderBy("created_at", "desc");
      const row = (await query.orderBy("id").first(columns)) as SignInTestRow | undefined;
      return row ? toTest(row) : null;
    },

    /** Removes a connection's tests, because its provider or client changed. */
    async removeOfConnection(connectionId: string): Promise<void> {
      await scope.rows("sign_in_tests").where("connection_id", connectionId).delete();
    },
  };
}
