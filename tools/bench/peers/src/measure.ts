import { setTimeout as sleep } from "node:timers/promises";
import { median } from "../../src/statistics.ts";
import type { Contender } from "./contenders.ts";
import type { Asked, Operation } from "./operations.ts";
import type { Sizes } from "./options.ts";
import type { PreparedSignIn, SignInProtocol } from "./sign-ins.ts";

/** One program's figures for one operation. */
export interface Measured {
  /** Answers per second in each round, or milliseconds of each call. */
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
      const { rate, problem } = await answersPerSecond(contender, next, sizes);
      if (round > 0) measured.values.push(rate);
      if (problem && measured.wrong.length === 0) measured.wrong.push(problem);
      await sleep(100);
    }
  }
  return new Map([...runners].map(([contender, { measured }]) => [contender, measured]));
}

async function answersPerSecond(contender: Contender, next: () => Asked, { clients, seconds }: Sizes) {
  const started = performance.now();
  const until = started + seconds * 1000;
  let answers = 0;
  let problem: string | null = null;
  const work = async () => {
    while (performance.now() < until) {
      const { call, check } = next();
      const answer = await contender.client.send(call);
      problem ??= check(answer);
      answers++;
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
    const problem = await signInOnce(contender, await prepare(contender, 0));
    const measured: Measured = { values: [], wrong: [], failure: problem };
    if (problem === null) {
      for (const { wrong, attempt } of hostile) {
        if ((await signInOnce(contender, await attempt(contender))) === null) measured.wrong.push(wrong);
      }
    }
    found.set(contender, measured);
  }
  for (let round = 0; round <= sizes.rounds; round++) {
    for (const [contender, measured] of found) {
      if (measured.failure) continue;
      const prepared: PreparedSignIn[] = [];
      for (let person = 0; person < sizes.signIns; person++) prepared.push(await prepare(contender, person));
      const { rate, problem } = await signInsPerSecond(contender, prepared, sizes.clients);
      if (round > 0) measured.values.push(rate);
      if (problem) measured.wrong.push(problem);
    }
  }
  return found;
}

async function signInOnce(contender: Contender, { call, complete }: PreparedSignIn): Promise<string | null> {
  return await complete(await contender.client.send(call));
}

async function signInsPerSecond(contender: Contender, prepared: PreparedSignIn[], clients: number) {
  const waiting = [...prepared];
  const started = performance.now();
  let problem: string | null = null;
  const work = async () => {
    for (let signIn = waiting.pop(); signIn !== undefined; signIn = waiting.pop())
      problem ??= await signInOnce(contender, signIn);
  };
  await Promise.all(Array.from({ length: clients }, work));
  return { rate: (prepared.length / (performance.now() - started)) * 1000, problem };
}

/** How many times as good the first program is: the median of the rounds' ratios, or the ratio of the medians of times. */
export function timesAsGood(own: Measured, peer: Measured, better: "higher" | "lower"): number | null {
  if (own.values.length === 0 || peer.values.length === 0) return null;
  if (better === "lower") return median(peer.values) / median(own.values);
  return median(own.values.map((rate, round) => rate / (peer.values[round] ?? Number.NaN)));
}
