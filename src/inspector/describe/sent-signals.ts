import type { Message, Recorder } from "../../recording.ts";
import type { SentSecurityEvent } from "../../shared-signals/sender.ts";
import { jwtsIn } from "./jwt.ts";
import { statusLine } from "./parts.ts";
import { verdictOf } from "./rules.ts";

/** Records each attempt to send a signal. */
export function recordSentSignals(recorder: Recorder): (sent: SentSecurityEvent) => void {
  return (sent) => recorder.record(sent.tenantId, () => messageOf(sent));
}

function messageOf({ attempt, status, url, token, email, ...sent }: SentSecurityEvent): Message {
  const isSent = attempt.state === "sent";
  const code = status === null ? "No answer" : statusLine(status);
  const accepted = {
    name: "The org accepts the signal",
    verdict: isSent ? "passed" : "failed",
    detail: isSent ? null : attempt.answer,
    group: "Delivery",
    citation: "RFC 8935 §2.4",
  } as const;
  return {
    protocol: "shared-signals",
    step: "Security event token",
    requestId: sent.messageId,
    connectionKey: sent.connectionKey,
    // The attempts of one signal are one flow.
    flow: { kind: "signal", keys: [sent.messageId] },
    at: sent.at,
    ms: sent.ms,
    route: { from: "product", to: "okta", carried: false },
    person: email,
    people: [email],
    file: "src/shared-signals/sender.ts",
    handler: "signalSender",
    ...verdictOf([accepted], code),
    request: {
      head: [`POST ${new URL(url).pathname}`, "Content-Type: application/secevent+jwt"],
      jwts: jwtsIn("body", token),
    },
    response: status === null ? null : { head: [code] },
    secrets: [token],
  };
}
