import assert from "node:assert/strict";
import { provisionGroup, updateProvisionedGroup } from "../../src/directory/groups.ts";
import { InvalidError } from "../../src/errors.ts";
import type { Group, User } from "../../src/model.ts";
import { forTenant, type TenantStore } from "../../src/store/tenant-store.ts";
import { onDatabase, someoneWaits } from "../helpers/databases.ts";
import { createLocalAccount, createTestTenant, type TestTenant } from "../helpers/people.ts";

// SQLite has one writer: there, a person is deleted before the change of the group or after it.
describe("a person who is deleted while they are added to a group", () => {
  onDatabase("PostgreSQL", (use) => {
    let acme: TestTenant;
    let ada: User;
    let staff: Group;
    beforeEach(async () => {
      acme = await createTestTenant(use().database);
      ada = await createLocalAccount(acme.store, "ada@acme.example");
      staff = await provisionGroup(acme.store, acme.writer, { displayName: "Staff", sourceKey: null }, []);
    });
    const add = (store: TenantStore) =>
      updateProvisionedGroup(store, acme.writer, staff.id, { steps: [{ kind: "add", userIds: [ada.id] }] });

    /** Does `first`, and commits it once `second`, which another request does, waits for it. */
    async function overlapping(
      first: (inside: TenantStore) => Promise<unknown>,
      second: () => Promise<unknown>,
    ) {
      let begin = () => {};
      const hasBegun = new Promise<void>((resolve) => {
        begin = resolve;
      });
      // Outside the transaction's async context, as another request is.
      const done = hasBegun.then(second);
      await use().database.transaction(async (joined) => {
        await first(forTenant(joined, acme.tenant.id));
        begin();
        await someoneWaits(joined);
      });
      await done;
    }

    it("is named as unknown to the client", async () => {
      const unknown = new InvalidError(`No such user: ${ada.id}.`);
      await overlapping(
        (inside) => inside.users.remove(ada.id),
        () => assert.rejects(add(acme.store), unknown),
      );
    });

    it("leaves the group with another version than the one that had them", async () => {
      let version = 0;
      await overlapping(
        async (inside) => {
          version = (await add(inside)).version;
        },
        () => acme.store.users.remove(ada.id),
      );
      assert.deepEqual(await acme.store.groupMembers.page(staff.id, null, 10), []);
      assert.ok(((await acme.store.groups.byId(staff.id))?.version ?? 0) > version);
    });
  });
});
