import assert from "node:assert/strict";
import { activityCommands } from "../../src/cli/activity.ts";
import type { Database } from "../../src/store/database.ts";
import { sealer } from "../../src/store/secrets.ts";
import { forTenant, type TenantStore } from "../../src/store/tenant-store.ts";
import { coveredColumns } from "../../src/trail/chain.ts";
import { removeOldActivity, sealActivity } from "../../src/trail/sealing.ts";
import { type TrailReport, verifyTrail } from "../../src/trail/verify.ts";
import { dataKey, runCommand } from "../helpers/cli.ts";
import { onEachDatabase } from "../helpers/databases.ts";
import { createTestTenant } from "../helpers/people.ts";
import { trailDeps } from "../helpers/seals.ts";
import { columnsOf } from "../helpers/tenant-tables.ts";

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

describe("the sealed activity", () => {
  onEachDatabase((use, engine) => {
    let store: TenantStore;
    let slug: string;
    beforeEach(async () => {
      ({
        store,
        tenant: { slug },
      } = await createTestTenant(use().database));
    });

    const record = (inside: TenantStore, action = "token.created") => {
      const actor = { actorKind: "operator", actor: "cli", targetId: null } as const;
      return inside.activity.record({ ...actor, action, changed: ["name"], requestId: null });
    };
    const recordSome = async (count: number) => {
      for (let done = 0; done < count; done++) await record(store);
    };
    const seal = () => sealActivity(trailDeps(use().database));
    const verify = (options?: Parameters<typeof verifyTrail>[2]) =>
      verifyTrail(store, sealer(dataKey), options);
    const rows = (table: string) => use().database.sql()(table).where("tenant_id", store.tenantId);
    const someId = async (): Promise<string> => (await rows("activity").first("id")).id;
    /** The kind of the fault, and whether it names the entry or seal. */
    const found = ({ fault }: TrailReport) => fault && [fault.kind, fault.entry?.id ?? fault.seal];

    it("is as it was sealed", async () => {
      await recordSome(3);
      assert.deepEqual(await verify(), { ...none, unsealed: 3 });
      await seal();
      await recordSome(2);
      await seal();
      await recordSome(1);
      const { head, ...counts } = await verify();
      assert.deepEqual(
        { ...counts, head: head?.number },
        { ...none, checked: 5, unsealed: 1, seals: 2, head: 2 },
      );
    });

    it("covers each column of an entry", async () => {
      const own = ["tenant_id", "seal"];
      const columns = await columnsOf(use().database, "activity");
      assert.deepEqual(columns.filter((name) => !own.includes(name)).sort(), [...coveredColumns].sort());
    });

    for (const column of coveredColumns.filter((name) => name !== "id"))
      it(`finds a changed ${column}`, async () => {
        await recordSome(3);
        await seal();
        const id = await someId();
        const wrong = column === "at" ? Date.now() + 5 : column === "changed" ? "[]" : "forged";
        await rows("activity")
          .where({ id })
          .update({ [column]: wrong });
        assert.deepEqual(found(await verify()), ["entry-changed", id]);
      });

    it("finds a deleted entry", async () => {
      await recordSome(3);
      await seal();
      const id = await someId();
      await rows("activity").where({ id }).delete();
      assert.deepEqual(found(await verify()), ["entry-missing", id]);
    });

    it("finds an entry whose id was exchanged", async () => {
      await recordSome(2);
      await seal();
      const id = await someId();
      await rows("activity").where({ id }).update({ id: "forged" });
      assert.deepEqual(found(await verify()), ["entry-missing", id]);
    });

    it("finds two entries that exchanged their places", async () => {
      await recordSome(1);
      await new Promise((resolve) => setImmediate(resolve));
      await record(forTenant(use().database, store.tenantId, () => Date.now() + 9));
      await seal();
      const [one, other] = await rows("activity").orderBy("at").select("id", "at");
      await rows("activity").where({ id: one.id }).update({ at: other.at });
      await rows("activity").where({ id: other.id }).update({ at: one.at });
      assert.equal((await verify()).fault?.kind, "entry-changed");
    });

    it("finds an entry that was added with an earlier time, sealed or not", async () => {
      await recordSome(1);
      await seal();
      const add = async (id: string, seal: number | null, at: number) => {
        const [row] = await rows("activity").limit(1);
        await use()
          .database.sql()("activity")
          .insert({ ...row, id, seal, at });
      };
      await add("unsealed", null, Date.now() - hourMs);
      assert.deepEqual(found(await verify()), ["entry-added", "unsealed"]);
      await seal();
      assert.deepEqual(found(await verify()), ["entry-added", "unsealed"]);
      await rows("activity").where("id", "unsealed").delete();
      await runCommand([...activityCommands], use().database, ["activity", "restart", slug, "--yes"]);
      await seal();
      for (const number of [0, 1, 99]) {
        await add("forged", number, Date.now());
        assert.deepEqual(found(await verify()), ["entry-added", "forged"], String(number));
        await rows("activity").where("id", "forged").delete();
      }
      assert.equal((await verify()).fault, null);
    });

    it("finds deleted, exchanged and changed seals", async () => {
      for (let count = 0; count < 3; count++) {
        await recordSome(1);
        await seal();
      }
      const seals = await rows("activity_seals").orderBy("number");
      const restore = async () => {
        await rows("activity_seals").delete();
        await use().database.sql()("activity_seals").insert(seals);
        assert.equal((await verify()).fault, null);
      };
      for (const number of [1, 2, 3]) {
        await rows("activity_seals").where({ number }).delete();
        assert.deepEqual(found(await verify()), ["seal-missing", number]);
        await restore();
      }
      await rows("activity_seals").where({ number: 2 }).update({ number: 9 });
      await rows("activity_seals").where({ number: 3 }).update({ number: 2 });
      await rows("activity_seals").where({ number: 9 }).update({ number: 3 });
      assert.deepEqual(found(await verify()), ["seal-changed", 2]);
      await restore();
      for (const change of [
        { entries: "[]" },
        { entries: "{" },
        { covers_from: 5 },
        { seal: "x" },
        { sealed_at: 1 },
      ]) {
        await rows("activity_seals").where({ number: 2 }).update(change);
        assert.deepEqual(found(await verify()), ["seal-changed", 2]);
        await restore();
      }
    });

    it("finds a rolled back, forged or deleted head, and seals nothing more over it", async () => {
      await recordSome(1);
      await seal();
      const head = await rows("activity_trails").first();
      await recordSome(1);
      await seal();
      const changes = [
        { last_number: 1, last_seal: head.last_seal },
        { removed_before: Date.now() + dayMs },
        { covered_until: 0 },
        { first_number: 2 },
        { sealed_key: "v1.forged" },
      ];
      const now = await rows("activity_trails").first();
      for (const change of changes) {
        await rows("activity_trails").update(change);
        assert.equal((await verify()).fault?.kind, "trail-changed", JSON.stringify(change));
        await recordSome(1);
        await seal();
        assert.equal((await rows("activity_seals")).length, 2);
        await rows("activity_trails").update(now);
        assert.equal((await verify()).fault, null);
      }
      await rows("activity_trails").delete();
      assert.deepEqual((await verify()).fault?.kind, "entry-added");
      await rows("activity").update({ seal: null });
      assert.equal((await verify()).fault?.kind, "trail-changed");
    });

    it("finds a whole chain that was begun anew, by a seal that was noted before", async () => {
      await recordSome(1);
      await seal();
      const expected = (await verify()).head ?? assert.fail();
      assert.equal((await verify({ expected })).fault, null);
      await store.activitySeals.clear();
      assert.deepEqual(found(await verify({ expected })), ["seal-missing", 1]);
      await seal();
      assert.equal((await verify()).fault, null);
      assert.deepEqual(found(await verify({ expected })), ["seal-changed", 1]);
    });

    it("finds that the key is another one", async () => {
      await recordSome(1);
      await seal();
      const other = await verifyTrail(store, sealer(Buffer.alloc(32, 7)));
      assert.equal(other.fault?.kind, "trail-changed");
    });

    it("covers an entry whose transaction commits after a newer one was sealed", async () => {
      // SQLite has one writer at a time.
      const late: Database = use().openAnother();
      const [recorded, sealed] = [signal(), signal()];
      const writing = forTenant(late, store.tenantId).transaction(async (inside) => {
        await record(inside, "token.revoked");
        recorded.give();
        if (engine === "PostgreSQL") await sealed.given;
      });
      await recorded.given;
      if (engine === "SQLite") await writing;
      await recordSome(2);
      await seal();
      const before = await verify();
      assert.equal(before.checked, engine === "PostgreSQL" ? 2 : 3);
      sealed.give();
      await writing;
      await seal();
      const { checked, unsealed, fault } = await verify();
      assert.deepEqual([checked, unsealed, fault], [3, 0, null]);
    });

    it("gives no false alarm while replicas write, seal and verify at once", async () => {
      const replicas = [use().database, use().openAnother(), use().openAnother()];
      const reports: TrailReport[] = [];
      const writers = replicas.map(async (database) => {
        const own = forTenant(database, store.tenantId);
        for (let count = 0; count < 40; count++) await own.transaction((inside) => record(inside));
      });
      const sealers = replicas.map(async (database) => {
        for (let count = 0; count < 6; count++) await sealActivity(trailDeps(database));
      });
      const verifying = (async () => {
        for (let count = 0; count < 6; count++) reports.push(await verify());
      })();
      await Promise.all([...writers, ...sealers, verifying]);
      await seal();
      reports.push(await verify());
      assert.deepEqual(reports.map(({ fault }) => fault).filter(Boolean), []);
      assert.equal(reports.at(-1)?.checked, 120);
    });

    it("seals a backlog in order, also one that is longer than a seal", async () => {
      const start = Date.now() - 3 * dayMs;
      let at = start;
      await forTenant(use().database, store.tenantId, () => (at += 60_000)).transaction(async (inside) => {
        for (let count = 0; count < 520; count++) await record(inside);
      });
      await seal();
      const { checked, seals, fault } = await verify();
      assert.deepEqual([checked, seals, fault], [520, 2, null]);
    });

    it("takes a corrected clock for no attack", async () => {
      await recordSome(1);
      await sealActivity(trailDeps(use().database, () => Date.now() + dayMs));
      await recordSome(1);
      assert.equal((await verify()).fault, null);
      await seal();
      assert.equal((await verify()).fault, null);
    });

    it("removes activity older than the tenant's retention period, and remains verifiable", async () => {
      const { database } = use();
      const at = (days: number) => () => Date.now() - days * dayMs;
      await store.settings.change({ activityDays: 30 });
      for (const days of [40, 35, 31, 20]) {
        await record(forTenant(database, store.tenantId, at(days)));
        if (days !== 31) await sealActivity(trailDeps(database, at(days)));
      }
      assert.deepEqual(found(await verify()), null);
      await removeOldActivity(trailDeps(database));
      const { checked, removed, seals, fault } = await verify();
      // The seals of 40 and 35 days are gone; that of 20 days also covers the entry of 31 days.
      assert.deepEqual({ checked, removed, seals, fault }, { checked: 1, removed: 1, seals: 1, fault: null });
      await store.settings.change({ activityDays: 365 });
      assert.equal((await verify()).fault, null);
      await rows("activity").delete();
      assert.equal((await verify()).fault?.kind, "entry-missing");
    });

    it("is not removed with seals that a tamperer made old", async () => {
      for (let count = 0; count < 3; count++) {
        await recordSome(1);
        await seal();
      }
      await rows("activity_seals").where("number", "<=", 2).update({ last_at: 0 });
      await rows("activity").where("seal", "<=", 2).delete();
      // An old entry makes the tenant one with activity to remove.
      await record(forTenant(use().database, store.tenantId, () => 1));
      await removeOldActivity(trailDeps(use().database));
      assert.deepEqual(found(await verify()), ["seal-changed", 1]);
    });

    it("has no removal of the future, also if the database names a period that reaches there", async () => {
      await recordSome(2);
      await seal();
      const tenants = use().database.sql()("tenants").where("id", store.tenantId);
      await tenants.clone().update({ activity_days: -36_500 });
      await removeOldActivity(trailDeps(use().database));
      await tenants.clone().update({ activity_days: 365 });
      await rows("activity").delete();
      assert.equal((await verify()).fault?.kind, "entry-missing");
    });

    it("removes all activity older than each tenant's retention period, and no other", async () => {
      const { database } = use();
      const left: number[] = [];
      for (const keptDays of [365, 30]) {
        const { tenant } = await createTestTenant(database);
        await forTenant(database, tenant.id).settings.change({ activityDays: keptDays });
        const at = (days: number) => forTenant(database, tenant.id, () => Date.now() - days * dayMs);
        for (const days of [29, 31, 364, 366]) await record(at(days));
        await at(400).transaction(async (inside) => {
          for (let count = 0; count < 520; count++) await record(inside);
        });
        await removeOldActivity(trailDeps(database));
        left.push((await at(0).activity.page({}, null, 2_000)).length);
      }
      assert.deepEqual(left, [3, 1]);
    });

    it("is verified by the command, which fails if one tenant has a fault", async () => {
      const run = (...words: string[]) =>
        runCommand([...activityCommands], use().database, ["activity", ...words]);
      await recordSome(2);
      await seal();
      const fine = await run("verify", "--tenant", slug);
      assert.equal(fine.hasFailed, false);
      assert.equal(fine.text, `${slug}: 2 entries are as they were sealed, 0 not yet sealed.`);
      const id = await someId();
      await rows("activity").where({ id }).update({ actor: "forged" });
      const { json, text, hasFailed } = await run("verify");
      assert.equal(hasFailed, true);
      const { tenants } = json as {
        tenants: { tenant: string; fault: { kind: string; entry: { id: string } } }[];
      };
      const fault = tenants.find(({ tenant }) => tenant === slug)?.fault;
      assert.deepEqual([fault?.kind, fault?.entry.id], ["entry-changed", id]);
      assert.match(text, new RegExp(`${slug}: FAULT. Entry ${id} of .* was changed after it was sealed`));
      await assert.rejects(run("verify", "--expect", "1:x"), /--expect takes NUMBER:SEAL/);
      await assert.rejects(run("restart", slug), /Add --yes/);
      await run("restart", slug, "--yes");
      await seal();
      assert.equal((await run("verify", "--tenant", slug)).hasFailed, false);
      assert.equal((await store.activity.latest(1))[0]?.action, "activity.seals_restarted");
    });
  });
});

const none = { checked: 0, unsealed: 0, removed: 0, seals: 0, head: null, fault: null };

/** Resolves `given` when `give` is called. */
function signal() {
  let give = () => {};
  const given = new Promise<void>((resolve) => {
    give = resolve;
  });
  return { given, give: () => give() };
}
