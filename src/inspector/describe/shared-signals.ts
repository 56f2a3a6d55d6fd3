import { type Request, type RequestHandler, Router } from "express";
import { RuleBrokenError } from "policy-list/policy";
import { paths } from "../../endpoints.ts";
import { type BrokenRule, brokenRuleIn } from "../../errors.ts";
import type { Message, MessageFact, Recorder } from "../../recording.ts";
import { eventTypes, readEvent, type SignalEvent, typesIn } from "../../shared-signals/events.ts";
import {
  claimRules,
  codeOf,
  eventRules,
  type SignalRefusal,
  signalPolicy,
  signatureRules,
  stateRules,
} from "../../shared-signals/policy.ts";
import type { SignalContext } from "../../shared-signals/routes.ts";
import { nameIn } from "../../sso/subjects.ts";
import { jwtsIn } from "./jwt.ts";
import { isAmong, readableName, verdictOfCall } from "./rules.ts";

/**
 * Records each event once its response is sent, for the tenant of the stream. That includes calls with a wrong header,
 * because administrators look for those. Mount it before the routes.
 */
export function recordSharedSignals(recorder: Recorder): RequestHandler {
  const router = Router();
  router.use(paths.sharedSignals(":connection"), (req, res, next) => {
    res.once("finish", () => {
      const { receivedSignal: signal } = req;
      if (signal) recorder.record(signal.found.tenantId, () => messageOf(req, signal));
    });
    next();
  });
  return router;
}

/** The rules as the inspector shows them: other protocols have the same codes, with other remedies (remedies.ts). */
export const shownRules = signalPolicy.map(({ id, name, citation, reason }) => {
  return { id, name, citation, reason: `signal-${reason}` };
});

/** The names of the events, by the URI of their type. */
const steps = new Map<string, string>([
  [eventTypes.sessionRevoked, "Session revoked"],
  [eventTypes.credentialChange, "Credential changed"],
  [eventTypes.verification, "Stream verification"],
  [eventTypes.streamUpdated, "Stream updated"],
]);

function messageOf(req: Request, signal: SignalContext): Message {
  const { connection } = signal.found;
  const broken = brokenRuleIn(signal.error);
  const { status, ...judged } = verdictOfCall(req, "shared-signals", shownRules, broken);
  const set = signal.set ?? "";
  const jwts = jwtsIn("Body", set);
  const event = eventIn(signal, jwts[0]?.claims);
  const people = event?.subject && event.subject !== "unsupported" ? [nameIn(event.subject)] : [];
  const names = event?.isAboutPerson ? people : [];
  return {
    protocol: "shared-signals",
    step: event ? (steps.get(event.type) ?? "Other event") : "Security event token",
    requestId: req.id,
    connectionKey: connection.key,
    // Each event is a flow of its own.
    flow: { kind: "signal", keys: [] },
    at: req.receivedAt,
    ms: null,
    route: { from: "okta", to: "product", carried: false },
    person: readableName(names),
    people: names,
    ...handledBy(broken),
    ...judged,
    facts: factsOf(signal, event),
    request: {
      head: [
        `POST ${req.originalUrl}`,
        `Authorization: ${req.get("authorization")}`,
        `Content-Type: ${req.get("content-type")}`,
      ],
      jwts,
      isRepeatable: true,
    },
    response: { head: [status], json: answerOf(signal) },
    secrets: [set, req.get("authorization") ?? ""],
  };
}

/** The event, also of a SET that was refused. */
function eventIn({ found, accepted }: SignalContext, claims: object | undefined): SignalEvent | null {
  if (accepted) return accepted.event;
  const given = { ...claims };
  const [type] = typesIn(given);
  return type === undefined ? null : readEvent(given, type, found.connection);
}

function handledBy(broken: BrokenRule | null): { file: string; handler: string } {
  const folder = "src/shared-signals";
  if (isAmong(signatureRules, broken)) return { file: `${folder}/token.ts`, handler: "setVerifier" };
  if (isAmong(eventRules, broken)) return { file: `${folder}/events.ts`, handler: "readEvent" };
  if (broken === null || isAmong(stateRules, broken))
    return { file: `${folder}/receive.ts`, handler: "receive" };
  const handler = isAmong(claimRules, broken) ? "accept" : "sharedSignalsRoutes";
  return { file: `${folder}/routes.ts`, handler };
}

function factsOf({ result }: SignalContext, event: SignalEvent | null): MessageFact[] {
  const change = event?.members.change_type;
  return [
    ...(result ? [{ label: "Result", value: resultWords[result] }] : []),
    ...(event ? [{ label: "Event", value: event.type }] : []),
    ...(change ? [{ label: "Credential", value: `${event?.members.credential_type} (${change})` }] : []),
    ...(event?.at ? [{ label: "Happened", value: "", at: event.at }] : []),
  ];
}

const resultWords: Record<NonNullable<SignalContext["result"]>, string> = {
  "sessions-ended": "The person's sessions ended",
  recorded: "Recorded",
  "person-unknown": "No account here has this name",
  verified: "The stream is verified",
  "stream-updated": "The stream's status changed",
  ignored: "Ignored: a type without an effect here",
  repeated: "Ignored: this event was received before",
};

function answerOf({ error }: SignalContext): object | undefined {
  if (!(error instanceof RuleBrokenError)) return undefined;
  const { rule } = error as RuleBrokenError<SignalRefusal>;
  const err = codeOf(rule.reason);
  return err === null ? undefined : { err, description: rule.name };
}
