import { type Request, type RequestHandler, Router } from "express";
import { paths } from "../../endpoints.ts";
import type { Message, MessageFact, RecordedCheck, Recorder } from "../../recording.ts";
import type { StoredAccessToken } from "../../store/access-tokens.ts";
import type { StoredApiKey } from "../../store/api-keys.ts";
import { apiKeyPolicy, callPolicy } from "../../web/access-token-policy.ts";
import type { PresentedToken } from "../../web/access-tokens.ts";
import { statusLine } from "./parts.ts";
import { checksOf, type NamedRule, verdictOf } from "./rules.ts";

/**
 * Records each call of an agent or with an API key to the API and to the MCP server once its response is sent, for the tenant
 * of its token. That includes calls with an ended token. An unknown token names no tenant. Mount it before the routes.
 */
export function recordAgentCalls(recorder: Recorder): RequestHandler {
  const router = Router();
  router.use([paths.api, paths.mcp], (req, res, next) => {
    res.once("finish", () => {
      const { presentedToken: presented } = req;
      if (presented) recorder.record(presented.token.tenant.id, () => messageOf(req, presented));
    });
    next();
  });
  return router;
}

function messageOf(req: Request, { token, broken }: PresentedToken): Message {
  const { user } = token;
  const statusCode = req.res?.statusCode ?? 0;
  const status = statusLine(statusCode);
  const isMcp = isBelow(paths.mcp, req.originalUrl);
  const body = isMcp ? mcpMessage(req) : req.body;
  const { name, rules, facts, ...kind } = token.kind === "api-key" ? ofApiKey(token) : ofAgent(req, token);
  const checks = [...checksOf(kind.protocol, rules, broken), ...otherCheck(req, broken !== null)];
  const { verdict, summary } = verdictOf(checks, "");
  return {
    ...kind,
    step: isMcp ? mcpStep(body) : apiStep(req),
    requestId: req.id,
    at: req.receivedAt,
    ms: null,
    person: user.loginName,
    people: [user.loginName, user.email ?? "", user.id, name].filter((one) => one !== ""),
    ...handledBy(isMcp, broken !== null),
    facts: [...facts, { label: "Scopes", value: token.scopes.join(" ") }],
    checks,
    verdict,
    summary: verdict === "failed" ? `${status}. ${summary}` : `${status}: ${name} for ${user.loginName}`,
    request: {
      head: [`${req.method} ${req.originalUrl}`, ...headers(requestHeaders, (name) => req.get(name))],
      ...(Object.keys(req.query).length > 0 ? { query: req.query } : {}),
      ...(body === undefined ? {} : { json: body }),
      isRepeatable: true,
    },
    response: { head: [status, ...headers(answerHeaders, (name) => req.res?.get(name))] },
  };
}

/** The sender of a message, in its members. */
interface Sender extends Pick<Message, "protocol" | "connectionKey" | "flow" | "route"> {
  name: string;
  rules: readonly NamedRule[];
  facts: MessageFact[];
}

function ofAgent(req: Request, { agent, act, connection, user }: StoredAccessToken): Sender {
  return {
    protocol: "cross-app-access",
    connectionKey: connection.key,
    flow: { kind: "agent-call", keys: [tokenIn(req)] },
    route: { from: "agent", to: "product", carried: false },
    name: agent.name,
    rules: callPolicy,
    facts: [
      { label: "Agent", value: agent.name },
      { label: "Client", value: agent.clientId },
      { label: "Acts for", value: user.loginName },
      ...(act === null ? [] : [{ label: "Agent in Okta", value: act }]),
    ],
  };
}

function ofApiKey({ name, hint, user }: StoredApiKey): Sender {
  return {
    protocol: "api-key",
    connectionKey: null,
    flow: { kind: "api-call", keys: [] },
    route: { from: "program", to: "product", carried: false },
    name,
    rules: apiKeyPolicy,
    facts: [
      { label: "API key", value: `${name} (${hint}…)` },
      { label: "Acts for", value: user.loginName },
    ],
  };
}

/** The access token, which ties the calls to the request that it was issued for. */
function tokenIn(req: Request): string {
  return (req.get("authorization") ?? "").replace(/^\w+ +/, "");
}

/** A call with a good token may fail for another reason, which the product's code knows. A tool fails with the status 200. */
function otherCheck({ res, mcpExchange }: Request, isRefused: boolean): RecordedCheck[] {
  const detail = mcpExchange?.toolError ?? null;
  if (isRefused || ((res?.statusCode ?? 0) < 400 && detail === null)) return [];
  return [{ name: "The call can be carried out", verdict: "failed", detail, group: "Call" }];
}

const requestHeaders = [
  "Authorization",
  "Content-Type",
  "If-Match",
  "Idempotency-Key",
  "MCP-Protocol-Version",
  "User-Agent",
];
const answerHeaders = ["WWW-Authenticate", "Content-Type", "Location", "ETag", "Retry-After"];

function headers(names: readonly string[], read: (name: string) => string | string[] | undefined): string[] {
  return names.flatMap((name) => [read(name) ?? []].flat().map((value) => `${name}: ${value}`));
}

/** The route's pattern, with ":id" for an ID. A refused call reached none. */
function apiStep({ method, route, originalUrl }: Request): string {
  const pattern: unknown = route?.path;
  return `${method} ${typeof pattern === "string" ? pattern : originalUrl.replace(/\?.*$/s, "")}`;
}

/** The JSON-RPC message, which the MCP server reads itself. Undefined if the body is not JSON, or was not read. */
function mcpMessage({ mcpExchange }: Request): unknown {
  try {
    return JSON.parse(Buffer.concat(mcpExchange?.received ?? []).toString());
  } catch {
    return undefined;
  }
}

/** The method of a JSON-RPC message, and the tool: "tools/call create_task". */
function mcpStep(body: unknown): string {
  const { method, params } = Object(body);
  const tool: unknown = Object(params).name;
  const words = [method, tool].filter((word) => typeof word === "string");
  return words.length > 0 ? words.join(" ") : "MCP request";
}

type Handled = Pick<Message, "file" | "handler">;

/** The product's files and functions, which handle a call that passed the guard. */
const productFiles: Record<string, Handled> = {
  [paths.api]: { file: "src/tasks/api.ts", handler: "taskOperations" }, // sample domain
  [paths.mcp]: { file: "src/tasks/mcp.ts", handler: "taskTools" }, // sample domain
};

function handledBy(isMcp: boolean, isRefused: boolean): Handled {
  const product = isRefused ? undefined : productFiles[isMcp ? paths.mcp : paths.api];
  return product ?? { file: "src/web/access-token-policy.ts", handler: "tokenRules" };
}

function isBelow(folder: string, path: string): boolean {
  return path === folder || path.startsWith(`${folder}/`) || path.startsWith(`${folder}?`);
}
