import assert from "node:assert/strict";
import { recordRefusal, recordSignIn } from "../../../src/directory/sign-in-activity.ts";
import { RefusedError } from "../../../src/errors.ts";
import { removeExpired } from "../../../src/store/housekeeping.ts";
import { dayMs, hourMs } from "../../../src/store/tenant/counts.ts";
import { forTenant } from "../../../src/store/tenant-store.ts";
import { onEachDatabase } from "../../helpers/databases.ts";
import { createTestTenant, newUser, type TestTenant } from "../../helpers/people.ts";

const week = 7;

describe("the figures per day", () => {
  onEachDatabase((use) => {
    let acme: TestTenant;
    beforeEach(async () => {
      acme = await createTestTenant(use().database);
    });
    const at = (time: number) => forTenant(use().database, acme.store.tenantId, () => time);
    const attempt = (connectionId: string | null) => ({ connectionId, requestId: null });

    it("add up sign-ins and refusals of each day and connection, with the activity's own entries", async () => {
      const user = await acme.store.users.create(newUser("ada@acme.example"));
      const now = Date.now();
      const today = now - (now % dayMs);
      for (const time of [today - dayMs, today, today + 1, today + dayMs - 1])
        await recordSignIn(at(time), user, attempt("connection"));
      await recordSignIn(at(today), user, attempt(null));
      for (const reason of ["user-blocked", "user-blocked", "bad-credentials"] as const)
        await recordRefusal(at(today), new RefusedError(reason), attempt("connection"), user);
      const { counts } = at(today + 5);
      assert.deepEqual(await counts.days("sign-in", week), [0, 0, 0, 0, 0, 1, 4]);
      assert.deepEqual(await counts.days("sign-in", week, "connection"), [0, 0, 0, 0, 0, 1, 3]);
      assert.deepEqual(await counts.days("sign-in", 2, ""), [0, 1]);
      assert.deepEqual(await counts.days("sign-in-refused", 2), [0, 3]);
      const reasons = await counts.since(["refusal-reason"], today);
      assert.deepEqual(reasons.map(({ subject, count }) => [subject, count]).sort(), [
        ["bad-credentials", 1],
        ["user-blocked", 2],
      ]);
      assert.equal((await acme.store.activity.page({ kind: "sign-in" }, null, 100)).length, 8);
    });

    it("count nothing that is rolled back", async () => {
      const user = await acme.store.users.create(newUser("ada@acme.example"));
      const failed = acme.store.transaction(async (inside) => {
        await recordSignIn(inside, user, attempt(null));
        throw new Error("rolled back");
      });
      await assert.rejects(failed, /rolled back/);
      assert.deepEqual(await acme.store.counts.days("sign-in", 1), [0]);
    });

    it("add up what two replicas count at the same time", async () => {
      const other = use().openAnother();
      const replicas = [acme.store, forTenant(other, acme.store.tenantId)];
      const user = await acme.store.users.create(newUser("ada@acme.example"));
      await Promise.all(
        Array.from({ length: 40 }, (_, index) =>
          (replicas[index % 2] ?? acme.store).transaction((inside) =>
            recordSignIn(inside, user, attempt("connection")),
          ),
        ),
      );
      assert.deepEqual(await acme.store.counts.days("sign-in", 1, "connection"), [40]);
    });

    it("read few rows, however much is counted", async () => {
      const [first, second] = [{ kind: "sign-in", subject: "", count: 1 } as const, 30 * dayMs];
      for (let time = second; time < 40 * dayMs; time += hourMs) await at(time).counts.add([first]);
      const rows = await use().database.sql()("day_counts").where("tenant_id", acme.store.tenantId);
      const days = new Set(rows.map((row: { at: number }) => row.at));
      assert.equal(days.size, 10);
      assert.ok(rows.length <= 40, `${rows.length} rows`);
      assert.deepEqual(await at(40 * dayMs - 1).counts.days("sign-in", 3), [24, 24, 24]);
    });

    it("are removed by housekeeping when no page shows them any more", async () => {
      const now = Date.now();
      for (const age of [0, 3 * dayMs, 89 * dayMs, 92 * dayMs]) {
        const figures = (["scim-call", "scim-call-hour"] as const).map((kind) => ({
          kind,
          subject: "",
          count: 1,
        }));
        await acme.store.counts.add(figures, now - age);
      }
      await removeExpired(use().database);
      const left = await acme.store.counts.since(["scim-call", "scim-call-hour"], 0);
      assert.equal(left.filter(({ kind }) => kind === "scim-call").length, 3);
      assert.equal(left.filter(({ kind }) => kind === "scim-call-hour").length, 1);
    });
  });
});
