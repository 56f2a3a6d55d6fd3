import type { Request, RequestHandler } from "express";
import type { User } from "../model.ts";
import { hashToken } from "../store/secrets.ts";
import type { SessionStore } from "../store/session-store.ts";

/**
 * Loads the signed-in person from the database at each request. So a person who was deactivated, blocked or signed out
 * everywhere loses access with the next request, on every replica.
 */
export function loadPerson(sessions: SessionStore): RequestHandler {
  return async (req, res, next) => {
    const { signIn } = req.session;
    if (signIn) {
      req.person = await sessions.person(signIn);
      if (!req.person) {
        req.log.info({ tenantId: signIn.tenantId, userId: signIn.userId }, "session.ended");
        await endSession(req);
        res.locals.sessionEnded = true;
      }
    }
    next();
  };
}

/** A sign-in that has been decided. */
export interface NewSession {
  tenantId: string;
  user: User;
  /** The connection through which the person came; null for a local password. */
  connectionId: string | null;
  /** The provider's ID token, sealed: set if signing out here is to sign out there as well. */
  sealedIdToken?: string | null;
}

/** Signs a user in under a new session id, so that a planted session id is worthless (session fixation). */
export async function startSession(req: Request, session: NewSession): Promise<void> {
  const { tenantId, user, connectionId, sealedIdToken } = session;
  await finished((done) => req.session.regenerate(done));
  req.session.signIn = { tenantId, userId: user.id, accessEpoch: user.accessEpoch, connectionId };
  const userAgent = req.get("user-agent")?.slice(0, 256);
  if (userAgent) req.session.userAgent = userAgent;
  if (sealedIdToken) req.session.sealedIdToken = sealedIdToken;
  await finished((done) => req.session.save(done));
  req.log.info({ tenantId, userId: user.id, connectionId }, "sign_in.succeeded");
}

/** Ends this browser's session; the request continues with an empty one. */
export async function endSession(req: Request): Promise<void> {
  req.person = null;
  await finished((done) => req.session.regenerate(done));
}

/** The public id of this browser's own session. */
export function ownSessionId(req: Request): string {
  return hashToken(req.sessionID);
}

/**
 * Shows a message on the next page. Saves the session at once: a browser may follow a redirect before its answer has ended.
 */
export async function flash(req: Request, kind: "done" | "problem", text: string): Promise<void> {
  req.session.flash = { kind, text };
  await finished((done) => req.session.save(done));
}

function finished(start: (done: (error?: unknown) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => start((error) => (error ? reject(error) : resolve())));
}
