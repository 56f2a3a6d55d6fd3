import { ConflictError } from "../../errors.ts";
import { mapUniqueViolation } from "../sql-errors.ts";
import type { TenantScope } from "./scope.ts";

/** A passkey: the public key of a WebAuthn credential. */
export interface Passkey {
  /** The credential ID, in base64url. */
  id: string;
  userId: string;
  name: string;
  /** COSE, in base64url. */
  publicKey: string;
  /** The authenticator's signature counter; 0 if it has none. */
  counter: number;
  transports: readonly string[];
  createdAt: number;
  lastUsedAt: number | null;
}

interface PasskeyRow {
  id: string;
  user_id: string;
  name: string;
  public_key: string;
  counter: number;
  transports: string;
  created_at: number;
  last_used_at: number | null;
}

/** The passkeys of one tenant's people. */
export function tenantPasskeys(scope: TenantScope, now: () => number) {
  const one = (id: string) => scope.rows("passkeys").where("id", id);
  const of = (userId: string) => scope.rows("passkeys").where("user_id", userId);
  return {
    async ofUser(userId: string): Promise<Passkey[]> {
      const rows = await of(userId).orderBy(["created_at", "id"]).select("*");
      return (rows as PasskeyRow[]).map(toPasskey);
    },

    async find(id: string): Promise<Passkey | null> {
      const row = (await one(id).first("*")) as PasskeyRow | undefined;
      return row ? toPasskey(row) : null;
    },

    /** Throws ConflictError `stale` if the credential ID is known already. */
    async add(passkey: Omit<Passkey, "createdAt" | "lastUsedAt">): Promise<void> {
      const row = {
        id: passkey.id,
        user_id: passkey.userId,
        name: passkey.name,
        public_key: passkey.publicKey,
        counter: passkey.counter,
        transports: passkey.transports.join(" "),
        created_at: now(),
      };
      await mapUniqueViolation(scope.insert("passkeys", row), {
        id: () => new ConflictError("stale", "This passkey was added already."),
      });
    },

    /**
     * Records a use. Returns false if the counter did not grow, which a copy of the authenticator shows (WebAuthn §6.1.1).
     * Authenticators without a counter always send 0.
     */
    async recordUse(id: string, counter: number): Promise<boolean> {
      const grown = one(id).where((either) => {
        either.where("counter", "<", counter);
        if (counter === 0) either.orWhere("counter", 0);
      });
      return ((await grown.update({ counter, last_used_at: now() })) as number) > 0;
    },

    /** Returns whether the person had this passkey. */
    async remove(userId: string, id: string): Promise<boolean> {
      return ((await of(userId).where("id", id).delete()) as number) > 0;
    },

    async removeOfUser(userId: string): Promise<void> {
      await of(userId).delete();
    },
  };
}

function toPasskey(row: PasskeyRow): Passkey {
  return {
    id: row.id,
    userId: row.user_id,
    name: row.name,
    publicKey: row.public_key,
    counter: row.counter,
    transports: row.transports.split(" ").filter((name) => name !== ""),
    createdAt: row.created_at,
    lastUsedAt: row.last_used_at,
  };
}
