import assert from "node:assert/strict";
import { onEachDatabase } from "../../helpers/databases.ts";
import { createTestTenant } from "../../helpers/people.ts";

describe("tombstones", () => {
  onEachDatabase((use) => {
    it("are paged by name to the end", async () => {
      const { store } = await createTestTenant(use().database);
      for (const name of ["cy", "Ada", "bob"]) await store.tombstones.add(name, `${name}@x.test`, []);
      const pages: string[][] = [];
      let after = null;
      do {
        const { tombstones, next } = await store.tombstones.page("", after, 2);
        pages.push(tombstones.map(({ id }) => id));
        after = next;
      } while (after && pages.length < 5);
      assert.deepEqual(pages, [["Ada", "bob"], ["cy"]]);
      assert.equal((await store.tombstones.page("", null, 3)).next, null);
    });
  });
});
