import { ApiRefusal } from "../api-problem.ts";
import { type Org, OrgNotFoundError } from "../org.ts";
import { newId } from "../state.ts";
import { supportedEvents } from "./causes.ts";
import { type OrgStream, type OrgStreamStatus, type PushedSet, signalsIn } from "./state.ts";
import { audienceOf } from "./transmitter.ts";

/** Okta: one stream for each app integration, and ten for an org. */
const mostStreams = 10;

/** In seconds. The stand-in announces it as Okta does, and does not enforce it. */
const minVerificationInterval = 60;

export const pushMethod = "urn:ietf:rfc:8935";

/** The part of a stream that its receiver chooses. */
export type StreamWish = Pick<OrgStream, "endpointUrl" | "authorizationHeader" | "requested" | "description">;

/** Throws ApiRefusal: 409 if the client has a stream, 400 if the org has ten. */
export function createStream({ store }: Org, clientId: string, wish: StreamWish): OrgStream {
  const { streams } = signalsIn(store.state);
  const all = Object.values(streams);
  if (all.some((one) => one.clientId === clientId))
    throw new ApiRefusal(409, "E0000038", "An SSF stream exists for this client.");
  if (all.length >= mostStreams)
    throw new ApiRefusal(400, "E0000001", `An org has at most ${mostStreams} SSF streams.`);
  const stream: OrgStream = { id: newId("esc"), clientId, ...wish, status: "enabled", reason: "" };
  streams[stream.id] = stream;
  store.changed();
  return stream;
}

/**
 * The stream of the client. Another client's stream does not exist for it. Throws ApiRefusal.
 * @param id undefined for the one stream that the client has.
 */
export function streamOf({ store }: Org, clientId: string, id: string | undefined): OrgStream {
  const found = Object.values(signalsIn(store.state).streams).find((one) => one.clientId === clientId);
  if (!found || (id !== undefined && id !== found.id))
    throw new ApiRefusal(404, "E0000007", `Not found: Resource not found: ${id ?? "stream"} (SSF stream)`);
  return found;
}

/** Throws OrgNotFoundError. */
export function streamById({ store }: Org, id: string): OrgStream {
  const { streams } = signalsIn(store.state);
  const found = Object.hasOwn(streams, id) ? streams[id] : undefined;
  if (!found) throw new OrgNotFoundError("There is no such stream.");
  return found;
}

export function changeStream({ store }: Org, stream: OrgStream, wish: Partial<StreamWish>): void {
  Object.assign(stream, wish);
  store.changed();
}

/** Deletes the stream with its pending SETs. */
export function deleteStream({ store }: Org, { id }: OrgStream): void {
  const signals = signalsIn(store.state);
  delete signals.streams[id];
  signals.sent = withoutPendingOf(signals.sent, id);
  store.changed();
}

function withoutPendingOf(sent: readonly PushedSet[], id: string): PushedSet[] {
  return sent.filter(({ streamId, state }) => streamId !== id || state !== "pending");
}

/** Changes the status. A disabled stream loses its pending SETs; an enabled one gets them now. */
export function setStatus(org: Org, stream: OrgStream, status: OrgStreamStatus, reason: string): void {
  Object.assign(stream, { status, reason });
  const signals = signalsIn(org.store.state);
  if (status === "disabled") signals.sent = withoutPendingOf(signals.sent, stream.id);
  org.store.changed();
  void org.signals.resume();
}

/** A stream as the API shows it (SSF 1.0 §8.1.1). */
export function describeStream({ url, store }: Org, stream: OrgStream): Record<string, unknown> {
  const { endpointUrl: endpoint_url, authorizationHeader, requested, description } = stream;
  const header = authorizationHeader === null ? {} : { authorization_header: authorizationHeader };
  const { shape = "okta" } = signalsIn(store.state);
  return {
    stream_id: stream.id,
    iss: url,
    aud: audienceOf(stream),
    delivery: { method: pushMethod, endpoint_url, ...header },
    events_supported: supportedEvents,
    events_requested: requested,
    events_delivered: requested.filter((type) => supportedEvents.includes(type)),
    min_verification_interval: minVerificationInterval,
    ...(shape === "okta" ? { format: "iss_sub" } : {}),
    ...(description ? { description } : {}),
  };
}

/** The document at `/.well-known/ssf-configuration` (SSF 1.0 §7.1). Okta's names no status endpoint. */
export function transmitterMetadata({ url, store }: Org): Record<string, unknown> {
  const { shape = "okta" } = signalsIn(store.state);
  const api = `${url}/api/v1/ssf/stream`;
  return {
    issuer: url,
    jwks_uri: `${url}/oauth2/v1/keys`,
    configuration_endpoint: api,
    verification_endpoint: `${api}/verification`,
    ...(shape === "final" ? { status_endpoint: `${api}/status` } : {}),
    delivery_methods_supported: [pushMethod],
    authorization_schemes: [{ spec_urn: "urn:ietf:rfc:6749" }],
    default_subjects: "ALL",
    spec_version: shape === "final" ? "1_0" : "1_0-ID3",
  };
}
