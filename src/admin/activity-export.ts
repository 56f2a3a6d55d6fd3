import type { ActivityFilter, ActivityPosition, RecordedActivity } from "../store/tenant/activity.ts";
import type { TenantStore } from "../store/tenant-store.ts";
import { type ReadableActivity, readable } from "./activity-words.ts";

/** Entries that are read and written at once: an export of any length needs the memory of so many. */
const chunk = 500;

/** The forms in which activity leaves. Times are UTC, in the form of RFC 3339. */
export const exports = {
  csv: { type: "text/csv; charset=utf-8", head: `${columnNames().join(",")}\r\n`, line: csvLine },
  jsonl: { type: "application/x-ndjson; charset=utf-8", head: "", line: jsonLine },
} as const;
export type ExportFormat = keyof typeof exports;

/** The text of an export, piece by piece, newest first. */
export async function* exported(
  store: TenantStore,
  filter: ActivityFilter,
  format: ExportFormat,
): AsyncGenerator<string> {
  const { head, line } = exports[format];
  yield head;
  for (let after: ActivityPosition | null = null; ; ) {
    const entries: RecordedActivity[] = await store.activity.page(filter, after, chunk);
    yield (await readable(store, entries)).map(line).join("");
    after = entries.at(-1) ?? null;
    if (entries.length < chunk) return;
  }
}

function fieldsOf(entry: ReadableActivity) {
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

function columnNames(): string[] {
  return [
    ...["time", "kind", "action", "actorKind", "actor", "actorId", "targetId", "target", "changed", "reason"],
    ...["requestId", "id"],
  ];
}

function jsonLine(entry: ReadableActivity): string {
  return `${JSON.stringify(fieldsOf(entry))}\n`;
}

function csvLine(entry: ReadableActivity): string {
  const fields: Record<string, unknown> = fieldsOf(entry);
  return `${columnNames()
    .map((name) => cell(fields[name]))
    .join(",")}\r\n`;
}

/**
 * RFC 4180 §2. A spreadsheet takes what begins with one of these characters for a formula and carries it out, whoever
 * wrote it; an apostrophe before it makes it text.
 */
function cell(value: unknown): string {
  const text = Array.isArray(value) ? value.join(" ") : String(value ?? "");
  const safe = /^[=+\-@\t\r\n]/.test(text) ? `'${text}` : text;
  return `"${safe.replaceAll('"', '""')}"`;
}
