import { createHash, randomBytes } from "node:crypto";
import type { CookieOptions, Request } from "express";
import type { Knex } from "knex";
import type { AppUser } from "./users.ts";

const lifetimeMs = 12 * 60 * 60_000;

/** Starts a session and returns its token. The table has only the hash, so a copy of the database signs no one in. */
export async function startSession(sql: Knex, userId: number): Promise<string> {
  const token = randomToken();
  await sql("sessions").where("expires_at", "<", Date.now()).delete();
  await sql("sessions").insert({
    token_hash: hash(token),
    user_id: userId,
    expires_at: Date.now() + lifetimeMs,
  });
  return token;
}

/** The user of this request; null without a session. A disabled user has none, even if its row were still there. */
export async function signedInUser(sql: Knex, req: Request): Promise<AppUser | null> {
  const user = await sql("sessions")
    .join("users", "users.id", "sessions.user_id")
    .where({ token_hash: hash(cookieOf(req, "session")), disabled_at: null })
    .andWhere("expires_at", ">", Date.now())
    .first("users.*");
  return user ?? null;
}

export async function endSession(sql: Knex, req: Request): Promise<void> {
  await sql("sessions")
    .where({ token_hash: hash(cookieOf(req, "session")) })
    .delete();
}

export async function endAllSessions(sql: Knex, userId: number): Promise<void> {
  await sql("sessions").where({ user_id: userId }).delete();
}

export function sessionCookie(baseUrl: string): CookieOptions {
  return { httpOnly: true, sameSite: "lax", secure: baseUrl.startsWith("https:"), maxAge: lifetimeMs };
}

/** The value of a cookie; empty if there is none. */
export function cookieOf(req: Request, name: string): string {
  const pairs = (req.headers.cookie ?? "").split(/; */);
  return pairs.find((pair) => pair.startsWith(`${name}=`))?.slice(name.length + 1) ?? "";
}

export function randomToken(): string {
  return randomBytes(32).toString("base64url");
}

/** SHA-256 is enough, because tokens are random: no one can guess one and try it. */
export function hash(token: string): string {
  return createHash("sha256").update(token).digest("hex");
}
