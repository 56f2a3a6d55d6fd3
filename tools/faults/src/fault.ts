import type { Engine } from "../../../test/helpers/databases.ts";
import type { FaultWorld } from "./world.ts";

/** Something that breaks while clients use the application. */
export interface PlannedFault {
  name: string;
  engines: readonly Engine[];
  /** Answers that clients may get, besides success: an outcome, or "kind: outcome" if only these clients may. */
  planned: readonly string[];
  /** How long it lasts at least, in seconds: longer than the application waits by itself. */
  lasts?: number;
  /** Whether it cuts PostgreSQL off in a commit: the application does not learn its outcome, and answers 503. */
  cutsCommits?: boolean;
  /** The place that the database needs. */
  needs?: readonly ("disk" | "proxy" | "standby" | "provider" | "replicas")[];
  inject(world: FaultWorld): Promise<void>;
  recover(world: FaultWorld): Promise<void>;
}
