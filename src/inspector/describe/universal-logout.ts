import { type Request, type RequestHandler, Router } from "express";
import { paths } from "../../endpoints.ts";
import { brokenRuleIn } from "../../errors.ts";
import type { Message, Recorder } from "../../recording.ts";
import { nameIn } from "../../sso/subjects.ts";
import { connectionPolicy, tokenRules } from "../../universal-logout/policy.ts";
import type { NamedConnection } from "../../universal-logout/routes.ts";
import { parseSubject } from "../../universal-logout/subject.ts";
import { jwtsIn } from "./jwt.ts";
import { isAmong, readableName, verdictOfCall } from "./rules.ts";

/**
 * Records each call once its response is sent, for every tenant with a connection that the call names. That includes calls
 * with an invalid token, because administrators look for those. Mount it before the routes.
 */
export function recordUniversalLogout(recorder: Recorder): RequestHandler {
  const router = Router();
  router.use(paths.globalTokenRevocation, (req, res, next) => {
    res.once("finish", () => {
      for (const named of req.revocation?.named ?? [])
        recorder.record(named.tenantId, () => messageOf(req, named));
    });
    next();
  });
  return router;
}

function messageOf(req: Request, named: NamedConnection): Message {
  const token = (req.get("authorization") ?? "").replace(/^bearer /i, "");
  const subject = parseSubject(req.body);
  const broken = brokenAt(req, named);
  const file = isAmong(tokenRules, broken) ? "token.ts" : "routes.ts";
  const { status, ...judged } = verdictOfCall(req, "universal-logout", connectionPolicy, broken);
  return {
    protocol: "universal-logout",
    step: "Global token revocation",
    requestId: req.id,
    connectionKey: named.connection.key,
    // Each call is a flow of its own.
    flow: { kind: "logout", keys: [] },
    at: req.receivedAt,
    ms: null,
    route: { from: "okta", to: "product", carried: false },
    person: readableName(subject ? [nameIn(subject)] : []),
    people: subject ? [nameIn(subject)] : [],
    file: `src/universal-logout/${file}`,
    handler: file === "token.ts" ? "tokenVerifier" : "universalLogoutRoutes",
    ...judged,
    request: {
      head: [
        `POST ${req.path}`,
        `Authorization: ${req.get("authorization")}`,
        `Content-Type: ${req.get("content-type")}`,
      ],
      json: req.body,
      jwts: jwtsIn("Authorization", token),
      isRepeatable: true,
    },
    response: { head: [status] },
    secrets: [token],
  };
}

/** The rule that broke at this connection, or for the call as a whole. A body that cannot be parsed names no person. */
function brokenAt({ revocation }: Request, { broken }: NamedConnection): NamedConnection["broken"] {
  const error = revocation?.error;
  const isUnreadable = Object(error).type?.startsWith?.("entity.");
  return broken ?? brokenRuleIn(error) ?? (isUnreadable ? { ruleId: "body-subject", found: null } : null);
}
