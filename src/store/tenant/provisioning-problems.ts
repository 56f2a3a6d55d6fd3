import type { TenantScope } from "./scope.ts";

/** The last refused call of its kind from a provisioning client. */
export interface ProvisioningProblem {
  sourceId: string;
  /** A keyword of RFC 7644 §3.12, `token-expired`, `token-revoked`, or otherwise the status. */
  kind: string;
  /** "POST /Users", without ids. */
  call: string;
  status: number;
  /** The error detail that the client got. */
  detail: string;
  requestId: string;
  at: number;
}

interface Row extends Omit<ProvisioningProblem, "sourceId" | "requestId"> {
  source_id: string;
  request_id: string;
}

/** Recent failures of provisioning calls. */
export function tenantProvisioningProblems(scope: TenantScope, now: () => number) {
  return {
    /** Replaces the previous problem of the same source, kind and call. */
    async record({ sourceId, requestId, ...problem }: Omit<ProvisioningProblem, "at">): Promise<void> {
      const row = { ...problem, source_id: sourceId, request_id: requestId, at: now() };
      await scope.upsert("provisioning_problems", row, ["source_id", "kind", "call"]);
    },

    /** Newest first. */
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
