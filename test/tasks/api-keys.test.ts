import assert from "node:assert/strict";
import { revokeApiKey } from "../../src/directory/api-keys.ts";
import { administratorWithKey, apiKeyOf } from "../helpers/api-keys.ts";
import type { Client } from "../helpers/client.ts";
import { onOneDatabase } from "../helpers/databases.ts";
import { createTestTenant } from "../helpers/people.ts";
import { useSite } from "../helpers/site.ts";

describe("the API with an API key", () => {
  onOneDatabase((use) => {
    const site = useSite(use);
    let program: Client;
    before(() => {
      program = site().app.client();
    });
    const list = (key: string) => program.send("GET", "/api/v1/tasks", { authorization: `Bearer ${key}` });
    const add = (key: string, title: string, headers: Record<string, string> = {}) => {
      const type = { "content-type": "application/json", authorization: `Bearer ${key}` };
      return program.send("POST", "/api/v1/tasks", { ...type, ...headers }, JSON.stringify({ title }));
    };

    it("acts for its person, in their tenant alone, until it is revoked", async () => {
      const other = await createTestTenant(use().database);
      const theirs = await administratorWithKey(other.store);
      const { user, key, id } = await administratorWithKey(site().acme.store);
      const added = await add(key, "Send the report");
      assert.equal(added.status, 201, added.text);
      const { created } = JSON.parse(added.text);
      assert.deepEqual([created.person.id, created.agent], [user.id, null]);
      assert.match((await list(key)).text, /Send the report/);
      assert.deepEqual(JSON.parse((await list(theirs.key)).text).items, []);
      await revokeApiKey(site().acme.store, id);
      assert.equal((await add(key, "Too late")).status, 401);
      assert.equal((await list(key)).status, 401);
    });

    it("has no more than its scopes", async () => {
      const { key } = await administratorWithKey(site().acme.store, { scopes: ["tasks.read"] });
      assert.equal((await list(key)).status, 200);
      const refused = await add(key, "Not allowed");
      assert.equal(refused.status, 403);
      assert.match(refused.headers.get("www-authenticate") ?? "", /scope="tasks\.write"/);
      const { detail } = JSON.parse(refused.text);
      assert.equal(detail, "The API key does not have the scope tasks.write.");
    });

    it("answers a repeated Idempotency-Key for each API key of a person alone", async () => {
      const { store } = site().acme;
      const { user, key } = await administratorWithKey(store);
      const second = await apiKeyOf(store, user);
      const once = { "idempotency-key": "report-1" };
      const [first, repeated] = [await add(key, "Once", once), await add(key, "Once", once)];
      assert.equal(repeated.text, first.text);
      const another = await add(second.key, "Another", once);
      assert.equal(another.status, 201, another.text);
    });
  });
});
