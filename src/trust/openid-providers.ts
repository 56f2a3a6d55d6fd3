import { setTimeout as sleep } from "node:timers/promises";
import {
  allowInsecureRequests,
  ClientError,
  ClientSecretBasic,
  Configuration,
  type CustomFetch,
  clockTolerance,
  customFetch,
  discovery,
  ResponseBodyError,
  type ServerMetadata,
  WWWAuthenticateChallengeError,
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
  /** When it was sent, in ms since 1970. */
  at: number;
  /** Null until the response is there; `ms` is how long it took. */
  answer: { status: number; text: string; ms: number } | null;
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
    if (cached && cached.until > now()) return configure(cached.metadata, settings, secret, limits);
    const fresh = await discover(settings, secret, limits);
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
export function recordExchanges(configuration: Configuration, exchanges: ProviderExchange[]): Configuration {
  const send = configuration[customFetch];
  if (!send) return configuration;
  configuration[customFetch] = async (url, options) => {
    const { method, headers, body } = options;
    const text = body == null ? "" : String(body);
    const exchange: ProviderExchange = { method, url, headers, body: text, at: Date.now(), answer: null };
    exchanges.push(exchange);
    const answer = await send(url, options);
    const answered = { status: answer.status, text: await answer.clone().text() };
    exchange.answer = { ...answered, ms: Date.now() - exchange.at };
    return answer;
  };
  return configuration;
}

async function discover(settings: OidcSettings, secret: string, limits: FetchLimits): Promise<Configuration> {
  const found = await discovery(new URL(settings.issuer), settings.clientId, {}, ClientSecretBasic(secret), {
    [customFetch]: providerFetch(limits),
    execute: limits.allowPrivateNetwork ? [allowInsecureRequests] : [],
  });
  return configure(found.serverMetadata(), settings, secret, limits);
}

function configure(
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

/** The status of the provider's answer that an error of openid-client is about; null for any other error. */
export function answerStatusOf(error: unknown): number | null {
  if (error instanceof ResponseBodyError || error instanceof WWWAuthenticateChallengeError)
    return error.status;
  return error instanceof ClientError && error.cause instanceof Response ? error.cause.status : null;
}

/** The fetch function for openid-client, through the guard. */
function providerFetch(limits: FetchLimits): CustomFetch {
  return async (url, { method, headers, body }) => {
    const parts = { method, headers, ...(body == null ? {} : { body: String(body) }) };
    return await sendPatiently(() => guardedRequest(url, parts, limits), method);
  };
}

/**
 * Sends a request to a provider, and once more if the provider says when to come back (429 or 503) and that is within three
 * seconds. A GET that failed otherwise is sent once more at once. A POST goes to the token endpoint only, and a code is
 * valid once, so a POST is sent again only if the provider asks for it.
 */
export async function sendPatiently(send: () => Promise<Response>, method = "GET"): Promise<Response> {
  const isGet = method === "GET";
  const answer = await (isGet ? send().catch(() => null) : send());
  if (answer === null) return await send();
  const waitMs = [429, 503].includes(answer.status) ? requestedWaitMs(answer.headers) : null;
  if (waitMs === null) return isGet && answer.status >= 500 ? await send() : answer;
  if (waitMs > longestWaitMs) return answer;
  await sleep(waitMs);
  return await send();
}

/**
 * Milliseconds until a provider wants the next request, by Retry-After (RFC 9110 §10.2.3: seconds, or a date) and by Okta's
 * X-Rate-Limit-Reset (seconds since the epoch). The later one counts. Null if the provider does not say.
 */
export function requestedWaitMs(headers: Headers, now: number = Date.now()): number | null {
  const [after = "", reset = ""] = ["retry-after", "x-rate-limit-reset"].map((name) =>
    headers.get(name)?.trim(),
  );
  const isDate = /^[a-z]{3,}/i.test(after);
  const waits = [
    isSeconds(after) ? Number(after) * 1000 : Number.NaN,
    isDate ? Date.parse(after) - now : Number.NaN,
    isSeconds(reset) ? Number(reset) * 1000 - now : Number.NaN,
  ].filter((wait) => !Number.isNaN(wait));
  return waits.length === 0 ? null : Math.max(0, ...waits);
}

function isSeconds(text: string): boolean {
  return /^\d+$/.test(text);
}
