import { atMost, type BenchRun } from "./run.ts";
import { median, spread } from "./statistics.ts";

const count = 100;
/** The share of users that is deleted before the pages are read again. */
const deletedShare = 0.01;

/** Reads pages at random positions, far into the list, before and after users are deleted. */
export async function measurePositions({ sizes, world, add }: BenchRun): Promise<void> {
  const client = world.client();
  const { userIds } = world.tenant;
  const starts = spread([...userIds.keys()].slice(userIds.length / 2), sizes.samples);
  const measure = async () => {
    const times: number[] = [];
    for (const start of starts) {
      times.push((await client.get(`/Users?startIndex=${start + 1}&count=${count}`)).ms);
    }
    return median(times);
  };
  add("random index page, median", await measure(), "ms", atMost(50));
  const deleted = new Set(spread(userIds, Math.ceil(userIds.length * deletedShare)));
  for (const id of deleted) await client.send("DELETE", `/Users/${id}`);
  world.tenant.userIds = userIds.filter((id) => !deleted.has(id));
  add(`random index page after ${deleted.size} deletions, median`, await measure(), "ms", atMost(50));
}
