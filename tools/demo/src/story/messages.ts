import type { Protocol } from "../../../../src/recording.ts";
import type { MessageSummary } from "../../../../src/store/tenant/inspector.ts";
import type { TenantStore } from "../../../../src/store/tenant-store.ts";

const readAtMost = 200;
const shownAtMost = 12;

/** The newest messages of a protocol after a number, oldest first. */
export async function whatHappened(
  store: TenantStore,
  protocol: Protocol,
  since: number,
): Promise<MessageSummary[]> {
  return (await store.inspector.after({ protocol }, since, readAtMost)).slice(-shownAtMost);
}
