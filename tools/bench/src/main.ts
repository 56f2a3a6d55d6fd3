/**
 * `npm run bench`: measures how fast the application is, and whether its cost grows with a tenant. This process is the
 * client; every measured server is another process. docs/reference/benchmark.md explains the lines.
 */
import type { Engine } from "../../../test/helpers/databases.ts";
import { type PostgresServer, startPostgres } from "../../../test/helpers/postgres-server.ts";
import { type BenchOptions, BenchUsageError, type PartName, readOptions, usage } from "./options.ts";
import { measureAgents } from "./part-agents.ts";
import { measureConsole } from "./part-console.ts";
import { measureDemo } from "./part-demo.ts"; // demo only
import { measureGrowth } from "./part-growth.ts";
import { measureImport } from "./part-import.ts";
import { measureInspector } from "./part-inspector.ts";
import { measureLookups } from "./part-lookups.ts";
import { measurePages } from "./part-pages.ts";
import { measurePatches } from "./part-patch.ts";
import { measurePositions } from "./part-positions.ts";
import { measureSaml } from "./part-saml.ts"; // SAML
import { measureTenants } from "./part-tenants.ts";
import { allMet, asTable, type BenchReport, describeMachine } from "./report.ts";
import type { BenchRun } from "./run.ts";
import { createWorld, type World } from "./world.ts";

const parts: Record<PartName, (run: BenchRun) => Promise<void>> = {
  lookups: measureLookups,
  pages: measurePages,
  patch: measurePatches,
  growth: (run) => againstSmall(run, measureGrowth),
  positions: measurePositions,
  tenants: measureTenants,
  inspector: measureInspector,
  console: (run) => againstSmall(run, measureConsole),
  saml: measureSaml, // SAML
  agents: measureAgents,
  demo: measureDemo, // demo only
  import: measureImport,
};

/** Parts that do not use the large world: it is not seeded for them alone. */
const ownWorlds: readonly PartName[] = ["agents"];

try {
  process.exitCode = await main(readOptions(process.argv.slice(2)));
} catch (error) {
  if (!(error instanceof BenchUsageError)) throw error;
  console.error(`${error.message}\n\n${usage}`);
  process.exitCode = 2;
}

async function main(options: BenchOptions): Promise<number> {
  const report: BenchReport = { ...describeMachine(), databases: {}, sizes: options.sizes, lines: [] };
  let postgres: PostgresServer | undefined;
  if (options.engines.includes("PostgreSQL") && !process.env.TEST_POSTGRES_URL) {
    postgres = await startPostgres();
    process.env.TEST_POSTGRES_URL = postgres.url;
  }
  try {
    for (const engine of options.engines) await measureEngine(engine, options, report);
  } finally {
    await postgres?.stop();
  }
  console.log(options.json ? JSON.stringify(report, null, 2) : asTable(report));
  return options.assert && !allMet(report) ? 1 : 0;
}

async function measureEngine(engine: Engine, options: BenchOptions, report: BenchReport): Promise<void> {
  const { sizes } = options;
  const hasOwn = options.parts.every((part) => ownWorlds.includes(part));
  const world = await makeWorld(engine, hasOwn ? sizes.smallUsers : sizes.users, options);
  report.databases[engine] = world.version;
  try {
    for (const part of options.parts) {
      progress(`${engine}: ${part}`);
      await parts[part]({
        engine,
        sizes,
        world,
        add(what, value, unit, target) {
          const required = target !== undefined && (engine === "SQLite" || target.onBoth);
          const limit = target ? { comparison: target.comparison, value: target.value } : null;
          report.lines.push({ engine, part, what, value, unit, target: limit, required });
        },
      });
    }
  } finally {
    await world.dispose();
  }
}

async function makeWorld(
  engine: Engine,
  users: number,
  { sizes }: Pick<BenchOptions, "sizes">,
): Promise<World> {
  progress(`${engine}: seeding ${users} users`);
  return await createWorld(engine, users, [sizes.members, 10, sizes.mostMembers]);
}

/** Growth compares the large tenant with a small one, whose groups hold the same share of its users. */
async function againstSmall(
  run: BenchRun,
  measure: (run: BenchRun, large: World, small: World) => Promise<void>,
): Promise<void> {
  const { engine, sizes, world } = run;
  const share = sizes.smallUsers / sizes.grownUsers;
  const scaled = {
    members: Math.ceil(sizes.members * share),
    mostMembers: Math.ceil(sizes.mostMembers * share),
  };
  const small = await makeWorld(engine, sizes.smallUsers, { sizes: { ...sizes, ...scaled } });
  const large = sizes.grownUsers === sizes.users ? world : await makeWorld(engine, sizes.grownUsers, run);
  try {
    await measure(run, large, small);
  } finally {
    await small.dispose();
    if (large !== world) await large.dispose();
  }
}

/** Writes to standard error, because standard output is for the table. */
function progress(text: string): void {
  console.error(`${new Date().toISOString().slice(11, 19)} ${text}`);
}
