import type { Database } from "./database.ts";
import { tenantActivity } from "./tenant/activity.ts";
import { tenantAffiliations } from "./tenant/affiliations.ts";
import { tenantConnections } from "./tenant/connections.ts";
import { tenantCredentials, tenantLinks, tenantSessions } from "./tenant/credentials.ts";
import { tenantDomains } from "./tenant/domains.ts";
import { tenantGroupMembers } from "./tenant/group-members.ts";
import { tenantGroups } from "./tenant/groups.ts";
import { tenantIdentities } from "./tenant/identities.ts";
import { tenantInspector } from "./tenant/inspector.ts";
import { tenantKeyPairs } from "./tenant/key-pairs.ts";
import { tenantOwnerApprovals } from "./tenant/owner-approvals.ts";
import { tenantPendingLogins, tenantUsedTokens } from "./tenant/pending-logins.ts";
import { tenantPeople } from "./tenant/people.ts";
import { tenantSources, tenantTokens } from "./tenant/provisioning.ts";
import { tenantProvisioningProblems } from "./tenant/provisioning-problems.ts";
import { tenantRoles } from "./tenant/roles.ts";
import { type TenantScope, tenantScope } from "./tenant/scope.ts";
import { tenantSettings } from "./tenant/settings.ts";
import { tenantSignInTests } from "./tenant/sign-in-tests.ts";
import { tenantTasks } from "./tenant/tasks.ts"; // sample product
import { tenantTombstones } from "./tenant/tombstones.ts";
import { tenantUsers } from "./tenant/users.ts";

function openTables(scope: TenantScope, now: () => number) {
  return {
    users: tenantUsers(scope, now),
    people: tenantPeople(scope),
    identities: tenantIdentities(scope, now),
    ownerApprovals: tenantOwnerApprovals(scope, now),
    tombstones: tenantTombstones(scope, now),
    groups: tenantGroups(scope, now),
    groupMembers: tenantGroupMembers(scope),
    roles: tenantRoles(scope),
    affiliations: tenantAffiliations(scope),
    activity: tenantActivity(scope, now),
    connections: tenantConnections(scope, now),
    keyPairs: tenantKeyPairs(scope, now),
    sources: tenantSources(scope, now),
    tokens: tenantTokens(scope, now),
    provisioningProblems: tenantProvisioningProblems(scope, now),
    settings: tenantSettings(scope),
    credentials: tenantCredentials(scope, now),
    links: tenantLinks(scope, now),
    pendingLogins: tenantPendingLogins(scope, now),
    signInTests: tenantSignInTests(scope, now),
    usedTokens: tenantUsedTokens(scope),
    sessions: tenantSessions(scope, now),
    domains: tenantDomains(scope, now),
    inspector: tenantInspector(scope),
    tasks: tenantTasks(scope, now), // sample product
  };
}

/** The data of one tenant, and only of that one. */
export type TenantStore = Readonly<ReturnType<typeof openTables>> & {
  readonly tenantId: string;
  /**
   * Runs `work` in one transaction. Use only the store that it is given, and have no effect outside the database: `work`
   * may run again (see Database.transaction).
   */
  transaction<T>(work: (store: TenantStore) => Promise<T>): Promise<T>;
};

/** Opens the store of one tenant. Every statement is confined to that tenant (see tenant/scope.ts). */
export function forTenant(database: Database, tenantId: string, now: () => number = Date.now): TenantStore {
  const tables = openTables(tenantScope(database, tenantId), now);
  return Object.assign(tables, {
    tenantId,
    transaction: <T>(work: (store: TenantStore) => Promise<T>) =>
      database.transaction((joined) => work(forTenant(joined, tenantId, now))),
  });
}
