import type { Log } from "../log.ts";
import type { Database } from "../store/database.ts";
import { type ClaimedRecurringJob, recurringJobStore } from "../store/recurring-jobs.ts";
import { backoffMs, type WorkSource } from "./runner.ts";

/** Work of the deployment that recurs: docs/how-to/run-background-jobs.md. */
export interface RecurringJob {
  /** In the database: under a new name, it is a new job. */
  name: string;
  /** The time from one run to the next. Runs begin at multiples of it since 1970, in UTC: 60 is every full hour. */
  everyMinutes: number;
  /** Moves the runs: with 1440, 180 is 03:00. */
  atMinute?: number;
  /** Runs at least once for each time, in one process at a time, and again if it throws. */
  handle(call: { database: Database }): Promise<void>;
}

export interface RecurringDeps {
  database: Database;
  log: Log;
  now?: () => number;
}

const minuteMs = 60_000;
/** Runs at a time in one process. A run may take minutes, and messages need the other places of the runner. */
const maxRunning = 2;

/** The first time of the schedule after a moment. */
export function nextRun({ everyMinutes, atMinute = 0 }: RecurringJob, after: number): number {
  const [every, shift] = [everyMinutes * minuteMs, atMinute * minuteMs];
  return (Math.floor((after - shift) / every) + 1) * every + shift;
}

/** The jobs that are due, for the runner (runner.ts). Times that passed while no process ran count as one. */
export function recurringSource(jobs: readonly RecurringJob[], deps: RecurringDeps): WorkSource {
  const { database, now = Date.now } = deps;
  const store = recurringJobStore(database, now);
  const byName = new Map(jobs.map((job) => [job.name, job]));
  let isKnown = false;
  return {
    maxRunning,
    async claim(limit, leaseMs) {
      if (!isKnown) await store.add(jobs.map((job) => ({ name: job.name, dueAt: nextRun(job, now()) })));
      isKnown = true;
      const claimed = await store.claim([...byName.keys()], limit, leaseMs);
      return claimed.flatMap((claim) => {
        const job = byName.get(claim.name);
        return job ? [() => run(job, claim, leaseMs, deps)] : [];
      });
    },
  };
}

/** Makes one run. Never rejects. */
async function run(
  job: RecurringJob,
  claim: ClaimedRecurringJob,
  leaseMs: number,
  { database, log, now = Date.now }: RecurringDeps,
): Promise<void> {
  const store = recurringJobStore(database, now);
  const warn = (error: unknown) => log.warn({ err: error, job: job.name }, "recurring_job.not_settled");
  // A run may take longer than its lease. While it lasts, no other process begins one.
  let renewed: Promise<unknown> = Promise.resolve();
  const renewal = setInterval(() => {
    renewed = renewed.then(() => store.renew(claim, leaseMs)).catch(warn);
  }, leaseMs / 4).unref();
  /** A renewal that arrives after the release would move the next run to the end of its lease. */
  const endRenewal = async () => {
    clearInterval(renewal);
    await renewed;
  };
  const startedAt = now();
  try {
    await job.handle({ database });
    await endRenewal();
    const nextAt = nextRun(job, now());
    await store.release(claim, { dueAt: nextAt, failed: false }).catch(warn);
    log.info({ job: job.name, durationMs: now() - startedAt, nextAt }, "recurring_job.done");
  } catch (error) {
    await endRenewal();
    log.error({ err: error, job: job.name, failures: claim.failures + 1 }, "recurring_job.failed");
    const dueAt = Math.min(nextRun(job, now()), now() + backoffMs(claim.failures + 1));
    await store.release(claim, { dueAt, failed: true }).catch(warn);
  }
}
