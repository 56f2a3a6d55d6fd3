import type { Request, RequestHandler } from "express";
import { atLeast } from "../directory/roles.ts";
import { paths } from "../endpoints.ts";
import { NotFoundError } from "../errors.ts";
import type { SignedInPerson } from "../store/session-store.ts";
import { forgetDeadCookie } from "./session-cookie.ts";

/** Lets signed-in people pass, and sends the others to sign in and back. */
export const requireSignIn: RequestHandler = (req, res, next) => {
  if (req.person) return next();
  const query = new URLSearchParams();
  if (res.locals.sessionEnded || forgetDeadCookie(req, res)) query.set("ended", "1");
  if (req.method === "GET") query.set("returnTo", req.originalUrl);
  const suffix = query.size > 0 ? `?${query}` : "";
  res.redirect(303, paths.login + suffix);
};

/**
 * Lets administrators of the tenant pass, and sends those who are signed out to sign in. To everybody else there is no
 * such page, so that a member does not even learn what there is to manage.
 */
export const requireAdmin: RequestHandler = (req, res, next) => {
  requireSignIn(req, res, (error?: unknown) => {
    if (error) return next(error);
    // PostgreSQL cannot even be asked for an id with a NUL in it.
    const allowed = atLeast(signedIn(req).role, "admin") && !/%00/.test(req.originalUrl);
    next(allowed ? undefined : new NotFoundError("There is no such page."));
  });
};

/** Behind requireAdmin: lets owners pass. The pages show nobody else a way here. */
export const requireOwner: RequestHandler = (req, _res, next) => {
  next(signedIn(req).role === "owner" ? undefined : new NotFoundError("There is no such page."));
};

/** The signed-in person, behind requireSignIn. */
export function signedIn(req: Request): SignedInPerson {
  if (!req.person) throw new Error("this route is not behind requireSignIn");
  return req.person;
}

/**
 * `wanted` when it is a path of this site, otherwise `fallback`: what a query or an identity provider says about where
 * to go is only ever followed within our origin.
 */
export function safePath(wanted: unknown, baseUrl: string, fallback: string): string {
  if (typeof wanted !== "string" || !wanted.startsWith("/") || wanted.length > 2000) return fallback;
  if (!URL.canParse(wanted, baseUrl)) return fallback;
  const url = new URL(wanted, baseUrl);
  // "/.//host" has our origin, but its path alone would name another host.
  if (url.origin !== baseUrl || url.pathname.startsWith("//")) return fallback;
  return url.pathname + url.search;
}

/** The path of an address within our origin, or of a path of ours; null for anything else. */
export function localPath(wanted: unknown, baseUrl: string): string | null {
  if (typeof wanted !== "string" || wanted === "" || wanted.length > 2000) return null;
  if (wanted.startsWith("/")) return safePath(wanted, baseUrl, "") || null;
  if (!URL.canParse(wanted)) return null;
  const url = new URL(wanted);
  return url.origin === baseUrl ? safePath(url.pathname + url.search, baseUrl, "") || null : null;
}
