import type { Database } from "../store/database.ts";
import { systemStore } from "../store/system-store.ts";
import type { ProvisioningProblem } from "../store/tenant/provisioning-problems.ts";
import { forTenant } from "../store/tenant-store.ts";

/** A problem that goes on is written at most this often: a client in a loop must not make the database busy. */
const writeMs = 10_000;
/** So many kinds of problems are remembered as just written; each process remembers its own. */
const mostRemembered = 10_000;

export type ProblemRecorder = ReturnType<typeof problemRecorder>;

/**
 * Keeps what went wrong when provisioning called, for the tenant's administrators: the last problem of each kind. A call
 * that succeeds writes nothing.
 */
export function problemRecorder(database: Database, now: () => number = Date.now) {
  const written = new Map<string, number>();

  async function record(tenantId: string, problem: Omit<ProvisioningProblem, "at">): Promise<void> {
    const key = JSON.stringify([tenantId, problem.sourceId, problem.kind, problem.call]);
    if (now() - (written.get(key) ?? 0) < writeMs) return;
    if (written.size >= mostRemembered) written.clear();
    written.set(key, now());
    await forTenant(database, tenantId, now).provisioningProblems.record({
      ...problem,
      detail: problem.detail.slice(0, 500),
    });
  }

  return {
    record,

    /** Somebody called with a token that was good once: the most common reason why provisioning stops. */
    async recordDeadToken(tokenHash: string, requestId: string): Promise<void> {
      const token = await systemStore(database, now).tokens.dead(tokenHash);
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
