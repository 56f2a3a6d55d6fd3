import { ConflictError, InvalidError, NotFoundError } from "../errors.ts";
import type { Connection, Domain, User } from "../model.ts";
import type { TenantStore } from "../store/tenant-store.ts";
import { domainKey, nameKey } from "../store/text-keys.ts";

/** The TXT record that proves ownership of a domain. */
export function domainProof({ verificationToken }: Domain): string {
  return `domain-verification=${verificationToken}`;
}

/**
 * Verifies a domain by its TXT records; from then on it routes sign-ins. Throws NotFoundError, and InvalidError that
 * says what the records lack.
 */
export async function verifyDomain(
  store: TenantStore,
  domain: string,
  records: readonly string[],
): Promise<void> {
  const found = await store.domains.find(domain);
  if (!found) throw new NotFoundError("There is no such domain.");
  if (!records.some((record) => record.trim() === domainProof(found))) {
    throw new InvalidError(
      records.length === 0
        ? "There is no such TXT record yet. Some providers need an hour until a new record is seen."
        : "There is a TXT record of that name, but it says something else. Compare it with the value below.",
    );
  }
  await store.domains.markVerified(domain);
}

/**
 * Makes single sign-on the only sign-in option for the people of a domain; null allows passwords again. Throws
 * NotFoundError, and ConflictError `stale` until a test sign-in has succeeded, so that people are not locked out.
 */
export async function enforceConnection(
  store: TenantStore,
  domain: string,
  connectionId: string | null,
): Promise<void> {
  await store.transaction(async (inside) => {
    const found = await inside.domains.find(domain);
    if (!found) throw new NotFoundError("There is no such domain.");
    if (connectionId !== null) {
      const connection = await inside.connections.byId(connectionId);
      if (!connection) throw new NotFoundError("There is no such connection.");
      const problem = whyNotEnforceable(found, connection);
      if (problem !== null) throw new ConflictError("stale", problem);
    }
    await inside.domains.enforce(domain, connectionId);
  });
}

/** Says what must happen before the domain can be enforced; null if it can be now. */
function whyNotEnforceable({ domain, verifiedAt }: Domain, connection: Connection): string | null {
  if (verifiedAt === null) return `Verify ${domain} first.`;
  if (connection.status !== "active") return "The connection is not active. Activate it first.";
  if (connection.testedAt === null)
    return "No test sign-in has succeeded with this connection yet. Run one first.";
  if (!canBeEnforced(connection))
    return "No one is known to get in with this connection yet. Test it again, as a person with an account.";
  return null;
}

/**
 * Whether a connection may become the only sign-in option of a domain. An accepted answer of the provider is not enough:
 * without accounts, all people of the domain would be locked out.
 */
export function canBeEnforced({ status, testedAt, admittedAt }: Connection): boolean {
  return status === "active" && testedAt !== null && admittedAt !== null;
}

/**
 * The connection that a person must sign in through; null if they may choose. Only an active connection is required, so
 * disabling it does not lock its people out.
 */
export async function requiredConnection(
  store: TenantStore,
  { loginName, email }: User,
): Promise<Connection | null> {
  for (const domain of new Set([loginName, email ?? ""].map(domainOf))) {
    const connection = await enforcedConnection(store, domain);
    if (connection) return connection;
  }
  return null;
}

/** The connection that the people of a domain must sign in through; null if they may choose. */
export async function enforcedConnection(store: TenantStore, domain: string): Promise<Connection | null> {
  const found = await store.domains.find(domainKey(domain));
  if (!found?.verifiedAt || found.enforcedConnectionId === null) return null;
  const connection = await store.connections.byId(found.enforcedConnectionId);
  return connection?.status === "active" ? connection : null;
}

/** The domain of an e-mail address, in the form in which domains are stored. */
export function domainOf(address: string): string {
  const key = nameKey(address);
  return domainKey(key.slice(key.lastIndexOf("@") + 1));
}
