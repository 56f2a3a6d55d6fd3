/**
 * The trail: seals over the activity, so that a change by hand shows (docs/explanation/activity-seals.md).
 *
 * Owns: the chain of seals (chain.ts), making seals and removing old activity in the background (this file), and the
 * verification (verify.ts). Recording an entry knows nothing of it. May import: the ground floor and store.
 */
import type { Log } from "../log.ts";
import { activitySeals } from "../store/activity-seals.ts";
import type { Database } from "../store/database.ts";
import { equalsSecret, type Sealer } from "../store/secrets.ts";
import type { ActivitySeal, CoveredEntry, Trail } from "../store/tenant/activity-seals.ts";
import { forTenant, type TenantStore } from "../store/tenant-store.ts";
import { BrokenTrailError, type Chain, checkTrail, coveredEntry, newTrail, openChain } from "./chain.ts";

export interface TrailDeps {
  database: Database;
  sealer: Sealer;
  log: Log;
  now?: () => number;
}

/** Entries of one seal, and of one delete statement: other writers wait only briefly. */
export const chunk = 500;
/** Seals of a tenant in one round, so that a long backlog does not hold up the other tenants. */
const sealsPerRound = 100;

/** Seals what has no seal yet, tenant by tenant. A broken trail stops its own tenant only. */
export async function sealActivity(deps: TrailDeps): Promise<void> {
  for (const tenantId of await activitySeals(deps.database).tenantsToSeal()) {
    await sealTenant(deps, tenantId).catch((error: unknown) =>
      deps.log.error({ err: error, tenantId }, "activity.not_sealed"),
    );
  }
}

async function sealTenant(deps: TrailDeps, tenantId: string): Promise<void> {
  const store = forTenant(deps.database, tenantId, deps.now);
  for (let count = 0; count < sealsPerRound; count++) {
    const seal = await store.transaction((inside) => sealNext(inside, deps));
    if (!seal) return;
    // The copy in the log is out of reach of someone who can only write to the database.
    const { number, seal: value } = seal;
    deps.log.info({ tenantId, number, seal: value, entries: seal.entries.length }, "activity.sealed");
    if (seal.entries.length < chunk) return;
  }
}

/**
 * Adds one seal to the chain. Entries are found by their missing seal instead of by time: a transaction that commits late
 * adds an older entry than the last sealed one, and the next seal covers it. Refuses to continue a chain that was changed,
 * because a new seal would make the change look right.
 */
async function sealNext(store: TenantStore, { sealer, now = Date.now }: TrailDeps) {
  const { trail, chain } = await lockTrail(store, sealer);
  const found = await store.activitySeals.unsealed(chunk);
  const last = found.at(-1);
  if (!last) return null;
  const seal = nextSeal(chain, trail, {
    entries: found.map((entry) => coveredEntry(chain, entry)),
    sealedAt: now(),
    // A full seal may have left later ones over.
    coversUntil: found.length < chunk ? now() : last.at,
    lastAt: last.at,
  });
  await store.activitySeals.add(seal);
  const { number: lastNumber, seal: lastSeal, coversUntil: coveredUntil } = seal;
  await save(store, chain, { ...trail, lastNumber, lastSeal, coveredUntil });
  return seal;
}

interface Covered {
  entries: CoveredEntry[];
  sealedAt: number;
  coversUntil: number;
  lastAt: number;
}

function nextSeal(chain: Chain, trail: Trail, covered: Covered): ActivitySeal {
  const seal = {
    number: trail.lastNumber + 1,
    previous: trail.lastSeal,
    // After a clock that was ahead was corrected, entries are older than the last seal.
    coversFrom: Math.min(trail.coveredUntil, covered.sealedAt),
    ...covered,
  };
  return { ...seal, seal: chain.seal(seal) };
}

/** Removes activity that is older than its tenant's retention period, and the seals that cover nothing else. */
export async function removeOldActivity(deps: TrailDeps): Promise<void> {
  const { database, log, now } = deps;
  for (const { tenantId, before } of await activitySeals(database, now).tenantsWithOldActivity()) {
    const store = forTenant(database, tenantId, now);
    try {
      // First, so that the verification knows of each removal. It fails for a broken trail, whose entries stay as they are.
      await store.transaction(async (inside) => {
        const { trail, chain } = await lockTrail(inside, deps.sealer);
        await save(inside, chain, { ...trail, removedBefore: Math.max(before, trail.removedBefore) });
      });
      while ((await store.activitySeals.removeOld(before, chunk)) > 0);
      await store.transaction((inside) => removeOldSeals(inside, deps.sealer));
    } catch (error) {
      log.error({ err: error, tenantId }, "activity.not_removed");
    }
  }
}

/**
 * Removes seals from the beginning of the chain, as long as all of their entries are old. Throws BrokenTrailError for a seal that
 * is not as it was made: the new head would sign what a tamperer wrote into the database.
 */
async function removeOldSeals(store: TenantStore, sealer: Sealer): Promise<void> {
  const { trail, chain } = await lockTrail(store, sealer);
  let { firstNumber, anchor } = trail;
  for (;;) {
    const some = await store.activitySeals.from(firstNumber, 20);
    const kept = some.findIndex(({ lastAt }) => lastAt >= trail.removedBefore);
    const old = kept === -1 ? some : some.slice(0, kept);
    if (old.length === 0) break;
    for (const seal of old) {
      const follows =
        seal.number === firstNumber && seal.number <= trail.lastNumber && seal.previous === anchor;
      if (!follows || !equalsSecret(chain.seal(seal), seal.seal))
        throw new BrokenTrailError(`Seal ${firstNumber} was changed, or is missing.`);
      [firstNumber, anchor] = [seal.number + 1, seal.seal];
    }
  }
  await store.activitySeals.removeBefore(firstNumber);
  await save(store, chain, { ...trail, firstNumber, anchor });
}

/** Locks the tenant's trail, and begins it if there is none. Throws BrokenTrailError. */
async function lockTrail(store: TenantStore, sealer: Sealer): Promise<{ trail: Trail; chain: Chain }> {
  const trail = await store.activitySeals.lock(newTrail(sealer, store.tenantId));
  const chain = openChain(sealer, store.tenantId, trail);
  checkTrail(chain, trail);
  return { trail, chain };
}

async function save(store: TenantStore, chain: Chain, trail: Trail): Promise<void> {
  await store.activitySeals.save({ ...trail, mac: chain.mac(trail) });
}
