import assert from "node:assert/strict";
import { findPeople } from "../../src/directory/find-people.ts";
import { accessTokenStore } from "../../src/store/access-tokens.ts";
import { activitySeals } from "../../src/store/activity-seals.ts";
import { apiKeyStore } from "../../src/store/api-keys.ts";
import type { Database } from "../../src/store/database.ts";
import { outbox } from "../../src/store/outbox.ts";
import { systemStore } from "../../src/store/system-store.ts";
import { forTenant } from "../../src/store/tenant-store.ts";
import { createTestDatabase, onEachDatabase, type TestDatabase } from "../helpers/databases.ts";
import { taskQuestions } from "../tasks/questions.ts"; // sample product
import { tenantWithEverything } from "./isolation-world.ts";

const position = { field: "family_name", key: "x" } as const;

/** The console's queries on tables that grow with a tenant. */
const questions: Record<string, (database: Database, tenantId: string, id: string) => Promise<unknown>> = {
  ...taskQuestions, // sample product
  everybody: (database, tenantId) =>
    findPeople(database, tenantId, { prefix: "" }, { after: null, limit: 50 }),
  "people by their last sign-in": (database, tenantId) => {
    const sort = { by: "last-sign-in", descending: true } as const;
    const after = { field: "last_sign_in_at", key: "1000000000000005\u001f3" } as const;
    return findPeople(database, tenantId, { prefix: "" }, { after, limit: 50, sort });
  },
  "people by their creation": (database, tenantId) => {
    const sort = { by: "created", descending: false } as const;
    return findPeople(database, tenantId, { prefix: "", status: "active" }, { after: null, limit: 50, sort });
  },
  "figures of seven days": (database, tenantId) =>
    forTenant(database, tenantId).counts.since(["sign-in", "scim-call"], 5),
  "people by a prefix": (database, tenantId) =>
    findPeople(database, tenantId, { prefix: "a" }, { after: null, limit: 50 }),
  "people by a prefix, further on": (database, tenantId) =>
    findPeople(database, tenantId, { prefix: "x" }, { after: position, limit: 50 }),
  "blocked people": (database, tenantId) =>
    findPeople(
      database,
      tenantId,
      { prefix: "", status: "blocked", origin: "scim" },
      { after: null, limit: 50 },
    ),
  owners: (database, tenantId) =>
    findPeople(database, tenantId, { prefix: "", role: "owner" }, { after: null, limit: 50 }),
  administrators: (database, tenantId) =>
    findPeople(database, tenantId, { prefix: "a", role: "admin" }, { after: null, limit: 50 }),
  "members of a group": (database, tenantId, id) =>
    findPeople(database, tenantId, { prefix: "", group: id }, { after: null, limit: 50 }),
  activity: (database, tenantId) => forTenant(database, tenantId).activity.page({}, { at: 5, id: "x" }, 50),
  "activity of a kind": (database, tenantId) =>
    forTenant(database, tenantId).activity.page({ kind: "people", from: 3 }, null, 50),
  "activity of a person": (database, tenantId, id) =>
    forTenant(database, tenantId).activity.page({ person: id, kind: "people" }, null, 50),
};

/** The queries of a request by an agent. Every tenant's tokens are in one table. */
const guardQuestions: typeof questions = {
  "an access token": (database) => accessTokenStore(database).find("a-hash"),
  "an API key": (database) => apiKeyStore(database).find("a-hash"),
  "a person's role": (database, tenantId, id) => forTenant(database, tenantId).roles.effective(id),
};

/** SQLite plans without knowing a table's size, so its plans here are the same as in production. */
describe("on SQLite, the console's lists and the guard of the API", () => {
  let current: TestDatabase;
  let world: Awaited<ReturnType<typeof tenantWithEverything>>;
  before(async () => {
    current = await createTestDatabase("SQLite");
    world = await tenantWithEverything(current.database);
  });
  after(() => current.dispose());

  for (const [name, ask] of Object.entries({ ...questions, ...guardQuestions })) {
    it(`look up ${name} by an index`, async () => {
      const { database } = current;
      const statements = await statementsOf(database, () =>
        ask(database, world.store.tenantId, world.groupId),
      );
      const steps = (await Promise.all(statements.map((statement) => planOf(database, statement)))).flat();
      assert.ok(steps.length > 0);
      // A part of a union, in memory; and groups that grant a role, which are few.
      const known = /^SCAN part|group_roles/;
      const slow = steps.filter((step) => !known.test(step) && /^SCAN|\(tenant_id=\?\)$/.test(step));
      assert.deepEqual(slow, []);
    });
  }
});

/** Lookups in tables that all tenants share, or that grow with the use, and the index that each is made for. */
const lookups: [
  name: string,
  index: string,
  ask: (database: Database, tenantId: string) => Promise<unknown>,
][] = [
  [
    "a page of a tenant's sessions",
    "sessions_tenant_index",
    (database, tenantId) => forTenant(database, tenantId).sessions.page({ createdAt: 5, id: "x" }, 50),
  ],
  ["the messages that are due", "outbox_due", (database) => outbox(database).claim(8, 20_000)],
  ["the first message that is due", "outbox_due", (database) => outbox(database).firstDue()],
  ["the settled messages", "outbox_settled", (database) => outbox(database).removeSettled(5)],
  [
    "a tenant's activity without a seal",
    "activity_unsealed",
    (database, tenantId) => forTenant(database, tenantId).activitySeals.unsealed(50),
  ],
  [
    "the tenants with activity without a seal",
    "activity_unsealed",
    (database) => activitySeals(database).tenantsToSeal(),
  ],
  [
    "the stream of a push URL",
    "signal_streams_key_unique",
    (database) => systemStore(database).signalStreams.find("a-key"),
  ],
];

describe("an index finds", () => {
  onEachDatabase((use) => {
    for (const [name, index, ask] of lookups) {
      it(`${name}, without a scan or a sort`, async () => {
        const { database } = use();
        const statements = await statementsOf(database, () => ask(database, "a-tenant"));
        const plans = await Promise.all(statements.map((statement) => planOf(database, statement)));
        const steps = plans.find((plan) => plan.some((step) => step.includes(index)));
        assert.ok(steps, JSON.stringify(plans));
        // In PostgreSQL a lookup by an index names it: "Index Scan using …", or "Bitmap Index Scan on …".
        const slow = steps.filter((step) => /^SCAN (?!.*USING)|Seq Scan|Sort|TEMP B-TREE/.test(step));
        assert.deepEqual(slow, []);
      });
    }
  });
});

interface Statement {
  sql: string;
  bindings: string[];
}

async function statementsOf(database: Database, work: () => Promise<unknown>): Promise<Statement[]> {
  const seen: Statement[] = [];
  const see = ({ sql, bindings }: Statement) => {
    if (/^(select|delete)/.test(sql)) seen.push({ sql, bindings });
  };
  database.sql().on("query", see);
  await work();
  database.sql().removeListener("query", see);
  return seen;
}

async function planOf(database: Database, { sql, bindings }: Statement): Promise<string[]> {
  if (database.engine === "sqlite") {
    const rows: { detail: string }[] = await database.sql().raw(`explain query plan ${sql}`, bindings);
    return rows.map(({ detail }) => detail);
  }
  return await database.transaction(async (joined) => {
    // PostgreSQL scans and sorts small tables. It still does so if no index can take the place.
    for (const way of ["seqscan", "sort", "bitmapscan"])
      await joined.sql().raw(`set local enable_${way} = off`);
    const asked = `explain ${sql.replaceAll(/\$\d+/g, "?")}`;
    const { rows } = await joined.sql().raw(asked, bindings);
    return rows.map((row: Record<string, string>) => row["QUERY PLAN"]);
  });
}
