import type { Request, Response } from "express";
import { signIn } from "../directory/sign-in.ts";
import type { ExternalIdentity } from "../model.ts";
import { safePath } from "../web/guards.ts";
import { landingPath } from "../web/home.ts";
import { startSession } from "../web/sessions.ts";
import { ssoOf } from "./connection.ts";

/** A sign-in that the protocol room has verified. */
export interface IdentifiedLogin {
  identity: ExternalIdentity;
  /** Where the person wanted to go; followed only within our origin. */
  returnTo: string | null;
  /** For signing out of the provider later. */
  sealedIdToken?: string | null;
}

/**
 * Signs the person in: the directory decides who that is, a session starts, and the browser goes to where it wanted to.
 * Throws RefusedError if the directory does not let the person in.
 */
export async function finishSignIn(
  req: Request,
  res: Response,
  { identity, returnTo, sealedIdToken = null }: IdentifiedLogin,
  baseUrl: string,
): Promise<void> {
  const sso = ssoOf(req);
  const { store, connection } = sso;
  const { user, by } = await signIn(store, identity, req.id);
  sso.foundBy = by;
  await startSession(req, { tenantId: store.tenantId, user, connectionId: connection.id, sealedIdToken });
  req.log.info({ tenantId: store.tenantId, connectionId: connection.id, by }, `${connection.type}.signed_in`);
  res.redirect(303, safePath(returnTo, baseUrl, landingPath));
}
