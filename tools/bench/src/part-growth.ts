import type { Client, Timed } from "./client.ts";
import { atMost, type BenchRun, groups } from "./run.ts";
import { loginName } from "./seed.ts";
import { cycle, median, spread } from "./statistics.ts";
import type { World } from "./world.ts";

const count = 100;
const ratioTarget = 1.5;

/** Compares each operation in a large and a small tenant, in turn. Each tenant has its own database and server. */
export async function measureGrowth(run: BenchRun, large: World, small: World): Promise<void> {
  const inLarge = operations(large);
  const inSmall = operations(small);
  for (const [name, operation] of Object.entries(inLarge)) {
    const other = inSmall[name as keyof typeof inSmall];
    const { first, second } = await inTurn(operation, other, run.sizes.samples);
    report(run, name, first, second);
  }
  const client = large.client();
  const { first, second } = await inTurn(
    oneMember(large, client, groups.largest),
    oneMember(large, client, groups.ten),
    run.sizes.samples,
  );
  const [most, ten] = [groups.largest, groups.ten].map((at) => large.tenant.groups[at]?.memberIds.length);
  report(run, `one-member PATCH, group of ${most} : group of ${ten}`, first, second);
}

function report({ add }: BenchRun, name: string, large: number[], small: number[]): void {
  add(`${name}, median`, median(large), "ms");
  add(`${name}, growth`, median(large) / median(small), "×", atMost(ratioTarget, "both"));
}

type Operation = () => Promise<Timed>;

function operations(world: World) {
  const { tenant } = world;
  const client = world.client();
  const numbers = cycle(spread([...tenant.userIds.keys()], 1_000));
  const created: string[] = [];
  let creations = 0;
  return {
    lookup: (): Promise<Timed> =>
      client.get(`/Users?filter=${encodeURIComponent(`userName eq "${loginName(numbers() + 1)}"`)}`),
    get: () => client.get(`/Users/${tenant.userIds[numbers()]}`),
    create: async () => {
      const answer = await client.create(`newcomer${creations++}@acme.example`);
      created.push(answer.id);
      return answer;
    },
    deactivate: () => client.patch(`/Users/${created.pop()}`, { op: "replace", value: { active: false } }),
    "one-member PATCH": oneMember(world, client, groups.ten),
    "first page": () => client.get(`/Users?startIndex=1&count=${count}`),
    "next page by index": nextByIndex(client),
    "next page by cursor": nextByCursor(client),
  };
}

/** Adds a member, and removes it at the next call. */
function oneMember({ tenant }: World, client: Client, at: number): Operation {
  const { id } = tenant.groups[at] as { id: string };
  const nextUser = cycle(spread(tenant.userIds, 1_000));
  let added: string | null = null;
  return () => {
    const member = added ?? nextUser();
    const isAdded = added !== null;
    added = isAdded ? null : member;
    return isAdded
      ? client.patch(`/Groups/${id}`, { op: "remove", path: `members[value eq "${member}"]` })
      : client.patch(`/Groups/${id}`, { op: "add", path: "members", value: [{ value: member }] });
  };
}

function nextByIndex(client: Client): Operation {
  let startIndex = 1;
  return async () => {
    const page = await client.get(`/Users?startIndex=${startIndex}&count=${count}`);
    startIndex += count;
    if (startIndex + count > totalOf(page)) startIndex = 1;
    return page;
  };
}

function nextByCursor(client: Client): Operation {
  let cursor = "";
  return async () => {
    const page = await client.get(`/Users?cursor=${cursor}&count=${count}`);
    cursor = (JSON.parse(page.text) as { nextCursor?: string }).nextCursor ?? "";
    return page;
  };
}

function totalOf({ text }: Timed): number {
  return (JSON.parse(text) as { totalResults: number }).totalResults;
}

/** Calls both in turn. The first calls warm up and do not count. */
export async function inTurn(first: Operation, second: Operation, samples: number) {
  const times = { first: [] as number[], second: [] as number[] };
  const warmUp = Math.ceil(samples / 4);
  for (let call = 0; call < warmUp + samples; call++) {
    const one = await first();
    const other = await second();
    if (call < warmUp) continue;
    times.first.push(one.ms);
    times.second.push(other.ms);
  }
  return times;
}
