import { atLeast, type BenchRun } from "./run.ts";
import { loginName } from "./seed.ts";
import { cycle, median, spread } from "./statistics.ts";
import { race, ratio } from "./throughput.ts";

/** Compares looking up a user by name and by id with bare routes that read rows by an index and send JSON of that size. */
export async function measureLookups({ sizes, world, add }: BenchRun): Promise<void> {
  const { server, tenant } = world;
  const numbers = spread([...tenant.userIds.keys()], 5_000);
  const sample = await world.client().get(`/Users/${tenant.userIds[numbers[0] ?? 0]}`);
  await fetch(`${server.compared}/sample`, {
    method: "PUT",
    headers: { "content-type": "application/json" },
    body: sample.text,
  });

  const nextToken = cycle(tenant.tokens);
  const headers = () => ({ authorization: `Bearer ${nextToken()}`, tenant: tenant.id });
  const asking = (origin: string, path: (number: number) => string) => {
    const next = cycle(numbers);
    return { origin, headers, path: () => path(next()) };
  };
  const runs = await race(
    {
      byName: asking(
        server.measured,
        (number) => `/scim/v2/Users?filter=${encodeURIComponent(`userName eq "${loginName(number + 1)}"`)}`,
      ),
      two: asking(server.compared, (number) => `/two/${tenant.userIds[number]}`),
      byId: asking(server.measured, (number) => `/scim/v2/Users/${tenant.userIds[number]}`),
      one: asking(server.compared, (number) => `/one/${tenant.userIds[number]}`),
    },
    sizes,
  );
  add("GET /Users/{id}", median(runs.byId), "/s");
  add("GET /Users?filter=userName eq", median(runs.byName), "/s");
  add("bare route, two reads", median(runs.two), "/s");
  add("bare route, one read", median(runs.one), "/s");
  add("GET /Users/{id} : two reads", ratio(runs.byId, runs.two), "×", atLeast(0.7, "both"));
  add("GET /Users?filter=userName eq : two reads", ratio(runs.byName, runs.two), "×", atLeast(0.7, "both"));
  add("GET /Users/{id} : one read", ratio(runs.byId, runs.one), "×");
  add("GET /Users?filter=userName eq : one read", ratio(runs.byName, runs.one), "×");
}
