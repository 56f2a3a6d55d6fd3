/** Entries of a tenant's activity about the product: docs/how-to/record-activity.md. */
import type { ProductAction } from "../../config/activity.ts";
import type { User } from "../model.ts";
import { type ActivityEntry, agentActor } from "../store/tenant/activity.ts";
import type { TenantStore } from "../store/tenant-store.ts";

/** The person who acts in the product. */
export interface ActingMember {
  user: Pick<User, "id" | "loginName">;
  /** The agent that acts for the person; null if they act in a browser. */
  agent: { name: string; act: string | null } | null;
  requestId: string;
}

/**
 * The entry of something that a person did. Record it with the store of the change's transaction, so that neither exists
 * alone. Agents lists an agent's entries, with the person for whom it acted.
 */
export function memberEntry(
  { user, agent, requestId }: ActingMember,
  event: ProductAction & Pick<ActivityEntry, "targetId"> & Partial<Pick<ActivityEntry, "changed">>,
): ActivityEntry {
  const actor = agent
    ? ({ actorKind: "agent", actor: agentActor(agent.name, agent.act) } as const)
    : ({ actorKind: "member", actor: user.loginName } as const);
  // Without a kind in config/activity.ts, the type of the event is never, which cannot be spread.
  const told: Pick<ActivityEntry, "action" | "targetId"> = event;
  return { changed: [], ...told, ...actor, actorId: user.id, requestId };
}

/** Things of the product that entries are about. The activity page shows their names as links. */
export interface ActivityTargets {
  /** The part before the dot of the actions: "task" of "task.completed". */
  subject: string;
  /** Looks up the things that still exist, with one statement for any number of ids. */
  find(store: TenantStore, ids: readonly string[]): Promise<readonly ActivityTarget[]>;
}

export interface ActivityTarget {
  id: string;
  name: string;
  href: string;
}
