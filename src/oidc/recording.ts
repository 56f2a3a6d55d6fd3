import { STATUS_CODES } from "node:http";
import type { Request, Response } from "express";
import { decodeJwt } from "jose";
import { attributes } from "../../config/attributes.ts";
import type { Checks } from "../checks.ts";
import type { OidcSettings } from "../model.ts";
import { failureText, type Message, type MessagePart, type Recorder, sourceFile } from "../recording.ts";
import type { Claims } from "./claims.ts";
import type { Exchange, Trace } from "./trace.ts";
import type { Visit } from "./visit.ts";

/** Tells the inspector of everything that a request of a sign-in consisted of, once it is answered. */
export function recordTrace(recorder: Recorder, visit: Visit, req: Request): void {
  req.res?.once("finish", () => {
    const { store, connection, trace } = visit;
    const { settings, key } = connection;
    let people: string[] | null = null;
    for (const stage of stagesOf(trace, req)) {
      recorder.record(store.tenantId, () => {
        people ??= peopleIn(trace, req, settings);
        const failed = stage.checks?.results.find(({ verdict }) => verdict === "failed");
        return {
          protocol: "oidc",
          step: stage.step,
          requestId: req.id,
          connectionKey: key,
          people,
          file: sourceFile(new URL(stage.file, import.meta.url).href),
          verdict: failed ? "failed" : "passed",
          summary: failed ? failureText(failed) : stage.passed,
          ...stage.parts(settings),
          checks: stage.checks?.results ?? [],
          secrets: trace.secrets,
        } satisfies Message;
      });
    }
  });
}

/** One of the messages that make up a request of a sign-in. */
interface Stage {
  step: string;
  /** Where it is handled, from here. */
  file: string;
  checks: Checks | null;
  /** What came of it when every check passed. */
  passed: string;
  parts(settings: OidcSettings): Pick<Message, "request" | "response">;
}

function stagesOf(trace: Trace, req: Request): Stage[] {
  const { answer, tokens, userInfo, person, exchanges } = trace;
  const isCallback = req.path.endsWith("/callback");
  const sent = { file: "strategy.ts", passed: "The browser is sent to the provider" };
  const came: Stage = {
    ...(isCallback ? { file: "strategy.ts", passed: "The browser came back with a code" } : sent),
    step: isCallback ? "Authorization response" : "Authorization request",
    checks: answer,
    parts: () => ({ request: requestPart(req), response: isCallback ? null : redirectPart(req.res) }),
  };
  const [asked, got] = [exchanges.filter(isForTokens), exchanges.filter((one) => !isForTokens(one))];
  const stages = [
    came,
    ...exchangeStages("Token request", asked, tokens),
    ...exchangeStages("UserInfo request", got, userInfo),
  ];
  if (person.results.length === 0) return stages;
  const [file, passed] = ["../directory/sign-in.ts", `Signed in, found by ${trace.foundBy}`];
  return [
    ...stages,
    { step: "Sign-in", file, passed, checks: person, parts: () => ({ request: null, response: null }) },
  ];
}

/** Only the last of several attempts has been checked; a request that never left has a check and no message. */
function exchangeStages(step: string, exchanges: (Exchange | null)[], checks: Checks): Stage[] {
  const messages = exchanges.length === 0 && checks.results.length > 0 ? [null] : exchanges;
  return messages.map((exchange, index) => ({
    step,
    file: "strategy.ts",
    checks: index === messages.length - 1 ? checks : null,
    passed: exchange?.answer ? statusLine(exchange.answer.status) : "No answer",
    parts: (settings) => ({
      request: exchange && {
        head: [
          `${exchange.method} ${exchange.url}`,
          ...Object.entries(exchange.headers).map((pair) => pair.join(": ")),
        ],
        ...(exchange.body ? { json: Object.fromEntries(new URLSearchParams(exchange.body)) } : {}),
      },
      response: exchange?.answer ? answerPart(exchange.answer, settings) : null,
    }),
  }));
}

const isForTokens = ({ method }: Exchange) => method === "POST";

function statusLine(status: number): string {
  return `${status} ${STATUS_CODES[status] ?? ""}`.trim();
}

/** The address with its query, and what a provider may have posted. */
function requestPart(req: Request): MessagePart {
  const parameters = { ...req.query, ...(req.method === "POST" ? req.body : {}) };
  return { head: [`${req.method} ${req.path}`], json: parameters };
}

/** Where the browser is sent: the parameters are what this request is about. */
function redirectPart(res: Response | undefined): MessagePart | null {
  const location = res?.get("location");
  if (!res || !location || !URL.canParse(location)) return null;
  const { origin, pathname, searchParams } = new URL(location);
  return {
    head: [statusLine(res.statusCode), `Location: ${origin}${pathname}`],
    json: Object.fromEntries(searchParams),
  };
}

/** An ID token is shown by what it says; what is not mapped to anything of ours is nobody's business. */
function answerPart({ status, text }: NonNullable<Exchange["answer"]>, settings: OidcSettings): MessagePart {
  const body = parsed(text);
  const head = [statusLine(status)];
  if (typeof body !== "object" || body === null) return { head, json: String(body) };
  const idToken = claimsOf(body);
  if ("sub" in body) return { head, json: mapped({ ...body }, settings) };
  return { head, json: idToken ? { ...body, "id_token (decoded)": mapped(idToken, settings) } : body };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text.slice(0, 500);
  }
}

function claimsOf(body: object): Claims | null {
  try {
    return "id_token" in body ? decodeJwt(String(body.id_token)) : null;
  } catch {
    return null;
  }
}

/** Claims about the token itself, which name nobody. */
const ofTheToken = [
  "iss",
  "sub",
  "aud",
  "azp",
  "exp",
  "iat",
  "nbf",
  "auth_time",
  "amr",
  "acr",
  "ver",
  "nonce",
];

function mapped(claims: Claims, { roleMapping }: OidcSettings): Claims {
  const known = new Set([...ofTheToken, ...attributes.map(({ oidcClaim }) => oidcClaim), roleMapping?.name]);
  return Object.fromEntries(
    Object.entries(claims).map(([name, value]) => [name, known.has(name) ? value : "[not mapped]"]),
  );
}

/** Names of the person, from wherever one was said. */
function peopleIn({ exchanges }: Trace, req: Request, settings: OidcSettings): string[] {
  const bodies = exchanges.map(({ answer }) => Object(parsed(answer?.text ?? "")) as object);
  const claims = bodies.map((body) => mapped(claimsOf(body) ?? { ...body }, settings));
  const named = ["preferred_username", "email", "sub"].flatMap((name) => claims.map((one) => one[name]));
  return [...new Set([...named, req.query.login_hint].filter((name) => typeof name === "string"))];
}
