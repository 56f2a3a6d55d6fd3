import {
  type ClientRequest,
  Agent as HttpAgent,
  request as httpRequest,
  type IncomingMessage,
} from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import { buffer } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { gunzipSync, inflateSync } from "node:zlib";
import type { CallLog } from "./calls.ts";
import { ScimFailure } from "./scim-failure.ts";
import { isNearEnd, renew } from "./scim-oauth.ts";
import type { OAuthGrant, Provisioning } from "./state.ts";

/** A resource or a list, as JSON has it. */
export type ScimBody = Record<string, unknown>;

export interface OrgScimRequest {
  method: string;
  /** Below the base URL. */
  path: string;
  body?: unknown;
}

export interface OrgScimAnswer {
  status: number;
  /** Empty if the response has no body, or one that is not a JSON object. */
  body: ScimBody;
}

export interface ScimClientDeps {
  calls: CallLog;
  /** Called after the tokens of an application were replaced. */
  changed(): void;
  /** Waits. Rejects when the administrator stops the push. */
  wait?: (ms: number, signal: AbortSignal) => Promise<void>;
}

/** The app and the reason of a call, for the log. */
export interface CallReason {
  appId: string;
  why: string;
  signal: AbortSignal;
  /** Called with the end of a wait that the application asked for, and with null after it. */
  onWait(until: number | null): void;
}

/** Okta closes the socket after this time. */
const timeoutMs = 60_000;
const mostAttempts = 10;
const defaultWaitMs = 5 * 60_000;

export type OrgScimClient = ReturnType<typeof scimClient>;

/** Calls SCIM servers with Okta's headers, and retries after 429 as Okta does. */
export function scimClient({
  calls,
  changed,
  wait = (ms, signal) => sleep(ms, undefined, { signal }),
}: ScimClientDeps) {
  // Without a timeout, Node ignores the server's Keep-Alive timeout and may reuse a connection just as the server closes
  // it. The agent's timeout never ends a call: each request has its own.
  const options = { keepAlive: true, timeout: timeoutMs };
  const renewals = new Map<OAuthGrant, Promise<void>>();
  const agents = { http: new HttpAgent(options), https: new HttpsAgent(options) };

  /**
   * After a 429, waits for the seconds in Retry-After, or for five minutes if it is not a whole number. Each further wait is
   * twice as long; the tenth attempt is the last (Okta: "SCIM rate limits"). Throws ScimFailure.
   */
  async function send(to: Provisioning, reason: CallReason, request: OrgScimRequest): Promise<OrgScimAnswer> {
    let waitMs = 0;
    for (let attempt = 1; ; attempt++) {
      reason.signal.throwIfAborted();
      if (to.grant && isNearEnd(to.grant)) await renewed(to.grant, reason);
      const used = to.grant?.accessToken;
      let answer = await call(to, reason, request);
      if (answer.status === 401 && to.grant) {
        // Another call may have replaced the token already.
        if (to.grant.accessToken === used) await renewed(to.grant, reason);
        answer = await call(to, reason, request);
      }
      const { status, headers, text } = answer;
      if (status !== 429) return answerOf(status, text);
      if (attempt === mostAttempts)
        throw new ScimFailure(429, `The application had too many requests ${mostAttempts} times.`);
      waitMs = waitMs === 0 ? firstWaitMs(headers["retry-after"]) : waitMs * 2;
      reason.onWait(Date.now() + waitMs);
      await wait(waitMs, reason.signal).finally(() => reason.onWait(null));
    }
  }

  /** Replaces the tokens of a grant once, even if several calls ask for it. Throws ScimFailure. */
  function renewed(grant: OAuthGrant, { appId }: CallReason): Promise<void> {
    const work = renewals.get(grant) ?? renew(calls, appId, grant).then(changed);
    renewals.set(grant, work);
    return work.finally(() => renewals.delete(grant));
  }

  async function call(to: Provisioning, reason: CallReason, { method, path, body }: OrgScimRequest) {
    const url = to.baseUrl.replace(/\/$/, "") + path;
    const requestHeaders = headersOf(to, body);
    const started = performance.now();
    const entry = {
      at: Date.now(),
      why: reason.why,
      appId: reason.appId,
      method,
      url,
      requestHeaders,
      requestBody: body,
    };
    try {
      const { statusCode: status = 0, headers, text } = await exchange(method, url, requestHeaders, body);
      const durationMs = Math.round(performance.now() - started);
      calls.add({ ...entry, status, answer: text, problem: null, durationMs });
      return { status, headers, text };
    } catch (error) {
      const problem = `No answer from the application: ${(error as NodeJS.ErrnoException).code ?? (error as Error).message}.`;
      const durationMs = Math.round(performance.now() - started);
      calls.add({ ...entry, status: null, answer: "", problem, durationMs });
      throw new ScimFailure(null, problem);
    }
  }

  async function exchange(method: string, url: string, headers: Record<string, string>, body?: unknown) {
    const isHttps = url.startsWith("https:");
    const agent = isHttps ? agents.https : agents.http;
    const start = isHttps ? httpsRequest : httpRequest;
    const request = start(url, { method, agent, timeout: timeoutMs, headers });
    const answer = await answered(request, body === undefined ? undefined : JSON.stringify(body));
    const text = decoded(await buffer(answer), answer.headers["content-encoding"]).toString("utf8");
    return { statusCode: answer.statusCode, headers: answer.headers, text };
  }

  return {
    send,
    close() {
      agents.http.destroy();
      agents.https.destroy();
    },
  };
}

function headersOf({ token, mode, grant }: Provisioning, body: unknown): Record<string, string> {
  const credentials = { Bearer: `Bearer ${token}`, Header: token, "OAuth 2": `Bearer ${grant?.accessToken}` };
  return {
    "User-Agent": "Okta SCIM Client 1.0.0",
    Authorization: credentials[mode],
    Accept: "application/scim+json",
    "Accept-Charset": "utf-8",
    "Accept-Encoding": "gzip, deflate",
    ...(body === undefined ? {} : { "Content-Type": "application/scim+json; charset=utf-8" }),
  };
}

function answered(request: ClientRequest, body: string | undefined): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request.once("response", resolve).once("error", reject);
    request.once("timeout", () => request.destroy(new Error("it took more than 60 seconds")));
    request.end(body);
  });
}

function decoded(bytes: Buffer, encoding: string | undefined): Buffer {
  if (encoding === "gzip") return gunzipSync(bytes);
  return encoding === "deflate" ? inflateSync(bytes) : bytes;
}

function answerOf(status: number, text: string): OrgScimAnswer {
  const body = parsed(text);
  if (status >= 200 && status < 300) return { status, body };
  const detail = typeof body.detail === "string" ? body.detail : "no detail was given";
  throw new ScimFailure(status, `The application answered ${status}: ${detail}`);
}

function parsed(text: string): ScimBody {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : {};
  } catch {
    return {};
  }
}

function firstWaitMs(retryAfter: string | undefined): number {
  return retryAfter !== undefined && /^\d+$/.test(retryAfter) ? Number(retryAfter) * 1000 : defaultWaitMs;
}
