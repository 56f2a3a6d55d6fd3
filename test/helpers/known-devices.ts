import { createHmac, hkdfSync, randomBytes } from "node:crypto";
import type { Database } from "../../src/store/database.ts";
import { sessionSecret } from "./site.ts";

/** An entry of a device's cookie. */
export interface DeviceEntry {
  tenantId: string;
  userId: string;
  nonce?: string;
}

/** Makes an entry as a sign-in does, with the tests' secret. */
export function deviceEntry({ tenantId, userId, nonce = newNonce() }: DeviceEntry, secret = sessionSecret) {
  const key = Buffer.from(hkdfSync("sha256", secret, "", "known-device", 32));
  const content = `${tenantId}.${userId}.${nonce}`;
  return `${content}.${createHmac("sha256", key).update(content).digest("base64url")}`;
}

export function newNonce(): string {
  return randomBytes(16).toString("base64url");
}

/** The user ids of a cookie's entries, newest first. */
export function usersIn(cookie: string | undefined): string[] {
  return (cookie ?? "").split("~").map((entry) => entry.split(".")[1] ?? "");
}

/** Deletes all rate-limit counts. */
export async function forgetCounts(database: Database): Promise<void> {
  await database.sql()("rate_limits").delete();
}

/** Sets all existing counts of a limit to `points`. */
export async function countAs(database: Database, limit: string, points: number): Promise<void> {
  const counts = database.sql()("rate_limits").where("key", "like", `${limit}:%`);
  if ((await counts.update({ points, expires_at: Date.now() + 900_000 })) === 0)
    throw new Error(`nothing was counted by ${limit}`);
}
