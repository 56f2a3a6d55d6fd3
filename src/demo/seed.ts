import { provisionGroup } from "../directory/groups.ts";
import { createLocalUser } from "../directory/local-accounts.ts";
import { hashPassword } from "../directory/password-hash.ts";
import { provisionUser, type Writer } from "../directory/provisioning.ts";
import { addDomain, createTenant, defaultSourceName } from "../directory/tenants.ts";
import type { ProvisioningSource, Role } from "../model.ts";
import type { Database } from "../store/database.ts";
import { systemStore } from "../store/system-store.ts";
import { forTenant, type TenantStore } from "../store/tenant-store.ts";
import { seedTasks } from "./seed-tasks.ts"; // sample product

interface DemoTenant {
  slug: string;
  name: string;
  domain: string;
  /** They sign in with the demo's password. */
  accounts: { name: string; role: Role }[];
  /** They came by provisioning. */
  people: string[];
  group: string;
}

/** Two customers, so that everybody sees that neither sees the other. */
export const demoTenants: readonly DemoTenant[] = [
  {
    slug: "acme",
    name: "Acme Rockets",
    domain: "acme.example",
    accounts: [
      { name: "Ada Lovelace", role: "owner" },
      { name: "Grace Hopper", role: "member" },
    ],
    people: ["Alan Turing", "Katherine Johnson", "Edsger Dijkstra"],
    group: "Propulsion",
  },
  {
    slug: "globex",
    name: "Globex Gardens",
    domain: "globex.example",
    accounts: [{ name: "Barbara Liskov", role: "owner" }],
    people: ["Donald Knuth", "Radia Perlman"],
    group: "Greenhouse",
  },
];

export function emailOf(name: string, domain: string): string {
  return `${name.split(" ")[0]?.toLowerCase()}@${domain}`;
}

/** Fills an empty database; one that has tenants is left alone. Returns whether it did anything. */
export async function seed(database: Database, password: string): Promise<boolean> {
  if ((await systemStore(database).tenants.list()).length > 0) return false;
  const passwordHash = await hashPassword(password);
  await database.transaction(async (inside) => {
    for (const wanted of demoTenants) await seedTenant(inside, wanted, passwordHash);
  });
  return true;
}

async function seedTenant(database: Database, wanted: DemoTenant, passwordHash: string): Promise<void> {
  const tenant = await createTenant(database, wanted.slug, wanted.name);
  const store = forTenant(database, tenant.id);
  await store.domains.markVerified(await addDomain(store, wanted.domain));
  const ids = new Map<string, string>();
  for (const { name, role } of wanted.accounts) {
    const user = await createLocalUser(store, emailOf(name, wanted.domain), namesOf(name));
    await store.credentials.set(user.id, passwordHash);
    if (role !== "member") await store.roles.grant(user.id, role);
    ids.set(name, user.id);
  }
  await seedProvisioned(store, wanted, ids);
  await seedTasks(store, wanted.slug, ids); // sample product
}

/** What a provisioning client would have sent. */
async function seedProvisioned(
  store: TenantStore,
  wanted: DemoTenant,
  ids: Map<string, string>,
): Promise<void> {
  const source = (await store.sources.byName(defaultSourceName)) as ProvisioningSource;
  const writer: Writer = { source, sourceConflict: "refuse" };
  for (const name of wanted.people) {
    const email = emailOf(name, wanted.domain);
    const person = { ...namesOf(name), email, loginName: email, sourceKey: null, active: true };
    const user = await provisionUser(store, writer, person);
    ids.set(name, user.id);
  }
  const members = wanted.people.map((name) => ids.get(name) as string);
  await provisionGroup(store, writer, { displayName: wanted.group, sourceKey: null }, members);
}

function namesOf(name: string) {
  const [givenName = "", familyName = ""] = name.split(" ");
  return { givenName, familyName, displayName: name };
}
