import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { recordRefusal, recordSignIn } from "../../src/directory/sign-in-activity.ts";
import { RefusedError } from "../../src/errors.ts";
import { dayMs } from "../../src/store/tenant/counts.ts";
import { forTenant } from "../../src/store/tenant-store.ts";
import { onEachDatabase } from "../helpers/databases.ts";
import { createTestTenant, newUser } from "../helpers/people.ts";

const file = readdirSync(new URL("../../migrations/", import.meta.url)).find((name) =>
  name.includes("count_days"),
);

describe("the migration that counts days", () => {
  onEachDatabase((use) => {
    it("finds the past figures and last sign-ins in the activity and the identities", async () => {
      const { database } = use();
      const { store, connection } = await createTestTenant(database);
      const { id: connectionId } = await connection();
      const [ada, bob, eve] = await Promise.all(
        ["ada", "bob", "eve"].map((name) => store.users.create(newUser(`${name}@acme.example`))),
      );
      assert.ok(ada && bob && eve);
      const now = Date.now();
      const at = (time: number) => forTenant(database, store.tenantId, () => time);
      const attempt = { connectionId, requestId: null };
      for (const time of [now, now - dayMs, now - dayMs]) await recordSignIn(at(time), ada, attempt);
      await recordRefusal(at(now), new RefusedError("user-blocked"), attempt, bob);
      // The activity of this sign-in is older than the tenant keeps it.
      await store.identities.add(connectionId, "bob", bob.id);
      await at(now - 500 * dayMs).identities.recordSignIn(connectionId, "bob", null);
      const run = async (direction: "up" | "down") => {
        const migration = await import(`../../migrations/${file}`);
        await database.sql().transaction((trx) => migration[direction](trx));
      };
      const figures = async () => [
        await at(now).counts.days("sign-in", 2, connectionId),
        await at(now).counts.days("sign-in-refused", 2),
        (await at(now).counts.since(["refusal-reason"], 0)).map(({ subject, count }) => [subject, count]),
      ];
      const lastSignIns = async () => {
        const rows = await database.sql()("users").where("tenant_id", store.tenantId).orderBy("login_name");
        return rows.map((row: { last_sign_in_at: number | null }) => row.last_sign_in_at);
      };
      const before = await figures();
      assert.deepEqual(before, [[2, 1], [0, 1], [["user-blocked", 1]]]);
      for (const _time of ["first", "second"]) {
        await run("down");
        await run("up");
        assert.deepEqual(await figures(), before);
        assert.deepEqual(await lastSignIns(), [now, now - 500 * dayMs, null]);
      }
    });
  });
});
