import type { PasswordHasher } from "../directory/password-hash.ts";
import type { Writer } from "../directory/provisioning.ts";
import type { Log } from "../log.ts";
import type { ActivityEntry } from "../store/tenant/activity.ts";
import type { TenantStore } from "../store/tenant-store.ts";

/** The settings and services of one call, next to the tenant's store. The token alone decides all of them. */
export interface ScimContext {
  /** Runs a search that may read the whole tenant (Database.scan). */
  scan<T>(work: (store: TenantStore) => Promise<T>): Promise<T>;
  writer: Writer;
  /** Records a change in the tenant's activity, in the transaction of the change. */
  record(store: TenantStore, entry: Pick<ActivityEntry, "action" | "targetId" | "changed">): Promise<void>;
  passwordSync: boolean;
  /** As UserStore.onUnknownIgnored; undefined if the tenant refuses unknown roles. */
  onUnknownIgnored?: (problem: string) => void;
  passwords: PasswordHasher;
  log: Log;
}
