import { InvalidError, NotFoundError } from "../errors.ts";
import type { SessionLimits, SessionPolicy } from "../store/session-store.ts";
import type { TenantStore } from "../store/tenant-store.ts";

const day = 24 * 60;

/** The bounds of the policy's times, in whole minutes. */
const bounds = {
  idleMinutes: {
    min: 5,
    max: 30 * day,
    label: "The time without a request",
    text: "from 5 minutes to 30 days",
  },
  absoluteMinutes: {
    min: 5,
    max: 30 * day,
    label: "The time after the sign-in",
    text: "from 5 minutes to 30 days",
  },
  adminFreshMinutes: {
    min: 5,
    max: day,
    label: "The time for the console",
    text: "from 5 minutes to 24 hours",
  },
} as const;
export type PolicyTime = keyof typeof bounds;

/** Returns the minutes. Throws InvalidError for a number that the policy does not allow. */
export function checkPolicyTime(name: PolicyTime, minutes: number): number {
  const { min, max, label, text } = bounds[name];
  if (Number.isInteger(minutes) && minutes >= min && minutes <= max) return minutes;
  throw new InvalidError(`${label} must be a whole number, ${text}.`);
}

/** Throws InvalidError if the times contradict each other. */
export function checkPolicy({ idleMinutes, absoluteMinutes }: SessionLimits): void {
  if (idleMinutes > absoluteMinutes)
    throw new InvalidError("The time without a request cannot be longer than the time after the sign-in.");
}

/**
 * Changes a tenant's policy, which also applies to its existing sessions. Returns what changed, with the old and the new
 * value, for the activity. Throws InvalidError, and NotFoundError if the tenant was deleted.
 */
export async function changeSessionPolicy(
  store: TenantStore,
  changes: Partial<SessionPolicy>,
): Promise<string[]> {
  const before = await store.sessions.lockPolicy();
  if (!before) throw new NotFoundError("There is no such tenant.");
  const after: SessionPolicy = { ...before, ...changes };
  checkPolicy(after);
  await store.sessions.changePolicy(changes);
  const names = Object.keys(after) as (keyof SessionPolicy)[];
  return names.flatMap((name) =>
    before[name] === after[name] ? [] : [`${name}: ${valueText(before[name])} → ${valueText(after[name])}`],
  );
}

const valueText = (value: SessionPolicy[keyof SessionPolicy]) =>
  typeof value === "boolean" || value === null ? (value ? "on" : "off") : String(value);
