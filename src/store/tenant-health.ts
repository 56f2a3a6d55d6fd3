import type { Connection, Tenant } from "../model.ts";
import type { Database } from "./database.ts";
import { type ConnectionRow, connectionColumns, toConnection } from "./tenant/connections.ts";
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

/** Every tenant's health, by slug. Takes four statements for any number of tenants and people. */
export async function healthOfTenants(sql: Database["sql"]): Promise<TenantHealth[]> {
  const [tenants, connections, tokens, problems] = await Promise.all([
    tenantRows(sql),
    connectionRows(sql),
    tokenRows(sql),
    lastProblems(sql),
  ]);
  const connectionsOf = byTenant(connections);
  const tokensOf = byTenant(tokens);
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
