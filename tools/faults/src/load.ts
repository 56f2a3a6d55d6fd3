import { Agent } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { paths } from "../../../src/endpoints.ts";
import { type Answer, exchange, type Sent, type Silence } from "./exchange.ts";

export const kinds = ["SCIM", "pages", "agents", "sign-in", "logout"] as const;
/** SCIM: provisioning. Pages: signed-in browsers. Agents: API keys and access tokens. Logout: Universal Logout. */
export type ClientKind = (typeof kinds)[number];

/** The result for a client, as the table counts it: "ok", "503", "refused", or words for something that must not happen. */
export type Outcome = string;

interface Result {
  outcome: Outcome;
  /** Null if there was none. */
  answer: Answer | null;
}

/** Sends one request and counts its outcome. @param right the statuses of success. */
export type Send = (sent: Sent, ...right: number[]) => Promise<Result>;

export interface LoadClient {
  kind: ClientKind;
  pauseMs: number;
  /** One or a few requests. */
  turn(send: Send): Promise<void>;
}

export interface Load {
  counts: Map<ClientKind, Map<Outcome, number>>;
  requests(): number;
  /** The first answers of each outcome that was not planned, for the report. */
  surprises: string[];
  /** Resolves with the seconds until a later request of every kind of client succeeded; null if that takes too long. */
  recovered(): Promise<number | null>;
  stop(): Promise<void>;
}

const mostSurprises = 10;
const retryMs = 250;
const recoveryMs = 60_000;

/** Every client sends one request after another until the load is stopped. */
export function startLoad(
  origin: string,
  clients: readonly LoadClient[],
  isPlanned: (kind: ClientKind, outcome: Outcome) => boolean,
): Load {
  const counts: Load["counts"] = new Map();
  const surprises: string[] = [];
  const lastSuccess = new Map<ClientKind, number>();
  let stopped = false;

  const sendAs =
    (kind: ClientKind, agent: Agent): Send =>
    async (sent, ...right) => {
      const startedAt = performance.now();
      const got = await exchange(origin, sent, agent);
      const outcome = outcomeOf(kind, got, right);
      const ofKind = counts.get(kind) ?? new Map<Outcome, number>();
      counts.set(kind, ofKind.set(outcome, (ofKind.get(outcome) ?? 0) + 1));
      if (outcome === "ok") lastSuccess.set(kind, startedAt);
      else if (!isPlanned(kind, outcome) && surprises.length < mostSurprises)
        surprises.push(`${kind}: ${outcome}: ${sent.method} ${sent.path} ${excerpt(got)}`);
      return { outcome, answer: typeof got === "string" ? null : got };
    };

  async function run({ kind, pauseMs, turn }: LoadClient): Promise<void> {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const send = sendAs(kind, agent);
    while (!stopped) {
      const served = lastSuccess.get(kind);
      await turn(send);
      // Programs wait before they try again.
      await sleep(lastSuccess.get(kind) === served ? retryMs : pauseMs);
    }
    agent.destroy();
  }

  const running = Promise.all(clients.map(run));
  return {
    counts,
    surprises,
    requests: () => [...counts.values()].flatMap((of) => [...of.values()]).reduce((sum, one) => sum + one, 0),
    async recovered() {
      const from = performance.now();
      const waiting = () => clients.some(({ kind }) => (lastSuccess.get(kind) ?? 0) < from);
      while (waiting() && performance.now() - from < recoveryMs) await sleep(10);
      return waiting() ? null : (performance.now() - from) / 1000;
    },
    async stop() {
      stopped = true;
      await running;
    },
  };
}

/** The kinds that speak JSON, and never get a page. */
const programs: readonly ClientKind[] = ["SCIM", "agents", "logout"];

export function outcomeOf(kind: ClientKind, got: Answer | Silence, right: readonly number[]): Outcome {
  if (typeof got === "string") return got;
  const { status, headers } = got;
  if (programs.includes(kind) && headers["content-type"]?.startsWith("text/html")) return "HTML";
  if (headers.location?.includes(paths.signInAgain)) return "sign in again";
  if (kind === "pages" && (status === 401 || headers.location?.includes(paths.login))) return "signed out";
  if (right.includes(status)) return "ok";
  const saysWhen = /^[1-9]\d*$/.test(headers["retry-after"] ?? "");
  return status === 503 && !saysWhen ? "503 without Retry-After" : String(status);
}

function excerpt(got: Answer | Silence): string {
  return typeof got === "string"
    ? ""
    : got.text
        .replace(/<[^>]*>|\s+/g, " ")
        .replace(/ +/g, " ")
        .slice(0, 300);
}
