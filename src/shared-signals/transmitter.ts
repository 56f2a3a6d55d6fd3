import { judge } from "policy-list/policy";
import { z } from "zod";
import { InvalidError } from "../errors.ts";
import type { SignalTransmitter } from "../model.ts";
import { type FetchLimits, guardedRequest, type RequestParts } from "../trust/guarded-fetch.ts";
import { type ProviderExchange, sendPatiently } from "../trust/openid-providers.ts";
import {
  pushDelivery,
  type StreamAnswer,
  streamCallRules,
  transmitterRules,
  wantedEvents,
} from "./stream-policy.ts";

/** How calls to a transmitter are made, and where each is kept for the inspector. */
export interface TransmitterCalls {
  limits: FetchLimits;
  exchanges: ProviderExchange[];
}

/** An access token of the org, for the calls of one request. */
export interface AuthorizedCalls extends TransmitterCalls {
  transmitter: SignalTransmitter;
  accessToken: string;
}

const text = z.string().min(1).max(1_000);

const metadataSchema = z.object({
  issuer: text,
  jwks_uri: text,
  configuration_endpoint: text,
  status_endpoint: text.optional(),
  verification_endpoint: text.optional(),
  delivery_methods_supported: z.array(text).max(50).optional(),
});

const streamSchema = z.object({
  stream_id: text,
  iss: text,
  // A stream that names none is refused, but has to be known, so that it can be deleted.
  aud: z.union([text.transform((one) => [one]), z.array(text).max(50)]).catch([]),
  delivery: z.object({ method: text, endpoint_url: text }),
  events_delivered: z.array(text).max(100),
});

const statusSchema = z.object({
  status: z.enum(["enabled", "paused", "disabled"]),
  reason: z.string().max(1_000).optional(),
});

/** The state of a stream at its transmitter (SSF §8.1.2). */
export type StreamState = z.infer<typeof statusSchema>;

/**
 * Reads the metadata of an org's transmitter (SSF §7.2). Throws RuleBrokenError by transmitterRules.
 * @param orgs the names of the connection's org; the first one is asked.
 */
export async function discoverTransmitter(
  orgs: readonly string[],
  calls: TransmitterCalls,
): Promise<SignalTransmitter> {
  const answer = await send(`${orgs[0]}/.well-known/ssf-configuration`, {}, calls);
  judge(transmitterAvailable, answer);
  const parsed = metadataSchema.safeParse(answer.status === 200 ? jsonOf(answer.body) : null);
  const transmitter = parsed.success ? transmitterOf(parsed.data) : null;
  const found = transmitter && {
    issuer: transmitter.issuer,
    deliveryMethods: parsed.data?.delivery_methods_supported ?? null,
    endpoints: [
      transmitter.configurationEndpoint,
      transmitter.statusEndpoint,
      transmitter.verificationEndpoint,
    ],
  };
  judge(transmitterRules, { orgs, found });
  // The rules demand a transmitter.
  return transmitter as SignalTransmitter;
}

/** Okta's metadata does not name the endpoint of the status, which is below that of the configuration. */
function transmitterOf({
  configuration_endpoint,
  ...metadata
}: z.infer<typeof metadataSchema>): SignalTransmitter {
  return {
    issuer: metadata.issuer,
    jwksUri: metadata.jwks_uri,
    configurationEndpoint: configuration_endpoint,
    statusEndpoint: metadata.status_endpoint ?? `${configuration_endpoint}/status`,
    verificationEndpoint: metadata.verification_endpoint ?? `${configuration_endpoint}/verification`,
  };
}

/** An outage says nothing about whether the org has a transmitter. */
const transmitterAvailable = streamCallRules.filter(({ reason }) => reason === "org-unavailable");

/** Where the transmitter pushes events, and the header by which we know it. */
export interface PushTarget {
  endpoint: string;
  authorizationHeader: string;
  description: string;
}

/** Creates a stream (SSF §8.1.1.1). Null if the answer is not a stream. Throws RuleBrokenError by streamCallRules. */
export async function createStream(calls: AuthorizedCalls, target: PushTarget): Promise<StreamAnswer | null> {
  const answer = await sendJson(
    calls,
    "POST",
    calls.transmitter.configurationEndpoint,
    configurationOf(target),
  );
  return streamIn(jsonOf(answer));
}

/** Lets an existing stream push to us (SSF §8.1.1.3). Null and throws as createStream(). */
export async function updateStream(
  calls: AuthorizedCalls,
  streamId: string,
  target: PushTarget,
): Promise<StreamAnswer | null> {
  const body = { stream_id: streamId, ...configurationOf(target) };
  return streamIn(jsonOf(await sendJson(calls, "PATCH", calls.transmitter.configurationEndpoint, body)));
}

function configurationOf({ endpoint, authorizationHeader, description }: PushTarget) {
  return {
    delivery: { method: pushDelivery, endpoint_url: endpoint, authorization_header: authorizationHeader },
    events_requested: wantedEvents,
    description,
  };
}

/**
 * The stream that the client has; null if it has none, or if the answer is not a stream. Without an id, a transmitter
 * answers a list (SSF §8.1.1.2), or the one stream that a client may have. Throws as createStream().
 */
export async function findStream(calls: AuthorizedCalls): Promise<StreamAnswer | null> {
  const answer = jsonOf(await sendJson(calls, "GET", calls.transmitter.configurationEndpoint));
  return streamIn([answer].flat()[0]);
}

/** Deletes a stream. Accepts that the stream is gone already. Throws as createStream(). */
export async function deleteStream(calls: AuthorizedCalls, streamId: string): Promise<void> {
  const url = withStream(calls.transmitter.configurationEndpoint, streamId);
  const answer = await send(url, { method: "DELETE", headers: headersOf(calls) }, calls);
  if (answer.status !== 404) judge(streamCallRules, answer);
}

/** Null if the answer is not a status. Throws as createStream(). */
export async function readStatus(calls: AuthorizedCalls, streamId: string): Promise<StreamState | null> {
  const url = withStream(calls.transmitter.statusEndpoint, streamId);
  return statusIn(await sendJson(calls, "GET", url));
}

/**
 * Asks for another status (SSF §8.1.2.2). Null if the transmitter has no such call: Okta documents only that a status can
 * be read. Throws as createStream().
 */
export async function changeStatus(
  calls: AuthorizedCalls,
  streamId: string,
  status: StreamState["status"],
): Promise<StreamState | null> {
  const body = JSON.stringify({ stream_id: streamId, status });
  const answer = await send(
    calls.transmitter.statusEndpoint,
    { method: "POST", headers: { ...headersOf(calls), "Content-Type": "application/json" }, body },
    calls,
  );
  if ([405, 501].includes(answer.status ?? 0)) return null;
  judge(streamCallRules, answer);
  return statusIn(answer.body) ?? { status };
}

/** Asks for a verification event that carries `state` (SSF §8.1.4.2). Throws as createStream(). */
export async function requestVerification(
  calls: AuthorizedCalls,
  streamId: string,
  state: string,
): Promise<void> {
  await sendJson(calls, "POST", calls.transmitter.verificationEndpoint, { stream_id: streamId, state });
}

interface TransmitterAnswer {
  status: number | null;
  found: string | null;
  body: string;
}

/** The body of an answer with a status of success. */
async function sendJson(calls: AuthorizedCalls, method: string, url: string, body?: object): Promise<string> {
  const headers = headersOf(calls);
  const parts = body
    ? { method, headers: { ...headers, "Content-Type": "application/json" }, body: JSON.stringify(body) }
    : { method, headers };
  const answer = await send(url, parts, calls);
  judge(streamCallRules, answer);
  return answer.body;
}

async function send(
  url: string,
  parts: RequestParts,
  { limits, exchanges }: TransmitterCalls,
): Promise<TransmitterAnswer> {
  const { method = "GET", headers = {}, body = "" } = parts;
  const exchange: ProviderExchange = { method, url, headers, body, at: Date.now(), answer: null };
  exchanges.push(exchange);
  try {
    const answer = await sendPatiently(() => guardedRequest(url, parts, limits), method);
    const received = await answer.text();
    exchange.answer = { status: answer.status, text: received, ms: Date.now() - exchange.at };
    return { status: answer.status, found: null, body: received };
  } catch (error) {
    if (!(error instanceof InvalidError)) throw error;
    return { status: null, found: error.message, body: "" };
  }
}

function headersOf({ accessToken }: AuthorizedCalls): Record<string, string> {
  return { Authorization: `Bearer ${accessToken}`, Accept: "application/json" };
}

function withStream(endpoint: string, streamId: string): string {
  const url = new URL(endpoint);
  url.searchParams.set("stream_id", streamId);
  return url.href;
}

function streamIn(json: unknown): StreamAnswer | null {
  const parsed = streamSchema.safeParse(json);
  if (!parsed.success) return null;
  const { stream_id, iss, aud, delivery, events_delivered } = parsed.data;
  return {
    streamId: stream_id,
    issuer: iss,
    audiences: aud,
    method: delivery.method,
    endpoint: delivery.endpoint_url,
    eventsDelivered: events_delivered,
  };
}

function statusIn(body: string): StreamState | null {
  const parsed = statusSchema.safeParse(jsonOf(body));
  return parsed.success ? parsed.data : null;
}

function jsonOf(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return null;
  }
}
