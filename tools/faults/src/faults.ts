import type { Engine } from "../../../test/helpers/databases.ts";
import { databaseFaults } from "./database-faults.ts";
import type { ClientKind, Outcome } from "./load.ts";
import { providerFaults } from "./provider-faults.ts";
import type { World } from "./world.ts";

/** Something that breaks while clients use the application. */
export interface Fault {
  name: string;
  engines: readonly Engine[];
  /** Answers that clients may get besides success: an outcome, or "kind: outcome" if only these clients may. */
  planned: readonly string[];
  /** How long it lasts at least, in seconds: longer than the application waits by itself. */
  lasts?: number;
  /** Whether it cuts PostgreSQL off in a commit: the application does not learn its outcome, and answers 503. */
  cutsCommits?: boolean;
  /** Its needs of the place of the database. */
  needs?: readonly ("disk" | "proxy" | "standby" | "provider" | "replicas")[];
  inject(world: World): Promise<void>;
  recover(world: World): Promise<void>;
}

const both: readonly Engine[] = ["SQLite", "PostgreSQL"];

const hourMs = 3_600_000;

const only = ({ replicas: [replica] }: World) => {
  if (!replica) throw new Error("there is no replica");
  return replica;
};

const appFaults: readonly Fault[] = [
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

export const faults: readonly Fault[] = [...appFaults, ...databaseFaults, ...providerFaults];

export function isPlanned({ planned }: Pick<Fault, "planned">, kind: ClientKind, outcome: Outcome): boolean {
  return outcome === "ok" || planned.includes(outcome) || planned.includes(`${kind}: ${outcome}`);
}
