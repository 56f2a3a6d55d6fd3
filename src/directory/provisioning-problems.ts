import type { Database } from "../store/database.ts";
import { systemStore } from "../store/system-store.ts";
import type { ProvisioningProblem } from "../store/tenant/provisioning-problems.ts";
import { forTenant } from "../store/tenant-store.ts";

/** A repeated problem is written at most this often, so that a client in a loop does not keep the database busy. */
const writeIntervalMs = 10_000;
/** How many recently written problems each process remembers. */
const maxRemembered = 10_000;

export type ProblemRecorder = ReturnType<typeof problemRecorder>;

/** Keeps the last failed call of each kind for the tenant's administrators. A successful call writes nothing. */
export function problemRecorder(database: Database, now: () => number = Date.now) {
  const written = new Map<string, number>();

  async function record(tenantId: string, problem: Omit<ProvisioningProblem, "at">): Promise<void> {
    const key = JSON.stringify([tenantId, problem.sourceId, problem.kind, problem.call]);
    if (now() - (written.get(key) ?? 0) < writeIntervalMs) return;
    if (written.size >= maxRemembered) written.clear();
    written.set(key, now());
    await forTenant(database, tenantId, now).provisioningProblems.record({
      ...problem,
      detail: problem.detail.slice(0, 500),
    });
  }

  return {
    record,

    /** Records a call with an expired or revoked token: the most common reason why provisioning stops. */
    async recordEndedToken(tokenHash: string, requestId: string): Promise<void> {
      const token = await systemStore(database, now).tokens.findEnded(tokenHash);
      if (!token) return;
      await record(token.tenantId, {
        sourceId: token.sourceId,
        kind: `token-${token.cause}`,
        call: "Authentication",
        status: 401,
        detail: `The token ${token.hint}… is ${token.cause}.`,
        requestId,
      });
    },
  };
}
