import assert from "node:assert/strict";
import { createToken } from "../../src/directory/provisioning-tokens.ts";
import { type Database, openDatabase } from "../../src/store/database.ts";
import { hashToken } from "../../src/store/secrets.ts";
import { systemStore } from "../../src/store/system-store.ts";
import { forTenant } from "../../src/store/tenant-store.ts";
import { onDatabase } from "../helpers/databases.ts";
import { createTestTenant, newUser, type TestTenant } from "../helpers/people.ts";

interface PreparedRow {
  statement: string;
  plans: number;
}

onDatabase("PostgreSQL", (use) => {
  describe("prepared statements", () => {
    let acme: TestTenant;
    let [userId, token, sourceId] = ["", "", ""];
    before(async () => {
      acme = await createTestTenant(use().database);
      userId = (await acme.store.users.create(newUser("ada@acme.example"))).id;
      token = (await createToken(acme.store)).token;
      sourceId = (await acme.store.sources.list())[0]?.id ?? "";
    });

    /** The statements of the lookups on one connection, with the number of times that each ran. */
    async function lookUp(database: Database, times: number): Promise<PreparedRow[]> {
      return await database.transaction(async (inside) => {
        const { users } = forTenant(inside, acme.tenant.id);
        for (let count = 0; count < times; count++) {
          assert.equal((await systemStore(inside).tokens.owner(hashToken(token)))?.tenantId, acme.tenant.id);
          assert.equal((await users.affiliated(true).byId(userId))?.loginName, "ada@acme.example");
          assert.deepEqual(
            (await search(users, "ada@acme.example")).map(({ id }) => id),
            [userId],
          );
          assert.deepEqual(await search(users, "unknown@acme.example"), []);
          await users.page(0, 10);
        }
        const plans = "generic_plans + custom_plans as plans";
        return (await inside.sql().raw(`select statement, ${plans} from pg_prepared_statements`)).rows;
      });
    }

    async function search(users: TestTenant["store"]["users"], value: string) {
      const field = { in: "row", column: "loginName" } as const;
      const condition = { kind: "compare", field, operator: "eq", value } as const;
      const page = { sort: null, from: { offset: 0 }, limit: 100, sourceId };
      return (await users.affiliated(true).search({ condition, ...page })).rows;
    }

    it("are kept for lookups by an index, and for nothing else", async () => {
      const database = use().openAnother();
      const rows = await lookUp(database, 3);
      const tableOf = (text: string) => /from "?(\w+)"? (as t|where)/.exec(text)?.[1];
      assert.deepEqual(rows.map(({ statement, plans }) => `${tableOf(statement)}: ${plans}`).sort(), [
        "provisioning_tokens: 3",
        "users: 3",
        "users: 6",
      ]);
      await database.close();
    });

    it("are not kept if the URL forbids it", async () => {
      const url = new URL(use().url);
      url.searchParams.set("prepared_statements", "false");
      const database = openDatabase(url.href, "off");
      assert.deepEqual(await lookUp(database, 1), []);
      await database.close();
    });

    it("fail once per connection after a migration that changes a column's type", async () => {
      const database = use().openAnother();
      const { users } = forTenant(database, acme.tenant.id);
      const before = await users.byId(userId);
      await database.sql().raw("alter table users alter column source_key type varchar(999)");
      await assert.rejects(users.byId(userId), /cached plan must not change result type/);
      assert.deepEqual(await users.byId(userId), before);
      await database.close();
    });
  });
});
