import type {
  FlowKind,
  Message,
  MessageFact,
  MessagePart,
  Protocol,
  RecordedCheck,
  Route,
} from "../../recording.ts";
import { hashToken } from "../secrets.ts";
import { textKey } from "../text-keys.ts";
import { type FlowMember, joinFlows } from "./inspector-flows.ts";
import type { TenantScope } from "./scope.ts";

/** A message that waits to be added. */
export interface PreparedMessage extends FlowMember {
  /** The row without its number. It is serialised early, because texts take less memory than objects in a queue. */
  row: Readonly<Record<string, string | number | boolean | null>>;
}

/** A message as a line of a list. */
export interface MessageSummary {
  /** The message's number in the tenant. Later messages have larger ones. */
  seq: number;
  /** The number of its flow in the tenant. */
  flow: number;
  flowKind: FlowKind;
  /** When it was sent, in ms since 1970, and how long its answer took, in ms. */
  at: number;
  ms: number;
  route: Route;
  /** The method of the request and the status of the answer; null if it has none. */
  method: string | null;
  code: number | null;
  protocol: Protocol;
  step: string;
  verdict: RecordedCheck["verdict"];
  summary: string;
  requestId: string;
  connectionKey: string | null;
  person: string | null;
  file: string;
}

/** Messages that belong together. */
export interface MessageFlow {
  id: number;
  messages: MessageSummary[];
}

export interface ListedFlow extends MessageFlow {
  /** The number of its last message that the list's filter matches. */
  lastSeq: number;
}

export interface StoredMessage extends MessageSummary {
  request: MessagePart | null;
  response: MessagePart | null;
  checks: RecordedCheck[];
  handler?: string;
  facts?: MessageFact[];
}

/** All given conditions must hold. */
export interface MessageFilter {
  protocol?: Protocol;
  verdict?: RecordedCheck["verdict"];
  /** A part of any of the person's names, ignoring case. */
  person?: string;
  /** The connection's key. */
  connection?: string;
  /** The request's id. */
  request?: string;
}

export interface InspectorState {
  /** The end of the recording; 0 or a past time if it is off. */
  recordingUntil: number;
  /** How many messages were dropped because too many came at once. */
  dropped: number;
  /** The number of the newest message, also if it is gone by now; 0 before the first. */
  lastSeq: number;
}

/** A tenant keeps this many messages, the newest. Lists and searches read no more. */
export const maxStoredMessages = 1_000;

/** The maximum age of a message, in ms. */
export const maxMessageAgeMs = 3 * 24 * 60 * 60_000;

const summaryColumns =
  "seq, at, protocol, step, verdict, summary, request_id, connection_key, person, file, flow, flow_kind, ms, sent_from, sent_to, carried, method, code";

type SameInRow =
  | "seq"
  | "flow"
  | "at"
  | "ms"
  | "method"
  | "code"
  | "protocol"
  | "step"
  | "verdict"
  | "summary";

interface MessageRow extends Pick<MessageSummary, SameInRow> {
  flow_kind: FlowKind;
  sent_from: Route["from"];
  sent_to: Route["to"];
  /** SQLite has numbers. */
  carried: boolean | number;
  request_id: string;
  connection_key: string | null;
  person: string | null;
  file: string;
  content: string | object;
}

/** The recorded protocol messages of one tenant, and the state of the recording. */
export function tenantInspector(scope: TenantScope) {
  /** Flows with all their messages, in the order in which these were sent. A flow that does not exist is left out. */
  async function flowsOf(ids: readonly number[]): Promise<MessageFlow[]> {
    const query = scope.rows("inspector_messages").whereIn("flow", ids).orderBy(["at", "seq"]);
    const messages = ((await query.select(scope.raw(summaryColumns))) as MessageRow[]).map(toSummary);
    return ids
      .map((id) => ({ id, messages: messages.filter(({ flow }) => flow === id) }))
      .filter((flow) => flow.messages.length > 0);
  }

  return {
    async state(): Promise<InspectorState> {
      const row = (await scope.rows("inspectors").first("recording_until", "dropped", "last_seq")) as
        | { recording_until: number; dropped: number; last_seq: number }
        | undefined;
      const { recording_until: recordingUntil = 0, dropped = 0, last_seq: lastSeq = 0 } = row ?? {};
      return { recordingUntil, dropped, lastSeq };
    },

    /** Records until the given time; 0 stops. Recorded messages stay until they are too old. */
    async recordUntil(at: number): Promise<void> {
      await scope.upsert("inspectors", { recording_until: at }, []);
    },

    /**
     * Adds messages and removes the oldest. Numbers are assigned under a row lock, so a message never appears after one
     * with a larger number, and concurrent writers find the same flow. Adds nothing if the tenant never recorded.
     */
    async add(messages: readonly PreparedMessage[], dropped: number): Promise<void> {
      await scope.atomically(async (inside) => {
        const counters = {
          last_seq: inside.increment("last_seq", messages.length),
          dropped: inside.increment("dropped", dropped),
        };
        const [counted] = (await inside.rows("inspectors").update(counters).returning("last_seq")) as {
          last_seq: number;
        }[];
        if (!counted) return;
        const first = counted.last_seq - messages.length + 1;
        const flows = await joinFlows(inside, messages, first);
        await inside.insertMany(
          "inspector_messages",
          messages.map(({ row }, index) => ({ seq: first + index, flow: flows[index], ...row })),
        );
        const oldest = counted.last_seq - maxStoredMessages;
        for (const table of ["inspector_messages", "inspector_flow_keys"])
          await inside.rows(table).where("seq", "<=", oldest).delete();
      });
    },

    /**
     * The flows with a matching message, by their last matching message, newest first, and all messages of each. `before` is
     * the `lastSeq` of the previous page's last flow.
     */
    async flows(filter: MessageFilter, before: number | null, limit: number): Promise<ListedFlow[]> {
      const query = matching(scope.rows("inspector_messages"), filter).whereNotNull("flow").groupBy("flow");
      if (before !== null) query.havingRaw("max(seq) < ?", [before]);
      const found = (await query
        .select("flow")
        .max("seq as last")
        .orderBy("last", "desc")
        .limit(limit)) as unknown as { flow: number; last: number }[];
      const flows = await flowsOf(found.map(({ flow }) => flow));
      return flows.map((flow, index) => ({ ...flow, lastSeq: found[index]?.last ?? 0 }));
    },

    flowsOf,

    /** The matching messages after a number, oldest first. */
    async after(filter: MessageFilter, seq: number, limit: number): Promise<MessageSummary[]> {
      const query = matching(scope.rows("inspector_messages"), filter).where("seq", ">", seq);
      const rows = await query.orderBy("seq").limit(limit).select(scope.raw(summaryColumns));
      return (rows as MessageRow[]).map(toSummary);
    },

    async bySeq(seq: number): Promise<StoredMessage | null> {
      const row = (await scope
        .rows("inspector_messages")
        .where("seq", seq)
        .first(scope.raw(`${summaryColumns}, content`))) as MessageRow | undefined;
      if (!row) return null;
      const content = typeof row.content === "string" ? JSON.parse(row.content) : row.content;
      return { ...toSummary(row), ...content };
    },

    /** Removes all messages. Their numbers are not reused. */
    async clear(): Promise<void> {
      await scope.atomically(async (inside) => {
        await inside.rows("inspectors").update({ dropped: 0 });
        for (const table of ["inspector_messages", "inspector_flow_keys"]) await inside.rows(table).delete();
      });
    },
  };
}

function matching(query: ReturnType<TenantScope["rows"]>, filter: MessageFilter) {
  if (filter.protocol) query.where("protocol", filter.protocol);
  if (filter.verdict) query.where("verdict", filter.verdict);
  if (filter.connection) query.where("connection_key", filter.connection);
  if (filter.request) query.where("request_id", filter.request);
  if (filter.person) {
    const escaped = textKey(filter.person).replace(/[\\%_]/g, "\\$&");
    query.whereRaw("people_key like ? escape '\\'", [`%${escaped}%`]);
  }
  return query;
}

/**
 * Prepares a message for `add`.
 * @param message redacted and of bounded size (inspector/redaction.ts).
 * @param recordedAt when it was recorded, in ms since 1970.
 */
export function prepareMessage(message: Omit<Message, "secrets">, recordedAt: number): PreparedMessage {
  const { at, flow, route } = message;
  const { kind } = flow;
  const ms = message.ms ?? Math.max(0, recordedAt - at);
  const sent = { flow_kind: kind, sent_from: route.from, sent_to: route.to, carried: route.carried };
  return { row: { at, ms, ...sent, ...rowOf(message) }, at, kind, keyHashes: flow.keys.map(hashToken) };
}

function rowOf(message: Omit<Message, "secrets">) {
  const { people, request, response, checks, handler, facts } = message;
  const [, method = null] = /^([A-Z]+) /.exec(request?.head[0] ?? "") ?? [];
  const [, code = null] = /^(\d{3})\b/.exec(response?.head[0] ?? "") ?? [];
  return {
    method,
    code: code === null ? null : Number(code),
    protocol: message.protocol,
    step: message.step,
    verdict: message.verdict,
    summary: message.summary,
    file: message.file,
    request_id: message.requestId,
    connection_key: message.connectionKey,
    person: message.person,
    people_key: textKey(people.join("\n")),
    content: JSON.stringify({ request, response, checks, handler, facts }),
  };
}

function toSummary(row: MessageRow): MessageSummary {
  const { seq, flow, flow_kind: flowKind, at, ms, method, code } = row;
  const { protocol, step, verdict, summary, person, file } = row;
  const { request_id: requestId, connection_key: connectionKey } = row;
  const route = { from: row.sent_from, to: row.sent_to, carried: Boolean(row.carried) };
  const sent = { seq, flow, flowKind, at, ms, route, method, code };
  return { ...sent, protocol, step, verdict, summary, requestId, connectionKey, person, file };
}
