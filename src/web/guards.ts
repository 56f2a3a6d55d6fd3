import type { Request, RequestHandler, Response } from "express";
import { atLeast } from "../directory/roles.ts";
import { paths } from "../endpoints.ts";
import { NotFoundError } from "../errors.ts";
import type { Database } from "../store/database.ts";
import type { SignedInPerson } from "../store/session-store.ts";
import { forTenant, type TenantStore } from "../store/tenant-store.ts";
import { requireFreshSignIn } from "./fresh-sign-in.ts";
import { answerProblem, prefersJson } from "./problems.ts";
import { withReturnTo } from "./request.ts";
import { takeSessionEnding } from "./sessions.ts";

/** Lets signed-in people pass. Sends others to the sign-in page, which leads back here. A client of JSON gets a 401. */
export const requireSignIn: RequestHandler = (req, res, next) => {
  if (req.person) return next();
  if (prefersJson(req)) {
    // RFC 9110 §15.5.2 wants a challenge, and there is no registered one for a session.
    res.set("WWW-Authenticate", "Session");
    return answerProblem(req, res, { status: 401, detail: "There is no session, or it has ended. Sign in." });
  }
  const returnTo = req.method === "GET" ? req.originalUrl : null;
  res.redirect(303, withReturnTo(paths.login, returnTo, endedQuery(req, res) ?? {}));
};

/** The query by which the sign-in page says that the browser's session has ended; null if it had none. */
export function endedQuery(req: Request, res: Response): { ended: string } | null {
  const ending = takeSessionEnding(req, res);
  return ending && { ended: ending === "organisation" ? ending : "1" };
}

/**
 * Lets administrators of the tenant pass, and sends signed-out people to the sign-in page. If the tenant wants a recent
 * sign-in, others sign in again. For members the page does not exist, so that they cannot even learn what there is to manage.
 * Throws NotFoundError.
 */
export const requireAdmin: RequestHandler = (req, res, next) => {
  requireSignIn(req, res, (error?: unknown) => {
    if (error) return next(error);
    // PostgreSQL rejects text with a NUL, even as a parameter.
    const allowed = atLeast(signedIn(req).role, "admin") && !/%00/.test(req.originalUrl);
    if (allowed) requireFreshSignIn(req, res, next);
    else next(new NotFoundError("There is no such page."));
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

/** The store of the signed-in person's tenant: the only way for a page that needs a sign-in to get a store. */
export function storeOf(req: Request, database: Database): TenantStore {
  return forTenant(database, signedIn(req).tenant.id);
}
