import assert from "node:assert/strict";
import { openDatabase } from "../../src/store/database.ts";
import { rateLimiter, removeExpiredRateLimits } from "../../src/store/rate-limits.ts";
import { isUnavailable } from "../../src/store/sql-errors.ts";
import { systemStore } from "../../src/store/system-store.ts";
import { onEachDatabase } from "../helpers/databases.ts";
import { freePort } from "../helpers/postgres-server.ts";

describe("a rate limit", () => {
  onEachDatabase((use) => {
    const limit = { points: 3, seconds: 60 };

    it("allows its number of uses, then returns the seconds to wait", async () => {
      let now = 1_000_000;
      const limiter = rateLimiter(use().database, { name: "plain", ...limit }, () => now);
      for (let count = 1; count <= 3; count++) assert.equal(await limiter.use("ada"), 0);
      assert.equal(await limiter.use("ada"), 60);
      now += 900;
      assert.equal(await limiter.use("ada"), 60, "59.1 s");
      now += 100;
      assert.equal(await limiter.use("ada"), 59);
      assert.equal(await limiter.use("grace"), 0);
    });

    it("counts separately from other limits", async () => {
      const one = rateLimiter(use().database, { name: "one", points: 1, seconds: 60 });
      const two = rateLimiter(use().database, { name: "two", points: 1, seconds: 60 });
      assert.deepEqual([await one.use("ada"), await two.use("ada")], [0, 0]);
      assert.ok((await one.use("ada")) > 0);
    });

    it("is exact for 50 concurrent uses over two connections", async () => {
      const { database, openAnother } = use();
      const wanted = { name: "exact", points: 20, seconds: 60 };
      const both = [rateLimiter(database, wanted), rateLimiter(openAnother(), wanted)];
      const answers = await Promise.all(
        Array.from({ length: 50 }, (_, index) => both[index % 2]?.use("ada")),
      );
      assert.equal(answers.filter((seconds) => seconds === 0).length, 20);
    });

    it("counts during concurrent transactions without disturbing them", async () => {
      const { database } = use();
      const limiter = rateLimiter(database, { name: "concurrent", points: 1_000, seconds: 60 });
      const work = Array.from({ length: 40 }, (_, index) =>
        index % 2
          ? limiter.use("ada")
          : database.transaction(async (inside) => {
              await systemStore(inside).tenants.create({
                id: `concurrent-${index}`,
                slug: `concurrent-${index}`,
                name: "x",
              });
              if (index % 4 === 0) throw new Error("on purpose");
              return 0;
            }),
      );
      const results = await Promise.allSettled(work);
      const failures = results.flatMap((result) =>
        result.status === "rejected" ? [result.reason.message] : [],
      );
      assert.deepEqual(failures, Array(10).fill("on purpose"));
      const kept = (await systemStore(database).tenants.list()).filter(({ slug }) =>
        slug.startsWith("concurrent-"),
      );
      assert.equal(kept.length, 10);
      const row = await database.sql()("rate_limits").where("key", "concurrent:ada").first("points");
      assert.equal(row.points, 20);
    });

    it("is reset by request and when its window ends", async () => {
      const { database } = use();
      const limiter = rateLimiter(database, { name: "forgets", points: 1, seconds: 60 });
      await limiter.use("ada");
      assert.ok((await limiter.use("ada")) > 0);
      await limiter.reset("ada");
      assert.equal(await limiter.use("ada"), 0);
      await database
        .sql()("rate_limits")
        .where("key", "forgets:ada")
        .update({ expires_at: Date.now() - 1 });
      assert.equal(await limiter.use("ada"), 0);
      assert.ok((await limiter.use("ada")) > 0);
    });

    it("is removed from the table only after its window", async () => {
      const { database } = use();
      await rateLimiter(database, { name: "removed", points: 1, seconds: 60 }).use("ada");
      const rows = () => database.sql()("rate_limits").where("key", "removed:ada");
      await removeExpiredRateLimits(database, Date.now());
      assert.equal((await rows()).length, 1);
      await removeExpiredRateLimits(database, Date.now() + 61_000);
      assert.equal((await rows()).length, 0);
    });
  });

  it("allows no uncounted use if the database is unreachable", async () => {
    const database = openDatabase(`postgres://unknown@127.0.0.1:${await freePort()}/nothing`);
    const limiter = rateLimiter(database, { name: "away", points: 1, seconds: 60 });
    await assert.rejects(limiter.use("ada"), isUnavailable);
    await database.close();
  });
});
