import type { Database } from "./database.ts";
import { tenantAccessTokens } from "./tenant/access-tokens.ts";
import { tenantActivity } from "./tenant/activity.ts";
import { tenantActivitySeals } from "./tenant/activity-seals.ts";
import { tenantAffiliations } from "./tenant/affiliations.ts";
import { tenantAgents } from "./tenant/agents.ts";
import { tenantApiKeys } from "./tenant/api-keys.ts";
import { tenantConnections } from "./tenant/connections.ts";
import { tenantCounts } from "./tenant/counts.ts";
import { tenantCredentials, tenantLinks, tenantSessions } from "./tenant/credentials.ts";
import { tenantDomains } from "./tenant/domains.ts";
import { tenantGroupMembers } from "./tenant/group-members.ts";
import { tenantGroups } from "./tenant/groups.ts";
import { tenantIdempotency } from "./tenant/idempotency.ts";
import { tenantIdentities } from "./tenant/identities.ts";
import { tenantInspector } from "./tenant/inspector.ts";
import { tenantInvitations } from "./tenant/invitations.ts";
import { tenantKeyPairs } from "./tenant/key-pairs.ts";
import { tenantOutbox } from "./tenant/outbox.ts";
import { tenantOwnerApprovals } from "./tenant/owner-approvals.ts";
import { tenantPasskeys } from "./tenant/passkeys.ts";
import { tenantPendingLogins, tenantSignInTests, tenantUsedTokens } from "./tenant/pending-logins.ts";
import { tenantPeople } from "./tenant/people.ts";
import { productTables } from "./tenant/product.ts";
import { tenantSources, tenantTokens } from "./tenant/provisioning.ts";
import { tenantProvisioningCodes, tenantProvisioningGrants } from "./tenant/provisioning-grants.ts";
import { tenantProvisioningProblems } from "./tenant/provisioning-problems.ts";
import { tenantRoles } from "./tenant/roles.ts";
import { tenantScope } from "./tenant/scope.ts";
import { tenantSecondSteps } from "./tenant/second-steps.ts";
import { tenantSettings } from "./tenant/settings.ts";
import { tenantReceivedSignals, tenantSignalStreams } from "./tenant/signal-streams.ts";
import { tenantSignalTransmitters } from "./tenant/signal-transmitters.ts";
import { tenantTombstones } from "./tenant/tombstones.ts";
import { tenantUsers } from "./tenant/users.ts";
import { tenantWebhooks } from "./tenant/webhooks.ts";

const tables = {
  users: tenantUsers,
  people: tenantPeople,
  identities: tenantIdentities,
  ownerApprovals: tenantOwnerApprovals,
  tombstones: tenantTombstones,
  groups: tenantGroups,
  groupMembers: tenantGroupMembers,
  roles: tenantRoles,
  affiliations: tenantAffiliations,
  activity: tenantActivity,
  activitySeals: tenantActivitySeals,
  counts: tenantCounts,
  connections: tenantConnections,
  keyPairs: tenantKeyPairs,
  outbox: tenantOutbox,
  webhooks: tenantWebhooks,
  signalTransmitters: tenantSignalTransmitters,
  sources: tenantSources,
  tokens: tenantTokens,
  provisioningCodes: tenantProvisioningCodes,
  provisioningGrants: tenantProvisioningGrants,
  provisioningProblems: tenantProvisioningProblems,
  settings: tenantSettings,
  credentials: tenantCredentials,
  secondSteps: tenantSecondSteps,
  passkeys: tenantPasskeys,
  links: tenantLinks,
  invitations: tenantInvitations,
  pendingLogins: tenantPendingLogins,
  signInTests: tenantSignInTests,
  usedTokens: tenantUsedTokens,
  sessions: tenantSessions,
  agents: tenantAgents,
  accessTokens: tenantAccessTokens,
  apiKeys: tenantApiKeys,
  signalStreams: tenantSignalStreams,
  receivedSignals: tenantReceivedSignals,
  domains: tenantDomains,
  inspector: tenantInspector,
  idempotency: tenantIdempotency,
  ...productTables,
};

type Tables = { readonly [Name in keyof typeof tables]: ReturnType<(typeof tables)[Name]> };

/** The data of one tenant, and only of that one. */
export type TenantStore = Tables & {
  readonly tenantId: string;
  /**
   * Runs `work` in one transaction. Use only the store that it is given, and have no effect outside the database: `work`
   * may run again (see Database.transaction).
   */
  transaction<T>(work: (store: TenantStore) => Promise<T>): Promise<T>;
};

/** Opens the store of one tenant. Every statement is confined to that tenant (see tenant/scope.ts). */
export function forTenant(database: Database, tenantId: string, now: () => number = Date.now): TenantStore {
  return new Store(database, tenantId, now) as Store & Tables;
}

class Store {
  readonly tenantId: string;
  readonly #database: Database;
  readonly #now: () => number;

  static {
    // A table opens when it is used: every request and every transaction has a store, and uses few tables.
    for (const [name, open] of Object.entries(tables)) {
      const get = function (this: Store) {
        return open(tenantScope(this.#database, this.tenantId), this.#now);
      };
      Object.defineProperty(Store.prototype, name, { get });
    }
  }

  constructor(database: Database, tenantId: string, now: () => number) {
    this.tenantId = tenantId;
    this.#database = database;
    this.#now = now;
  }

  transaction<T>(work: (store: TenantStore) => Promise<T>): Promise<T> {
    return this.#database.transaction((joined) => work(forTenant(joined, this.tenantId, this.#now)));
  }
}
