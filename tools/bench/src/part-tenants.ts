import type { Client } from "./client.ts";
import { atMost, type BenchRun } from "./run.ts";
import { loginName, type SeededTenant } from "./seed.ts";
import { cycle } from "./statistics.ts";

const target = 50;
/** Members in one PATCH while tenants push. */
const delta = 100;

/** Four tenants' providers push at the same time, like Okta: measures whether the event loop stays free for others. */
export async function measureTenants({ sizes, world, add }: BenchRun): Promise<void> {
  const until = Date.now() + sizes.seconds * 5_000;
  let calls = 0;
  const push = async (tenant: SeededTenant, number: number) => {
    const steps = pushing(world.client(tenant), tenant, number);
    while (Date.now() < until) {
      await steps();
      calls++;
    }
  };
  const started = Date.now();
  const delay = await world.server.delayDuring(() =>
    Promise.all(world.others.flatMap((tenant, at) => [push(tenant, at * 2), push(tenant, at * 2 + 1)])),
  );
  add(`${world.others.length} tenants pushing at once`, calls / ((Date.now() - started) / 1000), "calls/s");
  add("event loop delay meanwhile, p99", delay, "ms", atMost(target));
}

/** A provider's calls for one person: look up, create, change, add to a group; in between, changes of many members. */
export function pushing(
  client: Client,
  tenant: SeededTenant,
  number: number,
  name = "pushed",
): () => Promise<unknown> {
  const group = tenant.groups[0] as SeededTenant["groups"][number];
  const many = group.memberIds.slice(number * delta, (number + 1) * delta).map((value) => ({ value }));
  let created = 0;
  let id = "";
  const next = cycle<() => Promise<unknown>>([
    () => client.get(`/Users?filter=${encodeURIComponent(`userName eq "${loginName(created + 1)}"`)}`),
    async () => {
      ({ id } = await client.create(`${name}${number}-${created++}@acme.example`));
    },
    () => client.get(`/Users/${id}`),
    () => client.patch(`/Groups/${group.id}`, { op: "add", path: "members", value: [{ value: id }] }),
    () => client.patch(`/Users/${id}`, { op: "replace", value: { active: false } }),
    () => client.patch(`/Groups/${group.id}`, { op: "remove", path: "members", value: many }),
    () => client.patch(`/Groups/${group.id}`, { op: "add", path: "members", value: many }),
  ]);
  return () => next()();
}
