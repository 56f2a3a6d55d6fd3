import { createHmac, randomBytes } from "node:crypto";
import { equalsSecret, type Sealer } from "../store/secrets.ts";
import type { ActivitySeal, CoveredEntry, SealableEntry, Trail } from "../store/tenant/activity-seals.ts";

/** The bytes that a seal is computed over, and the key. */

/** The MACs of one tenant's chain. */
export interface Chain {
  digest(entry: SealableEntry): string;
  seal(seal: Omit<ActivitySeal, "seal">): string;
  mac(trail: Omit<Trail, "mac">): string;
}

/** Why a chain cannot be continued. */
export class BrokenTrailError extends Error {}

/** The trail of a tenant without seals, with a new key. */
export function newTrail(sealer: Sealer, tenantId: string): Trail {
  const sealedKey = sealer.seal(randomBytes(32).toString("base64url"), sealingContext(tenantId));
  const position = { firstNumber: 1, anchor: "", lastNumber: 0, lastSeal: "" };
  const trail = { sealedKey, ...position, coveredUntil: 0, removedBefore: 0 };
  return { ...trail, mac: openChain(sealer, tenantId, trail).mac(trail) };
}

/**
 * The chain of a trail. The key is random and encrypted with DATA_KEY, instead of derived from it: it survives a change of
 * DATA_KEY that re-encrypts it. Throws BrokenTrailError if it cannot be decrypted.
 */
export function openChain(sealer: Sealer, tenantId: string, { sealedKey }: Pick<Trail, "sealedKey">): Chain {
  const key = openKey(sealer, tenantId, sealedKey);
  // An array of strings, numbers and null has exactly one text in JSON, and two arrays never have the same one.
  const hmac = (...parts: readonly unknown[]) =>
    createHmac("sha256", key)
      .update(JSON.stringify([...parts, tenantId]))
      .digest("base64url");
  return {
    digest: (entry) => hmac("entry", ...coveredColumns.map((column) => entry[column])),
    seal: ({ number, previous, coversFrom, coversUntil, sealedAt, lastAt, entries }) =>
      hmac("seal", number, previous, coversFrom, coversUntil, sealedAt, lastAt, entries),
    mac: ({ firstNumber, anchor, lastNumber, lastSeal, coveredUntil, removedBefore }) =>
      hmac("trail", firstNumber, anchor, lastNumber, lastSeal, coveredUntil, removedBefore),
  };
}

/** The columns of an entry that its digest covers: all but the tenant, which every MAC covers, and the seal's number. */
export const coveredColumns = [
  "id",
  "at",
  "kind",
  "actor_kind",
  "actor",
  "actor_id",
  "action",
  "target_id",
  "changed",
  "reason",
  "request_id",
] as const;

/** Checks that nothing but this program wrote the trail's row. Throws BrokenTrailError. */
export function checkTrail(chain: Chain, trail: Trail): void {
  if (!equalsSecret(chain.mac(trail), trail.mac))
    throw new BrokenTrailError("The head of the chain of seals was changed.");
}

export function coveredEntry(chain: Chain, entry: SealableEntry): CoveredEntry {
  return [entry.id, entry.at, chain.digest(entry)];
}

function openKey(sealer: Sealer, tenantId: string, sealedKey: string): Buffer {
  try {
    return Buffer.from(sealer.open(sealedKey, sealingContext(tenantId)), "base64url");
  } catch (error) {
    const text = "The key of the seals cannot be decrypted: DATA_KEY is another one, or the row was changed.";
    throw new BrokenTrailError(text, { cause: error });
  }
}

const sealingContext = (tenantId: string) => `${tenantId}/activity`;
