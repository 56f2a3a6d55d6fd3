import type { Connection, Domain } from "../model.ts";
import type { Fact } from "../trust/connection-facts.ts";

/** Whether a domain's people can be led to a connection alone: it is on, and was tested. */
export function isReady({ status, testedAt }: Connection): boolean {
  return status === "active" && testedAt !== null;
}

/** Whom a connection trusts: the issuer or entity ID. */
export function providerOf({ settings }: Connection): string {
  if (!settings) return "no provider yet";
  return "issuer" in settings ? settings.issuer : settings.idpEntityId;
}

/** What the page shows of a domain, and of the connections that its people can be led to. */
export function domainFacts(
  { domain, verifiedAt, enforcedConnectionId }: Domain,
  connections: readonly Connection[],
): Fact[] {
  const nameOf = (one: Connection) => `${one.key} (${one.type.toUpperCase()}) for ${providerOf(one)}`;
  const enforced = connections.find(({ id }) => id === enforcedConnectionId);
  return [
    ["Domain", domain],
    ["Verified", verifiedAt === null ? "No" : "Yes"],
    ["People sign in with", enforced ? `${nameOf(enforced)}, ${enforced.status}` : "Anything"],
    ["Connections to choose from", connections.filter(isReady).map(nameOf).join("\n") || "None"],
  ];
}
