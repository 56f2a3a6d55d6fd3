import { okta } from "okta-labels/labels";
import type { Tenant } from "../model.ts";
import type { TenantStore } from "../store/tenant-store.ts";
import { isActiveToken } from "./provisioning-tokens.ts";

/**
 * The rights of provisioning clients in a tenant. Only owners extend it: a token, an adopted account, a synced password or a
 * group that makes administrators takes effect later, when no person is there to ask.
 */
type MachineSettings = Pick<Tenant, "sourceConflict" | "passwordSync" | "unknownRoles" | "incompletePeople">;

/**
 * Changes what provisioning clients may do. Turning password sync off deletes the passwords that it set and ends the
 * sessions that began with one.
 */
export async function changeMachineSettings(store: TenantStore, wanted: MachineSettings): Promise<void> {
  await store.transaction(async (inside) => {
    const before = await inside.settings.read();
    await inside.settings.change(wanted);
    if (before?.passwordSync && !wanted.passwordSync) await inside.credentials.removeProvisioned();
  });
}

/** An owner agrees to what unconfirmedAccess lists. */
export async function confirmMachineAccess(store: TenantStore): Promise<void> {
  await store.settings.change({ machineAccessConfirmed: true });
}

/**
 * Lists the access that administrators gave to provisioning clients when they still could, for an owner to confirm or
 * revoke. Empty if an owner has agreed, or if none is left.
 */
export async function unconfirmedAccess(store: TenantStore, now: () => number = Date.now): Promise<string[]> {
  const settings = await store.settings.read();
  if (!settings || settings.machineAccessConfirmed) return [];
  const tokens = (await store.tokens.list()).filter((token) => isActiveToken(token, now()));
  const groups = await store.groups.withRole("admin", maxGroups);
  return [
    ...(settings.passwordSync ? [`Okta sets people's passwords (${okta.provisioning.syncPassword})`] : []),
    ...(settings.sourceConflict === "adopt" ? ["Another source may take over people and groups"] : []),
    ...tokens.map(({ hint, sourceName }) => `The token ${hint}… writes for the source ${sourceName}`),
    ...groups.map(({ displayName }) => `Members of the group ${displayName} are administrators`),
  ];
}

const maxGroups = 50;
