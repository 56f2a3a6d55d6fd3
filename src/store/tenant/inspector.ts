import type { Message, MessagePart, Protocol, RecordedCheck } from "../../recording.ts";
import { textKey } from "../text-keys.ts";
import type { TenantScope } from "./scope.ts";

/** A message as its row, but for its number. It is made of texts, which wait in memory at less cost than objects. */
export type PreparedMessage = Readonly<Record<string, string | number | null>>;

/** What a list shows of a message. */
export interface MessageSummary {
  /** Its number within the tenant: later messages have larger ones. */
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

/** Which messages are asked for; what is absent does not matter. */
export interface MessageFilter {
  protocol?: Protocol;
  verdict?: RecordedCheck["verdict"];
  /** A part of any name of the person, in any case. */
  person?: string;
  /** The connection's key. */
  connection?: string;
  /** The request's id. */
  request?: string;
}

export interface InspectorState {
  /** Until when messages are recorded; 0, or a time that is over, when they are not. */
  recordingUntil: number;
  /** Messages that were not kept because there were too many at once. */
  dropped: number;
}

/** How many messages a tenant keeps: the newest. Lists and searches read no more than these. */
export const maxStoredMessages = 1_000;

/** How long a message is kept at most, in ms. */
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

/** The protocol messages of one tenant, and whether they are recorded. */
export function tenantInspector(scope: TenantScope) {
  const newest = () => scope.rows("inspector_messages").orderBy("seq", "desc");
  return {
    async state(): Promise<InspectorState> {
      const row = (await scope.rows("inspectors").first("recording_until", "dropped")) as
        | { recording_until: number; dropped: number }
        | undefined;
      return { recordingUntil: row?.recording_until ?? 0, dropped: row?.dropped ?? 0 };
    },

    /** Records from now on until then; 0 stops. What was recorded stays until it is too old. */
    async recordUntil(at: number): Promise<void> {
      await scope.upsert("inspectors", { recording_until: at }, []);
    },

    /**
     * Adds messages and lets the oldest go. Numbers are given out under the lock of the tenant's inspector, so that a
     * message with a smaller one never appears after another. Nothing is added where no inspector was ever on.
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

    /** The newest messages that fit, newest first; `before` goes on where a page ended. */
    async page(filter: MessageFilter, before: number | null, limit: number): Promise<MessageSummary[]> {
      const query = fitting(newest(), filter).limit(limit);
      if (before !== null) query.where("seq", "<", before);
      return ((await query.select(scope.raw(summaryColumns))) as MessageRow[]).map(toSummary);
    },

    /** The messages that fit and came after one, oldest first. */
    async after(filter: MessageFilter, seq: number, limit: number): Promise<MessageSummary[]> {
      const query = fitting(scope.rows("inspector_messages"), filter).where("seq", ">", seq);
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

    /** Removes every message. Numbers are not used again. */
    async clear(): Promise<void> {
      await scope.atomically(async (inside) => {
        await inside.rows("inspectors").update({ dropped: 0 });
        await inside.rows("inspector_messages").delete();
      });
    },
  };
}

function fitting(query: ReturnType<TenantScope["rows"]>, filter: MessageFilter) {
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
 * What `add` takes.
 * @param message without anything secret (inspector/redaction.ts), and of bounded size.
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
