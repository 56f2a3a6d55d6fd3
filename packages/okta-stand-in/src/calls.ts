import { randomUUID } from "node:crypto";

/** A call from the org to an application, with the response. */
interface Call {
  id: string;
  at: number;
  /** The reason, for example "Create Testa Person". */
  why: string;
  appId: string;
  method: string;
  url: string;
  requestHeaders: Record<string, string>;
  requestBody: unknown;
  /** null if the application did not respond: `problem` says why. */
  status: number | null;
  answer: string;
  problem: string | null;
  durationMs: number;
}

type NewCall = Omit<Call, "id">;

/** The calls that the org made. */
export interface CallLog {
  add(call: NewCall): void;
  /** Newest first. */
  latest(limit: number): Call[];
  byId(id: string): Call | undefined;
  clear(): void;
  /** The number of calls since the start, including those that are no longer kept. */
  readonly total: number;
}

const kept = 1_000;
const longestAnswer = 20_000;

/** Keeps the last 1,000 calls in memory, without tokens and passwords. */
export function callLog(): CallLog {
  let calls: Call[] = [];
  let total = 0;
  return {
    add(call) {
      total++;
      calls.push({
        ...call,
        id: randomUUID(),
        requestHeaders: withoutCredentials(call.requestHeaders),
        requestBody: withoutPassword(call.requestBody),
        answer: call.answer.slice(0, longestAnswer),
      });
      if (calls.length > kept * 1.2) calls = calls.slice(-kept);
    },
    latest: (limit) => calls.slice(-limit).reverse(),
    byId: (id) => calls.find((call) => call.id === id),
    clear() {
      calls = [];
      total = 0;
    },
    get total() {
      return total;
    },
  };
}

function withoutCredentials(headers: Record<string, string>): Record<string, string> {
  const { Authorization: value } = headers;
  if (value === undefined) return headers;
  return { ...headers, Authorization: value.replace(/^(Bearer )?.*$/, "$1••••••") };
}

function withoutPassword(body: unknown): unknown {
  if (body === undefined) return undefined;
  return JSON.parse(JSON.stringify(body, (key, value) => (key === "password" ? "••••••" : value)));
}
