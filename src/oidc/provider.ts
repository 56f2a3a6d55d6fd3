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
import { type FetchLimits, guardedRequest } from "../trust/guarded-fetch.ts";

/** How long what a provider says of itself is believed. */
const discoveryMs = 60 * 60_000;
const clockToleranceSeconds = 60;
const longestWaitMs = 3_000;

/** Knows providers by what their discovery documents say. */
export interface Providers {
  /**
   * openid-client's configuration for one client of a provider. Throws when the provider cannot be reached or its
   * discovery document names another issuer.
   */
  configuration(settings: OidcSettings, secret: string): Promise<Configuration>;
  /** Where the provider publishes its keys. Throws as configuration does. */
  jwksUri(settings: OidcSettings): Promise<string>;
}

/** One cache of discovery documents for the process; nothing in it is needed for a right answer. */
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
  // Clocks may differ by a minute. Which signatures are taken is up to our own key store (trust/jwks.ts).
  const client = { [clockTolerance]: clockToleranceSeconds };
  const configuration = new Configuration(metadata, settings.clientId, client, ClientSecretBasic(secret));
  configuration[customFetch] = providerFetch(limits);
  if (limits.allowPrivateNetwork) allowInsecureRequests(configuration);
  return configuration;
}

/**
 * How openid-client reaches a provider: through the guard, a GET once more when it failed, and a POST, which goes to the
 * token endpoint alone, once more only when that says 429 and that the limit ends within three seconds (Okta:
 * X-Rate-Limit-Reset, in seconds since the epoch). A code is worth one try otherwise.
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

/** How long until the provider's rate limit ends, in ms; null when that is too long to wait for. */
function untilReset(answer: Response): number | null {
  const reset = Number(answer.headers.get("x-rate-limit-reset") ?? Number.NaN) * 1000 - Date.now();
  return reset <= longestWaitMs ? Math.max(0, reset) : null;
}
