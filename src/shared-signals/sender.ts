/**
 * Shared signals to a connection's org (Okta: "Receive shared signals", OpenID CAEP 1.0).
 *
 * Owns: our issuer and its keys (signing-keys.ts, transmitter-routes.ts), switching (sending.ts), the events (sent-events.ts)
 * and the delivery from the outbox (this file). May import: the ground floor, trust, directory and store.
 */
import { signalTransmitterUrls } from "../endpoints.ts";
import { InvalidError } from "../errors.ts";
import type { Connection } from "../model.ts";
import type { Database } from "../store/database.ts";
import type { Attempt, ClaimedMessage, Handler } from "../store/outbox.ts";
import type { Sealer } from "../store/secrets.ts";
import type { StoredSignalKey } from "../store/tenant/signal-transmitters.ts";
import { forTenant } from "../store/tenant-store.ts";
import { type FetchLimits, guardedRequest } from "../trust/guarded-fetch.ts";
import { requestedWaitMs } from "../trust/openid-providers.ts";
import { signingKey } from "../trust/published-keys.ts";
import { receivingOrg } from "./sending.ts";
import { claimsFor } from "./sent-events.ts";
import { signToken } from "./signing-keys.ts";

/** A token that was sent, for the inspector. */
export interface SentSecurityEvent {
  tenantId: string;
  connectionKey: string;
  url: string;
  token: string;
  /** The person's address. */
  email: string;
  /** When it was sent, in ms since the epoch, and how long the answer took, in ms. */
  at: number;
  ms: number;
  /** Null if no answer came. */
  status: number | null;
  attempt: Attempt;
  messageId: string;
}

export interface SenderDeps {
  database: Database;
  sealer: Sealer;
  baseUrl: string;
  limits: FetchLimits;
  onSent: (sent: SentSecurityEvent) => void;
  now?: () => number;
}

/** The path of Okta's receiver: "Publish a security event token" of its SSF Receiver API. */
const receiverPath = "/security/api/v1/security-events";
/** An attempt ends before its lease does. */
const defaultLimits = { timeoutMs: 5_000, maxBytes: 64_000 };

/** Sends a message of the outbox to the org of its connection, as a signed security event token (RFC 8935 §2). */
export function signalSender({ now = Date.now, ...deps }: SenderDeps): Handler {
  return async (message) => {
    const ready = await prepare(deps, message, now());
    if (typeof ready === "string") return { state: "given-up", answer: ready };
    const { connection, org, key, email } = ready;
    const { issuer } = signalTransmitterUrls(deps.baseUrl, connection.key);
    const claims = claimsFor(message, { issuer, audience: org, email });
    const owner = { tenantId: message.tenantId, connectionId: connection.id };
    const token = await signToken(key, { sealer: deps.sealer, ...owner }, claims);
    const [url, at] = [org + receiverPath, now()];
    const { status, attempt } = await post(url, token, deps.limits);
    const facts = { tenantId: message.tenantId, connectionKey: connection.key, messageId: message.id };
    deps.onSent({ ...facts, url, token, email, at, ms: now() - at, status, attempt });
    return attempt;
  };
}

interface ReadyMessage {
  connection: Connection;
  org: string;
  key: StoredSignalKey;
  email: string;
}

/** Reads what the message needs, as it is now. Returns why it is not sent, if it is not. */
async function prepare(
  { database }: Pick<SenderDeps, "database">,
  { tenantId, connectionId, userId }: ClaimedMessage,
  now: number,
): Promise<ReadyMessage | string> {
  const store = forTenant(database, tenantId);
  const connection = connectionId === null ? null : await store.connections.byId(connectionId);
  if (connection?.status !== "active" || !connection.sendsSignals) return "signals are off";
  const org = receivingOrg(connection);
  const key = signingKey(await store.signalTransmitters.keys(connection.id), now);
  if (org === null || key === null) return "the org is unknown";
  const email = userId === null ? null : await store.signalTransmitters.addressOf(connection.id, userId);
  return email === null ? "the person has no address" : { connection, org, key, email };
}

/** Posts a token, and judges the answer. Redirects are not followed, and are as final as other refusals. */
async function post(
  url: string,
  token: string,
  limits: FetchLimits,
): Promise<{ status: number | null; attempt: Attempt }> {
  const headers = { "Content-Type": "application/secevent+jwt", Accept: "application/json" };
  const parts = { method: "POST", headers, body: token };
  try {
    const response = await guardedRequest(url, parts, { ...defaultLimits, ...limits });
    return { status: response.status, attempt: await judgeAnswer(response) };
  } catch (error) {
    if (!(error instanceof InvalidError)) throw error;
    return { status: null, attempt: { state: "retry", answer: error.message, retryAfterMs: null } };
  }
}

async function judgeAnswer(response: Response): Promise<Attempt> {
  const { status, headers, ok } = response;
  if (ok) return { state: "sent", answer: String(status) };
  if (status >= 500 || status === 408 || status === 429)
    return { state: "retry", answer: String(status), retryAfterMs: requestedWaitMs(headers) };
  return { state: "refused", answer: `${status}${errorCode(await response.text())}` };
}

/** The code of a refusal (RFC 8935 §2.4), after a space; nothing if the body has none. */
function errorCode(body: string): string {
  const found = /"err"\s*:\s*"([A-Za-z_]{1,40})"/.exec(body)?.[1];
  return found ? ` ${found}` : "";
}
