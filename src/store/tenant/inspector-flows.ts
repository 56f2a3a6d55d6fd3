import type { FlowKind } from "../../recording.ts";
import { chunks, type TenantScope } from "./scope.ts";

const seconds = 1_000;

/** How soon after one another messages with a key in common are one flow, in ms. */
const windows: Record<FlowKind, number> = {
  // As long as a sign-in may take (sso/sign-in.ts).
  "sign-in": 600 * seconds,
  test: 600 * seconds,
  // A provisioning client sends the calls about one person one after the other.
  provisioning: 2 * seconds,
  // An access token lives for longer than what an agent does at a time.
  "agent-call": 60 * seconds,
  // The first attempts to send a signal come soon after one another; a later one is a flow of its own.
  signal: 60 * seconds,
  // As long as an administrator may take to consent (shared-signals/stream-set-up.ts).
  stream: 600 * seconds,
  // A code lives for a minute.
  authorization: 60 * seconds,
  // Each call of a program is a flow of its own.
  "api-call": 0,
  "sign-out": 0,
  logout: 0,
};

/** A longer flow goes on as another one, so that each page of a flow is bounded. */
const mostMessages = 100;

/** The part of a message that tells its flow. */
export interface FlowMember {
  at: number;
  kind: FlowKind;
  /** The hashes of the keys of its flow. */
  keyHashes: readonly string[];
}

/** The last message with a key. */
interface FlowKey {
  flow: number;
  seq: number;
  at: number;
  /** How many messages the flow has with it. */
  messages: number;
}

/**
 * The flow of each message that is about to be added, and remembers their keys. A message without a known key begins a flow,
 * which has the message's number.
 * @param first the number of the first message.
 */
export async function joinFlows(
  scope: TenantScope,
  messages: readonly FlowMember[],
  first: number,
): Promise<number[]> {
  const hashes = [...new Set(messages.flatMap(({ keyHashes }) => keyHashes))];
  const known = await keysWith(scope, hashes);
  const flows = messages.map(({ at, kind, keyHashes }, index) => {
    const seq = first + index;
    const isNear = (key: FlowKey) => Math.abs(at - key.at) <= windows[kind] && key.messages < mostMessages;
    const [last] = keyHashes
      .flatMap((hash) => known.get(hash) ?? [])
      .filter(isNear)
      .sort((one, other) => other.seq - one.seq);
    const flow = last?.flow ?? seq;
    const key = { flow, seq, at: Math.max(at, last?.at ?? 0), messages: (last?.messages ?? 0) + 1 };
    for (const hash of keyHashes) known.set(hash, key);
    return flow;
  });
  for (const some of chunks(hashes))
    await scope.rows("inspector_flow_keys").whereIn("key_hash", some).delete();
  await scope.insertMany(
    "inspector_flow_keys",
    [...known].map(([hash, { flow, seq, at, messages: count }]) => {
      return { key_hash: hash, flow, seq, at, messages: count };
    }),
  );
  return flows;
}

async function keysWith(scope: TenantScope, hashes: readonly string[]): Promise<Map<string, FlowKey>> {
  const known = new Map<string, FlowKey>();
  for (const some of chunks(hashes)) {
    const rows = (await scope
      .rows("inspector_flow_keys")
      .whereIn("key_hash", some)
      .select("key_hash", "flow", "seq", "at", "messages")) as (FlowKey & { key_hash: string })[];
    for (const { key_hash: hash, flow, seq, at, messages } of rows)
      known.set(hash, { flow, seq, at, messages });
  }
  return known;
}
