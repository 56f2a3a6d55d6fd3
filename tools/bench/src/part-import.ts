import type { Client } from "./client.ts";
import { atMost, type BenchRun } from "./run.ts";
import { spread } from "./statistics.ts";

const count = 100;

interface ScimPage {
  Resources: { id: string }[];
  totalResults: number;
  nextCursor?: string;
}

/**
 * Imports all users, as Okta does, while the tenant changes: by index while users are created and deactivated, and by
 * cursor while users are also deleted. The import must return every user who exists throughout exactly once.
 */
export async function measureImport({ world, add }: BenchRun): Promise<void> {
  const client = world.client();
  const lasting = new Set(world.tenant.userIds);
  const victims = spread(world.tenant.userIds, Math.min(2_000, Math.ceil(lasting.size / 10)));

  const byIndex = await importing(pagesByIndex(client), [createAndDeactivate(client, "index", victims)]);
  tell("by index", byIndex, lasting);
  for (const id of victims) lasting.delete(id);
  const changes = [createAndDeactivate(client, "cursor", []), deleteAll(client, victims)];
  tell("by cursor", await importing(pagesByCursor(client), changes), lasting);

  function tell(how: string, seen: ImportRun, wanted: ReadonlySet<string>): void {
    const missing = [...wanted].filter((id) => !seen.ids.has(id)).length;
    add(`import of ${wanted.size} users ${how}`, seen.ids.size / seen.seconds, "users/s");
    add(`changes of others meanwhile`, seen.changes, "");
    add(`users missing ${how}`, missing, "", atMost(0, "both"));
    add(`users doubled ${how}`, seen.doubled, "", atMost(0, "both"));
  }
}

interface ImportRun {
  ids: Set<string>;
  doubled: number;
  changes: number;
  seconds: number;
}

/** Reads all pages, and makes the changes one after the other until the last page. */
async function importing(
  pages: AsyncIterable<ScimPage>,
  changes: readonly (() => Promise<void>)[],
): Promise<ImportRun> {
  const started = performance.now();
  const seen: ImportRun = { ids: new Set(), doubled: 0, changes: 0, seconds: 0 };
  let isWalking = true;
  const change = async () => {
    while (isWalking) {
      for (const one of changes) await one();
      seen.changes += changes.length;
    }
  };
  const changing = change();
  for await (const { Resources } of pages) {
    for (const { id } of Resources) {
      if (seen.ids.has(id)) seen.doubled++;
      seen.ids.add(id);
    }
  }
  isWalking = false;
  await changing;
  seen.seconds = (performance.now() - started) / 1000;
  return seen;
}

async function* pagesByIndex(client: Client): AsyncGenerator<ScimPage> {
  for (let startIndex = 1, total = 1; startIndex <= total; ) {
    const page = JSON.parse(
      (await client.get(`/Users?startIndex=${startIndex}&count=${count}`)).text,
    ) as ScimPage;
    yield page;
    if (page.Resources.length === 0) return;
    startIndex += page.Resources.length;
    total = page.totalResults;
  }
}

async function* pagesByCursor(client: Client): AsyncGenerator<ScimPage> {
  for (let cursor: string | undefined = ""; cursor !== undefined; ) {
    const page = JSON.parse((await client.get(`/Users?cursor=${cursor}&count=${count}`)).text) as ScimPage;
    yield page;
    cursor = page.nextCursor;
  }
}

/** Each call creates a user and deactivates another. */
function createAndDeactivate(client: Client, name: string, ids: readonly string[]): () => Promise<void> {
  let calls = 0;
  return async () => {
    const { id } = await client.create(`import-${name}-${calls}@acme.example`);
    await client.patch(`/Users/${ids[calls++] ?? id}`, { op: "replace", value: { active: false } });
  };
}

function deleteAll(client: Client, ids: readonly string[]): () => Promise<void> {
  const left = [...ids];
  return async () => {
    const id = left.pop();
    if (id !== undefined) await client.send("DELETE", `/Users/${id}`);
  };
}
