import { InvalidError } from "../errors.ts";
import type { Sealer } from "../store/secrets.ts";
import type { WebhookEndpoint } from "../store/tenant/webhooks.ts";
import { type FetchLimits, guardedRequest } from "../trust/guarded-fetch.ts";
import { requestedWaitMs } from "../trust/openid-providers.ts";
import { signatureHeaders } from "./signature.ts";

/** A message before it is signed. */
export interface WebhookMessage {
  id: string;
  /** The action of the activity entry, or `webhook.test`. */
  type: string;
  /** When it happened, in ms since the epoch. */
  at: number;
  data: object;
}

/** How an attempt ended: accepted, refused by the receiver for good, or to be tried again. */
export interface PostEnd {
  result: "accepted" | "refused" | "again";
  answer: string;
  /** The time that the receiver asks for. */
  retryAfterMs: number | null;
}

export interface PostDeps {
  sealer: Sealer;
  limits: FetchLimits;
  now?: () => number;
}

/** An attempt ends before the lease of its endpoint does. */
const postLimits = { timeoutMs: 5_000, maxBytes: 64_000 };

/** The sealing context of an endpoint's secret. */
export function webhookSecretContext(tenantId: string, endpointId: string): string {
  return `${tenantId}/webhooks/${endpointId}`;
}

/**
 * Posts a message to an endpoint. Only a 2xx accepts it; redirects are not followed (SSRF). A failed connection, 408, 425,
 * 429 and 5xx may be tried again.
 */
export async function postMessage(
  { sealer, limits, now = Date.now }: PostDeps,
  endpoint: WebhookEndpoint & { tenantId: string },
  { id, type, at, data }: WebhookMessage,
): Promise<PostEnd> {
  const body = JSON.stringify({ type, timestamp: new Date(at).toISOString(), data });
  const sentAt = now();
  const { sealedSecret, former } = endpoint;
  const sealed = former && former.until > sentAt ? [sealedSecret, former.sealedSecret] : [sealedSecret];
  const context = webhookSecretContext(endpoint.tenantId, endpoint.id);
  const secrets = sealed.map((secret) => sealer.open(secret, context));
  const headers = { "Content-Type": "application/json", ...signatureHeaders({ id, sentAt, body }, secrets) };
  try {
    const parts = { method: "POST", headers, body };
    return resultOf(await guardedRequest(endpoint.url, parts, { ...limits, ...postLimits }));
  } catch (error) {
    if (!(error instanceof InvalidError)) throw error;
    return { result: "again", answer: error.message, retryAfterMs: null };
  }
}

function resultOf({ ok, status, headers }: Response): PostEnd {
  const answer = String(status);
  if (ok) return { result: "accepted", answer, retryAfterMs: null };
  const isTemporary = status >= 500 || [408, 425, 429].includes(status);
  if (!isTemporary) return { result: "refused", answer, retryAfterMs: null };
  return { result: "again", answer, retryAfterMs: requestedWaitMs(headers) };
}
