import { ConflictError, NotFoundError } from "../errors.ts";
import type {
  Connection,
  ConnectionType,
  LinkPurpose,
  ProvisioningSource,
  SignalStream,
  Tenant,
} from "../model.ts";
import type { Database } from "./database.ts";
import { prepared } from "./prepared-statements.ts";
import { mapUniqueViolation } from "./sql-errors.ts";
import { type ConnectionRow, connectionColumns, toConnection } from "./tenant/connections.ts";
import { type SignalStreamRow, streamColumns, toSignalStream } from "./tenant/signal-streams.ts";
import { healthOfTenants } from "./tenant-health.ts";
import { domainKey } from "./text-keys.ts";

interface TenantRow {
  id: string;
  slug: string;
  name: string;
  source_conflict: Tenant["sourceConflict"];
  unknown_roles: Tenant["unknownRoles"];
  incomplete_people: Tenant["incompletePeople"];
  password_sync: number | boolean;
  machine_access_confirmed: number | boolean;
  activity_days: number;
  created_at: number;
}

const tenantColumns = [
  "id",
  "slug",
  "name",
  "source_conflict",
  "unknown_roles",
  "incomplete_people",
  "password_sync",
  "machine_access_confirmed",
  "activity_days",
  "created_at",
];

const toTenant = (row: TenantRow): Tenant => ({
  id: row.id,
  slug: row.slug,
  name: row.name,
  sourceConflict: row.source_conflict,
  unknownRoles: row.unknown_roles,
  incompletePeople: row.incomplete_people,
  passwordSync: Boolean(row.password_sync),
  machineAccessConfirmed: Boolean(row.machine_access_confirmed),
  activityDays: row.activity_days,
  createdAt: row.created_at,
});

/**
 * Lookups before a tenant is known: by a tenant's slug, a connection's key, the hash of a presented secret, or a verified
 * domain. Also the operator's changes of whole tenants.
 */
export function systemStore(database: Database, now: () => number = Date.now) {
  const sql = () => database.sql();
  return {
    tenants: tenants(sql, now),
    connectionKeys: connectionKeys(sql, now),
    links: links(sql, now),
    tokens: tokenOwners(sql, now),
    signalStreams: signalStreams(sql),

    /** The active connections of all tenants with this id at the provider. */
    async connectionsOfApp(providerAppId: string): Promise<{ tenantId: string; connection: Connection }[]> {
      return await activeConnections(sql, { provider_app_id: providerAppId });
    },

    /** The active connections of all tenants whose org has this issuer, by either of its names, without a slash at its end. */
    async connectionsOfIssuer(issuer: string): Promise<{ tenantId: string; connection: Connection }[]> {
      const byName = await activeConnections(sql, { provider_issuer: issuer });
      const byAlias = await activeConnections(sql, { provider_issuer_alias: issuer });
      const isNew = (one: { connection: Connection }) =>
        byName.every(({ connection }) => connection.id !== one.connection.id);
      return [...byName, ...byAlias.filter(isNew)];
    },

    /** The active connections of a type, of all tenants: for periodic jobs. */
    async connectionsOfType(type: ConnectionType): Promise<{ tenantId: string; connection: Connection }[]> {
      return await activeConnections(sql, { type });
    },

    /** The public keys, as JSON, of the active connections with this key that send signals. */
    async signalKeysAt(key: string): Promise<string[]> {
      const rows = (await sql()("connections as c")
        .join("signal_keys as k", { "k.tenant_id": "c.tenant_id", "k.connection_id": "c.id" })
        .where({ "c.key": key, "c.status": "active", "c.sends_signals": true })
        .orderBy(["c.id", "k.generation"])
        .select("k.public_key")) as { public_key: string }[];
      return rows.map((row) => row.public_key);
    },

    /** The tenant of a passkey, by its credential ID; null if there is no such passkey. */
    async tenantOfPasskey(id: string): Promise<string | null> {
      const row = (await sql()("passkeys").where({ id }).first("tenant_id")) as
        | { tenant_id: string }
        | undefined;
      return row?.tenant_id ?? null;
    },

    async removeExpiredLogins(): Promise<void> {
      await sql()("pending_logins").where("expires_at", "<=", now()).delete();
      await sql()("used_tokens").where("expires_at", "<=", now()).delete();
      await sql()("sign_in_tests").where("expires_at", "<=", now()).delete();
    },

    /** The tenants that verified an e-mail domain. */
    async tenantsOfDomain(domain: string): Promise<Tenant[]> {
      const rows = (await sql()("tenant_domains")
        .join("tenants", "tenants.id", "tenant_domains.tenant_id")
        .where("domain", domainKey(domain))
        .whereNotNull("verified_at")
        .orderBy("tenants.name")
        .select(tenantColumns.map((column) => `tenants.${column}`))) as TenantRow[];
      return rows.map(toTenant);
    },

    /** Throws if the database does not answer. */
    async ping(): Promise<void> {
      await sql().raw("select 1");
    },
  };
}

async function activeConnections(sql: Database["sql"], having: Record<string, string>) {
  const rows = (await sql()("connections")
    .where({ ...having, status: "active" })
    .select(connectionColumns)) as ConnectionRow[];
  return rows.map((row) => ({ tenantId: row.tenant_id, connection: toConnection(row) }));
}

function tenants(sql: Database["sql"], now: () => number) {
  const orNull = (row: TenantRow | undefined) => (row ? toTenant(row) : null);
  return {
    /** Throws ConflictError if the slug is taken. */
    async create(tenant: Pick<Tenant, "id" | "slug" | "name">): Promise<void> {
      await mapUniqueViolation(sql()("tenants").insert({ ...tenant, created_at: now() }), {
        slug: () => new ConflictError("slug-taken", `There is already a tenant "${tenant.slug}".`),
      });
    },

    async byId(id: string): Promise<Tenant | null> {
      return orNull((await sql()("tenants").where({ id }).first(tenantColumns)) as TenantRow | undefined);
    },

    async bySlug(slug: string): Promise<Tenant | null> {
      return orNull((await sql()("tenants").where({ slug }).first(tenantColumns)) as TenantRow | undefined);
    },

    async list(): Promise<Tenant[]> {
      return ((await sql()("tenants").select(tenantColumns).orderBy("slug")) as TenantRow[]).map(toTenant);
    },

    /** The operator's overview of each tenant, by slug. */
    health: () => healthOfTenants(sql),

    /** Throws NotFoundError. */
    async update(
      id: string,
      changes: Partial<Pick<Tenant, "name" | "sourceConflict" | "passwordSync">>,
    ): Promise<void> {
      const row: Record<string, string | boolean> = {};
      if (changes.name !== undefined) row.name = changes.name;
      if (changes.passwordSync !== undefined) row.password_sync = changes.passwordSync;
      if (changes.sourceConflict !== undefined) row.source_conflict = changes.sourceConflict;
      const changed = (await sql()("tenants").where({ id }).update(row)) as number;
      if (changed === 0) throw new NotFoundError("There is no such tenant.");
    },

    /** Removes a tenant with all its data. Its connection keys stay reserved for ever. */
    async remove(id: string): Promise<boolean> {
      return ((await sql()("tenants").where({ id }).delete()) as number) > 0;
    },
  };
}

function connectionKeys(sql: Database["sql"], now: () => number) {
  return {
    /** Reserves a key for a tenant. Doing it twice is fine. Throws ConflictError if the key is or was another tenant's. */
    async reserve(key: string, tenantId: string): Promise<void> {
      await sql()("connection_keys")
        .insert({ key, tenant_id: tenantId, created_at: now() })
        .onConflict("key")
        .ignore();
      const holder = (await sql()("connection_keys").where({ key }).first("tenant_id")) as {
        tenant_id: string;
      };
      if (holder.tenant_id !== tenantId) {
        throw new ConflictError(
          "key-taken",
          `The connection ID "${key}" is not available. Choose another one.`,
        );
      }
    },

    /** The keys among these that a tenant can no longer reserve, because they are or were another tenant's. */
    async ofOthers(keys: readonly string[], tenantId: string): Promise<string[]> {
      const taken = sql()("connection_keys").whereIn("key", keys).whereNot("tenant_id", tenantId);
      return ((await taken.select("key")) as { key: string }[]).map(({ key }) => key);
    },

    /** The connection that serves a key's URLs, and its tenant. */
    async find(
      key: string,
      type: ConnectionType,
    ): Promise<{ tenantId: string; connection: Connection } | null> {
      const row = (await sql()("connections").where({ key, type }).first(connectionColumns)) as
        | ConnectionRow
        | undefined;
      return row ? { tenantId: row.tenant_id, connection: toConnection(row) } : null;
    },
  };
}

/** A stream with its connection, and the hash of the Authorization header of its events; null until that was chosen. */
export interface FoundSignalStream {
  tenantId: string;
  connection: Connection;
  stream: SignalStream;
  headerHash: string | null;
}

function signalStreams(sql: Database["sql"]) {
  return {
    /** The stream whose events are pushed to a connection key's URL. */
    async find(connectionKey: string): Promise<FoundSignalStream | null> {
      const row = (await sql()("signal_streams")
        .where({ connection_key: connectionKey })
        .first(streamColumns)) as SignalStreamRow | undefined;
      if (!row) return null;
      // The foreign key keeps a stream's connection in existence.
      const connection = (await sql()("connections")
        .where({ tenant_id: row.tenant_id, id: row.connection_id })
        .first(connectionColumns)) as ConnectionRow;
      const stream = toSignalStream(row);
      return {
        tenantId: row.tenant_id,
        connection: toConnection(connection),
        stream,
        headerHash: row.header_hash,
      };
    },
  };
}

interface LinkRow {
  tenant_id: string;
  user_id: string | null;
  connection_id: string | null;
  expires_at: number;
}

/** The purpose of a one-time link, and its tenant. */
interface OpenedLink {
  tenantId: string;
  purpose: LinkPurpose;
}

function links(sql: Database["sql"], now: () => number) {
  const unexpired = (tokenHash: string) =>
    sql()("one_time_links").where("token_hash", tokenHash).where("expires_at", ">", now());
  const columns = ["tenant_id", "user_id", "connection_id", "expires_at"];
  return {
    /** Reads a link without consuming it. Returns null if it is unknown, used or expired. */
    async peek(tokenHash: string): Promise<OpenedLink | null> {
      return toOpenedLink((await unexpired(tokenHash).first(columns)) as LinkRow | undefined);
    },

    /** Consumes a link. Of two concurrent callers, one gets null. */
    async consume(tokenHash: string): Promise<OpenedLink | null> {
      const row = (await unexpired(tokenHash).first(columns)) as LinkRow | undefined;
      // Both may have read the row; only the deletion decides (knex returns no deleted rows on SQLite).
      const deleted = (await unexpired(tokenHash).delete()) as number;
      return deleted === 1 ? toOpenedLink(row) : null;
    },

    async removeExpired(): Promise<void> {
      await sql()("one_time_links").where("expires_at", "<=", now()).delete();
    },
  };
}

function toOpenedLink(row: LinkRow | undefined): OpenedLink | null {
  if (row?.user_id)
    return { tenantId: row.tenant_id, purpose: { kind: "set-password", userId: row.user_id } };
  if (row?.connection_id) {
    return {
      tenantId: row.tenant_id,
      purpose: { kind: "set-up-connection", connectionId: row.connection_id },
    };
  }
  return null;
}

interface TokenOwnerRow {
  tenant_id: string;
  token_id: string;
  hint: string;
  last_used_at: number | null;
  source_id: string;
  source_name: string;
  source_conflict: Tenant["sourceConflict"];
  unknown_roles: Tenant["unknownRoles"];
  incomplete_people: Tenant["incompletePeople"];
  password_sync: number | boolean;
}

interface EndedTokenRow {
  tenant_id: string;
  source_id: string;
  hint: string;
  revoked_at: number | null;
  expires_at: number | null;
}

/** The provisioning client that owns a token, with its tenant's settings. */
export interface TokenOwner {
  tenantId: string;
  tokenId: string;
  /** The token's first characters, to tell tokens apart in the activity. */
  hint: string;
  lastUsedAt: number | null;
  source: ProvisioningSource;
  sourceConflict: Tenant["sourceConflict"];
  unknownRoles: Tenant["unknownRoles"];
  incompletePeople: Tenant["incompletePeople"];
  passwordSync: boolean;
}

/** An expired or revoked token. */
interface EndedToken {
  tenantId: string;
  sourceId: string;
  hint: string;
  cause: "revoked" | "expired";
}

/**
 * Plain SQL, because every SCIM request runs it, and knex takes longer to build it than SQLite to answer it. Part of the
 * gain that docs/decisions/0030 measures: CPU time for a user by id 1.70 → 1.11 ms.
 */
const ownerOf = `select t.tenant_id, t.id as token_id, t.hint, t.last_used_at, s.id as source_id, s.name as source_name,
    tenants.source_conflict, tenants.unknown_roles, tenants.incomplete_people, tenants.password_sync
  from provisioning_tokens as t
  join provisioning_sources as s on s.tenant_id = t.tenant_id and s.id = t.source_id
  join tenants on tenants.id = t.tenant_id
  where t.token_hash = ? and t.revoked_at is null and (t.expires_at is null or t.expires_at > ?)`;

/** Finds the owner of a provisioning token, before a tenant is known. */
function tokenOwners(sql: Database["sql"], now: () => number) {
  return {
    /** Returns the owner of a token in one lookup; null if the token is unknown, expired or revoked. */
    async owner(tokenHash: string): Promise<TokenOwner | null> {
      const found = sql().raw(ownerOf, [tokenHash, now()]).options(prepared);
      const answer: TokenOwnerRow[] | { rows: TokenOwnerRow[] } = await found;
      const [row] = Array.isArray(answer) ? answer : answer.rows;
      if (!row) return null;
      return {
        tenantId: row.tenant_id,
        tokenId: row.token_id,
        hint: row.hint,
        lastUsedAt: row.last_used_at,
        source: { id: row.source_id, name: row.source_name },
        sourceConflict: row.source_conflict,
        unknownRoles: row.unknown_roles,
        incompletePeople: row.incomplete_people,
        passwordSync: Boolean(row.password_sync),
      };
    },

    /**
     * Returns a token that has expired or was revoked; null for any other. The expiry of an OAuth access token is not worth a
     * word: its client refreshes it.
     */
    async findEnded(tokenHash: string): Promise<EndedToken | null> {
      const row = (await sql()("provisioning_tokens")
        .where("token_hash", tokenHash)
        .where((either) => either.whereNull("grant_id").orWhereNotNull("revoked_at"))
        .first(["tenant_id", "source_id", "hint", "revoked_at", "expires_at"])) as EndedTokenRow | undefined;
      if (!row || (row.revoked_at === null && (row.expires_at ?? Number.POSITIVE_INFINITY) > now()))
        return null;
      const cause = row.revoked_at === null ? "expired" : "revoked";
      return { tenantId: row.tenant_id, sourceId: row.source_id, hint: row.hint, cause };
    },
  };
}
