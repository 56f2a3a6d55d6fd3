import { NotFoundError } from "../errors.ts";
import type { ProvisioningGrant } from "../store/tenant/provisioning-grants.ts";
import type { TenantStore } from "../store/tenant-store.ts";

/** Warn about a grant that has ended for so long. */
const warnMs = 7 * 86_400_000;

/** Whether Okta can still get tokens by a grant. */
export function isActiveGrant(
  { endedAt, refreshExpiresAt }: Pick<ProvisioningGrant, "endedAt" | "refreshExpiresAt">,
  now: number,
): boolean {
  return endedAt === null && refreshExpiresAt > now;
}

/** Revokes a grant with its access tokens. Throws NotFoundError if there is no such grant, or it has ended. */
export async function endProvisioningGrant(store: TenantStore, id: string): Promise<void> {
  if (!(await store.provisioningGrants.end(id, "revoked")))
    throw new NotFoundError("There is no such access.");
}

/**
 * The grants that ended in the last week without an owner's will, and whose source has no active one: provisioning may have
 * stopped.
 */
export function endedUnasked<
  Grant extends Pick<ProvisioningGrant, "sourceId" | "endedAt" | "endCause" | "refreshExpiresAt">,
>(grants: readonly Grant[], now: number): Grant[] {
  const active = new Set(grants.filter((grant) => isActiveGrant(grant, now)).map(({ sourceId }) => sourceId));
  return grants.filter((grant) => {
    const endedAt = grant.endedAt ?? grant.refreshExpiresAt;
    const isRecent = endedAt <= now && now - endedAt < warnMs;
    return isRecent && grant.endCause !== "revoked" && !active.has(grant.sourceId);
  });
}
