import { atLeast, type BenchRun } from "./run.ts";
import { cycle, median, spread } from "./statistics.ts";
import { race, ratio } from "./throughput.ts";

const count = 100;

/** Compares a page of 100 users with the same rows through scimmy. */
export async function measurePages({ sizes, world, add }: BenchRun): Promise<void> {
  const { server, tenant } = world;
  const pages = Math.floor(tenant.userIds.length / count);
  const starts = spread([...Array(pages).keys()], 500).map((page) => page * count + 1);
  const nextToken = cycle(tenant.tokens);
  const asking = (origin: string, path: string) => {
    const next = cycle(starts);
    return {
      origin,
      headers: () => ({ authorization: `Bearer ${nextToken()}` }),
      path: () => `${path}?startIndex=${next()}&count=${count}`,
    };
  };
  const runs = await race(
    { ours: asking(server.measured, "/scim/v2/Users"), scimmy: asking(server.compared, "/scimmy") },
    sizes,
  );
  add(`page of ${count} users`, median(runs.ours), "/s");
  add(`page of ${count} users through scimmy`, median(runs.scimmy), "/s");
  add("page : scimmy", ratio(runs.ours, runs.scimmy), "×", atLeast(8));
}
