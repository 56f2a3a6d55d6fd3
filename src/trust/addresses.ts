/**
 * The addresses of a host: which of them may be connected to, and the connection to any of them.
 */
import { lookup } from "node:dns/promises";
import { BlockList, isIP } from "node:net";
import { buildConnector } from "undici";
import { InvalidError, OutageError } from "../errors.ts";

/** An address of a host. */
export interface Address {
  address: string;
  /** 4 or 6. */
  family: number;
}

/** Resolves a host name to all its addresses. */
export type AddressLookup = (host: string) => Promise<Address[]>;

/** Resolves as the rest of the system does: the hosts file, then DNS, IPv6 and IPv4. */
export const systemAddresses: AddressLookup = (host) => lookup(host, { all: true });

/** How to check a host before a connection to it. */
export interface AddressCheck {
  allowPrivateNetwork: boolean;
  addressesOf: AddressLookup;
  /** How long to wait for the resolver, in ms. */
  timeoutMs: number;
}

/**
 * The addresses of a URL's host, in the resolver's order, for a connection from here. Throws InvalidError if there is none,
 * or if any of them is private. A public provider publishes no private address: a name with both is misconfigured, or an
 * attacker tries which of them we use, so no address of it is tried.
 */
export async function publicAddresses(hostname: string, check: AddressCheck): Promise<Address[]> {
  const found = await addresses(hostname, check);
  if (found.length === 0) throw new OutageError(`The name ${hostOf(hostname)} could not be resolved.`);
  return found;
}

/**
 * Checks a URL's host before a proxy connects to it. A network that has a proxy often resolves no outside names: then the
 * proxy resolves the name, unless it is one of a private network. The same holds if the resolver here is too slow. Then only
 * the proxy can refuse a private address. Throws InvalidError.
 */
export async function checkProxiedHost(hostname: string, check: AddressCheck): Promise<void> {
  const found = await addresses(hostname, check);
  if (found.length === 0 && !check.allowPrivateNetwork && isPrivateName(hostOf(hostname)))
    throw new InvalidError(`The name ${hostOf(hostname)} is one of a private network.`);
}

/** All addresses; none if the name does not resolve in time. Throws InvalidError if any of them is private. */
async function addresses(
  hostname: string,
  { allowPrivateNetwork, addressesOf, timeoutMs }: AddressCheck,
): Promise<Address[]> {
  const host = hostOf(hostname);
  const family = isIP(host);
  const found = family === 0 ? await within(timeoutMs, addressesOf(host), []) : [{ address: host, family }];
  if (!allowPrivateNetwork && found.some(isPrivate))
    throw new InvalidError(`The name ${host} leads to a private address.`);
  return found;
}

/** The host as resolvers take it: URLs write IPv6 addresses in brackets. */
function hostOf(hostname: string): string {
  return hostname.replace(/^\[|\]$/g, "");
}

/** The value of `work`, or `otherwise` if it fails or takes longer than `ms`. */
async function within<T>(ms: number, work: Promise<T>, otherwise: T): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<T>((resolve) => {
    timer = setTimeout(() => resolve(otherwise), ms);
  });
  try {
    return await Promise.race([work, tooLate]);
  } catch {
    return otherwise;
  } finally {
    clearTimeout(timer);
  }
}

/**
 * The last labels of names that only private networks resolve. A provider in Andorra (`ad`) must have an address here.
 */
const privateSuffixes = new Set([
  // RFC 6761 §6.2 to §6.4, RFC 6762 §3, RFC 7686, RFC 8375, RFC 9476, and ICANN's .internal.
  ...["localhost", "local", "internal", "test", "invalid", "onion", "arpa", "alt"],
  // RFC 6762 Appendix G, and the names that ICANN does not delegate because private networks use them.
  ...["corp", "home", "lan", "intranet", "private", "mail"],
  // Unregistered names of networks, directories, containers and their service registries.
  ...["localdomain", "localnet", "domain", "workgroup", "intra", "intern", "priv", "loc", "lab", "ad", "dc"],
  ...["server", "gateway", "router", "svc", "default", "pod", "cluster", "consul", "nomad", "mesh", "docker"],
  ...[
    "containers",
    "lxd",
    "incus",
    "vagrant",
    "vm",
    "libvirt",
    "openstacklocal",
    "belkin",
    "dlink",
    "homestation",
  ],
]);

/** Whether a name has no dot, or ends like those of private networks. */
function isPrivateName(host: string): boolean {
  const labels = host.toLowerCase().replace(/\.$/, "").split(".");
  return labels.length === 1 || privateSuffixes.has(labels.at(-1) ?? "");
}

/** Whether an address is not on the public internet (RFC 6890, RFC 4193, RFC 4291). */
function isPrivate({ address, family }: Address): boolean {
  return family === 6 ? notPublic6.check(address, "ipv6") : notPublic4.check(address, "ipv4");
}

// Two lists, because a BlockList compares IPv4 addresses in their mapped form: "::/3" would match all of them.
const notPublic4 = new BlockList();
const notPublic6 = new BlockList();
const ranges4 = [
  "0.0.0.0/8",
  "10.0.0.0/8",
  "100.64.0.0/10",
  "127.0.0.0/8",
  // Azure's host service, which every virtual machine reaches.
  "168.63.129.16/32",
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
// Public IPv6 is 2000::/3 without the ranges for special purposes in it (RFC 4291 §2.4, IANA's registry). The first three rows
// are all the rest: local and site-local addresses, translation prefixes that embed IPv4 addresses, and what is not assigned.
const ranges6 = ["::/3", "4000::/2", "8000::/1", "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"];
for (const [list, ranges, family] of [
  [notPublic4, ranges4, "ipv4"],
  [notPublic6, ranges6, "ipv6"],
] as const) {
  for (const range of ranges) {
    const [net, bits] = range.split("/") as [string, string];
    list.addSubnet(net, Number(bits), family);
  }
}

/** The time between two attempts, in ms, and the shortest one, for a name with many addresses (RFC 8305 §5). */
const usualDelayMs = 250;
const shortestDelayMs = 100;

/**
 * Connects to the first address that accepts the connection and proves the host's name by TLS. The families alternate, and
 * the next attempt begins when the one before fails or has not succeeded after a moment (RFC 8305 §4, §5), so an address that
 * does not answer costs a moment only. The first success ends the other attempts.
 * @param timeoutMs the time in which every address should have its attempt.
 * @param signal ends all attempts.
 */
export function connectToAny(
  addresses: readonly Address[],
  timeoutMs: number,
  signal: AbortSignal,
): buildConnector.connector {
  const inTurn = alternateFamilies(addresses);
  const delayMs = Math.max(shortestDelayMs, Math.min(usualDelayMs, timeoutMs / (inTurn.length + 1)));
  return (options, done) => {
    const attempts: AbortController[] = [];
    let failures = 0;
    let next: NodeJS.Timeout | undefined;
    let isOver = false;
    const end = (...result: Parameters<buildConnector.Callback>) => {
      isOver = true;
      clearTimeout(next);
      signal.removeEventListener("abort", abort);
      done(...result);
    };
    const abort = () => {
      for (const attempt of attempts) attempt.abort();
      end(new Error("The connection took too long."), null);
    };
    const start = () => {
      clearTimeout(next);
      const address = inTurn[attempts.length];
      if (!address) return;
      const attempt = new AbortController();
      attempts.push(attempt);
      next = setTimeout(start, delayMs);
      connectorTo(address, attempt.signal)(options, (...[error, socket]) => {
        if (isOver) return;
        if (error !== null) {
          failures++;
          if (failures === inTurn.length) end(error, null);
          else start();
          return;
        }
        for (const other of attempts) if (other !== attempt) other.abort();
        end(null, socket);
      });
    };
    signal.addEventListener("abort", abort);
    if (signal.aborted) abort();
    else start();
  };
}

/** Connects to one address, until the signal ends it. A connector without a limit of time of its own. */
function connectorTo({ address, family }: Address, signal: AbortSignal): buildConnector.connector {
  return buildConnector({
    timeout: 0,
    signal,
    lookup: (_host, options, done) =>
      options.all ? done(null, [{ address, family }]) : done(null, address, family),
  });
}

/** The addresses in the resolver's order, but of both families in turn (RFC 8305 §4). */
function alternateFamilies(addresses: readonly Address[]): Address[] {
  const first = addresses.filter(({ family }) => family === addresses[0]?.family);
  const second = addresses.filter(({ family }) => family !== addresses[0]?.family);
  const longest = Math.max(first.length, second.length);
  return Array.from({ length: longest }, (_, index) => [first[index], second[index]])
    .flat()
    .filter((address) => address !== undefined);
}
