import assert from "node:assert/strict";
import { tenantScope } from "../../../src/store/tenant/scope.ts";
import { onEachDatabase } from "../../helpers/databases.ts";
import { createTestTenant } from "../../helpers/people.ts";

describe("the scope of a tenant", () => {
  onEachDatabase((use) => {
    it("writes rows of its own tenant, even if a row names another one", async () => {
      const { database } = use();
      const [own, other] = [await createTestTenant(database), await createTestTenant(database)];
      const scope = tenantScope(database, own.tenant.id);
      const row = (domain: string) => ({
        tenant_id: other.tenant.id,
        domain,
        verification_token: "x",
      });
      await scope.insert("tenant_domains", row("inserted.example"));
      await scope.insertMany("tenant_domains", [row("many.example")]);
      for (const verification of ["first", "second"])
        await scope.upsert(
          "tenant_domains",
          { ...row("upserted.example"), verification_token: verification },
          ["domain"],
        );
      const found = await own.store.domains.list();
      assert.deepEqual(
        found.map(({ domain, verificationToken }) => [domain, verificationToken]),
        [
          ["inserted.example", "x"],
          ["many.example", "x"],
          ["upserted.example", "second"],
        ],
      );
      assert.deepEqual(await other.store.domains.list(), []);
    });
  });
});
