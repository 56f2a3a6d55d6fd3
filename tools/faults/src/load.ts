import { setMaxListeners } from "node:events";
import { Agent } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { paths } from "../../../src/endpoints.ts";
import { exchange, type HttpAnswer, type Sent, type Silence } from "./exchange.ts";
import { type Course, newCourse, type Phase, phaseOf } from "./phases.ts";

export const kinds = ["SCIM", "pages", "API", "agents", "sign-in", "logout"] as const;
/**
 * SCIM: provisioning. Pages: signed-in browsers. API: an API key. Agents: an access token, for the MCP server. Logout: Universal
 * Logout.
 */
export type LoadKind = (typeof kinds)[number];

/** The answer to a client, as the table counts it: "ok", "503", "refused", or words for something that must not happen. */
export type Outcome = string;

/** An answer that a client got. */
export interface LoadAnswer {
  kind: LoadKind;
  outcome: Outcome;
  purpose: "read" | NonNullable<Sent["purpose"]>;
  phase: Phase;
}

export interface Tally extends LoadAnswer {
  count: number;
}

interface Result {
  outcome: Outcome;
  /** Null if there was none. */
  answer: HttpAnswer | null;
}

/** Sends one request and counts its outcome. @param right the statuses of success. */
export type SendRequest = (sent: Sent, ...right: number[]) => Promise<Result>;

export interface LoadClient {
  kind: LoadKind;
  pauseMs: number;
  /** One or a few requests. */
  turn(send: SendRequest): Promise<void>;
}

export interface Load {
  /** The caller notes here what it does; `recovered` notes the end. */
  course: Course;
  tallies(): readonly Tally[];
  /** The first answers that the fault does not explain, for the report. */
  surprises: string[];
  /** Resolves with the seconds until each other client was served in a later turn; null if that takes too long. */
  recovered(endsAccessOf?: LoadKind): Promise<number | null>;
  /** Resolves when every request was answered, or at once if the signal was aborted. */
  stop(): Promise<void>;
}

interface LoadOptions {
  isExplained(answer: LoadAnswer): boolean;
  /** Breaks off all requests and pauses. */
  signal: AbortSignal;
}

const mostSurprises = 10;
const retryMs = 250;
const recoveryMs = 60_000;

/** Every client sends one request after another until the load is stopped. */
export function startLoad(
  origin: string,
  clients: readonly LoadClient[],
  { isExplained, signal }: LoadOptions,
): Load {
  const course = newCourse();
  const tallies = new Map<string, Tally>();
  const surprises: string[] = [];
  /** When the last turn began in which every answer was right: a client that reads and writes needs both. */
  const served = new Map<LoadClient, number>();
  let stopped = false;
  // Each client waits for it.
  setMaxListeners(0, signal);

  function count(answer: LoadAnswer, details: string): void {
    const key = Object.values(answer).join();
    const { count: before = 0 } = tallies.get(key) ?? {};
    tallies.set(key, { ...answer, count: before + 1 });
    if (!isExplained(answer) && surprises.length < mostSurprises)
      surprises.push(`${answer.kind}: ${answer.outcome} (${answer.phase}): ${details}`);
  }

  /** Returns whether every answer was right. */
  async function takeTurn({ kind, turn }: LoadClient, agent: Agent, begun: number): Promise<boolean> {
    let isServed = true;
    const phaseSince = (sent: number) => phaseOf(course, { turn: begun, sent, answered: performance.now() });
    const send: SendRequest = async (sent, ...right) => {
      const sentAt = performance.now();
      const got = await exchange(origin, sent, { agent, signal });
      const outcome = outcomeOf(kind, got, right);
      if (outcome !== "ok") isServed = false;
      const { method, path, purpose = "read" } = sent;
      count({ kind, outcome, purpose, phase: phaseSince(sentAt) }, `${method} ${path} ${excerpt(got)}`);
      return { outcome, answer: typeof got === "string" ? null : got };
    };
    try {
      await turn(send);
      return isServed;
    } catch (error) {
      // A right status with content that the client cannot use.
      const answer: LoadAnswer = { kind, outcome: "unusable", purpose: "read", phase: phaseSince(begun) };
      count(answer, String(error));
      return false;
    }
  }

  async function run(client: LoadClient): Promise<void> {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    while (!stopped && !signal.aborted) {
      const begun = performance.now();
      const isServed = await takeTurn(client, agent, begun);
      if (isServed) served.set(client, begun);
      // Programs wait before they try again. The pause rejects only if it is broken off.
      await sleep(isServed ? client.pauseMs : retryMs, undefined, { signal }).catch(() => undefined);
    }
    agent.destroy();
  }

  const running = Promise.all(clients.map(run));
  return {
    ...{ course, surprises },
    tallies: () => [...tallies.values()],
    async recovered(endsAccessOf) {
      const from = performance.now();
      const expected = clients.filter(({ kind }) => kind !== endsAccessOf);
      const waiting = () => expected.some((client) => (served.get(client) ?? 0) < from);
      while (waiting() && performance.now() - from < recoveryMs) await sleep(10, undefined, { signal });
      if (waiting()) return null;
      course.over = performance.now();
      return (course.over - from) / 1000;
    },
    async stop() {
      stopped = true;
      await running;
    },
  };
}

/** The kinds that speak JSON, and never get a page. */
const programs: readonly LoadKind[] = ["SCIM", "API", "agents", "logout"];

export function outcomeOf(kind: LoadKind, got: HttpAnswer | Silence, right: readonly number[]): Outcome {
  if (typeof got === "string") return got;
  const { status, headers } = got;
  if (programs.includes(kind) && headers["content-type"]?.startsWith("text/html")) return "HTML";
  if (headers.location?.includes(paths.signInAgain)) return "sign in again";
  if (kind === "pages" && (status === 401 || headers.location?.includes(paths.login))) return "signed out";
  if (right.includes(status)) return "ok";
  const saysWhen = /^[1-9]\d*$/.test(headers["retry-after"] ?? "");
  return status === 503 && !saysWhen ? "503 without Retry-After" : String(status);
}

function excerpt(got: HttpAnswer | Silence): string {
  return typeof got === "string"
    ? ""
    : got.text
        .replace(/<[^>]*>|\s+/g, " ")
        .replace(/ +/g, " ")
        .slice(0, 300);
}
