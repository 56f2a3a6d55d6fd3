import { randomUUID } from "node:crypto";
import { InvalidError, NotFoundError } from "../errors.ts";
import type { Tenant } from "../model.ts";
import type { Database } from "../store/database.ts";
import { randomToken } from "../store/secrets.ts";
import { systemStore } from "../store/system-store.ts";
import { forTenant, type TenantStore } from "../store/tenant-store.ts";
import { domainKey } from "../store/text-keys.ts";
import { checkShownName } from "./names.ts";
import { isPublicMailDomain } from "./public-mail-domains.ts";

/** The rule for names in URLs. A tenant's slug is also its first connection key, so both follow it. */
export const urlNamePattern = /^[a-z0-9][a-z0-9-]{0,62}$/;

/** Words that our URLs may need in the place of a name. */
const reservedNames = new Set(["admin", "api", "app", "default", "login", "new", "setup", "www"]);

/** Throws InvalidError. `what` is the subject of the sentence: "The tenant's slug". */
export function checkUrlName(name: string, what: string): void {
  if (!urlNamePattern.test(name)) {
    throw new InvalidError(
      `${what} must be 1 to 63 characters, lower-case letters, digits and hyphens, and start with a letter or digit; ` +
        `"${name}" is not.`,
    );
  }
  if (reservedNames.has(name)) throw new InvalidError(`"${name}" is a reserved word. Choose another name.`);
}

/** Throws InvalidError unless the text could be an e-mail address. Only sending mail proves that it is one. */
export function checkEmail(email: string): void {
  if (email.length > 254 || !/^[^\s@"<>]+@[^\s@"<>]+$/.test(email)) {
    throw new InvalidError(`"${email}" is not an e-mail address.`);
  }
}

const domainPattern = /^(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]*[a-z0-9]$/;

/**
 * Creates a tenant and reserves its slug as its first connection key. Throws InvalidError, and ConflictError if the slug
 * is taken or ever was another tenant's connection key.
 */
export async function createTenant(database: Database, slug: string, name: string): Promise<Tenant> {
  checkUrlName(slug, "The tenant's slug");
  checkTenantName(name);
  return await database.transaction(async (inside) => {
    const system = systemStore(inside);
    const id = randomUUID();
    await system.tenants.create({ id, slug, name: name.trim() });
    await system.connectionKeys.reserve(slug, id);
    await forTenant(inside, id).sources.create({ id: randomUUID(), name: defaultSourceName });
    return (await system.tenants.byId(id)) as Tenant;
  });
}

/** The name of the source that each tenant starts with. */
export const defaultSourceName = "default";

export async function renameTenant(database: Database, tenant: Tenant, name: string): Promise<void> {
  checkTenantName(name);
  await systemStore(database).tenants.update(tenant.id, { name: name.trim() });
}

/** Deletes a tenant with everything in it. Its connection keys stay reserved, so that no other tenant gets them. */
export async function deleteTenant(database: Database, tenant: Tenant): Promise<void> {
  await systemStore(database).tenants.remove(tenant.id);
}

/** Throws NotFoundError that names the slug. */
export async function tenantBySlug(database: Database, slug: string): Promise<Tenant> {
  const tenant = await systemStore(database).tenants.bySlug(slug);
  if (!tenant) throw new NotFoundError(`There is no tenant "${slug}".`);
  return tenant;
}

/**
 * Adds an e-mail domain. It routes no sign-ins until it is verified. Throws InvalidError, also for the domains of public
 * mail services, and ConflictError `domain-taken`.
 */
export async function addDomain(store: TenantStore, domain: string): Promise<string> {
  const name = domainKey(domain.trim());
  if (!domainPattern.test(name)) throw new InvalidError(`"${domain}" is not a domain name.`);
  if (isPublicMailDomain(name)) {
    throw new InvalidError(`"${name}" is a public mail service, so a tenant cannot claim it.`);
  }
  await store.domains.add(name, randomToken());
  return name;
}

function checkTenantName(name: string): void {
  const length = name.trim().length;
  if (length === 0 || length > 100) throw new InvalidError("A tenant's name must have 1 to 100 characters.");
  checkShownName("The tenant's name", name);
}
