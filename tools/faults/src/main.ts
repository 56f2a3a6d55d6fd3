/** `npm run faults`: breaks what the application runs on, under load. README.md says what must not happen. */
import { setTimeout as sleep } from "node:timers/promises";
import { type PostgresServer, startPostgres } from "../../../test/helpers/postgres-server.ts";
import { openCleanUp } from "./clean-up.ts";
import { type Options, readOptions, UsageError, usage } from "./options.ts";
import { NotPossibleError } from "./places.ts";
import { asLine, heading, notRun, problemsOf } from "./report.ts";
import { runFault } from "./run.ts";

/** Of the fault that runs, and of the whole run. */
const [current, whole] = [openCleanUp(), openCleanUp()];
const interrupt = new AbortController();
const mostUnwindingMs = 30_000;

for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => void breakOff());
const ended = main();
process.exitCode = await ended;

/** Another signal has no effect: it would leave processes and mounts behind. */
async function breakOff(): Promise<void> {
  if (interrupt.signal.aborted) return;
  interrupt.abort();
  await current.run();
  // Things that were being started are there now, and their steps.
  await Promise.race([ended.catch(() => undefined), sleep(mostUnwindingMs)]);
  await current.run();
  await whole.run();
  process.exit(130);
}

async function main(): Promise<number> {
  try {
    return (await run(readOptions(process.argv.slice(2)))) ? 0 : 1;
  } catch (error) {
    if (interrupt.signal.aborted) return 130;
    if (!(error instanceof UsageError) && !(error instanceof TypeError && "code" in error)) throw error;
    process.stderr.write(`${(error as Error).message}\n\n${usage}\n`);
    return 2;
  } finally {
    await whole.run();
  }
}

async function run({ only, engines, seconds }: Options): Promise<boolean> {
  let server: Promise<PostgresServer> | undefined;
  const shared = () => {
    server ??= startPostgres().then((started) => {
      whole.add(() => started.stop());
      return started;
    });
    return server;
  };
  const problems: string[] = [];
  process.stdout.write(`${heading}\n`);
  for (const fault of only) {
    for (const engine of fault.engines.filter((one) => engines.includes(one))) {
      try {
        const row = await runFault(fault, engine, { seconds, shared, signal: interrupt.signal }, current);
        process.stdout.write(`${asLine(row)}\n`);
        const found = problemsOf(row);
        const details = found.length > 0 ? [...found, ...row.surprises, ...row.errors] : [];
        problems.push(...details.map((one) => `${fault.name}, ${engine}: ${one}`));
      } catch (error) {
        if (!(error instanceof NotPossibleError)) throw error;
        process.stdout.write(`${notRun(fault, engine, error.message)}\n`);
      }
    }
  }
  process.stdout.write(problems.length === 0 ? "\nall is well\n" : `\n${problems.join("\n")}\n`);
  return problems.length === 0;
}
