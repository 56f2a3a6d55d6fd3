import assert from "node:assert/strict";
import type { FlowKind } from "../../../src/recording.ts";
import { removeExpired } from "../../../src/store/housekeeping.ts";
import { maxStoredMessages } from "../../../src/store/tenant/inspector.ts";
import type { TenantStore } from "../../../src/store/tenant-store.ts";
import { onEachDatabase } from "../../helpers/databases.ts";
import { newMessage } from "../../helpers/messages.ts";
import { createTestTenant } from "../../helpers/people.ts";

describe("the inspector's flows", () => {
  onEachDatabase((use) => {
    let store: TenantStore;
    beforeEach(async () => {
      store = (await createTestTenant(use().database)).store;
      await store.inspector.recordUntil(Date.now() + 60_000);
    });

    const started = Date.now();
    const part = (kind: FlowKind, keys: string[], afterMs = 0) =>
      newMessage({ step: keys.join("+"), flow: { kind, keys } }, started + afterMs);
    const add = (...messages: ReturnType<typeof part>[]) => store.inspector.add(messages, 0);
    const flows = async (limit = 50) =>
      (await store.inspector.flows({}, null, limit)).map(({ messages }) => messages.map(({ seq }) => seq));

    it("join messages that share a key, in one batch and in later ones", async () => {
      await add(part("sign-in", ["state 1"]), part("sign-in", ["state 2"]), part("sign-in", ["state 1"]));
      await add(part("sign-in", ["state 2"], 60_000));
      assert.deepEqual(await flows(), [
        [2, 4],
        [1, 3],
      ]);
      const some = await store.inspector.flowsOf([1, 3, 2]);
      assert.deepEqual(
        some.map(({ id, messages }) => [id, ...messages.map(({ flow }) => flow)]),
        [
          [1, 1, 1],
          [2, 2, 2],
        ],
      );
    });

    it("follow a chain of keys: request, ticket, next ticket", async () => {
      await add(part("sign-in", ["id"]));
      await add(part("sign-in", ["id", "ticket"]));
      await add(part("sign-in", ["ticket", "next"]), part("sign-in", ["next"]));
      assert.deepEqual(await flows(), [[1, 2, 3, 4]]);
    });

    it("keep messages without a key apart", async () => {
      await add(part("logout", []), part("logout", []));
      assert.deepEqual(await flows(), [[2], [1]]);
    });

    const windows: [FlowKind, number][] = [
      ["sign-in", 600_000],
      ["test", 600_000],
      ["provisioning", 2_000],
      ["agent-call", 60_000],
    ];
    for (const [kind, windowMs] of windows) {
      it(`end ${windowMs / 1_000} seconds after the last message: ${kind}`, async () => {
        await add(part(kind, ["key"]), part(kind, ["key"], windowMs), part(kind, ["key"], 2 * windowMs));
        await add(part(kind, ["key"], 3 * windowMs + 1));
        assert.deepEqual(await flows(), [[4], [1, 2, 3]]);
      });
    }

    it("are in the order in which the messages were sent, not in that of their arrival", async () => {
      await add(
        part("sign-in", ["state"], 20),
        part("sign-in", ["state"], 10),
        part("sign-in", ["state"], 10),
      );
      assert.deepEqual(await flows(), [[2, 3, 1]]);
    });

    it("have the same messages if replicas add them concurrently", async () => {
      await Promise.all(Array.from({ length: 5 }, () => add(part("sign-in", ["a"]), part("sign-in", ["b"]))));
      assert.deepEqual(
        (await flows()).map(({ length }) => length),
        [5, 5],
      );
    });

    it("have at most a hundred messages", async () => {
      await add(...Array.from({ length: 130 }, () => part("agent-call", ["token"])));
      assert.deepEqual(
        (await flows()).map(({ length }) => length),
        [30, 100],
      );
    });

    it("are paged by their last message, and filtered by any of their messages", async () => {
      await add(
        part("sign-in", ["a"]),
        part("sign-in", ["b"]),
        part("sign-in", ["c"]),
        part("sign-in", ["a"]),
      );
      const [newest, next] = await store.inspector.flows({}, null, 2);
      assert.deepEqual([newest?.lastSeq, next?.lastSeq], [4, 3]);
      const older = await store.inspector.flows({}, next?.lastSeq ?? null, 2);
      assert.deepEqual(
        older.map(({ id }) => id),
        [2],
      );
      await add(newMessage({ verdict: "failed", flow: { kind: "sign-in", keys: ["b"] } }, started));
      const failed = await store.inspector.flows({ verdict: "failed" }, null, 10);
      assert.deepEqual(
        failed.map(({ messages }) => messages.map(({ seq }) => seq)),
        [[2, 5]],
      );
    });

    it("store their keys as hashes, and no more of them than messages", async () => {
      const rows = () => use().database.sql()("inspector_flow_keys").where("tenant_id", store.tenantId);
      const hundred = Array.from({ length: 100 }, (_, at) => at);
      for (let round = 0; round <= maxStoredMessages / 100; round++)
        await add(...hundred.map((at) => part("sign-in", [`secret ${round}/${at}`])));
      const kept = (await rows()) as { key_hash: string }[];
      assert.equal(kept.length, maxStoredMessages);
      assert.ok(kept.every(({ key_hash: hash }) => /^[\w-]{43}$/.test(hash)));
      await store.inspector.clear();
      assert.deepEqual(await rows(), []);
    });

    it("forget their keys after three days", async () => {
      await add(part("sign-in", ["old"], -4 * 86_400_000), part("sign-in", ["new"]));
      await removeExpired(use().database);
      const kept = await use().database.sql()("inspector_flow_keys").where("tenant_id", store.tenantId);
      assert.equal(kept.length, 1);
    });

    it("of one tenant know nothing of another's keys", async () => {
      const { store: other } = await createTestTenant(use().database);
      await other.inspector.recordUntil(Date.now() + 60_000);
      await add(part("sign-in", ["state"]));
      await other.inspector.add([part("logout", []), part("sign-in", ["state"])], 0);
      assert.deepEqual(await flows(), [[1]]);
      assert.deepEqual(
        (await other.inspector.flows({}, null, 5)).map(({ id }) => id),
        [2, 1],
      );
    });
  });
});
