import { equalsSecret, type Sealer } from "../store/secrets.ts";
import type { ActivityPosition } from "../store/tenant/activity.ts";
import type { ActivitySeal, SealableEntry, Trail } from "../store/tenant/activity-seals.ts";
import type { TenantStore } from "../store/tenant-store.ts";
import { BrokenTrailError, type Chain, checkTrail, openChain } from "./chain.ts";
import { chunk } from "./sealing.ts";

/** The first difference between the activity and its seals. */
export interface TrailFault {
  kind: "entry-changed" | "entry-missing" | "entry-added" | "seal-changed" | "seal-missing" | "trail-changed";
  /** The seal that shows it, if there is one. */
  seal: number | null;
  entry: { id: string; at: number } | null;
  text: string;
}

export interface TrailReport {
  /** Entries that are as they were sealed. */
  checked: number;
  unsealed: number;
  /** Entries that are gone because their retention period has ended, in seals that have others. */
  removed: number;
  seals: number;
  /** The newest seal. */
  head: { number: number; seal: string } | null;
  fault: TrailFault | null;
}

/** A seal's value that was noted before. */
export interface ExpectedSeal {
  number: number;
  seal: string;
}

/**
 * An entry that is so much older than it should be for its seal was added by hand. A shorter delay is a transaction that
 * committed late, or a replica whose clock is slow.
 */
const lateMs = 15 * 60_000;
const attempts = 3;

/**
 * Compares a tenant's activity with its seals. Works while the application runs: it repeats the comparison if old activity
 * was removed meanwhile.
 */
export async function verifyTrail(
  store: TenantStore,
  sealer: Sealer,
  { now = Date.now, expected }: { now?: () => number; expected?: ExpectedSeal | undefined } = {},
): Promise<TrailReport> {
  for (let attempt = 1; ; attempt++) {
    const trail = await store.activitySeals.trail();
    const verification = new Verification(store, trail, now(), expected);
    const report = await verification.run(sealer);
    if (report.fault === null || attempt === attempts) return report;
    const after = await store.activitySeals.trail();
    const isSameTrail =
      trail?.removedBefore === after?.removedBefore &&
      trail?.firstNumber === after?.firstNumber &&
      trail?.sealedKey === after?.sealedKey;
    if (isSameTrail) return report;
  }
}

/** Ends the verification. */
class Found extends Error {
  readonly fault: TrailFault;

  constructor(fault: TrailFault) {
    super(fault.text);
    this.fault = fault;
  }
}

class Verification {
  readonly #store: TenantStore;
  readonly #trail: Trail | null;
  readonly #now: number;
  readonly #expected: ExpectedSeal | undefined;
  #counts = { checked: 0, unsealed: 0, removed: 0, seals: 0 };

  constructor(store: TenantStore, trail: Trail | null, now: number, expected: ExpectedSeal | undefined) {
    this.#store = store;
    this.#trail = trail;
    this.#now = now;
    this.#expected = expected;
  }

  async run(sealer: Sealer): Promise<TrailReport> {
    let fault: TrailFault | null = null;
    try {
      await this.#check(sealer);
    } catch (error) {
      if (error instanceof Found) fault = error.fault;
      else if (error instanceof BrokenTrailError)
        fault = { kind: "trail-changed", seal: null, entry: null, text: error.message };
      else throw error;
    }
    const { lastNumber = 0, lastSeal = "" } = this.#trail ?? {};
    const head = lastNumber === 0 ? null : { number: lastNumber, seal: lastSeal };
    return { ...this.#counts, head, fault };
  }

  async #check(sealer: Sealer): Promise<void> {
    if (this.#trail) {
      const chain = openChain(sealer, this.#store.tenantId, this.#trail);
      checkTrail(chain, this.#trail);
      await this.#checkSeals(chain, this.#trail);
    }
    this.#checkExpected();
    await this.#checkEntries();
  }

  /** From seal to entry: finds what was changed or is missing. */
  async #checkSeals(chain: Chain, { firstNumber, anchor, lastNumber, lastSeal }: Trail): Promise<void> {
    let previous = anchor;
    for (let number = firstNumber; number <= lastNumber; ) {
      const some = await this.#store.activitySeals.from(number, 20);
      if (some.length === 0) throw missingSeal(number);
      for (const seal of some) {
        if (number > lastNumber) return;
        if (seal.number !== number) throw missingSeal(number);
        if (seal.previous !== previous || !equalsSecret(chain.seal(seal), seal.seal))
          throw changedSeal(number);
        if (number === this.#expected?.number && seal.seal !== this.#expected.seal) throw otherSeal(number);
        await this.#checkSeal(chain, seal);
        this.#counts.seals++;
        previous = seal.seal;
        number++;
      }
    }
    if (previous !== lastSeal) throw changedSeal(lastNumber);
  }

  async #checkSeal(chain: Chain, { number, coversFrom, entries }: ActivitySeal): Promise<void> {
    const found = await this.#store.activitySeals.entries(entries.map(([id]) => id));
    const byId = new Map(found.map((entry) => [entry.id, entry]));
    for (const [id, at, digest] of entries) {
      const entry = byId.get(id);
      if (!entry && at >= (this.#trail?.removedBefore ?? 0)) throw missingEntry(number, { id, at });
      if (!entry) this.#counts.removed++;
      else if (!equalsSecret(chain.digest(entry), digest) || entry.seal !== number)
        throw changedEntry(number, entry);
      else if (at < coversFrom - lateMs) throw addedEntry(number, entry);
      else this.#counts.checked++;
    }
  }

  /** The number of a chain that was begun anew, or rolled back, is smaller. */
  #checkExpected(): void {
    const { firstNumber = 1, lastNumber = 0 } = this.#trail ?? {};
    const number = this.#expected?.number ?? 0;
    if (number > lastNumber) throw missingSeal(number);
    if (number > 0 && number < firstNumber)
      throw new Found({
        kind: "seal-missing",
        seal: number,
        entry: null,
        text: `Seal ${number} is gone: all of its entries were older than the retention period. Expect a newer one.`,
      });
  }

  /** From entry to seal: finds what was added. */
  async #checkEntries(): Promise<void> {
    const { firstNumber = 1, lastNumber = 0, coveredUntil = 0 } = this.#trail ?? {};
    const lists = new SealLists(this.#store);
    const covered = Math.min(coveredUntil, this.#now) - lateMs;
    let newest: SealableEntry | null = null;
    let after: ActivityPosition | null = null;
    for (;;) {
      const page: SealableEntry[] = await this.#store.activitySeals.page(after, chunk);
      for (const entry of page) {
        if (entry.seal === null || entry.seal > lastNumber) {
          if (entry.seal === null && entry.at < covered) throw addedEntry(null, entry);
          if ((entry.seal ?? 0) > (newest?.seal ?? 0)) newest = entry;
          this.#counts.unsealed++;
        } else if (entry.seal < firstNumber || !(await lists.has(entry.seal, entry.id)))
          throw addedEntry(entry.seal, entry);
      }
      after = page.at(-1) ?? null;
      if (page.length < chunk) break;
    }
    // A seal may have been made since the beginning.
    const now = newest && (await this.#store.activitySeals.trail());
    if (newest && (newest.seal ?? 0) > (now?.lastNumber ?? 0)) throw addedEntry(newest.seal, newest);
    if (!this.#trail && !now && (await this.#store.activitySeals.from(0, 1)).length > 0)
      throw new BrokenTrailError("There are seals, but the head of their chain is gone.");
  }
}

/** The entries' ids of the seals that were read last. */
class SealLists {
  readonly #store: TenantStore;
  readonly #lists = new Map<number, ReadonlySet<string>>();

  constructor(store: TenantStore) {
    this.#store = store;
  }

  async has(number: number, id: string): Promise<boolean> {
    let list = this.#lists.get(number);
    if (!list) {
      const [seal] = await this.#store.activitySeals.from(number, 1);
      list = new Set(seal?.number === number ? seal.entries.map(([one]) => one) : []);
      if (this.#lists.size === 50) this.#lists.clear();
      this.#lists.set(number, list);
    }
    return list.has(id);
  }
}

type EntryPlace = NonNullable<TrailFault["entry"]>;

const entryFault =
  (kind: TrailFault["kind"], says: string) =>
  (seal: number | null, { id, at }: EntryPlace) =>
    new Found({
      kind,
      seal,
      entry: { id, at },
      text: `Entry ${id} of ${new Date(at).toISOString()} ${says}`,
    });

const changedEntry = entryFault("entry-changed", "was changed after it was sealed.");
const missingEntry = entryFault("entry-missing", "is missing: it was deleted after it was sealed.");
const addedEntry = entryFault("entry-added", "was added later than its time says, or never sealed.");

const sealFault = (kind: TrailFault["kind"], says: string) => (number: number) =>
  new Found({ kind, seal: number, entry: null, text: `Seal ${number} ${says}` });

const missingSeal = sealFault("seal-missing", "is missing: it was deleted, or the chain was rolled back.");
const changedSeal = sealFault("seal-changed", "was changed, or does not follow the seal before it.");
const otherSeal = sealFault("seal-changed", "is another one than you expect: the chain was begun anew.");
