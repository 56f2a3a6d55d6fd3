import type { Engine } from "../../../test/helpers/databases.ts";
import { databaseFaults } from "./database-faults.ts";
import type { PlannedFault } from "./fault.ts";
import type { LoadAnswer } from "./load.ts";
import { providerFaults } from "./provider-faults.ts";
import { type FaultWorld, tenantOf } from "./world.ts";

const both: readonly Engine[] = ["SQLite", "PostgreSQL"];

const hourMs = 3_600_000;

const only = ({ replicas: [replica] }: FaultWorld) => {
  if (!replica) throw new Error("there is no replica");
  return replica;
};

/** Whether people were created at a time that is not the machine's. */
async function isClockWrong(world: FaultWorld): Promise<boolean> {
  const database = world.open();
  try {
    const { users } = tenantOf(database, world);
    const people = await users.page(0, (await users.count()) + 1);
    return people.some(({ createdAt }) => Math.abs(Date.now() - createdAt) > hourMs / 2);
  } finally {
    await database.close();
  }
}

const appFaults: readonly PlannedFault[] = [
  {
    name: "kill-app",
    engines: both,
    planned: ["refused", "cut"],
    inject: async (world) => void (await only(world).end("SIGKILL")),
    recover: (world) => only(world).start(),
  },
  {
    name: "rolling-restart",
    engines: both,
    planned: [],
    needs: ["replicas"],
    async inject(world) {
      for (const replica of world.replicas) {
        const code = await replica.end("SIGTERM");
        if (code !== 0) throw new Error(`a replica ended with ${code}`);
        await replica.start();
      }
    },
    isFelt: async ({ replicas }) => replicas.every(({ starts }) => starts === 2),
    recover: async () => undefined,
  },
  {
    name: "clock-forward",
    engines: both,
    // Access tokens have expired, and a dangerous act needs a recent sign-in. API keys live longer.
    planned: ["agents: 401", "pages: sign in again"],
    // Housekeeping removes tokens that have expired by its clock.
    endsAccessOf: "agents",
    inject: async (world) => world.setClock(hourMs),
    recover: async (world) => world.setClock(0),
  },
  {
    name: "clock-back",
    engines: both,
    planned: [],
    isFelt: isClockWrong,
    inject: async (world) => world.setClock(-hourMs),
    recover: async (world) => world.setClock(0),
  },
];

export const faults: readonly PlannedFault[] = [...appFaults, ...databaseFaults, ...providerFaults];

/** Whether a client may get an answer, and at that time. */
export function isExplained(
  { planned, hidesKeys, endsAccessOf }: Pick<PlannedFault, "planned" | "hidesKeys" | "endsAccessOf">,
  { kind, outcome, purpose, phase }: LoadAnswer,
): boolean {
  if (outcome === "ok") return !(hidesKeys && purpose === "identity" && phase === "in force");
  if (phase === "before" || (phase === "after" && kind !== endsAccessOf)) return false;
  return planned.includes(outcome) || planned.includes(`${kind}: ${outcome}`);
}
