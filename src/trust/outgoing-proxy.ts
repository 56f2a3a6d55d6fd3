import { BlockList, isIP, type Socket } from "node:net";
import { buildConnector, Client } from "undici";
import type { OutgoingProxy } from "../config.ts";

/**
 * Whether a request to this address goes through the proxy. HTTPS_PROXY is for https, as everywhere; http, which only
 * demonstrations and tests allow, never goes through it.
 */
export function usesProxy({ noProxy }: OutgoingProxy, { protocol, hostname, port }: URL): boolean {
  if (protocol !== "https:") return false;
  const host = plainHost(hostname);
  return !noProxy.split(/[\s,]+/).some((entry) => entry !== "" && matches(entry, host, port || "443"));
}

/** The proxy does not connect to the host: its policy forbids it, or the credentials are wrong. */
export class ProxyRefusedError extends Error {
  override name = "ProxyRefusedError";
  readonly status: number;
  constructor(status: number) {
    super(`the proxy answered ${status}`);
    this.status = status;
  }
}

/**
 * Connects through the proxy (CONNECT, RFC 9110 §9.3.6) by the name of the host, because proxies allow destinations by
 * name. TLS ends at the host, not at the proxy, and the host's certificate is verified for its name. undici's ProxyAgent
 * does the same, but its error does not say that the proxy refused.
 * @param signal ends the wait for the proxy.
 */
export function connectThrough({ url }: OutgoingProxy, signal: AbortSignal): buildConnector.connector {
  const { origin, username, password } = new URL(url);
  const credentials = Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`);
  const authorization =
    username === "" ? {} : { "proxy-authorization": `Basic ${credentials.toString("base64")}` };
  const startTls = buildConnector({});
  return (options, done) => {
    const host = isIP(options.hostname) === 6 ? `[${options.hostname}]` : options.hostname;
    const target = `${host}:${options.port || "443"}`;
    // Only the origin, so that no error can carry the credentials.
    const proxy = new Client(origin);
    proxy
      .connect({ path: target, headers: { host: target, ...authorization }, signal })
      .then(({ socket, statusCode }) => {
        if (statusCode < 200 || statusCode > 299) throw new ProxyRefusedError(statusCode);
        startTls({ ...options, httpSocket: socket as Socket }, done);
      })
      .catch((error: Error) => {
        void proxy.destroy();
        done(error, null);
      });
  };
}

/**
 * Whether an entry of NO_PROXY names a host: `*`, an address, a range of addresses, or a name. As at curl, a name includes
 * the names below it, with or without a leading dot. A port limits the entry to that port.
 */
function matches(entry: string, host: string, port: string): boolean {
  if (entry === "*") return true;
  const { name, onlyPort } = splitPort(entry.toLowerCase());
  if (onlyPort !== null && onlyPort !== port) return false;
  const family = isIP(host);
  if (family !== 0) return includesAddress(name, host, family);
  const suffix = plainHost(name.replace(/^\*?\./, ""));
  return suffix !== "" && (host === suffix || host.endsWith(`.${suffix}`));
}

function splitPort(entry: string): { name: string; onlyPort: string | null } {
  // An IPv6 address has colons of its own, so a port can follow it only in brackets.
  const found = /^(\[[^\]]+\]|[^:]+):(\d+)$/.exec(entry);
  return found ? { name: found[1] ?? "", onlyPort: found[2] ?? null } : { name: entry, onlyPort: null };
}

/** Whether `entry`, an address or a range in CIDR notation, includes an address. */
function includesAddress(entry: string, address: string, family: number): boolean {
  const [net = "", bits] = entry.split("/");
  const start = plainHost(net);
  if (isIP(start) !== family) return false;
  const longest = family === 4 ? 32 : 128;
  const prefix = bits === undefined ? longest : Number(bits);
  if (!Number.isInteger(prefix) || prefix < 0 || prefix > longest) return false;
  const type = family === 4 ? "ipv4" : "ipv6";
  const range = new BlockList();
  range.addSubnet(start, prefix, type);
  return range.check(address, type);
}

/** A host without the brackets of IPv6, or the final dot of an absolute name. */
function plainHost(host: string): string {
  return host
    .toLowerCase()
    .replace(/^\[|\]$/g, "")
    .replace(/\.$/, "");
}
