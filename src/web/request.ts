/**
 * The web room: everything that a browser meets outside the protocols and the product.
 *
 * Owns: sessions and the signed-in person (sessions.ts), what guards each request (guards.ts, security-headers.ts,
 * same-origin.ts), error pages, and the pages /, /login, /setup, /account, /logout, with /me, /healthz, /readyz
 * and /metrics. May import: the ground floor, directory and store.
 */
import { randomUUID } from "node:crypto";
import type { RequestHandler } from "express";
import { NotFoundError } from "../errors.ts";
import type { Log } from "../log.ts";
import type { SignedInPerson } from "../store/session-store.ts";

declare module "express-serve-static-core" {
  interface Request {
    /** Names this request in the log, in answers and on error pages. */
    id: string;
    log: Log;
    /** Who is signed in: decided anew at each request (see sessions.ts). */
    person: SignedInPerson | null;
  }
}

/**
 * Gives each request its id and its log, and writes one line when it is answered: the path without its query,
 * because queries carry codes and names.
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
      const who = req.person && { tenantId: req.person.tenant.id, userId: req.person.user.id };
      req.log.info(
        { ...fields, ...who, ...(res.writableFinished ? {} : { aborted: true }) },
        "request.answered",
      );
    });
    next();
  };
}

/**
 * Refuses addresses with a NUL in them: nobody can type one, nothing of ours is called so, and PostgreSQL cannot even be
 * asked for it. What forms hold is formField()'s to refuse.
 */
export const refuseNul: RequestHandler = (req, _res, next) => {
  next(/%00/.test(req.originalUrl) ? new NotFoundError("No address of ours holds a NUL.") : undefined);
};

/** The path alone, and without the secret that a one-time link carries in it. Routes do not distinguish case. */
export function loggedPath(url: string): string {
  const path = url.split("?")[0] ?? "";
  return /^\/setup\//i.test(path) ? "/setup/[redacted]" : path;
}
