import assert from "node:assert/strict";
import { createToken } from "../../src/directory/provisioning-tokens.ts";
import { hourMs } from "../../src/store/tenant/counts.ts";
import { startTestApp } from "../helpers/app.ts";
import { onEachDatabase } from "../helpers/databases.ts";
import { createTestTenant } from "../helpers/people.ts";
import { scimClient } from "../helpers/scim.ts";

describe("the calls of provisioning clients", () => {
  onEachDatabase((use) => {
    it("are counted by source, also refused ones, and replicas add up; unknown callers count for no one", async () => {
      const { database } = use();
      const { store } = await createTestTenant(database);
      const { store: other } = await createTestTenant(database);
      const [first, second] = [await createToken(store), await createToken(store, "second")];
      const replicas = [await startTestApp(database), await startTestApp(database)];
      for (const app of replicas) {
        for (let count = 0; count < 3; count++) await scimClient(app, first.token).get("/Users");
        assert.equal((await scimClient(app, first.token).get("/Users/none")).status, 404);
        await scimClient(app, second.token).get("/Users");
        assert.equal((await scimClient(app, "unknown").get("/Users")).status, 401);
      }
      // Nothing is written while clients call.
      assert.deepEqual(await store.counts.since(["scim-call"], 0), []);
      for (const app of replicas) await app.close();
      const sources = await store.sources.list();
      const idOf = (name: string) => sources.find((source) => source.name === name)?.id;
      assert.deepEqual(await store.counts.days("scim-call", 1, idOf("default")), [8]);
      assert.deepEqual(await store.counts.days("scim-call", 1, idOf("second")), [2]);
      const hours = await store.counts.since(["scim-call-hour"], Date.now() - 2 * hourMs);
      assert.equal(
        hours.reduce((sum, { count }) => sum + count, 0),
        10,
      );
      assert.deepEqual(await other.counts.since(["scim-call", "scim-call-hour"], 0), []);
    });
  });
});
