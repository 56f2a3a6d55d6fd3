import type { Tenant } from "../model.ts";
import type { TenantStore } from "../store/tenant-store.ts";
import { isActiveToken } from "./provisioning-tokens.ts";

/**
 * What provisioning clients may do in a tenant. Only owners widen it: a token, a taken-over account, a synced password or
 * a group that makes administrators acts later, without anybody who could be asked.
 */
type MachineSettings = Pick<Tenant, "sourceConflict" | "passwordSync">;

/**
 * Changes what provisioning clients may do. When password sync is switched off, the passwords that it set are deleted
 * and the sessions that began with one end.
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
 * Lists what provisioning clients may do since a time when administrators could allow it, for an owner to confirm or to
 * take back. Empty when an owner has agreed, or nothing is open any more.
 */
export async function unconfirmedAccess(store: TenantStore, now: () => number = Date.now): Promise<string[]> {
  const settings = await store.settings.read();
  if (!settings || settings.machineAccessConfirmed) return [];
  const tokens = (await store.tokens.list()).filter((token) => isActiveToken(token, now()));
  const groups = await store.groups.withRole("admin", mostGroups);
  return [
    ...(settings.passwordSync ? ["Okta sets people's passwords (Sync Password)"] : []),
    ...(settings.sourceConflict === "adopt" ? ["Another source may take over people and groups"] : []),
    ...tokens.map(({ hint, sourceName }) => `The token ${hint}… writes for the source ${sourceName}`),
    ...groups.map(({ displayName }) => `Members of the group ${displayName} are administrators`),
  ];
}

const mostGroups = 50;
