import type { Database } from "./database.ts";

/** A recurring job that this process works on until its lease expires. */
export interface ClaimedRecurringJob {
  name: string;
  /** Tells this claim from a later one. */
  claims: number;
  /** Since the last success. */
  failures: number;
}

/** The jobs of the deployment that recur. A claim moves the due time to the end of a lease, as in the outbox. */
export function recurringJobStore(database: Database, now: () => number = Date.now) {
  const ofClaim = ({ name, claims }: ClaimedRecurringJob) =>
    database.sql()("recurring_jobs").where({ name, claims });

  return {
    /** Adds the jobs that the database does not know, with the time of their first run. */
    async add(jobs: readonly { name: string; dueAt: number }[]): Promise<void> {
      const rows = jobs.map(({ name, dueAt }) => ({ name, due_at: dueAt, claims: 0, failures: 0 }));
      if (rows.length > 0) await database.sql()("recurring_jobs").insert(rows).onConflict("name").ignore();
    },

    /** Claims the jobs with these names that are due. Of several processes, one gets each. */
    async claim(names: readonly string[], limit: number, leaseMs: number): Promise<ClaimedRecurringJob[]> {
      const at = now();
      const due: { name: string; due_at: number; claims: number; failures: number }[] = await database
        .sql()("recurring_jobs")
        .whereIn("name", names)
        .where("due_at", "<=", at)
        .orderBy("due_at")
        .limit(limit)
        .select("name", "due_at", "claims", "failures");
      const claimed: ClaimedRecurringJob[] = [];
      for (const { name, due_at, claims, failures } of due) {
        // Another process may have been faster: then the row is no longer as it was seen.
        const lease = { due_at: at + leaseMs, claims: claims + 1 };
        const isOurs = await database.sql()("recurring_jobs").where({ name, due_at, claims }).update(lease);
        if (isOurs > 0) claimed.push({ name, claims: claims + 1, failures });
      }
      return claimed;
    },

    /** Returns whether the claim still holds. */
    async renew(job: ClaimedRecurringJob, leaseMs: number): Promise<boolean> {
      return (await ofClaim(job).update({ due_at: now() + leaseMs })) > 0;
    },

    /** Ends a claim. Does nothing if its lease expired and another process claimed the job. */
    async release(
      job: ClaimedRecurringJob,
      { dueAt, failed }: { dueAt: number; failed: boolean },
    ): Promise<void> {
      const end = failed ? { failures: job.failures + 1 } : { failures: 0, succeeded_at: now() };
      await ofClaim(job).update({ due_at: dueAt, ...end });
    },
  };
}
