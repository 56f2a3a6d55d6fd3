import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { createLog } from "../../src/log.ts";
import { addJob, type JobKind, jobHandler } from "../../src/outbox/jobs.ts";
import { nextRun, type RecurringJob, recurringSource } from "../../src/outbox/recurring.ts";
import { giveUpMs, leaseMs, openRunner } from "../../src/outbox/runner.ts";
import type { Database } from "../../src/store/database.ts";
import type { TenantStore } from "../../src/store/tenant-store.ts";
import { onEachDatabase } from "../helpers/databases.ts";
import { interleaved } from "../helpers/interleaved.ts";
import { handlersOf } from "../helpers/outbox.ts";
import { createTestTenant } from "../helpers/people.ts";
import { until } from "../helpers/processes.ts";

const log = createLog("silent");
const [minute, hour, day] = [60_000, 3_600_000, 86_400_000];
/** A full day in UTC. */
const midnight = Date.UTC(2026, 10, 30);

describe("a job with a time", () => {
  onEachDatabase((use) => {
    let store: TenantStore;
    let now: number;
    let attempts: number[];
    let fails: boolean;
    /** As the metric counts them. */
    let ends: string[];
    const kind: JobKind<string> = {
      name: "test.later",
      data: z.string(),
      async handle({ attempt }) {
        attempts.push(attempt);
        if (fails) throw new Error("not yet");
      },
    };
    beforeEach(async () => {
      await use().database.sql()("tenants").delete();
      ({ store } = await createTestTenant(use().database));
      now = Date.now();
      attempts = [];
      ends = [];
      fails = false;
    });
    const work = () => {
      const { database } = use();
      const handlers = handlersOf({ job: jobHandler(database, [kind]) });
      const onAttempt = (_kind: string, end: string) => void ends.push(end);
      return openRunner({ database, log, handlers, onAttempt, now: () => now }).runDue();
    };
    const state = async () => (await use().database.sql()("outbox").first("state")).state;

    it("waits for it, and is done once", async () => {
      await addJob(store, kind, "x", { runAt: now + 3 * day });
      now += 3 * day - 1;
      assert.equal(await work(), 0);
      now += 1;
      assert.equal(await work(), 1);
      assert.equal(await work(), 0);
      assert.deepEqual(attempts, [1]);
    });

    it("is done at once if the time has passed", async () => {
      await addJob(store, kind, "x", { runAt: now - day });
      // The job is due when it was added, by the store's own clock.
      now = Date.now();
      assert.equal(await work(), 1);
    });

    it("is tried for a day after its time, not after the time when it was added", async () => {
      fails = true;
      await addJob(store, kind, "x", { runAt: now + 3 * day });
      now += 3 * day;
      await work();
      assert.equal(await state(), "waiting");
      now += giveUpMs - 1_000;
      await work();
      assert.deepEqual([await state(), attempts, ends], ["given-up", [1, 2], ["retry", "given-up"]]);
    });

    it("goes with its transaction", async () => {
      const failing = store.transaction(async (inside) => {
        await addJob(inside, kind, "x", { runAt: now + day });
        throw new Error("rolled back");
      });
      await assert.rejects(failing, /rolled back/);
      assert.deepEqual(await use().database.sql()("outbox").select("id"), []);
    });
  });
});

describe("a recurring job", () => {
  it("runs at multiples of its interval in UTC", () => {
    const every = (everyMinutes: number, atMinute?: number) => ({
      ...{ name: "x", everyMinutes, handle: async () => undefined },
      ...(atMinute === undefined ? {} : { atMinute }),
    });
    assert.equal(nextRun(every(10), midnight + 1), midnight + 10 * minute);
    assert.equal(nextRun(every(10), midnight + 10 * minute), midnight + 20 * minute);
    assert.equal(nextRun(every(1440, 180), midnight), midnight + 3 * hour);
    assert.equal(nextRun(every(1440, 180), midnight + 3 * hour), midnight + 27 * hour);
    assert.equal(nextRun(every(1440, 180), midnight + 4 * hour), midnight + 27 * hour);
  });

  onEachDatabase((use) => {
    let now: number;
    let runs: string[];
    let work: () => Promise<void>;
    beforeEach(async () => {
      await use().database.sql()("recurring_jobs").delete();
      now = midnight + 5 * minute;
      runs = [];
      work = async () => undefined;
    });

    /** A process with the job. */
    function replica(name = "test.recurring", wrapped = (database: Database) => database) {
      const job: RecurringJob = {
        name,
        everyMinutes: 10,
        async handle() {
          runs.push(name);
          await work();
        },
      };
      const database = wrapped(use().openAnother());
      const source = recurringSource([job], { database, log, now: () => now });
      return {
        due: () =>
          openRunner({ database, log, handlers: handlersOf({}), sources: [source], now: () => now }).runDue(),
        claim: (forMs = leaseMs) => source.claim(9, forMs),
      };
    }
    const row = async () => await use().database.sql()("recurring_jobs").first();

    it("begins at the first time of its schedule, and then at each", async () => {
      const { due } = replica();
      assert.equal(await due(), 0);
      now = midnight + 10 * minute;
      assert.equal(await due(), 1);
      assert.equal(await due(), 0);
      now += 10 * minute;
      assert.equal(await due(), 1);
      assert.equal((await row()).succeeded_at, now);
    });

    it("runs once after a restart for all times that it missed, and then goes on with the schedule", async () => {
      await replica().due();
      now += 3 * day + 2 * minute;
      const restarted = replica();
      assert.equal(await restarted.due(), 1);
      assert.equal(await restarted.due(), 0);
      assert.equal((await row()).due_at, nextRun({ everyMinutes: 10 } as RecurringJob, now));
    });

    it("runs in one of several replicas", async () => {
      const replicas = [replica(), replica(), replica()];
      for (const one of replicas) await one.due();
      now = midnight + 10 * minute;
      await Promise.all(replicas.map((one) => one.due()));
      assert.deepEqual(runs, ["test.recurring"]);
    });

    it("is not begun by another replica while it runs, also if it takes longer than a lease", async () => {
      const [one, other] = [replica(), replica()];
      await one.due();
      await other.due();
      now = midnight + 10 * minute;
      let end = () => {};
      const ended = new Promise<void>((resolve) => {
        end = resolve;
      });
      work = () => ended;
      const shortLease = 200;
      const [begin] = await one.claim(shortLease);
      const running = begin?.();
      now += shortLease - 1;
      // The renewal follows the clock on the wall.
      await until("the lease is renewed", async () => (await row()).due_at === now + shortLease);
      now += 2;
      assert.deepEqual(await other.claim(), []);
      end();
      await running;
      assert.deepEqual(runs, ["test.recurring"]);
      assert.equal((await row()).due_at, midnight + 20 * minute);
    });

    it("keeps its next time if renewals of its lease are slower than its end", async () => {
      await replica().due();
      now = midnight + 10 * minute;
      const slow = [400, 1];
      let renewals = 0;
      let claimed = false;
      const delayed = () => {
        renewals += 1;
        const ms = slow.shift();
        return ms === undefined ? null : () => sleep(ms);
      };
      const { claim } = replica("test.recurring", (database) =>
        interleaved(database, () => (claimed ? delayed() : null)),
      );
      work = () => until("two renewals are under way", () => renewals >= 2);
      const shortLease = 200;
      const [begin] = await claim(shortLease);
      claimed = true;
      await begin?.();
      await sleep(500);
      assert.equal((await row()).due_at, midnight + 20 * minute);
    });

    it("is begun again by another replica if its process dies, once the lease has ended", async () => {
      const dying = replica();
      await dying.due();
      now = midnight + 10 * minute;
      assert.equal((await dying.claim()).length, 1);
      const other = replica();
      now += leaseMs - 1;
      assert.equal(await other.due(), 0);
      now += 1;
      assert.equal(await other.due(), 1);
    });

    it("is tried again soon after an error, and not later than at its next time", async () => {
      const { due } = replica();
      await due();
      now = midnight + 10 * minute;
      work = () => Promise.reject(new Error("broken"));
      await due();
      const first = await row();
      assert.ok(first.due_at > now && first.due_at <= now + 10_000, String(first.due_at - now));
      assert.deepEqual([first.failures, first.succeeded_at], [1, null]);
      for (let failures = 2; failures < 9; failures++) {
        now = (await row()).due_at;
        await due();
        const { due_at: next, failures: counted } = await row();
        assert.equal(counted, failures);
        assert.ok(next <= nextRun({ everyMinutes: 10 } as RecurringJob, now));
      }
      work = async () => undefined;
      now = (await row()).due_at;
      await due();
      assert.equal((await row()).failures, 0);
    });

    it("takes two places of the runner, so that messages do not wait for long runs", async () => {
      const jobs = Array.from(
        { length: 9 },
        (_, index): RecurringJob => ({
          name: `test.long_${index}`,
          everyMinutes: 10,
          async handle() {
            runs.push("long run");
            await work();
          },
        }),
      );
      const message: JobKind<string> = {
        name: "test.message",
        data: z.string(),
        handle: async () => void runs.push("message"),
      };
      const { database } = use();
      const sources = [recurringSource(jobs, { database, log, now: () => now })];
      const handlers = handlersOf({ job: jobHandler(database, [message]) });
      const runner = openRunner({ database, log, handlers, sources });
      await database.sql()("tenants").delete();
      const { store } = await createTestTenant(database);
      await runner.runDue();
      let end = () => {};
      const ended = new Promise<void>((resolve) => {
        end = resolve;
      });
      work = () => ended;
      now = midnight + 10 * minute;
      const longRuns = runner.runDue();
      await until("recurring jobs have begun", () => runs.length > 0);
      await addJob(store, message, "x");
      const all = runner.runDue();
      await until("the message is handled", () => runs.includes("message"));
      assert.deepEqual(runs, ["long run", "long run", "message"]);
      end();
      await Promise.all([longRuns, all]);
      assert.equal(runs.filter((one) => one === "long run").length, 9);
    });

    it("leaves jobs alone that only another release knows", async () => {
      const [old, next] = [replica("test.old"), replica("test.new")];
      await old.due();
      await next.due();
      now += day;
      assert.equal(await next.due(), 1);
      assert.deepEqual(runs, ["test.new"]);
    });
  });
});
