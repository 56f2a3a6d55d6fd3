/** `npm run fuzz`: mutated requests of each protocol. README.md says what is wrong with an answer. */
import { parseArgs } from "node:util";
import { type Fault, fuzzProtocol, heapGrowthMb, type ProtocolResult } from "./fuzz.ts";
import { type ProtocolName, protocolNames } from "./protocols.ts";
import { startWorld } from "./world.ts";

const usage = "npm run fuzz -- [--seed n] [--requests n] [--only scim,oidc] [--request n]";

class UsageError extends Error {}

try {
  process.exitCode = (await run()) ? 0 : 1;
} catch (error) {
  if (!(error instanceof UsageError) && !(error instanceof TypeError && "code" in error)) throw error;
  process.stderr.write(`${(error as Error).message}\n\n${usage}\n`);
  process.exitCode = 2;
}

async function run(): Promise<boolean> {
  const { seed, requests, request, only } = readOptions();
  process.stdout.write(`seed ${seed}\n`);
  let isGood = true;
  for (const protocol of only) {
    // A world of its own, so that a request does not depend on the protocols before it.
    const world = await startWorld();
    const crash = (error: unknown) => {
      process.stderr.write(
        `${protocol}: the application crashed, seed ${seed}: ${(error as Error)?.stack ?? error}\n`,
      );
      process.exit(1);
    };
    process.on("uncaughtException", crash).on("unhandledRejection", crash);
    try {
      const result = await fuzzProtocol(world, protocol, { seed, requests, request });
      const leaks = await world.canaries.found(world.database);
      process.stdout.write(lineOf(result, leaks));
      for (const fault of result.faults) process.stdout.write(describe(fault, seed, protocol));
      const hasGrown = result.heap.end - result.heap.half > heapGrowthMb;
      if (hasGrown)
        process.stdout.write(`  memory: grew by more than ${heapGrowthMb} MB in the second half\n`);
      isGood &&= result.faults.length === 0 && leaks.length === 0 && !hasGrown;
    } finally {
      process.off("uncaughtException", crash).off("unhandledRejection", crash);
      await world.close();
    }
  }
  return isGood;
}

function readOptions() {
  const text = { type: "string" } as const;
  const { values } = parseArgs({ options: { seed: text, requests: text, only: text, request: text } });
  const number = (name: "seed" | "requests" | "request", usual: number | null) => {
    const given = values[name];
    if (given === undefined) return usual;
    if (!/^\d{1,9}$/.test(given)) throw new UsageError(`--${name} is a number`);
    return Number(given);
  };
  const only = (values.only ?? protocolNames.join(",")).split(",");
  const unknown = only.find((name) => !protocolNames.some((known) => known === name));
  if (unknown !== undefined)
    throw new UsageError(`there is no protocol "${unknown}": ${protocolNames.join(", ")}`);
  const seed = number("seed", Math.floor(Math.random() * 1e9)) ?? 0;
  const requests = number("requests", 1_000) ?? 0;
  return { seed, requests, request: number("request", null), only: only as ProtocolName[] };
}

function lineOf(result: ProtocolResult, leaks: readonly string[]): string {
  const { protocol, requests, seconds, statuses, faults, heap } = result;
  const answers = [...statuses]
    .sort(([one], [other]) => one - other)
    .map(([status, count]) => `${status}: ${count}`);
  const memory = `${heap.half.toFixed(1)} to ${heap.end.toFixed(1)} MB`;
  const rate = `${Math.round(requests / seconds)} a second`;
  const secrets = [`secrets found ${leaks.length}`, ...leaks.map((place) => `  ${place}`)].join("\n");
  return `${protocol}: ${requests} requests, faults ${faults.length} (${answers.join(", ")}), heap ${memory}, ${rate}, ${secrets}\n`;
}

/** The request as a person can read it, and the command that sends it again. */
function describe(
  { index, what, mutations, request, answer, logged }: Fault,
  seed: number,
  protocol: string,
): string {
  const { method, target, headers, body } = request;
  const lines = [
    `  ${what}, after ${mutations.join(", ") || "no mutation"}`,
    `  repeat: npm run fuzz -- --seed ${seed} --only ${protocol} --request ${index}`,
    `  ${method} ${target.slice(0, 500)}`,
    `  ${JSON.stringify(headers).slice(0, 500)}`,
    ...(body ? [`  ${JSON.stringify(body.toString("latin1").slice(0, 1_000))}`] : []),
    `  answer: ${answer.replaceAll("\n", " ")}`,
    ...(logged === null ? [] : [`  log: ${logged}`]),
  ];
  return `${lines.join("\n")}\n`;
}
