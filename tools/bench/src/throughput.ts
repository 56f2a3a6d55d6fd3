import { setTimeout as sleep } from "node:timers/promises";
import autocannon from "autocannon";
import { median } from "./statistics.ts";

/** Something that answers, asked by many clients at once. */
export interface Contender {
  origin: string;
  path(): string;
  headers(): Record<string, string>;
}

/** Answers per second of one contender, asked for so long. Throws when one of them is no success. */
async function answersPerSecond({ origin, path, headers }: Contender, clients: number, seconds: number) {
  const result = await autocannon({
    url: origin,
    connections: clients,
    duration: seconds,
    requests: [
      { setupRequest: (request) => ({ ...request, method: "GET", path: path(), headers: headers() }) },
    ],
  });
  const { errors, timeouts, non2xx } = result;
  if (errors + timeouts + non2xx > 0) {
    throw new Error(`${origin}${path()}: ${errors} errors, ${timeouts} timeouts, ${non2xx} failures`);
  }
  return result["2xx"] / result.duration;
}

/**
 * Asks contenders in turn, several rounds, so that whatever else the machine does meets all of them alike. The median
 * of each; the first round warms up and does not count.
 */
export async function race<Name extends string>(
  contenders: Record<Name, Contender>,
  { clients, rounds, seconds }: { clients: number; rounds: number; seconds: number },
): Promise<Record<Name, number[]>> {
  const names = Object.keys(contenders) as Name[];
  const runs = Object.fromEntries(names.map((name) => [name, []])) as unknown as Record<Name, number[]>;
  for (let round = 0; round <= rounds; round++) {
    for (const name of names) {
      const rate = await answersPerSecond(contenders[name], clients, seconds);
      if (round > 0) runs[name].push(rate);
      // A run ends by hanging up. What the server still works on then must not be paid by whoever comes next: ten pages
      // through scimmy take it a quarter of a run.
      await sleep((seconds * 1000) / 2);
    }
  }
  return runs;
}

/** The median of the rounds' ratios: both runs of a round met the same machine. */
export function ratio(of: readonly number[], to: readonly number[]): number {
  return median(of.map((rate, round) => rate / (to[round] as number)));
}
