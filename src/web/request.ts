/**
 * The web room: everything in the browser outside the protocols and the product.
 *
 * Owns: sessions and the signed-in person (sessions.ts), the guards of each request (guards.ts, security-headers.ts,
 * same-origin.ts), error pages, and /, /login, /setup, /account, /logout, /me, /healthz, /readyz and /metrics.
 * May import: the ground floor, directory, store and config.
 */
import { randomUUID } from "node:crypto";
import type { Request, RequestHandler } from "express";
import { NotFoundError } from "../errors.ts";
import type { Log } from "../log.ts";
import type { SignedInPerson } from "../store/session-store.ts";

declare module "express-serve-static-core" {
  interface Request {
    /** Identifies this request in the log, in answers and on error pages. */
    id: string;
    log: Log;
    /** The signed-in person, loaded anew for each request (sessions.ts). */
    person: SignedInPerson | null;
  }
}

/**
 * Gives each request an id and a log, and logs one line when the answer ends. The line has the path without its query,
 * because queries carry authorization codes and names.
 */
export function requestContext(log: Log): RequestHandler {
  return (req, res, next) => {
    const started = process.hrtime.bigint();
    req.id = randomUUID();
    req.log = log.child({ requestId: req.id });
    req.person = null;
    res.set("X-Request-Id", req.id);
    res.on("close", () => {
      const durationMs = Math.round(Number(process.hrtime.bigint() - started) / 1e4) / 100;
      const { statusCode: status } = res;
      const fields = { method: req.method, path: loggedPath(req.originalUrl), status, durationMs };
      const person = req.person && { tenantId: req.person.tenant.id, userId: req.person.user.id };
      req.log.info(
        { ...fields, ...person, ...(res.writableFinished ? {} : { aborted: true }) },
        "request.answered",
      );
    });
    next();
  };
}

/**
 * Refuses URLs with a NUL: none of our URLs has one, and PostgreSQL rejects it even as a parameter. formField() does the
 * same for forms.
 */
export const refuseNul: RequestHandler = (req, _res, next) => {
  next(/%00/.test(req.originalUrl) ? new NotFoundError("No URL of this site contains a NUL.") : undefined);
};

/** The path of a URL, without the secret token of a one-time link. Case-insensitive, as routes are. */
export function loggedPath(url: string): string {
  const path = url.split("?")[0] ?? "";
  return /^\/setup\//i.test(path) ? "/setup/[redacted]" : path;
}

/** The value of a cookie that the browser sent; null if there is none of this name. */
export function cookieOf(req: Request, name: string): string | null {
  const pairs = (req.headers.cookie ?? "").split(/;\s*/).map((pair) => pair.split(/=(.*)/s));
  return pairs.find(([key]) => key === name)?.[1] ?? null;
}
