import { randomUUID } from "node:crypto";
import { attributesFromProfile } from "../../src/directory/attributes.ts";
import { type ConnectionInput, createConnection } from "../../src/directory/connections.ts";
import { createLocalUser } from "../../src/directory/local-accounts.ts";
import { passwordHasher } from "../../src/directory/password-hash.ts";
import type { ProvisionedUser, Writer } from "../../src/directory/provisioning.ts";
import { createTenant, defaultSourceName } from "../../src/directory/tenants.ts";
import type {
  Connection,
  ConnectionSettings,
  Profile,
  ProvisioningSource,
  Role,
  Tenant,
  User,
  VerifiedIdentity,
} from "../../src/model.ts";
import type { Database } from "../../src/store/database.ts";
import { forTenant, type TenantStore } from "../../src/store/tenant-store.ts";

/** A tenant for one test. */
export interface TestTenant {
  tenant: Tenant;
  store: TenantStore;
  /** The tenant's default provisioning source. */
  writer: Writer;
  connection(wanted?: Partial<ConnectionInput>): Promise<Connection>;
}

/** A connection whose subjects are login names, as those of a provider that names people so. */
export async function loginNameConnection(
  { connection, store }: TestTenant,
  wanted: Partial<ConnectionInput> = {},
): Promise<Connection> {
  const { id } = await connection(wanted);
  return await store.connections.update(id, { subjectKind: "login-name" });
}

let tenants = 0;

export async function createTestTenant(
  database: Database,
  slug = `tenant-${process.pid}-${tenants++}`,
): Promise<TestTenant> {
  const tenant = await createTenant(database, slug, `Tenant ${slug}`);
  const store = forTenant(database, tenant.id);
  const source = (await store.sources.byName(defaultSourceName)) as ProvisioningSource;
  let connections = 0;
  return {
    tenant,
    store,
    writer: { source, sourceConflict: tenant.sourceConflict },
    connection: (wanted = {}) =>
      createConnection(database, tenant.id, {
        key: `${slug}-${connections++}`,
        type: "oidc",
        settings: { issuer: "https://acme.okta.example", clientId: "0oa1" },
        justInTime: true,
        draft: false,
        secret: null,
        ...wanted,
      }),
  };
}

export const noProfile: Profile = { givenName: null, familyName: null, displayName: null, email: null };

/** An identity that an identity provider vouches for. */
export function identityOf(
  connection: Connection,
  loginName: string,
  more: Partial<VerifiedIdentity> = {},
): VerifiedIdentity {
  const profile = { ...noProfile, givenName: "Ada", familyName: "Lovelace", email: loginName };
  const subject = `subject-of-${loginName}`;
  const verifiedBy = connection.settings as ConnectionSettings;
  return { connectionId: connection.id, subject, loginName, profile, verifiedBy, ...more };
}

/** A minimal user row. */
export function newUser(loginName: string, more = {}) {
  return {
    ...noProfile,
    id: randomUUID(),
    loginName,
    active: true,
    origin: "scim" as const,
    sourceId: null,
    sourceKey: null,
    ...more,
  };
}

/** Cheap hashes for tests. Production's take a quarter of a second each (test/production.test.ts). */
export const testPasswordCost = { logN: 10, r: 8, p: 1 };
export const testPasswords = passwordHasher(testPasswordCost);
export const testPassword = "correct horse battery staple";
let testPasswordHash: Promise<string> | undefined;

/** A local account without names, as older ones are, that signs in with `testPassword`. */
export async function createLocalAccount(
  store: TenantStore,
  email: string,
  role: Role = "member",
): Promise<User> {
  testPasswordHash ??= testPasswords.hash(testPassword);
  const { id } = await createLocalUser(store, email);
  const attributes = attributesFromProfile({ ...noProfile, email });
  const user = await store.users.update(id, { givenName: null, familyName: null, attributes });
  await store.credentials.set(user.id, await testPasswordHash);
  if (role !== "member") await store.roles.grant(user.id, role);
  return user;
}

/** A new user as a provisioning client sends it. */
export function provisioned(loginName: string, more: Partial<ProvisionedUser> = {}): ProvisionedUser {
  return {
    ...noProfile,
    attributes: {},
    entitlements: [],
    loginName,
    sourceKey: null,
    active: true,
    ...more,
  };
}
