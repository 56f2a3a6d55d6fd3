import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { sealer } from "../../src/store/secrets.ts";
import { webhookSecretContext } from "../../src/webhooks/post.ts";
import { onEachDatabase } from "../helpers/databases.ts";
import { createTestTenant } from "../helpers/people.ts";
import { deploymentUrl, newSecrets, runProgram, startServer, until } from "../helpers/processes.ts";

/** Enough for the command to be killed in the middle. */
const endpoints = 3_000;

describe("a change of DATA_KEY", () => {
  onEachDatabase((use) => {
    it("goes on after kill -9, and a server with the wrong key does not start", async () => {
      const { database, url } = use();
      const { tenant, store } = await createTestTenant(database);
      const [former, next] = [randomBytes(32), randomBytes(32)];
      const rows = Array.from({ length: endpoints }, (_, index) => {
        const id = `hook-${index}`;
        const secret = sealer(former).seal(id, webhookSecretContext(tenant.id, id));
        return { id, url: "https://a.example", kinds: null, sealed_secret: secret, state: "paused" };
      });
      const times = { created_at: 1, due_at: 1, claims: 0, failures: 0 };
      await database.sql().batchInsert(
        "webhook_endpoints",
        rows.map((row) => ({ tenant_id: store.tenantId, ...row, ...times })),
        500,
      );
      const { prefix } = sealer(next);
      const replaced = async () =>
        Number(
          (
            await database
              .sql()("webhook_endpoints")
              .where("sealed_secret", "like", `${prefix}%`)
              .count({ rows: "*" })
          )[0]?.rows,
        );
      const keys = { DATA_KEY: next.toString("base64"), DATA_KEY_FORMER: former.toString("base64") };
      const admin = () =>
        runProgram("src/cli/main.ts", ["secrets", "reencrypt", "--json"], { DATABASE_URL: url, ...keys });

      const killed = admin();
      await until("the command is under way", async () => (await replaced()) > 0, 45);
      killed.child.kill("SIGKILL");
      await killed.ended;
      const half = await replaced();
      assert.ok(half > 0 && half < endpoints, `${half} of ${endpoints}`);

      const { SESSION_SECRET } = newSecrets();
      const start = { SESSION_SECRET, DATA_KEY: keys.DATA_KEY };
      const early = runProgram("src/server.ts", [], { ...start, DATABASE_URL: url, BASE_URL: deploymentUrl });
      assert.equal(await early.ended, 1);
      assert.match(early.stderr(), new RegExp(`DATA_KEY cannot decrypt ${endpoints - half} stored secrets`));

      const again = admin();
      assert.equal(await again.ended, 0, again.stderr());
      assert.deepEqual(JSON.parse(again.stdout()), { replaced: endpoints - half, left: 0, unreadable: 0 });
      const stored = await database.sql()("webhook_endpoints").select("id", "sealed_secret");
      for (const { id, sealed_secret: sealed } of stored)
        assert.equal(sealer(next).open(sealed, webhookSecretContext(tenant.id, id)), id);
      const server = await startServer(url, start);
      server.child.kill("SIGTERM");
      assert.equal(await server.ended, 0);
    }).timeout(120_000);
  });
});
