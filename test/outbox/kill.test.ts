import assert from "node:assert/strict";
import { onEachDatabase } from "../helpers/databases.ts";
import { createTestTenant } from "../helpers/people.ts";
import { runProgram, until } from "../helpers/processes.ts";

const program = "test/helpers/job-program.ts";

describe("a job whose process is killed", () => {
  onEachDatabase((use) => {
    it("is begun again by another process once the lease has ended", async () => {
      const { database, url } = use();
      const { store } = await createTestTenant(database);
      const facts = { name: "test.two_effects", data: { name: "job" } };
      await store.outbox.add([{ kind: "job", connectionId: null, userId: null, facts }]);
      const killed = runProgram(program, [url, "hang"], {});
      await until("the job begins", () => killed.stdout().includes("begun"), 45);
      killed.child.kill("SIGKILL");
      await killed.ended;
      const [row] = await database.sql()("outbox").where("tenant_id", store.tenantId).select("*");
      assert.equal(row.state, "waiting");
      assert.ok(row.due_at > Date.now(), "the lease of the dead process");
      await database.sql()("outbox").update({ due_at: Date.now() });
      const other = runProgram(program, [url, "finish"], {});
      await until("the job ends", () => other.stdout().includes("done"), 45);
      const isSettled = async () =>
        (await database.sql()("outbox").where("state", "sent").first("id")) !== undefined;
      await until("the job is settled", isSettled);
      other.child.kill("SIGKILL");
      await other.ended;
      const entries = await store.activity.latest(9);
      assert.deepEqual(entries.map(({ action, actor }) => `${action} ${actor}`).sort(), [
        "job.begun 1",
        "job.begun 2",
        "job.done 2",
      ]);
      assert.equal(new Set(entries.map(({ targetId }) => targetId)).size, 1, "each attempt has the same id");
    });
  });
});
