import { setTimeout as sleep } from "node:timers/promises";
import { median } from "../../src/statistics.ts";
import type { Contender } from "./contenders.ts";
import type { Asked, Operation } from "./operations.ts";
import type { Sizes } from "./options.ts";
import type { PreparedSignIn, SignInProtocol } from "./sign-ins.ts";

/** One program's figures for one operation. */
export interface Measured {
  /** Right answers per second in each round, or milliseconds of each call. */
  values: number[];
  wrong: string[];
  /** Why nothing was measured. */
  failure: string | null;
}

/**
 * Sends an operation to all programs in turn, in several rounds, so that other work of the machine affects all of them alike.
 * The first round warms up and does not count.
 */
export async function race(
  operation: Operation,
  contenders: readonly Contender[],
  sizes: Sizes,
): Promise<Map<Contender, Measured>> {
  const runners = new Map<Contender, { measured: Measured; next: () => Asked }>();
  for (const contender of contenders) {
    const next = operation.requestsFor(contender);
    const { call, check } = next();
    const answer = await contender.client.send(call);
    const problem = check(answer);
    const failure = answer.status === 0 || answer.status >= 400 ? problem : null;
    runners.set(contender, {
      measured: { values: [], wrong: problem && !failure ? [problem] : [], failure },
      next,
    });
  }
  for (let round = 0; round <= sizes.rounds; round++) {
    for (const [contender, { measured, next }] of runners) {
      if (measured.failure) continue;
      addRound(measured, round, await answersPerSecond(contender, next, sizes));
      await sleep(100);
    }
  }
  return new Map([...runners].map(([contender, { measured }]) => [contender, withoutZeros(measured)]));
}

interface Round {
  rate: number;
  /** The problem of the first wrong answer; null if all are right. */
  problem: string | null;
}

function addRound(measured: Measured, round: number, { rate, problem }: Round): void {
  if (round > 0) measured.values.push(rate);
  if (problem && !measured.wrong.includes(problem)) measured.wrong.push(problem);
}

/** A program that gave no right answer at all has no figure. */
function withoutZeros(measured: Measured): Measured {
  if (measured.failure || measured.values.some((rate) => rate > 0)) return measured;
  return { values: [], wrong: [], failure: measured.wrong[0] ?? "gives no answer" };
}

/** Only right answers count: a program must not gain by errors, which are fast. */
async function answersPerSecond(
  contender: Contender,
  next: () => Asked,
  { clients, seconds }: Sizes,
): Promise<Round> {
  const started = performance.now();
  const until = started + seconds * 1000;
  let answers = 0;
  let problem: string | null = null;
  const work = async () => {
    while (performance.now() < until) {
      const { call, check } = next();
      const answer = await contender.client.send(call);
      const wrong = check(answer);
      if (wrong === null) answers++;
      problem ??= wrong;
    }
  };
  await Promise.all(Array.from({ length: clients }, work));
  return { rate: (answers / (performance.now() - started)) * 1000, problem };
}

/** As race(), for sign-ins, which are prepared before the time counts. */
export async function raceSignIns(
  { prepare, hostile }: SignInProtocol,
  contenders: readonly Contender[],
  sizes: Sizes,
): Promise<Map<Contender, Measured>> {
  const found = new Map<Contender, Measured>();
  for (const contender of contenders) {
    const first = await prepared(() => prepare(contender, 0));
    const failure = typeof first === "string" ? first : await signInOnce(contender, first);
    const measured: Measured = { values: [], wrong: [], failure };
    for (const { wrong, attempt } of failure === null ? hostile : []) {
      const signIn = await prepared(() => attempt(contender));
      if (typeof signIn === "string") measured.wrong.push(`${signIn}, so this was not tried: ${wrong}`);
      else if ((await signInOnce(contender, signIn)) === null) measured.wrong.push(wrong);
    }
    found.set(contender, measured);
  }
  for (let round = 0; round <= sizes.rounds; round++) {
    for (const [contender, measured] of found) {
      if (measured.failure) continue;
      const waiting: PreparedSignIn[] = [];
      for (let person = 0; person < sizes.signIns; person++) {
        const signIn = await prepared(() => prepare(contender, person));
        if (typeof signIn !== "string") waiting.push(signIn);
        else if (!measured.wrong.includes(signIn)) measured.wrong.push(signIn);
      }
      addRound(measured, round, await signInsPerSecond(contender, waiting, sizes.clients));
    }
  }
  return new Map([...found].map(([contender, measured]) => [contender, withoutZeros(measured)]));
}

/** A sign-in that is ready, or why there is none: one program's error must not end the run for all. */
async function prepared(prepare: () => Promise<PreparedSignIn>): Promise<PreparedSignIn | string> {
  try {
    return await prepare();
  } catch (error) {
    return `does not begin a sign-in (${(error as Error).message})`;
  }
}

async function signInOnce(contender: Contender, { call, complete }: PreparedSignIn): Promise<string | null> {
  return await complete(await contender.client.send(call));
}

async function signInsPerSecond(
  contender: Contender,
  waiting: PreparedSignIn[],
  clients: number,
): Promise<Round> {
  const started = performance.now();
  let signedIn = 0;
  let problem: string | null = null;
  const work = async () => {
    for (let signIn = waiting.pop(); signIn !== undefined; signIn = waiting.pop()) {
      const wrong = await signInOnce(contender, signIn);
      if (wrong === null) signedIn++;
      problem ??= wrong;
    }
  };
  await Promise.all(Array.from({ length: clients }, work));
  return { rate: (signedIn / (performance.now() - started)) * 1000, problem };
}

/** How many times as good the first program is: the median of the rounds' ratios, or the ratio of the medians of times. */
export function timesAsGood(own: Measured, peer: Measured, better: "higher" | "lower"): number | null {
  if (own.values.length === 0 || peer.values.length === 0) return null;
  if (better === "lower") return median(peer.values) / median(own.values);
  const ratio = median(own.values.map((rate, round) => rate / (peer.values[round] ?? Number.NaN)));
  return Number.isFinite(ratio) ? ratio : null;
}
