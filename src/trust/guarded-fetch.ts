/**
 * Trust: how we use the URLs, keys and certificates that customers enter.
 *
 * Owns: fetching such a URL without server-side request forgery (this file), the addresses of a host, their check and the
 * connection to any of them (addresses.ts), the operator's proxy (outgoing-proxy.ts), the cache of issuers' keys (jwks.ts),
 * certificates, and the facts and warnings about connections. Every room may use it. May import: config, errors, model.
 */
import { Agent, fetch } from "undici";
import type { Config, OutgoingProxy } from "../config.ts";
import { InvalidError, OutageError } from "../errors.ts";
import {
  type AddressLookup,
  checkProxiedHost,
  connectToAny,
  publicAddresses,
  systemAddresses,
} from "./addresses.ts";
import { connectThrough, ProxyRefusedError, usesProxy } from "./outgoing-proxy.ts";

export interface FetchLimits {
  /** Lets http and private addresses through: INSECURE_ALLOW_PRIVATE_NETWORK. */
  allowPrivateNetwork: boolean;
  /** The proxy for https addresses: OUTGOING_PROXY. */
  proxy?: OutgoingProxy | null;
  maxBytes?: number;
  timeoutMs?: number;
  /** Resolves a host name; the system's resolver by default. */
  addressesOf?: AddressLookup;
}

/** The limits that the configuration sets. */
export function configuredLimits({
  insecureAllowPrivateNetwork,
  outgoingProxy,
}: Pick<Config, "insecureAllowPrivateNetwork" | "outgoingProxy">): FetchLimits {
  return { allowPrivateNetwork: insecureAllowPrivateNetwork, proxy: outgoingProxy };
}

export interface RequestParts {
  method?: string;
  headers?: Record<string, string>;
  body?: string;
}

/**
 * Sends a request to a URL that someone else chose: https only, public addresses only, no redirects, limited in size and
 * time. The name is resolved once and the connection goes to exactly those addresses, until one accepts it: this
 * defeats DNS rebinding. Through a proxy, the name is checked here and the proxy resolves it again, so the proxy
 * must refuse private addresses. Resolves when the response has been read. Throws InvalidError with a
 * sentence for the person who entered the URL.
 */
export async function guardedRequest(
  address: string,
  parts: RequestParts,
  limits: FetchLimits,
): Promise<Response> {
  const { allowPrivateNetwork, maxBytes = 1_000_000, timeoutMs = 5_000 } = limits;
  const url = checkedUrl(address, allowPrivateNetwork);
  const signal = AbortSignal.timeout(timeoutMs);
  const dispatcher = await dispatcherFor(url, { ...limits, maxBytes, timeoutMs }, signal);
  try {
    const answer = await fetch(url, { ...parts, dispatcher, redirect: "manual", signal });
    const body = [204, 304].includes(answer.status) ? null : await answer.arrayBuffer();
    return new Response(body, { status: answer.status, headers: [...answer.headers] });
  } catch (error) {
    const Failure = isTooLarge(error) ? InvalidError : OutageError;
    throw new Failure(`${url.origin} could not be read: ${failure(error)}.`, { cause: error });
  } finally {
    await dispatcher.destroy();
  }
}

/** Fetches a text in UTF-8 by guardedRequest. Throws InvalidError unless the status is 200. */
export async function guardedFetch(address: string, limits: FetchLimits): Promise<string> {
  return await textOf(await guardedRequest(address, {}, limits), address);
}

// SAML {
/** Fetches a document whose encoding it says itself, by guardedRequest. Throws InvalidError unless the status is 200. */
export async function guardedDocument(address: string, limits: FetchLimits): Promise<Uint8Array> {
  return await bytesOf(await guardedRequest(address, {}, limits), address);
}
// SAML }

/** The text of a response in UTF-8. Throws InvalidError unless the status is 200. */
export async function textOf(answer: Response, address: string): Promise<string> {
  return new TextDecoder().decode(await bytesOf(answer, address));
}

async function bytesOf(answer: Response, address: string): Promise<Uint8Array> {
  if (answer.status === 200) return new Uint8Array(await answer.arrayBuffer());
  const hint = answer.status < 400 ? ": give the final address, redirects are not followed" : "";
  const Failure = answer.status >= 500 || answer.status === 429 ? OutageError : InvalidError;
  throw new Failure(`${new URL(address).origin} answered ${answer.status} instead of 200${hint}.`);
}

/** Checks that guardedRequest would send to a URL, as far as that is known before. Throws InvalidError. */
export async function checkReachable(address: string, limits: FetchLimits): Promise<void> {
  const { allowPrivateNetwork, maxBytes = 0, timeoutMs = 5_000 } = limits;
  const url = checkedUrl(address, allowPrivateNetwork);
  const all = { ...limits, maxBytes, timeoutMs };
  await (await dispatcherFor(url, all, AbortSignal.timeout(timeoutMs))).destroy();
}

/** Parses a URL that must use https, except in development and in tests. Throws InvalidError. */
export function checkedUrl(address: string, allowPrivateNetwork: boolean): URL {
  const url = URL.canParse(address) ? new URL(address) : null;
  if (!url || !/^https?:$/.test(url.protocol)) throw new InvalidError(`"${address}" is not a web address.`);
  if (url.protocol === "http:" && !allowPrivateNetwork)
    throw new InvalidError("The address must start with https://.");
  if (url.username || url.password)
    throw new InvalidError("The address must not carry a user name or a password.");
  return url;
}

/** Checks the host, and returns the way to it. Throws InvalidError. */
async function dispatcherFor(
  url: URL,
  limits: FetchLimits & { maxBytes: number; timeoutMs: number },
  signal: AbortSignal,
): Promise<Agent> {
  const { allowPrivateNetwork, addressesOf = systemAddresses, proxy, maxBytes, timeoutMs } = limits;
  const check = { allowPrivateNetwork, addressesOf, timeoutMs };
  if (proxy && usesProxy(proxy, url)) {
    // A resolver that does not know outside names may not answer at all, so half of the time is left for the proxy.
    await checkProxiedHost(url.hostname, { ...check, timeoutMs: timeoutMs / 2 });
    return new Agent({ maxResponseSize: maxBytes, connect: connectThrough(proxy, signal) });
  }
  const pinned = await publicAddresses(url.hostname, check);
  return new Agent({ maxResponseSize: maxBytes, connect: connectToAny(pinned, timeoutMs, signal) });
}

function isTooLarge(error: unknown): boolean {
  return (error as { cause?: { code?: string } }).cause?.code === "UND_ERR_RES_EXCEEDED_MAX_SIZE";
}

function failure(error: unknown): string {
  const { name, cause } = error as { name?: string; cause?: { code?: string } };
  if (name === "TimeoutError") return "it did not answer in time";
  if (isTooLarge(error)) return "the answer is too large";
  if (cause instanceof ProxyRefusedError) return cause.message;
  return cause?.code ?? "the connection failed";
}
