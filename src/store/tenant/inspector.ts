import type { Message, MessagePart, Protocol, RecordedCheck } from "../../recording.ts";
import { textKey } from "../text-keys.ts";
import type { TenantScope } from "./scope.ts";

/** A message as a row without its number. It is serialised early, because texts take less memory than objects in a queue. */
export type PreparedMessage = Readonly<Record<string, string | number | null>>;

/** A message as a line of a list. */
export interface MessageSummary {
  /** The message's number in the tenant. Later messages have larger ones. */
  seq: number;
  at: number;
  protocol: Protocol;
  step: string;
  verdict: RecordedCheck["verdict"];
  summary: string;
  requestId: string;
  connectionKey: string | null;
  person: string | null;
  file: string;
}

export interface StoredMessage extends MessageSummary {
  request: MessagePart | null;
  response: MessagePart | null;
  checks: RecordedCheck[];
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
}

/** A tenant keeps this many messages, the newest. Lists and searches read no more. */
export const maxStoredMessages = 1_000;

/** The maximum age of a message, in ms. */
export const maxMessageAgeMs = 3 * 24 * 60 * 60_000;

const summaryColumns = "seq, at, protocol, step, verdict, summary, request_id, connection_key, person, file";

interface MessageRow
  extends Pick<MessageSummary, "seq" | "at" | "protocol" | "step" | "verdict" | "summary"> {
  request_id: string;
  connection_key: string | null;
  person: string | null;
  file: string;
  content: string | object;
}

/** The recorded protocol messages of one tenant, and the state of the recording. */
export function tenantInspector(scope: TenantScope) {
  const newest = () => scope.rows("inspector_messages").orderBy("seq", "desc");
  return {
    async state(): Promise<InspectorState> {
      const row = (await scope.rows("inspectors").first("recording_until", "dropped")) as
        | { recording_until: number; dropped: number }
        | undefined;
      return { recordingUntil: row?.recording_until ?? 0, dropped: row?.dropped ?? 0 };
    },

    /** Records until the given time; 0 stops. Recorded messages stay until they are too old. */
    async recordUntil(at: number): Promise<void> {
      await scope.upsert("inspectors", { recording_until: at }, []);
    },

    /**
     * Adds messages and removes the oldest. Numbers are assigned under a row lock, so a message never appears after one
     * with a larger number. Adds nothing if the tenant never recorded.
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
        await inside.insertMany(
          "inspector_messages",
          messages.map((message, index) => ({ seq: first + index, ...message })),
        );
        const oldest = counted.last_seq - maxStoredMessages;
        await inside.rows("inspector_messages").where("seq", "<=", oldest).delete();
      });
    },

    /** The matching messages, newest first. `before` is the number of the previous page's last message. */
    async page(filter: MessageFilter, before: number | null, limit: number): Promise<MessageSummary[]> {
      const query = matching(newest(), filter).limit(limit);
      if (before !== null) query.where("seq", "<", before);
      return ((await query.select(scope.raw(summaryColumns))) as MessageRow[]).map(toSummary);
    },

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
        await inside.rows("inspector_messages").delete();
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
 * @param at when it was answered, in ms since 1970.
 */
export function prepareMessage(message: Omit<Message, "secrets">, at: number): PreparedMessage {
  const { people, request, response, checks } = message;
  return {
    at,
    protocol: message.protocol,
    step: message.step,
    verdict: message.verdict,
    summary: message.summary,
    file: message.file,
    request_id: message.requestId,
    connection_key: message.connectionKey,
    person: people[0] ?? null,
    people_key: textKey(people.join("\n")),
    content: JSON.stringify({ request, response, checks }),
  };
}

function toSummary(row: MessageRow): MessageSummary {
  const { seq, at, protocol, step, verdict, summary, person, file } = row;
  const { request_id: requestId, connection_key: connectionKey } = row;
  return { seq, at, protocol, step, verdict, summary, requestId, connectionKey, person, file };
}
