import { setTimeout as sleep } from "node:timers/promises";
import {
  allowInsecureRequests,
  ClientSecretBasic,
  Configuration,
  type CustomFetch,
  clockTolerance,
  customFetch,
  discovery,
  type ServerMetadata,
} from "openid-client";
import { InvalidError } from "../errors.ts";
import type { OidcSettings } from "../model.ts";
import { type FetchLimits, guardedRequest } from "./guarded-fetch.ts";

/** How long a discovery document is cached. */
const discoveryMs = 60 * 60_000;
const clockToleranceSeconds = 60;
const longestWaitMs = 3_000;

/** A request to the provider during a sign-in, and its response. */
export interface ProviderExchange {
  method: string;
  url: string;
  headers: Record<string, string>;
  body: string;
  /** Null until the response is there. */
  answer: { status: number; text: string } | null;
}

/** Providers, as their discovery documents describe them. */
export interface Providers {
  /**
   * openid-client's configuration for one client of a provider. Throws if the provider cannot be reached, or if its
   * discovery document names another issuer.
   */
  configuration(settings: OidcSettings, secret: string): Promise<Configuration>;
  /** The address of the provider's signing keys. Throws as configuration() does. */
  jwksUri(settings: OidcSettings): Promise<string>;
}

/** Each process caches discovery documents for itself; a replica without the cache gives the same answers. */
export function oidcProviders(limits: FetchLimits, now: () => number = Date.now): Providers {
  const known = new Map<string, { metadata: ServerMetadata; until: number }>();
  const configuration: Providers["configuration"] = async (settings, secret) => {
    const cached = known.get(settings.issuer);
    if (cached && cached.until > now()) return configured(cached.metadata, settings, secret, limits);
    const fresh = await discovered(settings, secret, limits);
    known.set(settings.issuer, { metadata: fresh.serverMetadata(), until: now() + discoveryMs });
    return fresh;
  };
  return {
    configuration,
    async jwksUri(settings) {
      const { jwks_uri: uri } = (await configuration(settings, "not needed to read keys")).serverMetadata();
      if (!uri) throw new InvalidError("The provider does not say where its keys are.");
      return uri;
    },
  };
}

/** Appends each request that openid-client sends to the provider, and its response, to `exchanges`. */
export function observed(configuration: Configuration, exchanges: ProviderExchange[]): Configuration {
  const send = configuration[customFetch];
  if (!send) return configuration;
  configuration[customFetch] = async (url, options) => {
    const { method, headers, body } = options;
    const text = body == null ? "" : String(body);
    const exchange: ProviderExchange = { method, url, headers, body: text, answer: null };
    exchanges.push(exchange);
    const answer = await send(url, options);
    exchange.answer = { status: answer.status, text: await answer.clone().text() };
    return answer;
  };
  return configuration;
}

async function discovered(
  settings: OidcSettings,
  secret: string,
  limits: FetchLimits,
): Promise<Configuration> {
  const found = await discovery(new URL(settings.issuer), settings.clientId, {}, ClientSecretBasic(secret), {
    [customFetch]: providerFetch(limits),
    execute: limits.allowPrivateNetwork ? [allowInsecureRequests] : [],
  });
  return configured(found.serverMetadata(), settings, secret, limits);
}

function configured(
  metadata: ServerMetadata,
  settings: OidcSettings,
  secret: string,
  limits: FetchLimits,
): Configuration {
  // Clocks may differ by a minute. trust/jwks.ts decides which signature algorithms are accepted.
  const client = { [clockTolerance]: clockToleranceSeconds };
  const configuration = new Configuration(metadata, settings.clientId, client, ClientSecretBasic(secret));
  configuration[customFetch] = providerFetch(limits);
  if (limits.allowPrivateNetwork) allowInsecureRequests(configuration);
  return configuration;
}

/**
 * The fetch function for openid-client, through the guard. It retries a failed GET once. A POST goes to the token endpoint
 * only, and a code is valid once: it is retried only after a 429 whose limit ends within three seconds (Okta:
 * X-Rate-Limit-Reset, in seconds since the epoch).
 */
function providerFetch(limits: FetchLimits): CustomFetch {
  return async (url, { method, headers, body }) => {
    const parts = { method, headers, ...(body == null ? {} : { body: String(body) }) };
    const send = () => guardedRequest(url, parts, limits);
    if (method === "GET") return await send().then((answer) => (answer.status < 500 ? answer : send()), send);
    const answer = await send();
    const waitMs = answer.status === 429 ? untilReset(answer) : null;
    if (waitMs === null) return answer;
    await sleep(waitMs);
    return await send();
  };
}

/** Milliseconds until the provider's rate limit ends; null if that is too long to wait. */
function untilReset(answer: Response): number | null {
  const reset = Number(answer.headers.get("x-rate-limit-reset") ?? Number.NaN) * 1000 - Date.now();
  return reset <= longestWaitMs ? Math.max(0, reset) : null;
}
