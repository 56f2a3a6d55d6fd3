import type { Request, RequestHandler } from "express";
import { atLeast } from "../directory/roles.ts";
import { paths } from "../endpoints.ts";
import { NotFoundError } from "../errors.ts";
import type { SignedInPerson } from "../store/session-store.ts";
import { forgetDeadCookie } from "./session-cookie.ts";

/** Lets signed-in people pass. Sends others to the sign-in page, which leads back here. */
export const requireSignIn: RequestHandler = (req, res, next) => {
  if (req.person) return next();
  const query = new URLSearchParams();
  if (res.locals.sessionEnded || forgetDeadCookie(req, res)) query.set("ended", "1");
  if (req.method === "GET") query.set("returnTo", req.originalUrl);
  const suffix = query.size > 0 ? `?${query}` : "";
  res.redirect(303, paths.login + suffix);
};

/**
 * Lets administrators of the tenant pass, and sends signed-out people to the sign-in page. For members the page does not
 * exist, so that they cannot even learn what there is to manage. Throws NotFoundError.
 */
export const requireAdmin: RequestHandler = (req, res, next) => {
  requireSignIn(req, res, (error?: unknown) => {
    if (error) return next(error);
    // PostgreSQL rejects text with a NUL, even as a parameter.
    const allowed = atLeast(signedIn(req).role, "admin") && !/%00/.test(req.originalUrl);
    next(allowed ? undefined : new NotFoundError("There is no such page."));
  });
};

/** Lets owners pass; mount it after requireAdmin. The pages link here for owners only. Throws NotFoundError. */
export const requireOwner: RequestHandler = (req, _res, next) => {
  next(signedIn(req).role === "owner" ? undefined : new NotFoundError("There is no such page."));
};

/** The signed-in person of a request that passed requireSignIn. */
export function signedIn(req: Request): SignedInPerson {
  if (!req.person) throw new Error("this route is not behind requireSignIn");
  return req.person;
}

/**
 * Returns `wanted` if it is a path of this site, else `fallback`. Prevents open redirects: a query or an identity provider
 * can only choose a destination within our origin.
 */
export function safePath(wanted: unknown, baseUrl: string, fallback: string): string {
  if (typeof wanted !== "string" || !wanted.startsWith("/") || wanted.length > 2000) return fallback;
  if (!URL.canParse(wanted, baseUrl)) return fallback;
  const url = new URL(wanted, baseUrl);
  // "/.//host" has our origin, but its path "//host" alone would name another host.
  if (url.origin !== baseUrl || url.pathname.startsWith("//")) return fallback;
  return url.pathname + url.search;
}

/** The path of a URL or a path within our origin; null for anything else. */
export function localPath(wanted: unknown, baseUrl: string): string | null {
  if (typeof wanted !== "string" || wanted === "" || wanted.length > 2000) return null;
  if (wanted.startsWith("/")) return safePath(wanted, baseUrl, "") || null;
  if (!URL.canParse(wanted)) return null;
  const url = new URL(wanted);
  return url.origin === baseUrl ? safePath(url.pathname + url.search, baseUrl, "") || null : null;
}
