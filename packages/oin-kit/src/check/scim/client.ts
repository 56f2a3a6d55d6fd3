import { setTimeout as sleep } from "node:timers/promises";
import type { CheckReport } from "../report.ts";
import { isRedirect, shown, type Web, type WebAnswer } from "../web.ts";
import { byteOrderMark, parseJson } from "./json.ts";

export const urns = {
  user: "urn:ietf:params:scim:schemas:core:2.0:User",
  group: "urn:ietf:params:scim:schemas:core:2.0:Group",
  list: "urn:ietf:params:scim:api:messages:2.0:ListResponse",
  error: "urn:ietf:params:scim:api:messages:2.0:Error",
  patch: "urn:ietf:params:scim:api:messages:2.0:PatchOp",
  role: "urn:okta:scim:schemas:core:1.0:Role",
  entitlement: "urn:okta:scim:schemas:core:1.0:Entitlement",
} as const;

export interface CheckScimAnswer extends WebAnswer {
  /** The parsed body; undefined if it is not JSON. */
  json: unknown;
}

/** Okta's headers (Okta: "SCIM 2.0 reference"), except the User-Agent. */
const oktaHeaders = { accept: "application/scim+json", "accept-charset": "utf-8" };
const oktaMediaType = "application/scim+json; charset=utf-8";

/** How long and how often the client waits after 429 or 503; Okta retries as often. */
const longestWaitSeconds = 60;
const maxRetries = 10;

/** The Authorization header. A token that already has a scheme is sent unchanged (`auth` in Okta's suite). */
export function authorizationOf(token: string | null): string {
  if (token === null) return "";
  return /\s/.test(token) ? token : `Bearer ${token}`;
}

/** A provisioning client that applies the rules for every response. */
export class CheckScimClient {
  readonly #web: Web;
  readonly #base: string;
  readonly #authorization: string;
  readonly #report: CheckReport;
  #slowest: CheckScimAnswer | null = null;

  /** @param authorization the whole value of the Authorization header. */
  constructor(web: Web, base: string, authorization: string, report: CheckReport) {
    this.#web = web;
    this.#base = base.replace(/\/$/, "");
    this.#authorization = authorization;
    this.#report = report;
  }

  get(path: string, headers?: Record<string, string>): Promise<CheckScimAnswer> {
    return this.send("GET", path, undefined, headers);
  }

  /** Sends a filter, with the paging parameters of Okta's look-ups. */
  find(kind: "Users" | "Groups", filter: string): Promise<CheckScimAnswer> {
    return this.get(`/${kind}?filter=${encodeURIComponent(filter)}&startIndex=1&count=100`);
  }

  patch(path: string, ...operations: unknown[]): Promise<CheckScimAnswer> {
    return this.send("PATCH", path, { schemas: [urns.patch], Operations: operations });
  }

  /**
   * @param headers replace Okta's headers; an empty value removes one.
   * Throws NoAnswerError and InterruptedError.
   */
  async send(
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<CheckScimAnswer> {
    const all: Record<string, string> = {
      ...oktaHeaders,
      authorization: this.#authorization,
      ...(body === undefined ? {} : { "content-type": oktaMediaType }),
      ...headers,
    };
    for (const [name, value] of Object.entries(all)) if (value === "") delete all[name];
    const request = { method, headers: all, ...(body === undefined ? {} : { body: textOf(body) }) };
    for (let retries = 0; ; retries++) {
      const answer = await this.#web.send(this.#base + path, request);
      const wait = this.#retryAfter(answer);
      if (wait === null || retries === maxRetries)
        return this.#judged({ ...answer, json: parseJson(answer.text) }, all.accept);
      await sleep(wait * 1000);
    }
  }

  /** Applies the rules about the run as a whole. */
  finish(): void {
    const { ms = 0 } = this.#slowest ?? {};
    if (this.#slowest) {
      this.#report.judge(
        "scim-answer-time",
        ms < 60_000,
        `the slowest, ${shown(this.#slowest)}, took ${Math.round(ms)} ms`,
      );
    }
    this.#report.notCheckable(
      "scim-retry-after",
      "no request was answered with 429 or 503, and the check provokes none",
    );
  }

  /** The seconds to wait before a retry; null if no retry is needed. */
  #retryAfter(answer: WebAnswer): number | null {
    if (answer.status !== 429 && answer.status !== 503) return null;
    const value = answer.headers.get("retry-after");
    const whole = value !== null && /^\d+$/.test(value.trim());
    const what = value === null ? "without Retry-After" : `with Retry-After: ${value}`;
    this.#report.judge("scim-retry-after", whole, `${shown(answer)} ${what}`);
    return whole ? Math.min(Number(value), longestWaitSeconds) : 1;
  }

  /** @param accept the header that was sent: a request for application/json alone may be answered with it. */
  #judged(answer: CheckScimAnswer, accept = ""): CheckScimAnswer {
    const { status, text, headers } = answer;
    if (!this.#slowest || answer.ms > this.#slowest.ms) this.#slowest = answer;
    const what = shown(answer);
    this.#report.judge("scim-no-redirect", !isRedirect(answer), what);
    this.#report.judge("scim-no-server-error", ![500, 502, 504].includes(status), what);
    if (status >= 200 && status < 300 && text !== "") {
      const type = headers.get("content-type") ?? "no Content-Type";
      const isJson = /\bjson\b/i.test(type);
      this.#report.judge("scim-media-type", isJson, what);
      const foreign = /charset=(?!"?utf-?8)/i.test(type);
      if (foreign) this.#report.judge("scim-media-type", false, `${what}: ${type}, and JSON is UTF-8`);
      if (byteOrderMark.test(text))
        this.#report.judge("scim-media-type", false, `${what}, beginning with a byte order mark`);
      if (isJson && /scim\+json/.test(accept))
        this.#report.judge("scim-media-type-exact", /^application\/scim\+json\b/i.test(type), what);
    }
    return answer;
  }
}

function textOf(body: unknown): string {
  return typeof body === "string" ? body : JSON.stringify(body);
}
