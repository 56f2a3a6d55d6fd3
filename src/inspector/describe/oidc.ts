import { type Request, type RequestHandler, Router } from "express";
import { attributes } from "../../../config/attributes.ts";
import { paths } from "../../endpoints.ts";
import { type BrokenRule, RefusedError } from "../../errors.ts";
import type { OidcSettings } from "../../model.ts";
import { oidcPolicy } from "../../oidc/policy.ts";
import type { Message, MessagePart, RecordedJwt, Recorder, Route } from "../../recording.ts";
import { ssoOf } from "../../sso/connection.ts";
import type { ProviderExchange } from "../../trust/openid-providers.ts";
import { decisionFacts, decisionText } from "./decision.ts";
import { jwtsIn } from "./jwt.ts";
import { redirectPart, statusLine, statusPart } from "./parts.ts";
import {
  checksOf,
  directoryCheck,
  isAmong,
  type NamedRule,
  readableName,
  unexplained,
  verdictOf,
} from "./rules.ts";

type CheckList = ReturnType<typeof checksOf>;
type Fields = Record<string, unknown>;

/** Records every message of an OIDC sign-in once its response is sent. Mount it before the OIDC routes. */
export function recordOidc(recorder: Recorder): RequestHandler {
  const router = Router();
  const watch: RequestHandler = (req, res, next) => {
    res.once("finish", () => {
      if (!req.sso) return;
      recorder.record(req.sso.store.tenantId, () => {
        const named = peopleIn(req);
        return messagesOf(req).map((part) => messageOf(req, part, named));
      });
    });
    next();
  };
  for (const path of Object.values(paths.oidc(":connection"))) router.use(path, watch);
  return router;
}

/** One message of a request. */
interface DescribedPart {
  step: string;
  /** The source file that handled it, and the function in it. */
  file: string;
  handler: string;
  at: number;
  ms: number | null;
  route: Route;
  checks(): CheckList;
  /** The summary if every check passed. */
  passed: string;
  parts(settings: OidcSettings): Pick<Message, "request" | "response" | "facts">;
}

type Named = Pick<Message, "person" | "people">;

function messageOf(req: Request, part: DescribedPart, { person, people }: Named): Message {
  const { step, file, handler, at, ms, route, checks, passed, parts } = part;
  const { connection, secrets, testId } = ssoOf(req, "oidc");
  const { key, settings } = connection;
  return {
    protocol: "oidc",
    step,
    requestId: req.id,
    connectionKey: key,
    flow: { kind: testId === null ? "sign-in" : "test", keys: [stateOf(req) ?? req.id] },
    at,
    ms,
    route,
    person,
    people,
    file: `src/${file}`,
    handler,
    ...verdictOf(checks(), passed),
    ...parts(settings),
    secrets,
  };
}

/** The state that ties an authorization request to its callback; null for a callback without one. */
function stateOf(req: Request): string | null {
  const state = req.oidc?.request?.state ?? req.query.state;
  return typeof state === "string" && state !== "" ? state : null;
}

type Policy = Record<keyof typeof oidcPolicy, readonly NamedRule[]>;

const noPolicy: Policy = { login: [], initiate: [], callback: [], token: [], userInfo: [], identity: [] };

/** Everything that the request consisted of, in order: which messages there are depends on how far the sign-in came. */
function messagesOf(req: Request): DescribedPart[] {
  const { error, exchanges } = ssoOf(req);
  const broken = error instanceof RefusedError ? error.broken : null;
  // An error before the directory's decision that no rule explains does not tell which rules held.
  const policy = error && !broken && !req.verifiedLogin ? noPolicy : oidcPolicy;
  return [
    browserMessage(req, policy, broken),
    ...exchangeMessages("Token request", exchanges.filter(isForTokens), policy.token, broken),
    ...exchangeMessages(
      "UserInfo request",
      exchanges.filter((one) => !isForTokens(one)),
      policy.userInfo,
      broken,
    ),
    ...personMessage(req, broken),
  ];
}

const isForTokens = ({ method }: ProviderExchange) => method === "POST";

const toOkta: Route = { from: "product", to: "okta", carried: false };

function browserMessage(req: Request, policy: Policy, broken: BrokenRule | null): DescribedPart {
  const time = { at: req.receivedAt, ms: null };
  if (req.path.endsWith("/callback")) {
    return {
      step: "Authorization response",
      file: "oidc/routes.ts",
      handler: "resumeLogin",
      ...time,
      route: { from: "okta", to: "product", carried: true },
      checks: () => checksOrFault(req, policy, policy.callback, broken),
      passed: "The browser came back with a code",
      parts: () => ({ request: requestPart(req), response: statusPart(req.res) }),
    };
  }
  const rules = req.path.endsWith("/initiate") ? policy.initiate : policy.login;
  return {
    step: "Authorization request",
    file: "oidc/routes.ts",
    handler: req.path.endsWith("/initiate") ? "beginByTile" : "beginLogin",
    ...time,
    // A refused browser stays here.
    route: redirectPart(req.res)
      ? { ...toOkta, carried: true }
      : { ...toOkta, from: "browser", to: "product" },
    checks: () => checksOrFault(req, policy, rules, broken),
    passed: "The browser is sent to the provider",
    parts: () => ({ request: requestPart(req), response: redirectPart(req.res) ?? statusPart(req.res) }),
  };
}

function checksOrFault(
  { sso }: Request,
  policy: Policy,
  rules: readonly NamedRule[],
  broken: BrokenRule | null,
): CheckList {
  if (policy !== noPolicy) return checksOf("oidc", rules, broken);
  const detail = sso?.error instanceof RefusedError ? sso.error.reason : null;
  return [unexplained(detail)];
}

/** Only the last of several attempts is checked. A request that failed before it was sent has checks and no message. */
function exchangeMessages(
  step: string,
  exchanges: readonly ProviderExchange[],
  rules: readonly NamedRule[],
  broken: BrokenRule | null,
): DescribedPart[] {
  const messages = exchanges.length === 0 && isAmong(rules, broken) ? [null] : exchanges;
  return messages.map((exchange, index) => ({
    step,
    file: "oidc/relying-party.ts",
    handler: step === "Token request" ? "redeemCode" : "redeem",
    at: exchange?.at ?? Date.now(),
    ms: exchange?.answer?.ms ?? 0,
    route: toOkta,
    checks: () => (index === messages.length - 1 ? checksOf("oidc", rules, broken) : []),
    passed: exchange?.answer ? statusLine(exchange.answer.status) : "No answer",
    parts: (settings) => ({
      request: exchange && exchangePart(exchange),
      response: exchange?.answer ? answerPart(exchange.answer, settings) : null,
    }),
  }));
}

/** The directory's decision, after the provider's answer was verified. A test ends before it. */
function personMessage(req: Request, broken: BrokenRule | null): DescribedPart[] {
  const { testId, decision, exchanges } = ssoOf(req);
  const answeredAt = exchanges.map(({ at, answer }) => at + (answer?.ms ?? 0));
  if (!req.verifiedLogin || testId !== null) return [];
  return [
    {
      step: "Sign-in",
      file: "directory/sign-in.ts",
      handler: "signIn",
      at: Math.max(req.receivedAt, ...answeredAt),
      ms: null,
      route: { from: "product", to: "browser", carried: false },
      checks: () => personChecks(req, broken),
      passed: decision ? decisionText(decision) : "",
      parts: () => ({ request: null, response: null, facts: decisionFacts(decision) }),
    },
  ];
}

function personChecks(req: Request, broken: BrokenRule | null): CheckList {
  const { error, decision } = ssoOf(req);
  const checks = checksOf("oidc", oidcPolicy.identity, broken);
  if (isAmong(oidcPolicy.identity, broken)) return checks;
  const refusal = error instanceof RefusedError ? error.reason : null;
  return [...checks, directoryCheck(decision !== null, refusal)];
}

/** The address with its query, and the form that a provider may have posted. */
function requestPart(req: Request): MessagePart {
  const form = req.method === "POST" ? Object(req.body) : {};
  return {
    head: [`${req.method} ${req.path}`],
    ...(Object.keys(req.query).length > 0 ? { query: req.query } : {}),
    ...(Object.keys(form).length > 0 ? { form } : {}),
  };
}

function exchangePart({ method, url, headers, body }: ProviderExchange): MessagePart {
  const head = [`${method} ${url}`, ...Object.entries(headers).map((pair) => pair.join(": "))];
  // A code works once, so only UserInfo can be asked again.
  if (body === "") return { head, isRepeatable: true };
  return { head, form: Object.fromEntries(new URLSearchParams(body)) };
}

/** Shows decoded claims, and hides those that are not mapped. */
function answerPart(
  { status, text }: NonNullable<ProviderExchange["answer"]>,
  settings: OidcSettings,
): MessagePart {
  const body = parsed(text);
  const head = [statusLine(status)];
  if (typeof body !== "object" || body === null) return { head, json: String(body) };
  if ("sub" in body) return { head, json: mapped({ ...body }, settings) };
  const jwts = idTokenIn(body).map((jwt) => ({ ...jwt, claims: mapped({ ...jwt.claims }, settings) }));
  return { head, json: body, ...(jwts.length > 0 ? { jwts } : {}) };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text.slice(0, 500);
  }
}

function idTokenIn(body: object): RecordedJwt[] {
  return "id_token" in body ? jwtsIn("id_token", body.id_token) : [];
}

/** Claims about the token itself, which say nothing about a person. */
const claimsOfToken =
  "iss sub aud azp exp iat nbf jti at_hash auth_time session_expiry session_lifetime amr acr ver nonce".split(
    " ",
  );

function mapped(claims: Fields, { roleMapping }: OidcSettings): Fields {
  const known = new Set([
    ...claimsOfToken,
    ...attributes.map(({ oidcClaim }) => oidcClaim),
    roleMapping?.name,
  ]);
  return Object.fromEntries(
    Object.entries(claims).map(([name, value]) => [name, known.has(name) ? value : "[not mapped]"]),
  );
}

/** The person's names, from every message that has one. */
function peopleIn(req: Request): Named {
  const { exchanges, connection } = ssoOf(req, "oidc");
  const bodies = exchanges.map(({ answer }) => Object(parsed(answer?.text ?? "")) as object);
  const claims = bodies.map((body) =>
    mapped({ ...(idTokenIn(body)[0]?.claims ?? body) }, connection.settings),
  );
  const valuesOf = (name: string) => claims.map((one) => one[name]);
  const { login_hint: hint } = req.query;
  const named = [...valuesOf("preferred_username"), ...valuesOf("email"), hint];
  const people = new Set([...named, ...valuesOf("sub")].filter((name) => typeof name === "string"));
  return { person: readableName(named), people: [...people] };
}
