import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { type Inspector, noticeMs, openInspector } from "../../src/inspector/recorder.ts";
import { createLog } from "../../src/log.ts";
import type { Database } from "../../src/store/database.ts";
import { maxStoredMessages } from "../../src/store/tenant/inspector.ts";
import type { TenantStore } from "../../src/store/tenant-store.ts";
import { onEachDatabase } from "../helpers/databases.ts";
import { inAnHour, message } from "../helpers/messages.ts";
import { createTestTenant } from "../helpers/people.ts";

describe("the recorder", () => {
  onEachDatabase((use) => {
    let store: TenantStore;
    let inspector: Inspector;
    let logged: Record<string, unknown>[];

    const open = (database: Database) =>
      openInspector(
        database,
        createLog("debug", { write: (line: string) => void logged.push(JSON.parse(line)) }),
      );
    const record = (step: string, tenantId = store.tenantId) =>
      inspector.record(tenantId, () => message({ step }));
    const steps = async () => (await store.inspector.after({}, 0, 2_000)).map(({ step }) => step);

    /** The database with slower transactions. */
    function slowedBy(ms: number) {
      const { database } = use();
      let writes = 0;
      const slow: Database = {
        ...database,
        async transaction(work) {
          writes += 1;
          await sleep(ms);
          return await database.transaction(work);
        },
      };
      return { database: slow, writes: () => writes };
    }

    beforeEach(async () => {
      logged = [];
      store = (await createTestTenant(use().database)).store;
      inspector = open(use().database);
    });
    afterEach(() => inspector.close());

    it("keeps the messages of all replicas in the order of their arrival", async () => {
      await store.inspector.recordUntil(inAnHour());
      const other = open(use().openAnother());
      for (const step of ["one", "two", "three"]) record(step);
      await inspector.close();
      other.record(store.tenantId, () => message({ step: "four" }));
      await other.close();
      assert.deepEqual(await steps(), ["one", "two", "three", "four"]);
    });

    it("writes soon without being asked", async () => {
      await store.inspector.recordUntil(inAnHour());
      record("one");
      for (let left = 1_000; left > 0 && (await steps()).length === 0; left--) await sleep(20);
      assert.deepEqual(await steps(), ["one"]);
    });

    it("neither keeps nor describes messages of a tenant whose inspector is off", async () => {
      const { store: quiet } = await createTestTenant(use().database);
      await store.inspector.recordUntil(inAnHour());
      record("one");
      await sleep(300);
      inspector.record(quiet.tenantId, () => assert.fail("described"));
      record("of another", quiet.tenantId);
      await inspector.close();
      assert.deepEqual(await quiet.inspector.after({}, 0, 10), []);
      assert.deepEqual(await steps(), ["one"]);
    });

    it("keeps nothing after the recording time has ended", async () => {
      await store.inspector.recordUntil(Date.now() - 1);
      record("late");
      await inspector.close();
      assert.deepEqual(await steps(), []);
    });

    it("notices within a second that the inspector was switched on or off", async () => {
      await store.inspector.recordUntil(0);
      record("before");
      await sleep(300);
      await store.inspector.recordUntil(inAnHour());
      await sleep(noticeMs);
      record("on");
      await sleep(300);
      await store.inspector.recordUntil(0);
      await sleep(noticeMs);
      record("off");
      await inspector.close();
      assert.deepEqual(await steps(), ["on"]);
    });

    it("keeps the newest thousand messages", async () => {
      await store.inspector.recordUntil(inAnHour());
      for (let round = 0; round < 3; round++) {
        for (let at = 0; at < 400; at++) record(`${round}/${at}`);
        await inspector.close();
        inspector = open(use().database);
      }
      const kept = await steps();
      assert.equal(kept.length, maxStoredMessages);
      assert.deepEqual([kept[0], kept.at(-1)], ["0/200", "2/399"]);
    });

    it("describes messages in batches, not one by one", async () => {
      await store.inspector.recordUntil(inAnHour());
      record("the first one, so that the recorder reads which inspectors are on");
      for (let left = 500; left > 0 && (await steps()).length === 0; left--) await sleep(20);
      let described = 0;
      const counts = Array.from({ length: 25 }, () => {
        inspector.record(store.tenantId, () => {
          described += 1;
          return message();
        });
        return described;
      });
      await inspector.close();
      assert.deepEqual([...new Set([0, 25, ...counts])], [0, 25]);
      assert.equal(described, 25);
    });

    it("rests after each write, longer when the database is slow", async () => {
      await store.inspector.recordUntil(inAnHour());
      const slow = slowedBy(60);
      inspector = open(slow.database);
      for (const started = Date.now(); Date.now() - started < 2_500; await sleep(20)) record("one of many");
      await inspector.close();
      // Without rests it would write every 200 ms. After a write of 60 ms it rests for at least 1,140 ms.
      assert.ok(slow.writes() >= 2 && slow.writes() <= 4, `${slow.writes()} writes`);
    });

    it("rests for three seconds at most", async () => {
      await store.inspector.recordUntil(inAnHour());
      inspector = open(slowedBy(300).database);
      record("one");
      for (let left = 500; left > 0 && (await steps()).length < 1; left--) await sleep(20);
      record("two");
      // Nineteen times the write would be 5.7 seconds.
      for (let left = 80; left > 0 && (await steps()).length < 2; left--) await sleep(50);
      assert.deepEqual(await steps(), ["one", "two"]);
    });

    it("writes messages that arrived during a write", async () => {
      await store.inspector.recordUntil(inAnHour());
      const slow = slowedBy(100);
      inspector = open(slow.database);
      record("one");
      for (let left = 500; left > 0 && slow.writes() === 0; left--) await sleep(5);
      record("two");
      for (let left = 1_000; left > 0 && (await steps()).length < 2; left--) await sleep(20);
      assert.deepEqual(await steps(), ["one", "two"]);
    });

    it("drops and counts messages when too many arrive", async () => {
      await store.inspector.recordUntil(inAnHour());
      for (let at = 0; at < 1_500; at++) record(String(at));
      await inspector.close();
      assert.equal((await steps()).length, 1_000);
      assert.equal((await store.inspector.state()).dropped, 500);
    });

    it("logs a message that cannot be described, and does not throw", async () => {
      await store.inspector.recordUntil(inAnHour());
      inspector.record(store.tenantId, () => {
        throw new Error("no such thing");
      });
      record("next");
      await inspector.close();
      assert.deepEqual(await steps(), ["next"]);
      assert.equal((await store.inspector.state()).dropped, 1);
      assert.deepEqual(
        logged.map(({ event }) => event),
        ["inspector.message_not_understood"],
      );
    });

    it("logs a failed write, and does not throw", async () => {
      await store.inspector.recordUntil(inAnHour());
      const another = use().openAnother();
      await another.close();
      inspector = open(another);
      record("lost");
      await inspector.close();
      assert.deepEqual([...new Set(logged.map(({ event }) => event))], ["inspector.write_failed"]);
    });

    it("keeps a message that contains a NUL", async () => {
      await store.inspector.recordUntil(inAnHour());
      const odd = { people: ["a\0b"], summary: "a\0b", request: { head: ["a\0b"], json: "a\0b" } };
      inspector.record(store.tenantId, () => message(odd));
      await inspector.close();
      assert.equal((await store.inspector.bySeq(1))?.person, "a\ufffdb");
    });

    it("ignores messages after it was closed", async () => {
      await store.inspector.recordUntil(inAnHour());
      await inspector.close();
      record("late");
      await sleep(300);
      assert.deepEqual(await steps(), []);
    });
  });
});
