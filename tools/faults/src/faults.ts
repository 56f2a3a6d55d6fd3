import type { Engine } from "../../../test/helpers/databases.ts";
import { databaseFaults } from "./database-faults.ts";
import type { PlannedFault } from "./fault.ts";
import type { LoadKind, Outcome } from "./load.ts";
import { providerFaults } from "./provider-faults.ts";
import type { FaultWorld } from "./world.ts";

const both: readonly Engine[] = ["SQLite", "PostgreSQL"];

const hourMs = 3_600_000;

const only = ({ replicas: [replica] }: FaultWorld) => {
  if (!replica) throw new Error("there is no replica");
  return replica;
};

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
    recover: async () => undefined,
  },
  {
    name: "clock-forward",
    engines: both,
    // Access tokens have expired, and a dangerous act needs a recent sign-in.
    planned: ["agents: 401", "pages: sign in again"],
    inject: async (world) => world.setClock(hourMs),
    recover: async (world) => world.setClock(0),
  },
  {
    name: "clock-back",
    engines: both,
    planned: [],
    inject: async (world) => world.setClock(-hourMs),
    recover: async (world) => world.setClock(0),
  },
];

export const faults: readonly PlannedFault[] = [...appFaults, ...databaseFaults, ...providerFaults];

export function isPlanned(
  { planned }: Pick<PlannedFault, "planned">,
  kind: LoadKind,
  outcome: Outcome,
): boolean {
  return outcome === "ok" || planned.includes(outcome) || planned.includes(`${kind}: ${outcome}`);
}
