/** The stored shared signals (SSF) of an org, in both directions. Ids have Okta's prefixes. */
export interface SharedSignals {
  /** The streams to receivers, by id. */
  streams: Record<string, OrgStream>;
  /** The SETs of the streams, oldest first. */
  sent: PushedSet[];
  /** The transmitters whose signals the org receives, by id. */
  providers: Record<string, SignalProvider>;
  /** The `jti` values of received SETs, oldest first. */
  seen: string[];
  /** The risk level of each person about whom a signal was received. */
  risks: Record<string, OrgRisk>;
  /** `okta` is what Okta sends today; `final` follows SSF 1.0 and CAEP 1.0. Absent means `okta`. */
  shape?: SignalShape;
}

export type SignalShape = "okta" | "final";

export type OrgRisk = "low" | "medium" | "high";

/** A stream, as its receiver configured it (SSF 1.0 §8.1.1). */
export interface OrgStream {
  /** `esc…` */
  id: string;
  /** The app integration that owns the stream. */
  clientId: string;
  endpointUrl: string;
  /** The value of the header Authorization of each push; null if the receiver wants none. */
  authorizationHeader: string | null;
  requested: string[];
  description: string;
  status: OrgStreamStatus;
  /** Why the status changed; empty if no one said. */
  reason: string;
}

export type OrgStreamStatus = "enabled" | "paused" | "disabled";

/** A SET, and how its receiver answered. */
export interface PushedSet {
  jti: string;
  streamId: string;
  at: number;
  /** The URI of the event's type. */
  type: string;
  /** The person's username, or what else the event is about. */
  about: string;
  /** Compact serialisation. */
  token: string;
  state: "pending" | "delivered" | "failed";
  attempts: number;
  /** The last answer, or why there was none; null before the first attempt. */
  answer: string | null;
}

/** A transmitter: "Receive shared signals". */
export interface SignalProvider {
  /** `sse…` */
  id: string;
  name: string;
  type: string;
  status: "ACTIVE" | "INACTIVE";
  settings: ProviderSettings;
}

/** Okta's two kinds of settings. */
export type ProviderSettings = { well_known_url: string } | { issuer: string; jwks_url: string };

/** The signals in the state of an org, which a seed may lack. */
export function signalsIn(state: { signals?: SharedSignals }): SharedSignals {
  state.signals ??= { streams: {}, sent: [], providers: {}, seen: [], risks: {} };
  return state.signals;
}
