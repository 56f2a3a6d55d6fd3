import { type Request, type RequestHandler, Router } from "express";
import { paths } from "../../endpoints.ts";
import type { Message, MessagePart, Recorder } from "../../recording.ts";
import { streamPolicy } from "../../shared-signals/stream-policy.ts";
import type { StreamAction } from "../../shared-signals/stream-set-up.ts";
import type { ProviderExchange } from "../../trust/openid-providers.ts";
import { statusLine } from "./parts.ts";
import { checksOf, isAmong, type NamedRule, verdictOf } from "./rules.ts";

/** Records each call that we made to an org to manage a stream, once the response is sent. Mount it before the routes. */
export function recordStreamManagement(recorder: Recorder): RequestHandler {
  const router = Router();
  const mounts = [paths.admin.connectionSignals(":connection"), paths.sharedSignalsCallback(":connection")];
  router.use(mounts, (req, res, next) => {
    res.once("finish", () => {
      const { streamAction: action } = req;
      if (action) recorder.record(action.store.tenantId, () => messagesOf(req, action));
    });
    next();
  });
  return router;
}

/** The browser's way to the org and back, and our calls. */
function messagesOf(req: Request, action: StreamAction): Message[] {
  const browser = browserCall(req);
  const calls = [...(browser ? [browser] : []), ...action.exchanges.map(callOf)];
  const failing = calls.findLastIndex(({ rules }) => isAmong(rules, action.broken));
  return calls.map((call, index) => messageOf(req, action, call, index === failing));
}

interface StreamCall extends Pick<Message, "step" | "at" | "ms" | "route" | "request" | "response"> {
  rules: readonly NamedRule[];
  file: string;
  handler: string;
  /** The summary if every check passed. */
  passed: string;
}

function messageOf(req: Request, action: StreamAction, call: StreamCall, isFailing: boolean): Message {
  const { rules, file, passed, ...described } = call;
  const { connection, state, secrets, broken } = action;
  return {
    protocol: "shared-signals",
    requestId: req.id,
    connectionKey: connection.key,
    // The state joins the redirect to the org and its callback.
    flow: { kind: "stream", keys: [state ?? req.id] },
    person: null,
    people: [],
    file: `src/shared-signals/${file}`,
    ...described,
    ...verdictOf(checksOf("shared-signals", rules, isFailing ? broken : null), passed),
    secrets,
  };
}

/** The answer of the org to a request for consent. Null for the buttons of the page, which stay in the console. */
function browserCall(req: Request): StreamCall | null {
  if (!req.path.startsWith(paths.sharedSignals(""))) return null;
  return {
    step: "Answer to the request for consent",
    at: req.receivedAt,
    ms: null,
    route: { from: "okta", to: "product", carried: true },
    rules: streamPolicy.callback,
    file: "stream-set-up.ts",
    handler: "finishConsent",
    passed: "An administrator consented",
    request: { head: [`GET ${req.path}`], query: req.query },
    response: null,
  };
}

/** The calls by the end of their path: their name, their rules, and the function that makes them. */
const kinds: readonly [end: RegExp, step: string, rules: readonly NamedRule[], handler: string][] = [
  [/\/ssf-configuration$/, "Transmitter metadata", streamPolicy.transmitter, "discoverTransmitter"],
  [/\/verification$/, "Verification request", streamPolicy.call, "requestVerification"],
  [/\/status$/, "Stream status", streamPolicy.call, "changeStatus"],
  [/\/stream$/, "Stream", [...streamPolicy.call, ...streamPolicy.stream], "sendJson"],
];

function callOf({ method, url, headers, body, at, answer }: ProviderExchange): StreamCall {
  const { pathname, origin } = new URL(url);
  const [, step, rules, handler] = kinds.find(([end]) => end.test(pathname)) ?? [];
  const isOAuth = step === undefined;
  const status = answer ? statusLine(answer.status) : "No answer";
  const head = [`${method} ${origin}${pathname}`, ...Object.entries(headers).map((pair) => pair.join(": "))];
  return {
    step: step ?? "Token request",
    rules: rules ?? streamPolicy.grant,
    file: isOAuth ? "stream-set-up.ts" : "transmitter.ts",
    handler: handler ?? "requestTokens",
    at,
    ms: answer?.ms ?? 0,
    route: { from: "product", to: "okta", carried: false },
    passed: status,
    request: {
      head,
      ...(isOAuth ? { form: Object.fromEntries(new URLSearchParams(body)) } : jsonPart(body)),
    },
    response: answer && { head: [status], ...jsonPart(answer.text) },
  };
}

function jsonPart(text: string): Pick<MessagePart, "json"> {
  if (text === "") return {};
  try {
    return { json: JSON.parse(text) };
  } catch {
    return { json: text.slice(0, 500) };
  }
}
