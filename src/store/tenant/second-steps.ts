import type { TenantScope } from "./scope.ts";

/** A person's proofs in addition to their password. */
export interface SecondSteps {
  /** When the authenticator app was set up; null without one. */
  authenticatorAt: number | null;
  passkeys: number;
  recoveryCodes: number;
}

/** Authenticator apps and recovery codes (directory/second-steps.ts). */
export function tenantSecondSteps(scope: TenantScope, now: () => number) {
  const appOf = (userId: string) => scope.rows("authenticators").where("user_id", userId);
  const codesOf = (userId: string) => scope.rows("recovery_codes").where("user_id", userId);
  const count = async (table: string, userId: string) => {
    const [row] = (await scope.rows(table).where("user_id", userId).count({ count: "*" })) as {
      count: number | string;
    }[];
    return Number(row?.count ?? 0);
  };
  return {
    async ofUser(userId: string): Promise<SecondSteps> {
      const app = (await appOf(userId).first("created_at")) as { created_at: number } | undefined;
      const [passkeys, recoveryCodes] = [
        await count("passkeys", userId),
        await count("recovery_codes", userId),
      ];
      return { authenticatorAt: app?.created_at ?? null, passkeys, recoveryCodes };
    },

    /** The sealed key of a person's authenticator app; null without one. */
    async authenticatorKey(userId: string): Promise<string | null> {
      const row = (await appOf(userId).first("sealed_key")) as { sealed_key: string } | undefined;
      return row?.sealed_key ?? null;
    },

    /** Replaces the person's authenticator app. `step` is the time step of the code that confirmed it. */
    async setAuthenticator(userId: string, sealedKey: string, step: number): Promise<void> {
      const row = { user_id: userId, sealed_key: sealedKey, last_step: step, created_at: now() };
      await scope.upsert("authenticators", row, ["user_id"]);
    },

    /** Accepts the code of a time step. Returns false for a step that is not later than the last accepted one. */
    async acceptTimeStep(userId: string, step: number): Promise<boolean> {
      const isNew = appOf(userId).where("last_step", "<", step);
      return ((await isNew.update({ last_step: step })) as number) > 0;
    },

    /** Returns whether there was one. */
    async removeAuthenticator(userId: string): Promise<boolean> {
      return ((await appOf(userId).delete()) as number) > 0;
    },

    /** Replaces the person's recovery codes. */
    async setRecoveryCodes(userId: string, hashes: readonly string[]): Promise<void> {
      await codesOf(userId).delete();
      const rows = hashes.map((hash) => ({ user_id: userId, code_hash: hash, created_at: now() }));
      await scope.insertMany("recovery_codes", rows);
    },

    /** Consumes a recovery code. Of two concurrent callers, one gets false. */
    async consumeRecoveryCode(userId: string, hash: string): Promise<boolean> {
      return ((await codesOf(userId).where("code_hash", hash).delete()) as number) > 0;
    },
  };
}
