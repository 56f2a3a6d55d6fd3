import { setTimeout as sleep } from "node:timers/promises";
import { paths } from "../../../src/endpoints.ts";
import type { Engine } from "../../../test/helpers/databases.ts";
import { type PostgresServer, startPostgres } from "../../../test/helpers/postgres-server.ts";
import { type CleanUp, openCleanUp } from "./clean-up.ts";
import { listTitles, usualClients } from "./clients.ts";
import { exchange } from "./exchange.ts";
import type { PlannedFault } from "./fault.ts";
import { isExplained } from "./faults.ts";
import { openLedger } from "./ledger.ts";
import { type Load, startLoad } from "./load.ts";
import { type Place, postgresPlace, sqlitePlace } from "./places.ts";
import { startProvider } from "./provider.ts";
import type { Row } from "./report.ts";
import { type FaultWorld, hasEnded, startWorld, tenantOf } from "./world.ts";

export interface RunOptions {
  /** How long the load runs before the fault, and how long the fault lasts, unless it has to last longer. */
  seconds: number;
  /** PostgreSQL for all faults of a run, except for those that need their own. */
  shared: () => Promise<PostgresServer>;
  /** Breaks off the run, which still cleans up. */
  signal: AbortSignal;
}

/** Breaks one thing under load, mends it, and compares what clients were told with the database. */
export async function runFault(
  fault: PlannedFault,
  engine: Engine,
  { seconds, shared, signal }: RunOptions,
  cleanUp: CleanUp = openCleanUp(),
): Promise<Row> {
  try {
    const { needs = [] } = fault;
    const place = await placeFor(fault, engine, shared, cleanUp);
    signal.throwIfAborted();
    const provider = needs.includes("provider") ? await startProvider(cleanUp) : null;
    const replicas = needs.includes("replicas") ? 2 : 1;
    const world = await startWorld({ engine, place, replicas, provider }, cleanUp);
    const ledger = openLedger();
    const { origin, credentials } = world;
    const clients = [...usualClients(origin, credentials, ledger), ...(provider?.clients(origin) ?? [])];
    const load = startLoad(origin, clients, { signal, isExplained: (answer) => isExplained(fault, answer) });
    cleanUp.add(() => load.stop());
    const effect = await breakAndMend(fault, world, load, { seconds, signal });
    await load.stop();
    const hasCrashed = world.replicas.some(({ program }) => !program || hasEnded(program));
    const database = world.open();
    const titles = await listTitles(origin, credentials.apiKey);
    const compared = await ledger.compare(tenantOf(database, world), titles);
    await database.close();
    return {
      ...{ fault, engine, ...effect, hasCrashed, compared },
      ...{ tallies: load.tallies(), surprises: load.surprises },
      errors: errorsIn(world),
      sessionsLost: await countLost(world),
    };
  } finally {
    await cleanUp.run();
  }
}

async function breakAndMend(
  fault: PlannedFault,
  world: FaultWorld,
  load: Load,
  { seconds, signal }: Pick<RunOptions, "seconds" | "signal">,
): Promise<Pick<Row, "recoverySeconds" | "wasFelt">> {
  const { course } = load;
  const wait = (time: number) => sleep(time * 1000, undefined, { signal });
  await wait(seconds);
  course.begun = performance.now();
  await fault.inject(world);
  course.complete = performance.now();
  await wait(Math.max(seconds, fault.lasts ?? 0));
  const wasFelt = (await fault.isFelt?.(world)) ?? null;
  course.mending = performance.now();
  await fault.recover(world);
  const mended = (performance.now() - course.mending) / 1000;
  const after = await load.recovered(fault.endsAccessOf);
  await wait(seconds / 2);
  return { wasFelt, recoverySeconds: after === null ? null : mended + after };
}

async function placeFor(
  { needs = [] }: PlannedFault,
  engine: Engine,
  shared: () => Promise<PostgresServer>,
  cleanUp: CleanUp,
): Promise<Place> {
  const onDisk = needs.includes("disk");
  if (engine === "SQLite") return sqlitePlace(cleanUp, { onDisk });
  const options = { onDisk, behindProxy: needs.includes("proxy") };
  if (!needs.includes("standby")) return await postgresPlace(await shared(), cleanUp, options);
  const server = await startPostgres();
  cleanUp.add(() => server.stop());
  const standby = await server.addStandby();
  cleanUp.add(() => standby.stop());
  return { ...(await postgresPlace(server, cleanUp, options)), standby };
}

/** The different errors in the log of what answered. */
function errorsIn({ replicas }: FaultWorld): string[] {
  const lines = replicas.flatMap(({ program }) => program?.stdout().trim().split("\n") ?? []);
  const errors = lines.filter((line) => line.includes('"err":')).map((line) => JSON.parse(line));
  return [
    ...new Set(errors.map(({ event, err }) => `${event}: ${err.type} ${err.code ?? ""} ${err.message}`)),
  ];
}

async function statusOf(
  origin: string,
  path: string,
  headers: Record<string, string>,
): Promise<number | null> {
  const got = await exchange(origin, {
    method: "GET",
    path,
    headers: { accept: "application/json", ...headers },
  });
  return typeof got === "string" ? null : got.status;
}

async function countLost({ origin, credentials }: FaultWorld): Promise<number> {
  let lost = 0;
  for (const cookie of credentials.sessions)
    if ((await statusOf(origin, paths.me, { cookie })) !== 200) lost++;
  return lost;
}
