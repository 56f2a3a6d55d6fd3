import assert from "node:assert/strict";
import { onOneDatabase } from "../../../test/helpers/databases.ts";
import { createTestTenant } from "../../../test/helpers/people.ts";
import { openCanaries } from "../src/canaries.ts";

describe("a planted secret", () => {
  onOneDatabase((use) => {
    it("is found in a row and in the log, and the place is named", async () => {
      const { database } = use();
      const { tenant } = await createTestTenant(database);
      const canaries = openCanaries();
      canaries.plant("a token", "token-of-a-client");
      canaries.plant("a quoted secret", 'secret with "quotes"');
      canaries.watch('{"event":"request.refused"}');
      assert.deepEqual(await canaries.found(database), []);
      canaries.watch('{"event":"request.refused","reason":"token-of-a-client is unknown"}');
      const name = JSON.stringify({ value: 'secret with "quotes"' });
      await database.sql()("tenants").where("id", tenant.id).update({ name });
      assert.deepEqual(await canaries.found(database), ["the log: a token", "tenants: a quoted secret"]);
    });

    it("is watched for in the log while it is one of the newest three of its name", async () => {
      const canaries = openCanaries();
      for (const value of ["first-token", "second-token", "third-token", "fourth-token"])
        canaries.plant("a token", value);
      canaries.watch("first-token");
      assert.deepEqual(await canaries.found(use().database), []);
      canaries.watch("second-token");
      assert.deepEqual(await canaries.found(use().database), ["the log: a token"]);
    });
  });
});
