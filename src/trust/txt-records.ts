import { Resolver } from "node:dns/promises";
import { InvalidError } from "../errors.ts";

/** Looks up the TXT records of a name, each as one string; empty if there is no such name. Throws InvalidError. */
export type TxtLookup = (name: string) => Promise<string[]>;

/** @param servers DNS servers, as "address:port"; the system's own by default. */
export function txtLookup(servers?: readonly string[]): TxtLookup {
  const resolver = new Resolver({ timeout: 3_000, tries: 2 });
  if (servers) resolver.setServers(servers);
  return async (name) => {
    try {
      // A record longer than 255 bytes comes in several strings (RFC 1035 §3.3.14).
      return (await resolver.resolveTxt(name)).map((strings) => strings.join(""));
    } catch (error) {
      const { code } = error as { code?: unknown };
      if (code === "ENOTFOUND" || code === "ENODATA") return [];
      throw new InvalidError(`The DNS servers of ${name} do not answer right now. Try again in a minute.`, {
        cause: error,
      });
    }
  };
}
