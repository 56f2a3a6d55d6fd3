import type { TenantScope } from "./scope.ts";

/**
 * Positions in a list. Rows are numbered by `seq` in the order of their creation, and a number is never used again; so
 * in a list from which nothing was ever removed, the row at position n is the one with seq n, and paging by index
 * (RFC 7644 §3.4.2.4) costs the same on the last page as on the first. A removal leaves a gap, which is remembered.
 */
type List = "users" | "groups";

/** Remembers that a list has no row with this seq any more. Belongs in the transaction that removes the row. */
export async function leaveGap(scope: TenantScope, list: List, seq: number): Promise<void> {
  await scope.insert("list_gaps", { list, seq });
}

/** How long the list is: a maintained counter. */
const lengths: Record<List, string> = { users: "user_count", groups: "group_count" };

/**
 * The length of a list, and the seq of its row at `position` (1 is the first); that is larger than any when the list is
 * shorter. It is the smallest number s for which s less the gaps up to s is the position; each step of the search moves
 * up by the gaps that it skipped.
 */
export async function locate(
  scope: TenantScope,
  list: List,
  position: number,
): Promise<{ total: number; seq: number }> {
  for (let seq = position; ; ) {
    const gaps = scope.rows("list_gaps").where({ list }).where("seq", "<=", seq).count("*").as("gaps");
    const found = await scope.tenantRow().first(`${lengths[list]} as total`, gaps);
    const { total, gaps: skipped } = (found ?? { total: 0, gaps: 0 }) as { total: number; gaps: number };
    if (seq === position + skipped || position > total) return { total, seq };
    seq = position + skipped;
  }
}
