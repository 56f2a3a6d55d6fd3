import { noticeMs } from "../../../src/inspector/recorder.ts";
import { forTenant } from "../../../src/store/tenant-store.ts";
import { pushing } from "./part-tenants.ts";
import { atLeast, type BenchRun } from "./run.ts";
import type { SeededTenant } from "./seed.ts";
import { cycle, median } from "./statistics.ts";
import { race, ratio } from "./throughput.ts";

const target = 0.8;

/**
 * Compares two tenants of the same size on one server, one of them with the inspector on: with the cheapest calls, and with
 * those of a provider. The recorded messages must exist at the end.
 */
export async function measureInspector({ sizes, world, add }: BenchRun): Promise<void> {
  const [off, on] = world.others;
  if (!off || !on) throw new Error("two tenants are compared");
  const { inspector } = forTenant(world.database, on.id);
  await inspector.recordUntil(Date.now() + 3_600_000);
  await new Promise((resolve) => setTimeout(resolve, 2 * noticeMs));

  const reading = (tenant: SeededTenant) => {
    const nextToken = cycle(tenant.tokens);
    const nextId = cycle(tenant.userIds);
    return {
      origin: world.server.measured,
      path: () => `/scim/v2/Users/${nextId()}`,
      headers: () => ({ authorization: `Bearer ${nextToken()}` }),
    };
  };
  const reads = await race({ off: reading(off), on: reading(on) }, sizes);
  add("GET /Users/{id}, inspector off", median(reads.off), "/s");
  add("GET /Users/{id}, inspector on : off", ratio(reads.on, reads.off), "×", atLeast(target, "both"));

  const pushes = { off: [] as number[], on: [] as number[] };
  const steps = { off: pushers(off), on: pushers(on) };
  function pushers(tenant: SeededTenant) {
    return Array.from({ length: sizes.clients }, (_, at) =>
      pushing(world.client(tenant), tenant, at, `pushed-${tenant.id}`),
    );
  }
  for (let round = 0; round <= sizes.rounds; round++) {
    for (const which of ["off", "on"] as const) {
      const rate = await callsPerSecond(steps[which], sizes.seconds);
      if (round > 0) pushes[which].push(rate);
    }
  }
  add("calls of a provider, inspector off", median(pushes.off), "/s");
  add("calls of a provider, inspector on : off", ratio(pushes.on, pushes.off), "×", atLeast(target, "both"));

  const { dropped, lastSeq: newest } = await inspector.state();
  if (newest === 0) throw new Error("nothing was recorded");
  await inspector.recordUntil(0);
  add("messages recorded", newest, "");
  add("messages dropped", dropped, "");
}

async function callsPerSecond(steps: (() => Promise<unknown>)[], seconds: number): Promise<number> {
  const started = performance.now();
  let calls = 0;
  const work = async (step: () => Promise<unknown>) => {
    while (performance.now() - started < seconds * 1000) {
      await step();
      calls++;
    }
  };
  await Promise.all(steps.map(work));
  return (calls / (performance.now() - started)) * 1000;
}
