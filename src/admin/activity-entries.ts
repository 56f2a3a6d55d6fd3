/** Activity entries in a form that people can read: for pages, and as files to download. */
import { paths } from "../endpoints.ts";
import type { ActivityFilter, ActivityPosition, RecordedActivity } from "../store/tenant/activity.ts";
import type { TenantStore } from "../store/tenant-store.ts";
import type { ActivityTarget, ActivityTargets } from "../web/activity.ts";
import { csvRecord } from "../web/download.ts";
import { actionInWords, actorInWords, lookOf, type NamedActor, reasonInWords } from "./activity-words.ts";
import { personName } from "./person-facts.ts";

export interface ReadableActivity extends RecordedActivity {
  /** The action in words: "User role changed". */
  what: string;
  /** The reason in words; null if there is none. */
  why: string | null;
  by: NamedActor;
  look: ReturnType<typeof lookOf>;
  /** The person or thing that the entry is about. Null if it no longer exists, or if there was none. */
  target: { name: string; href: string } | null;
}

/** Looks up the names for the entries, with the same few statements for any number of entries. */
export async function readable(
  store: TenantStore,
  entries: readonly RecordedActivity[],
  ofProduct: readonly ActivityTargets[],
): Promise<ReadableActivity[]> {
  const ids = [...new Set(entries.flatMap(({ targetId }) => targetId ?? []))];
  const [people, groups, connections, tokens, agents, apiKeys] = await Promise.all([
    store.people.ofIds(ids),
    store.groups.ofIds(ids),
    store.connections.list(),
    store.tokens.list(),
    entries.some(({ kind }) => kind === "agents") ? agentNames(store) : [],
    entries.some(({ action }) => action.startsWith("api_key.")) ? store.apiKeys.list() : [],
  ]);
  const targets = new Map<string, ReadableActivity["target"]>();
  for (const user of people)
    targets.set(user.id, { name: personName(user), href: paths.admin.person(user.id) });
  for (const { id, displayName } of groups)
    targets.set(id, { name: displayName, href: paths.admin.group(id) });
  for (const { id, key, type } of connections)
    targets.set(id, { name: `${type.toUpperCase()} ${key}`, href: paths.admin.connection(id) });
  for (const { id, hint } of tokens) targets.set(id, { name: `${hint}…`, href: paths.admin.provisioning });
  for (const { id, name } of apiKeys) targets.set(id, { name, href: paths.admin.apiKeys });
  for (const [id, name] of agents) targets.set(id, { name, href: paths.admin.agent(id) });
  for (const { id, ...target } of await productTargets(store, entries, ofProduct)) targets.set(id, target);
  return entries.map((entry) => ({
    ...entry,
    what: actionInWords(entry.action),
    why: entry.reason === null ? null : reasonInWords(entry.reason),
    by: actorInWords(entry),
    look: lookOf(entry),
    target: (entry.targetId && targets.get(entry.targetId)) || null,
  }));
}

/** One statement for each subject that the entries have. */
async function productTargets(
  store: TenantStore,
  entries: readonly RecordedActivity[],
  ofProduct: readonly ActivityTargets[],
): Promise<ActivityTarget[]> {
  const found = ofProduct.map(async ({ subject, find }) => {
    const ids = entries.flatMap(({ action, targetId }) =>
      action.startsWith(`${subject}.`) && targetId !== null ? targetId : [],
    );
    return ids.length > 0 ? await find(store, [...new Set(ids)]) : [];
  });
  return (await Promise.all(found)).flat();
}

async function agentNames(store: TenantStore): Promise<(readonly [clientId: string, name: string])[]> {
  const found = [...(await store.agents.known()), ...(await store.agents.registered())];
  return found.map(({ clientId, name }) => [clientId, name]);
}

/** The entries as an export has them, for webhooks. */
export async function activityFields(
  store: TenantStore,
  entries: readonly RecordedActivity[],
  ofProduct: readonly ActivityTargets[],
): Promise<object[]> {
  return (await readable(store, entries, ofProduct)).map(fieldsOf);
}

/** The number of entries to read at once, which bounds the memory that an export needs. */
const chunk = 500;

const columns = [
  "time",
  "kind",
  "action",
  "actorKind",
  "actor",
  "actorId",
  "targetId",
  "target",
  "changed",
  "reason",
  "requestId",
  "id",
] as const;

/** The file formats of an export. */
export const exportFormats = {
  csv: { type: "text/csv; charset=utf-8", head: `${columns.join(",")}\r\n`, line: csvLine },
  jsonl: { type: "application/x-ndjson; charset=utf-8", head: "", line: jsonLine },
} as const;
export type ExportFormat = keyof typeof exportFormats;

/** The text of an export, piece by piece, newest entry first. */
export async function* exportText(
  store: TenantStore,
  filter: ActivityFilter,
  format: ExportFormat,
  ofProduct: readonly ActivityTargets[],
): AsyncGenerator<string> {
  const { head, line } = exportFormats[format];
  yield head;
  for (let after: ActivityPosition | null = null; ; ) {
    const entries: RecordedActivity[] = await store.activity.page(filter, after, chunk);
    yield (await readable(store, entries, ofProduct)).map(line).join("");
    after = entries.at(-1) ?? null;
    if (entries.length < chunk) return;
  }
}

/** The columns of an entry. Times are UTC, as in RFC 3339. */
function fieldsOf(entry: ReadableActivity): Record<(typeof columns)[number], unknown> {
  const { at, kind, action, actorKind, actor, actorId, targetId, target, changed, reason, requestId, id } =
    entry;
  return {
    time: new Date(at).toISOString(),
    kind,
    action,
    actorKind,
    actor,
    actorId,
    targetId,
    target: target?.name ?? null,
    changed,
    reason,
    requestId,
    id,
  };
}

function jsonLine(entry: ReadableActivity): string {
  return `${JSON.stringify(fieldsOf(entry))}\n`;
}

function csvLine(entry: ReadableActivity): string {
  const fields = fieldsOf(entry);
  return csvRecord(columns.map((name) => fields[name]));
}
