import type { Engine } from "../../../test/helpers/databases.ts";
import type { LoadKind } from "./load.ts";
import type { FaultWorld } from "./world.ts";

/** Something that breaks while clients use the application. */
export interface PlannedFault {
  name: string;
  engines: readonly Engine[];
  /**
   * Answers that clients may get, besides success, from its beginning until each client is served again: an outcome, or
   * "kind: outcome" if only these clients may.
   */
  planned: readonly string[];
  /** How long it lasts at least, in seconds: longer than the application waits by itself. */
  lasts?: number;
  /** Whether it cuts PostgreSQL off in a commit: the application does not learn its outcome, and answers 503. */
  cutsCommits?: boolean;
  /** Whether it must show in a 503 to a write. Otherwise any planned answer shows it. */
  stopsWrites?: boolean;
  /** Whether the application cannot check the provider's signatures: no one may be signed in or out in the meantime. */
  hidesKeys?: boolean;
  /** The place that the database needs. */
  needs?: readonly ("disk" | "proxy" | "standby" | "provider" | "replicas")[];
  /** Clients whose access it may end for good. They are not waited for, and may be refused afterwards, too. */
  endsAccessOf?: LoadKind;
  /** For a fault that need not show in an answer: whether the application felt it. Asked before it is mended. */
  isFelt?(world: FaultWorld): Promise<boolean>;
  inject(world: FaultWorld): Promise<void>;
  recover(world: FaultWorld): Promise<void>;
}
