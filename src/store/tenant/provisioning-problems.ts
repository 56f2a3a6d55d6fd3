import type { TenantScope } from "./scope.ts";

/** A call of a provisioning client that was refused: the last one of its kind. */
export interface ProvisioningProblem {
  sourceId: string;
  /** A detail keyword of RFC 7644 §3.12, `token-expired`, `token-revoked`, or the status where there is no keyword. */
  kind: string;
  /** "POST /Users", without ids. */
  call: string;
  status: number;
  /** What the client was told. */
  detail: string;
  requestId: string;
  at: number;
}

interface Row extends Omit<ProvisioningProblem, "sourceId" | "requestId"> {
  source_id: string;
  request_id: string;
}

/** What went wrong lately when provisioning called. */
export function tenantProvisioningProblems(scope: TenantScope, now: () => number) {
  return {
    /** Takes the place of the former one of the same source, kind and call. */
    async record({ sourceId, requestId, ...problem }: Omit<ProvisioningProblem, "at">): Promise<void> {
      const row = { ...problem, source_id: sourceId, request_id: requestId, at: now() };
      await scope.upsert("provisioning_problems", row, ["source_id", "kind", "call"]);
    },

    /** The latest first. */
    async list(limit: number): Promise<ProvisioningProblem[]> {
      const query = scope.rows("provisioning_problems").orderBy("at", "desc").limit(limit);
      return ((await query.select("*")) as Row[]).map((row) => ({
        sourceId: row.source_id,
        kind: row.kind,
        call: row.call,
        status: row.status,
        detail: row.detail,
        requestId: row.request_id,
        at: row.at,
      }));
    },

    async clear(): Promise<void> {
      await scope.rows("provisioning_problems").delete();
    },
  };
}
