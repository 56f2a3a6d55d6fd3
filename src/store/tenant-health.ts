import type { Connection, Tenant } from "../model.ts";
import type { Database } from "./database.ts";
import { type ConnectionRow, connectionColumns, toConnection } from "./tenant/connections.ts";
import type { ProvisioningGrant } from "./tenant/provisioning-grants.ts";
import type { ProvisioningProblem } from "./tenant/provisioning-problems.ts";

/** The operator's overview of a tenant. Sign-ins are known for as long as the tenant keeps its activity. */
export interface TenantHealth {
  tenant: Pick<Tenant, "id" | "slug" | "name">;
  people: number;
  /** Whether an active owner has a password, and so can sign in even if every connection is broken. */
  hasOwner: boolean;
  hasVerifiedDomain: boolean;
  lastPasswordSignInAt: number | null;
  connections: { connection: Connection; lastSignInAt: number | null }[];
  /** Without revoked ones. */
  tokens: { source: string; hint: string; expiresAt: number | null; lastUsedAt: number | null }[];
  /** The grants of OAuth 2.0 that owners gave Okta, without revoked ones. */
  grants: (Pick<ProvisioningGrant, "sourceId" | "allowedBy" | "createdAt" | "lastUsedAt"> &
    Pick<ProvisioningGrant, "endedAt" | "endCause" | "refreshExpiresAt"> & { source: string })[];
  /** The last refused call of a provisioning client. */
  lastProblem: (Omit<ProvisioningProblem, "sourceId"> & { source: string }) | null;
}

interface TenantRow {
  id: string;
  slug: string;
  name: string;
  user_count: number;
  has_owner: number | boolean;
  has_domain: number | boolean;
  last_password_at: number | null;
}

interface TokenRow {
  tenant_id: string;
  source: string;
  hint: string;
  expires_at: number | null;
  last_used_at: number | null;
}

interface GrantRow {
  tenant_id: string;
  source_id: string;
  source: string;
  allowed_by: string;
  created_at: number;
  last_used_at: number | null;
  token_used_at: number | null;
  ended_at: number | null;
  end_cause: ProvisioningGrant["endCause"];
  refresh_expires_at: number;
}

interface ProblemRow {
  tenant_id: string;
  source: string;
  kind: string;
  call: string;
  status: number;
  detail: string;
  request_id: string;
  at: number;
}

const hasOwner = `exists (select 1 from role_grants g
  join users u on u.tenant_id = g.tenant_id and u.id = g.user_id
  join local_credentials c on c.tenant_id = g.tenant_id and c.user_id = g.user_id
  where g.tenant_id = tenants.id and g.role = 'owner' and u.active and not u.blocked) as has_owner`;

const hasDomain = `exists (select 1 from tenant_domains d
  where d.tenant_id = tenants.id and d.verified_at is not null) as has_domain`;

/** One step into an index, regardless of how much activity there is. */
const lastSuccess = (tenant: string, target: string) => `(select max(a.at) from activity a
  where a.tenant_id = ${tenant} and a.target_id ${target} and a.action = 'sign_in.succeeded')`;

/** Every tenant's health, by slug. Takes five statements for any number of tenants and people. */
export async function healthOfTenants(sql: Database["sql"]): Promise<TenantHealth[]> {
  const [tenants, connections, tokens, grants, problems] = await Promise.all([
    tenantRows(sql),
    connectionRows(sql),
    tokenRows(sql),
    grantRows(sql),
    lastProblems(sql),
  ]);
  const connectionsOf = byTenant(connections);
  const tokensOf = byTenant(tokens);
  const grantsOf = byTenant(grants);
  const problemOf = new Map(problems.map((row) => [row.tenant_id, row]));
  return tenants.map((row) => ({
    tenant: { id: row.id, slug: row.slug, name: row.name },
    people: row.user_count,
    hasOwner: Boolean(row.has_owner),
    hasVerifiedDomain: Boolean(row.has_domain),
    lastPasswordSignInAt: row.last_password_at,
    connections: (connectionsOf.get(row.id) ?? []).map((connection) => ({
      connection: toConnection(connection),
      lastSignInAt: connection.last_sign_in_at,
    })),
    tokens: (tokensOf.get(row.id) ?? []).map(({ source, hint, expires_at, last_used_at }) => ({
      source,
      hint,
      expiresAt: expires_at,
      lastUsedAt: last_used_at,
    })),
    grants: (grantsOf.get(row.id) ?? []).map(toGrant),
    lastProblem: toProblem(problemOf.get(row.id)),
  }));
}

async function tenantRows(sql: Database["sql"]): Promise<TenantRow[]> {
  const last = `${lastSuccess("tenants.id", "is null")} as last_password_at`;
  return await sql()("tenants")
    .select("id", "slug", "name", "user_count")
    .select([hasOwner, hasDomain, last].map((column) => sql().raw(column)))
    .orderBy("slug");
}

async function connectionRows(
  sql: Database["sql"],
): Promise<(ConnectionRow & { last_sign_in_at: number | null })[]> {
  const last = `${lastSuccess("connections.tenant_id", "= connections.id")} as last_sign_in_at`;
  return await sql()("connections")
    .select(connectionColumns)
    .select(sql().raw(last))
    .orderBy(["tenant_id", "key", "type"]);
}

async function tokenRows(sql: Database["sql"]): Promise<TokenRow[]> {
  return await sql()("provisioning_tokens as t")
    .join("provisioning_sources as s", (on) =>
      on.on("s.tenant_id", "t.tenant_id").andOn("s.id", "t.source_id"),
    )
    .whereNull("t.revoked_at")
    .whereNull("t.grant_id")
    .select("t.tenant_id", "s.name as source", "t.hint", "t.expires_at", "t.last_used_at")
    .orderBy(["t.tenant_id", "t.created_at", "t.id"]);
}

/** A refresh forgets the access tokens before it, and the grant keeps when they were used. */
const lastTokenUse = `(select max(t.last_used_at) from provisioning_tokens t
  where t.tenant_id = allowed.tenant_id and t.grant_id = allowed.id) as token_used_at`;

async function grantRows(sql: Database["sql"]): Promise<GrantRow[]> {
  return await sql()("provisioning_grants as allowed")
    .join("provisioning_sources as s", (on) =>
      on.on("s.tenant_id", "allowed.tenant_id").andOn("s.id", "allowed.source_id"),
    )
    .where((query) => query.whereNull("allowed.end_cause").orWhereNot("allowed.end_cause", "revoked"))
    .select(
      "allowed.tenant_id",
      "allowed.source_id",
      "s.name as source",
      "allowed.allowed_by",
      "allowed.created_at",
    )
    .select(
      "allowed.ended_at",
      "allowed.end_cause",
      "allowed.refresh_expires_at",
      "allowed.last_used_at",
      sql().raw(lastTokenUse),
    )
    .orderBy(["allowed.tenant_id", "allowed.created_at", "allowed.id"]);
}

function toGrant(row: GrantRow): TenantHealth["grants"][number] {
  return {
    sourceId: row.source_id,
    source: row.source,
    allowedBy: row.allowed_by,
    createdAt: row.created_at,
    lastUsedAt: Math.max(Number(row.last_used_at), Number(row.token_used_at)) || null,
    endedAt: row.ended_at,
    endCause: row.end_cause,
    refreshExpiresAt: row.refresh_expires_at,
  };
}

/** A tenant has few problems: one for each source, kind and call. */
async function lastProblems(sql: Database["sql"]): Promise<ProblemRow[]> {
  const order = "row_number() over (partition by tenant_id order by at desc, request_id) as place";
  const ranked = sql()("provisioning_problems").select("*", sql().raw(order)).as("p");
  return await sql()
    .from(ranked)
    .join("provisioning_sources as s", (on) =>
      on.on("s.tenant_id", "p.tenant_id").andOn("s.id", "p.source_id"),
    )
    .where("p.place", 1)
    .select("p.*", "s.name as source");
}

function toProblem(row: ProblemRow | undefined): TenantHealth["lastProblem"] {
  if (!row) return null;
  const { source, kind, call, status, detail, request_id: requestId, at } = row;
  return { source, kind, call, status, detail, requestId, at };
}

function byTenant<T extends { tenant_id: string }>(rows: readonly T[]): Map<string, T[]> {
  const found = new Map<string, T[]>();
  for (const row of rows) {
    const list = found.get(row.tenant_id);
    if (list) list.push(row);
    else found.set(row.tenant_id, [row]);
  }
  return found;
}
