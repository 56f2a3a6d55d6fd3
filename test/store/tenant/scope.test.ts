import assert from "node:assert/strict";
import { tenantScope } from "../../../src/store/tenant/scope.ts";
import type { TenantStore } from "../../../src/store/tenant-store.ts";
import { onEachDatabase } from "../../helpers/databases.ts";
import { createTestTenant, newUser } from "../../helpers/people.ts";

describe("the scope of a tenant", () => {
  onEachDatabase((use) => {
    it("writes its own tenant's rows, whatever a row says", async () => {
      const { database } = use();
      const [own, other] = [await createTestTenant(database), await createTestTenant(database)];
      const scope = tenantScope(database, own.tenant.id);
      const row = (domain: string) => ({
        ...{ tenant_id: other.tenant.id, domain, verification_token: "x" },
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

    it("stays in its tenant over joins, though another one has rows with the same ids", async () => {
      const { database } = use();
      const stores: TenantStore[] = [];
      for (const name of ["own", "other"]) {
        const { store } = await createTestTenant(database);
        stores.push(store);
        await store.users.create(newUser(`${name}@x.test`, { id: "user", displayName: name }));
        await store.groups.create({ id: "group", displayName: name, sourceId: null, sourceKey: null });
        await store.groupMembers.add("group", ["user"]);
        await store.sources.create({ id: "source", name });
        const token = { id: "token", sourceId: "source", tokenHash: name, hint: name, expiresAt: null };
        await store.tokens.create(token);
      }
      const [own] = stores;
      assert.ok(own);
      await stores[1]?.roles.mapGroup("group", "admin");
      assert.deepEqual(await own.roles.grantsOf("user"), []);
      assert.equal(await own.roles.effective("user"), "member");
      const names = {
        groupsOfUser: (await own.groups.ofUser("user")).map(({ displayName }) => displayName),
        membersOfGroup: (await own.groupMembers.ofGroups(["group"])).get("group")?.map(({ name }) => name),
        affiliations: (await own.affiliations.ofUsers(["user"]))
          .get("user")
          ?.groups.map(({ displayName }) => displayName),
        user: (await own.users.affiliated(["groups"]).byId("user"))?.affiliations.groups.map(
          ({ displayName }) => displayName,
        ),
        tokens: (await own.tokens.list()).map(({ sourceName }) => sourceName),
      };
      for (const [what, found] of Object.entries(names)) assert.deepEqual(found, ["own"], what);
    });
  });
});
