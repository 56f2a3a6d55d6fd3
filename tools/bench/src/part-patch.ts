import { atMost, type BenchRun, groups } from "./run.ts";
import { percentile, spread } from "./statistics.ts";

const megabyte = 2 ** 20;
/** PATCHes before the measured ones: memory that a process allocates once is not growth. */
const warmUp = 20;

/** Adds and removes many members of a large group in one PATCH: measures the time, and whether memory stays flat. */
export async function measurePatches({ sizes, world, add }: BenchRun): Promise<void> {
  const { server, tenant } = world;
  const group = tenant.groups[groups.patched];
  if (!group) throw new Error("there is no group");
  const members = new Set(group.memberIds);
  let inside = spread(group.memberIds, sizes.delta);
  let outside = spread(
    tenant.userIds.filter((id) => !members.has(id)),
    sizes.delta,
  );
  const client = world.client();
  const patch = async () => {
    const { ms } = await client.patch(
      `/Groups/${group.id}`,
      { op: "add", path: "members", value: outside.map((value) => ({ value })) },
      ...inside.map((id) => ({ op: "remove", path: `members[value eq "${id}"]` })),
    );
    [inside, outside] = [outside, inside];
    return ms;
  };

  for (let count = 0; count < Math.min(warmUp, sizes.patches); count++) await patch();
  const memoryBefore = await server.memory();
  let memoryMost = memoryBefore;
  const times: number[] = [];
  for (let count = 0; count < sizes.patches; count++) {
    times.push(await patch());
    if (count % 10 === 9) memoryMost = Math.max(memoryMost, await server.memory());
  }
  const what = `PATCH ${sizes.delta} + ${sizes.delta} of ${group.memberIds.length} members`;
  add(`${what}, median`, percentile(times, 0.5), "ms");
  add(`${what}, p95`, percentile(times, 0.95), "ms", atMost(100));
  add(
    `memory gained over ${sizes.patches} of them`,
    (memoryMost - memoryBefore) / megabyte,
    "MB",
    atMost(50),
  );
}
