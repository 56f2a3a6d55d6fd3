import { type Request, type RequestHandler, Router } from "express";
import { paths } from "../../endpoints.ts";
import type { Message, MessagePart, Recorder } from "../../recording.ts";
import type { SignedInPerson } from "../../store/session-store.ts";
import { statusLine } from "./parts.ts";

/**
 * Records the sign-out of a person who signed in through a connection, once the response is sent. Mount it after the
 * sessions, and before the routes.
 */
export function recordSignOut(recorder: Recorder): RequestHandler {
  const router = Router();
  router.post(paths.logout, (req, res, next) => {
    // The session does not exist any more when the response is sent.
    const { person } = req;
    if (person?.connection)
      res.once("finish", () => recorder.record(person.tenant.id, () => messageOf(req, person)));
    next();
  });
  return router;
}

function messageOf(req: Request, { user, connection }: SignedInPerson): Message {
  const address: string | undefined = req.res?.locals.leavesFor;
  const leaves = address === undefined ? null : new URL(address);
  return {
    protocol: connection?.type ?? "oidc",
    step: "Sign-out",
    requestId: req.id,
    connectionKey: connection?.key ?? null,
    flow: { kind: "sign-out", keys: [] },
    at: req.receivedAt,
    ms: null,
    route: leaves
      ? { from: "product", to: "okta", carried: true }
      : { from: "browser", to: "product", carried: false },
    person: user.loginName,
    people: [user.loginName, user.email ?? "", user.id].filter((name) => name !== ""),
    file: "src/web/account.ts",
    handler: "accountRoutes",
    verdict: "passed",
    summary: leaves
      ? "The session is ended, and the browser is sent to the provider"
      : "The session is ended",
    request: { head: [`POST ${req.path}`] },
    response: responsePart(req, leaves),
    checks: [],
  };
}

/** The address with which the browser signs out of the provider (OpenID Connect RP-Initiated Logout §2). */
function responsePart({ res }: Request, leaves: URL | null): MessagePart {
  const status = res ? statusLine(res.statusCode) : "";
  if (!leaves) return { head: [status] };
  const { origin, pathname, searchParams } = leaves;
  return {
    head: [status, `A page that leads to ${origin}${pathname}`],
    query: Object.fromEntries(searchParams),
  };
}
