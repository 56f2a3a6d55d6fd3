import type { z } from "zod";
import type { Database } from "../store/database.ts";
import type { Handler } from "../store/outbox.ts";
import { forTenant, type TenantStore } from "../store/tenant-store.ts";

/** A job that is done now. */
interface JobCall<Data> {
  /** Of the job's tenant. */
  store: TenantStore;
  data: Data;
  /** The same in each attempt: the key by which a repetition is recognized. */
  jobId: string;
  /** From 1. */
  attempt: number;
}

/** A kind of work that the product does in the background: docs/how-to/run-background-jobs.md. */
export interface JobKind<Data = unknown> {
  /** In the database, so a new name forgets the jobs that wait under the old one. */
  name: string;
  /** Ids and settings. Personal data belongs in tables. */
  data: z.ZodType<Data>;
  /** Runs at least once, and again if it throws. It must end within 20 seconds (runner.ts). */
  handle(call: JobCall<Data>): Promise<void>;
}

/**
 * Adds a job. Call it in the transaction of the change that causes it, so that neither exists alone.
 * @param runAt when it begins, in ms since the epoch; at once if it is absent or past.
 */
export async function addJob<Data>(
  store: TenantStore,
  kind: JobKind<Data>,
  data: Data,
  { runAt }: { runAt?: number } = {},
): Promise<void> {
  const facts = { name: kind.name, data: kind.data.parse(data) };
  const time = runAt === undefined ? {} : { notBefore: runAt };
  await store.outbox.add([{ kind: "job", connectionId: null, userId: null, facts, ...time }]);
}

/** Hands the jobs of the outbox to their kinds. */
export function jobHandler(database: Database, kinds: readonly JobKind[]): Handler {
  const byName = new Map(kinds.map((kind) => [kind.name, kind]));
  return async ({ tenantId, id, facts, attempts }) => {
    const { name, data } = facts as { name: string; data: unknown };
    const kind = byName.get(name);
    // During a deployment, a newer replica may know it.
    if (!kind) return { state: "retry", answer: `no job ${name}`, retryAfterMs: null };
    const call = { data: kind.data.parse(data), jobId: id, attempt: attempts };
    await kind.handle({ store: forTenant(database, tenantId), ...call });
    return { state: "sent", answer: "done" };
  };
}
