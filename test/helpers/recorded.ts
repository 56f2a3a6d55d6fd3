import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { MessageSummary, StoredMessage } from "../../src/store/tenant/inspector.ts";
import type { TenantStore } from "../../src/store/tenant-store.ts";
import { inAnHour } from "./messages.ts";
import { until } from "./processes.ts";

/** Switches a tenant's inspector on, and waits until every recorder has noticed. */
export async function startRecording(store: TenantStore): Promise<void> {
  await store.inspector.recordUntil(inAnHour());
  await sleep(1_050);
  await store.inspector.clear();
}

/** What was recorded since the last call, oldest first, once there are `count` messages or more. */
export async function recorded(store: TenantStore, count: number): Promise<StoredMessage[]> {
  let found: MessageSummary[] = [];
  const enough = async () => {
    found = await store.inspector.after({}, 0, 1_000);
    return found.length >= count;
  };
  // By the clock, and long: the recorder rests nine times as long as its last write took.
  await until(`${count} messages are recorded`, enough, 30);
  const messages = await Promise.all(found.map(({ seq }) => store.inspector.bySeq(seq)));
  await store.inspector.clear();
  for (const message of messages) assert.ok(existsSync(message?.file ?? "none"), message?.file);
  return messages.map((message) => message ?? assert.fail());
}
