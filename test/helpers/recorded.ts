import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { MessageSummary, StoredMessage } from "../../src/store/tenant/inspector.ts";
import type { TenantStore } from "../../src/store/tenant-store.ts";
import { inAnHour } from "./messages.ts";
import { until } from "./processes.ts";

/** Turns a tenant's inspector on, and waits until every recorder has noticed. */
export async function startRecording(store: TenantStore): Promise<void> {
  await store.inspector.recordUntil(inAnHour());
  await sleep(1_050);
  await store.inspector.clear();
}

/** Waits for at least `count` messages since the last call, and returns them, oldest first. */
export async function recorded(store: TenantStore, count: number): Promise<StoredMessage[]> {
  let found: MessageSummary[] = [];
  const enough = async () => {
    found = await store.inspector.after({}, 0, 1_000);
    return found.length >= count;
  };
  // A long timeout, because the recorder pauses for nine times the duration of its last write.
  await until(`${count} messages are recorded`, enough, 30);
  const messages = await Promise.all(found.map(({ seq }) => store.inspector.bySeq(seq)));
  await store.inspector.clear();
  for (const message of messages) {
    const { file, handler } = message ?? assert.fail();
    assert.match(readFileSync(file, "utf8"), new RegExp(`(function|const) ${handler}\\b`), file);
  }
  return messages.map((message) => message ?? assert.fail());
}
