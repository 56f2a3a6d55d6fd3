import type { Tenant } from "../../model.ts";
import type { TenantScope } from "./scope.ts";

/** The settings that a tenant chooses. */
export type TenantSettings = Pick<
  Tenant,
  | "sourceConflict"
  | "unknownRoles"
  | "incompletePeople"
  | "passwordSync"
  | "machineAccessConfirmed"
  | "activityDays"
>;

interface Row {
  source_conflict: TenantSettings["sourceConflict"];
  unknown_roles: TenantSettings["unknownRoles"];
  incomplete_people: TenantSettings["incompletePeople"];
  password_sync: number | boolean;
  machine_access_confirmed: number | boolean;
  activity_days: number;
}

/** The settings of one tenant, stored in its own row. */
export function tenantSettings(scope: TenantScope) {
  const columns = [
    "source_conflict",
    "unknown_roles",
    "incomplete_people",
    "password_sync",
    "machine_access_confirmed",
    "activity_days",
  ];
  const orNull = (row: Row | undefined): TenantSettings | null =>
    row
      ? {
          sourceConflict: row.source_conflict,
          unknownRoles: row.unknown_roles,
          incompletePeople: row.incomplete_people,
          passwordSync: Boolean(row.password_sync),
          machineAccessConfirmed: Boolean(row.machine_access_confirmed),
          activityDays: row.activity_days,
        }
      : null;
  return {
    /** Returns null if the tenant was deleted. */
    async read(): Promise<TenantSettings | null> {
      return orNull((await scope.tenantRow().first(columns)) as Row | undefined);
    },

    /** Like read, and locks the row until the transaction ends. */
    async lock(): Promise<TenantSettings | null> {
      return orNull((await scope.tenantRow().forNoKeyUpdate().first(columns)) as Row | undefined);
    },

    async change(changes: Partial<TenantSettings>): Promise<void> {
      const { sourceConflict, unknownRoles, incompletePeople } = changes;
      const { passwordSync, machineAccessConfirmed, activityDays } = changes;
      const row: Record<string, string | number | boolean> = {};
      if (sourceConflict !== undefined) row.source_conflict = sourceConflict;
      if (unknownRoles !== undefined) row.unknown_roles = unknownRoles;
      if (incompletePeople !== undefined) row.incomplete_people = incompletePeople;
      if (passwordSync !== undefined) row.password_sync = passwordSync;
      if (machineAccessConfirmed !== undefined) row.machine_access_confirmed = machineAccessConfirmed;
      if (activityDays !== undefined) row.activity_days = activityDays;
      await scope.tenantRow().update(row);
    },
  };
}
