import { randomUUID } from "node:crypto"; // sample domain
import { createAgent } from "../../../src/directory/agents.ts";
import { createConnection } from "../../../src/directory/connections.ts";
import { crossAppAccessUrls } from "../../../src/endpoints.ts";
import type { Connection } from "../../../src/model.ts";
import type { Database } from "../../../src/store/database.ts";
import { hashToken } from "../../../src/store/secrets.ts";
import { chunks } from "../../../src/store/tenant/scope.ts";
import { forTenant } from "../../../src/store/tenant-store.ts";
import { jwtBearer, allScopes as scopes, signIdJag } from "../../../test/helpers/id-jag.ts";
import type { RevokingOrg } from "../../../test/helpers/revocation.ts";
import { elements, insert, type SeededTenant } from "./seed.ts";
import { cycle, spread } from "./statistics.ts";

/** The server's base URL (server.ts). */
const baseUrl = "https://acme.example";
const urls = crossAppAccessUrls(baseUrl);
/** Many, because each agent has its own rate limit. */
const agents = 100;
/** Enough tokens for calls that do not find their rows in the processor's caches. */
const mostTokens = 5_000;
const hourMs = 3_600_000;
const tasks = 20; // sample domain

/** The agents of a tenant. */
export interface SeededAgents {
  /** The next access token. */
  token(): string;
  /** A new request for an access token, by the next agent and for the next person. */
  tokenRequest(): Promise<AgentRequest>;
}

export interface AgentRequest {
  headers: Record<string, string>;
  body: string;
}

/** Adds agents that act for all people of a tenant, with `count` valid access tokens, and tasks to read. */
export async function seedAgents(
  database: Database,
  tenant: SeededTenant,
  org: RevokingOrg,
  count: number,
): Promise<SeededAgents> {
  const connection = await createConnection(database, tenant.id, {
    key: `agents-${tenant.id}`,
    type: "oidc",
    settings: { issuer: org.issuer, clientId: "0oa1" },
    justInTime: false,
    draft: false,
    secret: null,
  });
  const clients = await createAgents(database, tenant.id);
  await insertIdentities(database, connection, tenant.id);
  await insertGrants(
    database,
    tenant.id,
    clients.map(({ id }) => id),
  );
  const tokens = clients.map(({ id }) =>
    Array.from({ length: Math.ceil(count / agents) }, (_, number) => `oinat_${id}-${number}`),
  );
  await withoutIndexes(database, async (inside) => {
    for (const [at, { id }] of clients.entries())
      await insertTokens(inside, { connection, tenant, clientId: id }, tokens[at] ?? []);
  });
  const { tasks: list } = forTenant(database, tenant.id); // sample domain
  for (let number = 0; number < tasks; number++) await list.create(randomUUID(), `Task ${number}`); // sample domain
  const [nextClient, nextPerson] = [cycle(clients), cycle(spread([...tenant.userIds.keys()], 1_000))];
  return {
    token: cycle(spread(tokens.flat(), mostTokens)),
    async tokenRequest() {
      const { id, secret } = nextClient();
      const claims = { sub: `okta-${nextPerson() + 1}`, resource: urls.apiResource };
      const assertion = await signIdJag(org, urls.issuer, id, { claims });
      return {
        headers: {
          authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString("base64")}`,
          "content-type": "application/x-www-form-urlencoded",
        },
        body: new URLSearchParams({ grant_type: jwtBearer, assertion }).toString(),
      };
    },
  };
}

async function createAgents(database: Database, tenantId: string): Promise<{ id: string; secret: string }[]> {
  const { agents: known } = forTenant(database, tenantId);
  const created: { id: string; secret: string }[] = [];
  for (let number = 0; number < agents; number++) {
    const wanted = { tenantId, name: `Agent ${number}`, scopes, jwksUri: null };
    const { agent, secret } = await createAgent(database, wanted);
    await known.setBlocked(agent, false);
    created.push({ id: agent.clientId, secret: secret ?? "" });
  }
  return created;
}

async function insertIdentities(database: Database, { id }: Connection, tenantId: string): Promise<void> {
  await insert(
    database,
    `insert into identities (tenant_id, connection_id, subject, user_id, created_at)
     select tenant_id, cast(? as text), source_key, id, created_at from users where tenant_id = ?`,
    [id, tenantId],
  );
}

async function insertGrants(database: Database, tenantId: string, clientIds: string[]): Promise<void> {
  await insert(
    database,
    `insert into agent_grants (tenant_id, user_id, client_id, scopes, first_used_at, last_used_at)
     select tenant_id, users.id, value, cast(? as text), created_at, created_at
     from users cross join ${elements(database)} where tenant_id = ?`,
    [scopes.join(" "), JSON.stringify(clientIds), tenantId],
  );
}

/** Works in one transaction, and creates the indexes of the tokens at its end; on PostgreSQL those without a constraint. */
async function withoutIndexes(database: Database, work: (inside: Database) => Promise<void>): Promise<void> {
  await database.transaction(async (inside) => {
    const sql = inside.sql();
    if (inside.engine === "postgres") await sql.raw("set local session_replication_role = replica");
    const answer = await sql.raw(
      inside.engine === "sqlite"
        ? "select name, sql as definition from sqlite_master where type = 'index' and tbl_name = 'access_tokens' and sql is not null"
        : `select indexname as name, indexdef as definition from pg_indexes
           where schemaname = current_schema() and tablename = 'access_tokens' and indexdef not like 'CREATE UNIQUE%'`,
    );
    const indexes: { name: string; definition: string }[] = answer.rows ?? answer;
    for (const { name } of indexes) await sql.raw(`drop index ${name}`);
    await work(inside);
    for (const { definition } of indexes) await sql.raw(definition);
  });
}

/** Inserts the tokens of an agent, for one person after the other. SQLite does not reorder a cross join. */
async function insertTokens(
  database: Database,
  { connection, tenant, clientId }: { connection: Connection; tenant: SeededTenant; clientId: string },
  tokens: readonly string[],
): Promise<void> {
  const expiresAt = Date.now() + 24 * hourMs;
  for (const chunk of chunks(tokens, 10_000)) {
    await database.sql().raw(
      `insert into access_tokens (tenant_id, id, token_hash, user_id, connection_id, client_id, scopes, resources, role,
         access_epoch, created_at, expires_at)
       select users.tenant_id, cast(? as text) || '/' || key, value, users.id, cast(? as text), cast(? as text),
         cast(? as text), cast(? as text), 'member', access_epoch, created_at, cast(? as bigint)
       from ${elements(database)} cross join users
       where users.tenant_id = cast(? as text) and users.seq = key % cast(? as bigint) + 1`,
      [
        chunk[0] ?? "",
        connection.id,
        clientId,
        scopes.join(" "),
        urls.apiResource,
        expiresAt,
        JSON.stringify(chunk.map(hashToken)),
        tenant.id,
        tenant.userIds.length,
      ],
    );
  }
}
