import assert from "node:assert/strict";
import { createTestDatabase, type TestDatabase } from "../helpers/databases.ts";
import { createTestTenant } from "../helpers/people.ts";
import { runProgram } from "../helpers/processes.ts";

describe("the operator's command line next to a busy application", () => {
  describe("on SQLite", () => {
    let current: TestDatabase;
    before(async () => {
      current = await createTestDatabase("SQLite");
    });
    after(() => current.dispose());

    it("works without blocking the application", async function () {
      this.timeout(90_000);
      const { tenant, store } = await createTestTenant(current.database);
      // With pauses, as in a real application: SQLite's lock is not fair.
      const writer = runProgram(
        "test/helpers/endless-writer.ts",
        [current.url, tenant.id, "1000000", "20", "5"],
        {},
      );
      const admin = async (words: string[]) => {
        const program = runProgram("src/cli/main.ts", [...words, "--json"], { DATABASE_URL: current.url });
        const code = await program.ended;
        assert.equal(code, 0, program.stderr());
        assert.equal(program.stderr(), "");
        return JSON.parse(program.stdout());
      };
      try {
        let before = await store.users.count();
        for (let run = 1; run <= 3; run++) {
          const { token } = await admin(["token", "create", tenant.slug, "--source", `Source ${run}`]);
          assert.match(token, /^oinscim_/);
          const slug = `concurrent-${run}`;
          const created = await admin([
            "tenant",
            "create",
            slug,
            "--name",
            slug,
            "--owner",
            "ada@acme.example",
          ]);
          assert.equal(created.tenant.slug, slug);
          const now = await store.users.count();
          assert.ok(now > before, "the application wrote all the while");
          before = now;
        }
        assert.equal(writer.child.exitCode, null);
      } finally {
        writer.child.kill("SIGKILL");
        await writer.ended;
      }
      assert.equal(writer.stderr(), "");
      assert.equal((await store.tokens.list()).length, 3);
    });
  });
});
