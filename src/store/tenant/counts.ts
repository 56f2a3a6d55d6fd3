import type { TenantScope } from "./scope.ts";

export const hourMs = 3_600_000;
export const dayMs = 24 * hourMs;

/** The figures, and the length of the period that one row covers. Days are UTC days. */
const periods = {
  /** By connection; empty for a password. */
  "sign-in": dayMs,
  "sign-in-refused": dayMs,
  /** Refused sign-ins by their RefusalReason. */
  "refusal-reason": dayMs,
  /** Events of shared signals, by connection. */
  signal: dayMs,
  /** By provisioning source. */
  "scim-call": dayMs,
  "scim-call-hour": hourMs,
  /** Messages of the outbox, by connection. */
  "message-sent": dayMs,
  "message-failed": dayMs,
  /** Not added up: how many people the tenant had, as housekeeping last saw it (housekeeping.ts). */
  people: dayMs,
} as const;
export type CountKind = keyof typeof periods;
export const countKinds = Object.keys(periods) as CountKind[];

/** How long rows are kept, in ms. */
export const countAgeMs = (kind: CountKind) => (periods[kind] === dayMs ? 90 * dayMs : 2 * dayMs);

/** The start of the period that has the time `at`. */
const periodOf = (kind: CountKind, at: number) => at - (at % periods[kind]);

/** How often something happened in one period. */
export interface PeriodCount {
  kind: CountKind;
  subject: string;
  /** The start of the period. */
  at: number;
  count: number;
}

/** The tenant's figures per day (docs/decisions/0049). They are added up when something happens, and never counted later. */
export function tenantCounts(scope: TenantScope, now: () => number) {
  /** The periods of some figures that begin at `from` or later: a short range of the primary key. */
  async function since(kinds: readonly CountKind[], from: number, subject?: string): Promise<PeriodCount[]> {
    const query = scope.rows("day_counts").whereIn("kind", kinds).where("at", ">=", from);
    if (subject !== undefined) query.where({ subject });
    const rows = (await query
      .groupBy("kind", "at", "subject")
      .select("kind", "at", "subject")
      .sum({ count: "count" })) as PeriodCount[];
    return rows.map((row) => ({ ...row, count: Number(row.count) }));
  }

  return {
    since,

    /** Adds to several figures with one statement. `at` may be any time of the period. */
    async add(counted: readonly Omit<PeriodCount, "at">[], at = now()): Promise<void> {
      await scope.addUp(
        "day_counts",
        counted.map((one) => ({ ...one, at: periodOf(one.kind, at) })),
        ["kind", "at", "subject"],
        "count",
      );
    },

    /** One figure for each of the last days, the oldest first and today last. */
    async days(kind: CountKind, length: number, subject?: string): Promise<number[]> {
      return perDay(await since([kind], firstDay(now(), length), subject), kind, now(), length);
    },
  };
}

/** The start of the first of `length` days that end today. */
export function firstDay(now: number, length: number): number {
  return periodOf("sign-in", now) - (length - 1) * dayMs;
}

/** The counts of a kind, added up for each of the last days, the oldest first. */
export function perDay(
  counts: readonly PeriodCount[],
  kind: CountKind,
  now: number,
  length: number,
): number[] {
  const first = firstDay(now, length);
  const days = Array.from({ length }, () => 0);
  for (const one of counts) {
    const day = Math.floor((one.at - first) / dayMs);
    if (one.kind === kind && days[day] !== undefined) days[day] += one.count;
  }
  return days;
}
