import { setTimeout as sleep } from "node:timers/promises";
import autocannon from "autocannon";
import { median } from "./statistics.ts";

/** A route that many clients request at the same time. */
export interface Contender {
  origin: string;
  path(): string;
  headers(): Record<string, string>;
}

/** The responses per second of one contender. Throws if one of them is not a success. */
async function responsesPerSecond({ origin, path, headers }: Contender, clients: number, seconds: number) {
  const run = (until: { duration: number } | { amount: number }) =>
    autocannon({
      url: origin,
      connections: clients,
      timeout: 60,
      ...until,
      requests: [
        { setupRequest: (request) => ({ ...request, method: "GET", path: path(), headers: headers() }) },
      ],
    });
  let result = await run({ duration: seconds });
  // A busy machine may answer nothing in a short run, which says nothing about the rate: then each client waits for a response.
  if (result["2xx"] === 0) result = await run({ amount: clients });
  const { errors, timeouts, non2xx } = result;
  if (errors + timeouts + non2xx > 0) {
    throw new Error(`${origin}${path()}: ${errors} errors, ${timeouts} timeouts, ${non2xx} failures`);
  }
  return result["2xx"] / result.duration;
}

/**
 * Measures contenders in turn, in several rounds, so that other work of the machine affects all of them alike. Returns the
 * rates of each round. The first round warms up and does not count.
 */
export async function race<Name extends string>(
  contenders: Record<Name, Contender>,
  { clients, rounds, seconds }: { clients: number; rounds: number; seconds: number },
): Promise<Record<Name, number[]>> {
  const names = Object.keys(contenders) as Name[];
  const runs = Object.fromEntries(names.map((name) => [name, []])) as unknown as Record<Name, number[]>;
  for (let round = 0; round <= rounds; round++) {
    for (const name of names) {
      const rate = await responsesPerSecond(contenders[name], clients, seconds);
      if (round > 0) runs[name].push(rate);
      // A run ends by closing its connections. The pause lets the server finish requests that would otherwise slow down
      // the next contender: ten pages through scimmy take a quarter of a run.
      await sleep((seconds * 1000) / 2);
    }
  }
  return runs;
}

/** The median of the rounds' ratios: the machine was equally busy for both runs of a round. */
export function ratio(of: readonly number[], to: readonly number[]): number {
  return median(of.map((rate, round) => rate / (to[round] as number)));
}
