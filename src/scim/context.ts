import type { PasswordHasher } from "../directory/password-hash.ts";
import type { Writer } from "../directory/provisioning.ts";
import type { Log } from "../log.ts";
import type { ActivityEntry } from "../store/tenant/activity.ts";
import type { TenantStore } from "../store/tenant-store.ts";

/** What one call works with: whose tenant it is has been decided by its token, and by nothing else. */
export interface ScimContext {
  store: TenantStore;
  /** Runs searches that may look at the whole tenant (Database.scan). */
  scan<T>(work: (store: TenantStore) => Promise<T>): Promise<T>;
  writer: Writer;
  /** Name of the source and hint of the token, for the tenant's activity. */
  actor: string;
  passwordSync: boolean;
  passwords: PasswordHasher;
  /** The SCIM base URL without a trailing slash: resources' locations start with it. */
  baseUrl: string;
  requestId: string;
  log: Log;
}

/** What a call is answered with. `body` is absent for 204 and 304. */
export interface ScimAnswer {
  status: number;
  body?: Record<string, unknown>;
  location?: string;
  version?: string;
}

/** A call's query and headers, as far as SCIM reads them. */
export interface ScimRequest {
  query: Record<string, unknown>;
  body: unknown;
  ifMatch: string | null;
  ifNoneMatch: string | null;
}

/** Writes to the tenant's activity; belongs in the transaction of what happened. */
export async function recordActivity(
  context: ScimContext,
  store: TenantStore,
  entry: Pick<ActivityEntry, "action" | "targetId" | "changed">,
): Promise<void> {
  await store.activity.record({
    actorKind: "provisioning",
    actor: context.actor,
    requestId: context.requestId,
    ...entry,
  });
}
