import type { Connection } from "../model.ts";
import type { Person } from "../store/session-store.ts";
import type { ActivityEntry } from "../store/tenant/activity.ts";
import type { TenantStore } from "../store/tenant-store.ts";

/** Somebody at the set-up of a connection: an administrator, or the guest of a set-up link. */
export interface Visit {
  store: TenantStore;
  tenant: { name: string; slug: string };
  connection: Connection;
  /** The page's own path; its forms post below it. */
  base: string;
  /** Null for a guest. */
  person: Person | null;
  /** What the visitor did, for the tenant's activity. */
  entry(action: string, changed?: readonly string[]): ActivityEntry;
}

/**
 * Whether the visitor may change the connection. Drafts are anybody's who sees them. One that has been switched on is an
 * owner's: whoever points it elsewhere decides who gets in as whom.
 */
export function mayEdit({ connection, person }: Pick<Visit, "connection" | "person">): boolean {
  if (connection.status === "draft") return true;
  return person?.role === "owner";
}
