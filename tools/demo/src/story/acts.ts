import type { Request, Response } from "express";
import { loginOf } from "../../../../src/demo/tenants.ts";
import { InvalidError } from "../../../../src/errors.ts";
import { endSession, startSession } from "../../../../src/web/sessions.ts";
import type { Story, StoryDeps } from "./reading.ts";
import type { PreparedAct } from "./story.ts";

/** Carries out an act, and returns where the browser goes; null if it stays. Throws InvalidError with the org's reason. */
export async function carryOut(
  { orgUrl }: StoryDeps,
  { tenant, store }: Story,
  act: PreparedAct,
  { req, res }: { req: Request; res: Response },
): Promise<string | null> {
  if (act.asOwner) {
    // It also ends the session of before.
    const user = await store.users.byLoginName(loginOf(tenant.owner, tenant));
    if (!user) throw new InvalidError("The owner is not as the demo left them: reset the demo.");
    await startSession(req, { tenantId: store.tenantId, user, connectionId: null });
  } else if (act.signsOut) {
    await endSession(req);
    res.clearCookie("session");
  }
  if (act.atOrg) await sendToOrg(orgUrl, act.atOrg);
  return act.to ?? null;
}

/** Sends a form of the Admin Console, and follows the redirect: the page that it leads to has the result. */
async function sendToOrg(orgUrl: string, { path, form }: NonNullable<PreparedAct["atOrg"]>): Promise<void> {
  const answer = await fetch(orgUrl + path, {
    method: "POST",
    headers: { origin: orgUrl },
    body: new URLSearchParams(form),
  }).catch(() => null);
  if (!answer) throw new InvalidError("The org does not answer.");
  const refusal = /role="alert"[^>]*>([^<]+)</.exec(await answer.text())?.[1];
  if (refusal || !answer.ok)
    throw new InvalidError(refusal ?? "The org could not do this: look at its page.");
}
