import { ConflictError, NotFoundError } from "../../errors.ts";
import type { SignalStream, SignalStreamStatus, SignalTransmitter } from "../../model.ts";
import { mapUniqueViolation } from "../sql-errors.ts";
import type { TenantScope } from "./scope.ts";

export interface SignalStreamRow {
  tenant_id: string;
  id: string;
  connection_id: string;
  connection_key: string;
  status: SignalStreamStatus;
  status_reason: string | null;
  is_paused_here: number | boolean;
  client_id: string;
  sealed_refresh_token: string | null;
  transmitter: string | null;
  provider_stream_id: string | null;
  audiences: string | null;
  header_hash: string | null;
  state_at: number | null;
  verified_at: number | null;
  events_requested: string;
  events_delivered: string;
  credential_change_ends_sessions: number | boolean;
  created_at: number;
  updated_at: number;
  last_event_at: number | null;
  last_event: string | null;
}

export const streamColumns = [
  "tenant_id",
  "id",
  "connection_id",
  "connection_key",
  "status",
  "status_reason",
  "is_paused_here",
  "client_id",
  "sealed_refresh_token",
  "transmitter",
  "provider_stream_id",
  "audiences",
  "header_hash",
  "state_at",
  "verified_at",
  "events_requested",
  "events_delivered",
  "credential_change_ends_sessions",
  "created_at",
  "updated_at",
  "last_event_at",
  "last_event",
];

/** The columns that change, by the name of their field. */
const columnOf = {
  status: "status",
  statusReason: "status_reason",
  isPausedHere: "is_paused_here",
  clientId: "client_id",
  sealedClientSecret: "sealed_client_secret",
  sealedRefreshToken: "sealed_refresh_token",
  transmitter: "transmitter",
  providerStreamId: "provider_stream_id",
  audiences: "audiences",
  headerHash: "header_hash",
  stateHash: "state_hash",
  verificationRequestedAt: "state_at",
  verifiedAt: "verified_at",
  eventsRequested: "events_requested",
  eventsDelivered: "events_delivered",
  credentialChangeEndsSessions: "credential_change_ends_sessions",
} as const;

/** The secrets of a stream: sealed (secrets.ts) if we need them in plain text, hashed if we only compare them. */
interface StreamSecrets {
  sealedClientSecret: string;
  sealedRefreshToken: string | null;
  /** Hash of the Authorization header that the transmitter sends with each event. */
  headerHash: string | null;
  /** Hash of the `state` of the verification in flight. Set `verificationRequestedAt` with it. */
  stateHash: string | null;
}

export type NewSignalStream = Pick<SignalStream, "id" | "connectionId" | "connectionKey" | "clientId"> &
  Pick<SignalStream, "eventsRequested" | "credentialChangeEndsSessions"> &
  Pick<StreamSecrets, "sealedClientSecret">;

export type SignalStreamChanges = Partial<StreamSecrets> &
  Partial<Pick<SignalStream, Exclude<keyof typeof columnOf, keyof StreamSecrets>>>;

/** The state of the verification in flight, and since when. */
interface VerificationRow {
  state_hash: string | null;
  state_at: number | null;
}

export function toSignalStream(row: SignalStreamRow): SignalStream {
  return {
    id: row.id,
    connectionId: row.connection_id,
    connectionKey: row.connection_key,
    status: row.status,
    statusReason: row.status_reason,
    isPausedHere: Boolean(row.is_paused_here),
    clientId: row.client_id,
    isAuthorized: row.sealed_refresh_token !== null,
    transmitter: row.transmitter === null ? null : (JSON.parse(row.transmitter) as SignalTransmitter),
    providerStreamId: row.provider_stream_id,
    audiences: row.audiences === null ? null : (JSON.parse(row.audiences) as string[]),
    verificationRequestedAt: row.state_at,
    verifiedAt: row.verified_at,
    eventsRequested: JSON.parse(row.events_requested) as string[],
    eventsDelivered: JSON.parse(row.events_delivered) as string[],
    credentialChangeEndsSessions: Boolean(row.credential_change_ends_sessions),
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    lastEventAt: row.last_event_at,
    lastEvent: row.last_event,
  };
}

/** The streams of one tenant. The system store finds the stream of a push URL. */
export function tenantSignalStreams(scope: TenantScope, now: () => number) {
  const one = (id: string) => scope.rows("signal_streams").where("signal_streams.id", id);
  const select = () => scope.rows("signal_streams").select(streamColumns);

  return {
    /** Adds a stream as `connecting`. Throws ConflictError `stream-exists` if the connection or its key has one. */
    async create(stream: NewSignalStream): Promise<void> {
      const { id, connectionId, connectionKey, ...rest } = stream;
      const row = { id, connection_id: connectionId, connection_key: connectionKey, ...toRow(rest) };
      const times = { created_at: now(), updated_at: now() };
      const given = { status: "connecting", is_paused_here: false, events_delivered: "[]", ...times };
      const taken = () =>
        new ConflictError("stream-exists", "This connection ID already receives shared signals.");
      await mapUniqueViolation(scope.insert("signal_streams", { ...row, ...given }), {
        connection_id: taken,
        connection_key: taken,
      });
    },

    /** At most one per connection. */
    async list(): Promise<SignalStream[]> {
      return ((await select().orderBy("created_at").orderBy("id")) as SignalStreamRow[]).map(toSignalStream);
    },

    async ofConnection(connectionId: string): Promise<SignalStream | null> {
      const row = (await select().where("connection_id", connectionId).first()) as
        | SignalStreamRow
        | undefined;
      return row ? toSignalStream(row) : null;
    },

    /** The client secret and the refresh token, sealed; null if there is no such stream. */
    async sealedSecrets(
      id: string,
    ): Promise<Pick<StreamSecrets, "sealedClientSecret" | "sealedRefreshToken"> | null> {
      const row = (await one(id).first(["sealed_client_secret", "sealed_refresh_token"])) as
        | { sealed_client_secret: string; sealed_refresh_token: string | null }
        | undefined;
      if (!row) return null;
      return {
        sealedClientSecret: row.sealed_client_secret,
        sealedRefreshToken: row.sealed_refresh_token,
      };
    },

    /** Throws NotFoundError. */
    async update(id: string, changes: SignalStreamChanges): Promise<void> {
      const changed = (await one(id).update({ ...toRow(changes), updated_at: now() })) as number;
      if (changed === 0) throw new NotFoundError("There is no such stream.");
    },

    /** Begins a verification. Returns the one that was in flight, for restoreVerification(). Call it in a transaction. */
    async beginVerification(id: string, stateHash: string): Promise<VerificationRow> {
      const found = one(id).forNoKeyUpdate().first(["state_hash", "state_at"]);
      const before = (await found) as VerificationRow | undefined;
      if (!before) throw new NotFoundError("There is no such stream.");
      await one(id).update({ state_hash: stateHash, state_at: now(), updated_at: now() });
      return before;
    },

    /** Ends a verification that was refused, and waits for the one before it again. Does nothing if another has begun since. */
    async restoreVerification(id: string, stateHash: string, before: VerificationRow): Promise<void> {
      await one(id)
        .where("state_hash", stateHash)
        .update({ ...before, updated_at: now() });
    },

    /** Ends the verification in flight if this is its state. Returns whether it was. */
    async verify(id: string, stateHash: string): Promise<boolean> {
      const row = { verified_at: now(), state_hash: null, state_at: null };
      return ((await one(id).where("state_hash", stateHash).update(row)) as number) > 0;
    },

    /** Notes the last event. Call it last in a transaction, so that the stream's row is locked for a short time. */
    async recordEvent(id: string, eventType: string): Promise<void> {
      await one(id).update({ last_event_at: now(), last_event: eventType });
    },

    /** Removes the stream of a connection, because its org changed. */
    async removeOfConnection(connectionId: string): Promise<void> {
      await scope.rows("signal_streams").where("connection_id", connectionId).delete();
    },

    /** Removes a stream with the ids of its events. Returns whether there was one. */
    async remove(id: string): Promise<boolean> {
      return ((await one(id).delete()) as number) > 0;
    },
  };
}

/** The ids of the events that were received, to act on each once. */
export function tenantReceivedSignals(scope: TenantScope) {
  return {
    /** Returns false on a repeat. Call it in the transaction of the event's effect. */
    async consume(streamId: string, jtiHash: string, expiresAt: number): Promise<boolean> {
      const row = { stream_id: streamId, jti_hash: jtiHash, expires_at: expiresAt };
      return await scope.insertIfNew("received_signals", row);
    },
  };
}

/** The changed columns. Lists and documents are stored as JSON. */
function toRow(changes: SignalStreamChanges): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(changes).flatMap(([field, value]) => {
      if (value === undefined) return [];
      const isDocument = typeof value === "object" && value !== null;
      return [[columnOf[field as keyof typeof columnOf], isDocument ? JSON.stringify(value) : value]];
    }),
  );
}
