import { paths } from "../../../../src/endpoints.ts";
import { describeFlow, type ShownFlow, sequenceOf } from "../../../../src/inspector/flow.ts";
import type { Sequence } from "../../../../src/inspector/sequence.ts";
import type { Protocol } from "../../../../src/recording.ts";
import type { TenantStore } from "../../../../src/store/tenant-store.ts";

/** A flow of the step, and its diagram. */
interface DrawnFlow extends ShownFlow {
  href: string;
  sequence: Sequence;
}

const shownAtMost = 4;

/**
 * The flows of a protocol with a message after a number, newest first.
 * @param linkTo the link to a page of the inspector.
 */
export async function whatHappened(
  store: TenantStore,
  protocol: Protocol,
  since: number,
  linkTo: (page: string) => string,
): Promise<DrawnFlow[]> {
  const flows = await store.inspector.flows({ protocol }, null, shownAtMost);
  return flows
    .filter(({ lastSeq }) => lastSeq > since)
    .map((flow) => {
      const { steps, ...sequence } = sequenceOf(flow, null);
      const linked = steps.map((step) => ({ ...step, href: step.href && linkTo(step.href) }));
      const href = linkTo(paths.admin.inspectorFlow(flow.id));
      return { ...describeFlow(flow), href, sequence: { ...sequence, steps: linked } };
    });
}
