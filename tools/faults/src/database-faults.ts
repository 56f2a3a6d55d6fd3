import { setTimeout as sleep } from "node:timers/promises";
import type { Database } from "../../../src/store/database.ts";
import type { PostgresServer } from "../../../test/helpers/postgres-server.ts";
import type { PlannedFault } from "./fault.ts";
import { copyDatabase, moveDatabase, nameIn, type Place } from "./places.ts";
import type { SmallDisk } from "./small-disk.ts";
import type { TcpProxy } from "./tcp-proxy.ts";
import type { FaultWorld } from "./world.ts";

const both = ["SQLite", "PostgreSQL"] as const;

/** The parts that a fault's `needs` and its engine give it. */
const partOf = <Name extends keyof Place>(world: FaultWorld, name: Name): NonNullable<Place[Name]> => {
  const part = world.place[name];
  if (part === undefined) throw new Error(`the place has no ${name}`);
  return part as NonNullable<Place[Name]>;
};
const fileOf = (world: FaultWorld): string => partOf(world, "file");
const diskOf = (world: FaultWorld): SmallDisk => partOf(world, "disk");
const proxyOf = (world: FaultWorld): TcpProxy => partOf(world, "proxy");
const serverOf = (world: FaultWorld): PostgresServer => partOf(world, "server");
const sql = (world: FaultWorld, ...statements: string[]) => partOf(world, "sql")(...statements);
const awayOf = (world: FaultWorld) => `${fileOf(world)}.away`;

/** Ends the connections that the application has. */
const cutAll = (world: FaultWorld) =>
  sql(
    world,
    `select pg_terminate_backend(pid) from pg_stat_activity where usename = '${nameIn(world.place)}' and pid <> pg_backend_pid()`,
  );

/** Releases the lock of `database-locked`. */
let release: (() => Promise<void>) | null = null;

async function lock(world: FaultWorld): Promise<void> {
  const other = world.open();
  let letGo = () => {};
  const held = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  let isHeld = () => {};
  const holding = new Promise<void>((resolve) => {
    isHeld = resolve;
  });
  const work = other.transaction(async (inside: Database) => {
    if (inside.engine === "postgres")
      await inside.sql().raw("lock table users, sessions in access exclusive mode");
    isHeld();
    await held;
  });
  await Promise.race([holding, work]);
  release = async () => {
    letGo();
    await work;
    await other.close();
  };
}

/** PostgreSQL refuses connections while it recovers. */
async function restart(server: PostgresServer): Promise<void> {
  for (let tries = 0; ; tries++) {
    try {
      return await server.restart();
    } catch (error) {
      if (tries === 20) throw error;
      await sleep(500);
    }
  }
}

export const databaseFaults: readonly PlannedFault[] = [
  {
    name: "kill-database",
    engines: ["PostgreSQL"],
    planned: ["503"],
    cutsCommits: true,
    inject: (world) => serverOf(world).kill(),
    recover: (world) => restart(serverOf(world)),
  },
  {
    name: "disk-full",
    engines: both,
    planned: ["503"],
    stopsWrites: true,
    lasts: 6,
    needs: ["disk"],
    inject: async (world) => diskOf(world).fill(),
    recover: async (world) => diskOf(world).free(),
  },
  {
    name: "read-only",
    engines: ["SQLite"],
    // The file can be closed to writers only while no process has it open.
    planned: ["503", "refused", "cut"],
    stopsWrites: true,
    needs: ["disk"],
    async inject(world) {
      await world.replicas[0]?.end("SIGKILL");
      diskOf(world).mount("ro");
      await world.replicas[0]?.start();
    },
    recover: async (world) => diskOf(world).mount("rw"),
  },
  {
    name: "read-only",
    engines: ["PostgreSQL"],
    planned: ["503"],
    stopsWrites: true,
    inject: (world) =>
      sql(world, "alter system set default_transaction_read_only = on", "select pg_reload_conf()"),
    recover: (world) =>
      sql(world, "alter system reset default_transaction_read_only", "select pg_reload_conf()"),
  },
  {
    name: "file-missing",
    engines: ["SQLite"],
    planned: ["503"],
    inject: async (world) => moveDatabase(fileOf(world), awayOf(world)),
    recover: async (world) => moveDatabase(awayOf(world), fileOf(world)),
  },
  {
    name: "file-replaced",
    engines: ["SQLite"],
    planned: ["503"],
    async inject(world) {
      moveDatabase(fileOf(world), awayOf(world));
      // A request that had begun writes into the file that was moved; the copy is made after it.
      await sleep(500);
    },
    recover: async (world) => copyDatabase(awayOf(world), fileOf(world)),
  },
  {
    name: "locked",
    engines: both,
    planned: ["503"],
    // Longer than SQLite's connections wait (15 s); longer than a statement of PostgreSQL may take (30 s).
    lasts: 35,
    inject: lock,
    async recover() {
      await release?.();
      release = null;
    },
  },
  {
    name: "no-connections",
    engines: ["PostgreSQL"],
    planned: ["503"],
    cutsCommits: true,
    async inject(world) {
      await sql(world, `alter role ${nameIn(world.place)} connection limit 0`);
      await cutAll(world);
    },
    recover: (world) => sql(world, `alter role ${nameIn(world.place)} connection limit -1`),
  },
  {
    name: "stalled",
    engines: ["PostgreSQL"],
    planned: ["503"],
    lasts: 35,
    cutsCommits: true,
    needs: ["proxy"],
    inject: async (world) => proxyOf(world).stall(),
    recover: async (world) => proxyOf(world).resume(),
  },
  {
    name: "failover",
    engines: ["PostgreSQL"],
    planned: ["503"],
    cutsCommits: true,
    needs: ["proxy", "standby"],
    async inject(world) {
      await serverOf(world).kill();
      const { port } = new URL(partOf(world, "standby").url);
      // Until it is promoted, it answers reads only.
      proxyOf(world).leadTo(Number(port));
      world.place.ownUrl = world.place.ownUrl.replace(/:\d+\//, `:${port}/`);
    },
    recover: (world) => partOf(world, "standby").promote(),
  },
];
