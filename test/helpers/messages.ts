import type { Message } from "../../src/recording.ts";
import { type PreparedMessage, prepareMessage } from "../../src/store/tenant/inspector.ts";

/** A message as a protocol room reports it. */
export function message(changes: Partial<Message> = {}): Message {
  return {
    protocol: "scim",
    step: "GET /Users/{id}",
    requestId: "a-request",
    connectionKey: null,
    flow: { kind: "provisioning", keys: [] },
    at: Date.now(),
    ms: 3,
    route: { from: "okta", to: "product", carried: false },
    person: changes.people?.[0] ?? "ada@acme.example",
    people: ["ada@acme.example"],
    file: "src/scim/users.ts",
    verdict: "passed",
    summary: "200",
    request: { head: ["GET /scim/v2/Users/1"] },
    response: { head: ["200"], json: { id: "1" } },
    checks: [{ name: "The token is known", verdict: "passed", detail: null }],
    ...changes,
  };
}

/** A message as it is stored. */
export function newMessage(changes: Partial<Message> = {}, at: number = Date.now()): PreparedMessage {
  return prepareMessage(message({ at, ...changes }), at);
}

/** The end of a recording that a test starts. */
export function inAnHour(): number {
  return Date.now() + 3_600_000;
}
