/**
 * Trust: how we use the URLs, keys and certificates that customers enter.
 *
 * Owns: fetching such a URL without server-side request forgery (this file), the cache of issuers' keys (jwks.ts),
 * certificates, and the facts and warnings about connections. Every room may use it. May import: errors, model.
 */
import { lookup } from "node:dns/promises";
import { BlockList, isIP } from "node:net";
import { Agent, fetch } from "undici";
import { InvalidError } from "../errors.ts";

export interface FetchLimits {
  /** Lets http and private addresses through: INSECURE_ALLOW_PRIVATE_NETWORK. */
  allowPrivateNetwork: boolean;
  maxBytes?: number;
  timeoutMs?: number;
  /** Resolves a host name; the system's resolver by default. */
  addressesOf?: (host: string) => Promise<Address[]>;
}

interface Address {
  address: string;
  /** 4 or 6. */
  family: number;
}

export interface RequestParts {
  method?: string;
  headers?: Record<string, string>;
  body?: string;
}

/**
 * Sends a request to a URL that someone else chose: https only, public addresses only, no redirects, limited in size and
 * time. The name is resolved once and the connection goes to exactly that address, which defeats DNS rebinding. Resolves
 * when the response has been read. Throws InvalidError with a sentence for the person who entered the URL.
 */
export async function guardedRequest(
  address: string,
  parts: RequestParts,
  {
    allowPrivateNetwork,
    maxBytes = 1_000_000,
    timeoutMs = 5_000,
    addressesOf = systemAddresses,
  }: FetchLimits,
): Promise<Response> {
  const url = checkedUrl(address, allowPrivateNetwork);
  const pinned = await resolve(url.hostname, allowPrivateNetwork, addressesOf);
  const dispatcher = new Agent({
    maxResponseSize: maxBytes,
    connect: {
      lookup: (_host, options, done) =>
        options.all ? done(null, [pinned]) : done(null, pinned.address, pinned.family),
    },
  });
  try {
    const signal = AbortSignal.timeout(timeoutMs);
    const answer = await fetch(url, { ...parts, dispatcher, redirect: "manual", signal });
    const body = [204, 304].includes(answer.status) ? null : await answer.text();
    return new Response(body, { status: answer.status, headers: [...answer.headers] });
  } catch (error) {
    throw new InvalidError(`${url.origin} could not be read: ${failure(error)}.`, { cause: error });
  } finally {
    await dispatcher.destroy();
  }
}

/** Fetches a text by guardedRequest. Throws InvalidError unless the status is 200. */
export async function guardedFetch(address: string, limits: FetchLimits): Promise<string> {
  return await textOf(await guardedRequest(address, {}, limits), address);
}

/** The text of a response. Throws InvalidError unless the status is 200. */
export async function textOf(answer: Response, address: string): Promise<string> {
  if (answer.status === 200) return await answer.text();
  const hint = answer.status < 400 ? ": give the final address, redirects are not followed" : "";
  throw new InvalidError(`${new URL(address).origin} answered ${answer.status} instead of 200${hint}.`);
}

/** Parses a URL that must use https, except in the demo and in tests. Throws InvalidError. */
export function checkedUrl(address: string, allowPrivateNetwork: boolean): URL {
  const url = URL.canParse(address) ? new URL(address) : null;
  if (!url || !/^https?:$/.test(url.protocol)) throw new InvalidError(`"${address}" is not a web address.`);
  if (url.protocol === "http:" && !allowPrivateNetwork)
    throw new InvalidError("The address must start with https://.");
  if (url.username || url.password)
    throw new InvalidError("The address must not carry a user name or a password.");
  return url;
}

const systemAddresses = (host: string): Promise<Address[]> => lookup(host, { all: true });

async function resolve(
  hostname: string,
  allowPrivateNetwork: boolean,
  addressesOf: (host: string) => Promise<Address[]>,
): Promise<Address> {
  const host = hostname.replace(/^\[|\]$/g, "");
  const found = isIP(host)
    ? [{ address: host, family: isIP(host) }]
    : await addressesOf(host).catch(() => []);
  const [first] = found;
  if (!first) throw new InvalidError(`The name ${host} could not be resolved.`);
  // Refuse if any address is private: we cannot know which one the connection would use.
  if (!allowPrivateNetwork && found.some(({ address, family }) => isPrivate(address, family))) {
    throw new InvalidError(`The name ${host} leads to a private address.`);
  }
  return first;
}

function failure(error: unknown): string {
  const { name, cause } = error as { name?: string; cause?: { code?: string } };
  if (name === "TimeoutError") return "it did not answer in time";
  if (cause?.code === "UND_ERR_RES_EXCEEDED_MAX_SIZE") return "the answer is too large";
  return cause?.code ?? "the connection failed";
}

/** Whether an address is not on the public internet (RFC 6890, RFC 4193, RFC 4291). */
function isPrivate(address: string, family: number): boolean {
  return family === 6 ? notPublic6.check(address, "ipv6") : notPublic4.check(address, "ipv4");
}

// Two lists, because a BlockList compares IPv4 addresses in their mapped form: "::ffff:0:0/96" would match all of them.
const notPublic4 = new BlockList();
const notPublic6 = new BlockList();
const ranges4 = [
  "0.0.0.0/8",
  "10.0.0.0/8",
  "100.64.0.0/10",
  "127.0.0.0/8",
  "169.254.0.0/16",
  "172.16.0.0/12",
  "192.0.0.0/24",
  "192.0.2.0/24",
  "192.88.99.0/24",
  "192.168.0.0/16",
  "198.18.0.0/15",
  "198.51.100.0/24",
  "203.0.113.0/24",
  "224.0.0.0/3",
];
// "::/96", "::ffff:0:0/96" and "64:ff9b::/96" embed IPv4 addresses; public hosts do not use them.
const ranges6 = [
  "::/96",
  "::ffff:0:0/96",
  "64:ff9b::/96",
  "100::/64",
  "2001::/23",
  "2001:db8::/32",
  "2002::/16",
  "fc00::/7",
  "fe80::/10",
  "ff00::/8",
];
for (const [list, ranges, family] of [
  [notPublic4, ranges4, "ipv4"],
  [notPublic6, ranges6, "ipv6"],
] as const) {
  for (const range of ranges) {
    const [net, bits] = range.split("/") as [string, string];
    list.addSubnet(net, Number(bits), family);
  }
}
