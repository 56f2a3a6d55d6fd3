import assert from "node:assert/strict";
import { removeExpired } from "../../../src/store/housekeeping.ts";
import { recordings } from "../../../src/store/recordings.ts";
import { maxStoredMessages, prepareMessage } from "../../../src/store/tenant/inspector.ts";
import type { TenantStore } from "../../../src/store/tenant-store.ts";
import { onEachDatabase } from "../../helpers/databases.ts";
import { message, newMessage } from "../../helpers/messages.ts";
import { createTestTenant } from "../../helpers/people.ts";

describe("the inspector's messages", () => {
  onEachDatabase((use) => {
    let store: TenantStore;
    beforeEach(async () => {
      store = (await createTestTenant(use().database)).store;
      await store.inspector.recordUntil(Date.now() + 60_000);
    });

    const stepsOf = (list: { step: string }[]) => list.map(({ step }) => step);

    it("are returned as they were added", async () => {
      const sent = message({ people: ["ada@acme.example", "00u1"], connectionKey: "acme" });
      await store.inspector.add([prepareMessage(sent, 1_000)], 0);
      const { people: _, flow, ...rest } = sent;
      const kept = await store.inspector.bySeq(1);
      const read = { seq: 1, flow: 1, flowKind: flow.kind, method: "GET", code: 200 };
      assert.deepEqual(kept, { ...rest, ...read });
    });

    it("last until they were recorded, unless they say how long they took", async () => {
      const at = 1_000;
      const messages = [message({ at, ms: null }), message({ at, ms: 7 }), message({ at: 2_000, ms: null })];
      await store.inspector.add(
        messages.map((one) => prepareMessage(one, 1_250)),
        0,
      );
      const kept = await store.inspector.after({}, 0, 10);
      assert.deepEqual(
        kept.map(({ ms }) => ms),
        [250, 7, 0],
      );
    });

    it("are numbered without gaps and duplicates if replicas add concurrently", async () => {
      const adding = Array.from({ length: 10 }, () => store.inspector.add([newMessage(), newMessage()], 0));
      await Promise.all(adding);
      const seqs = (await store.inspector.after({}, 0, 100)).map(({ seq }) => seq);
      assert.deepEqual(
        seqs,
        Array.from({ length: 20 }, (_, at) => at + 1),
      );
    });

    it("are followed from any number", async () => {
      const steps = ["a", "b", "c", "d"];
      await store.inspector.add(
        steps.map((step) => newMessage({ step })),
        0,
      );
      assert.equal((await store.inspector.state()).lastSeq, 4);
      assert.deepEqual(stepsOf(await store.inspector.after({}, 2, 1)), ["c"]);
    });

    const filters = [
      [{ protocol: "oidc" }, ["oidc"]],
      [{ verdict: "failed" }, ["failed"]],
      [{ connection: "acme" }, ["oidc"]],
      [{ request: "r-1" }, ["failed"]],
      [{ person: "GRÜN" }, ["person"]],
      [{ person: "00u" }, ["person"]],
      [{ person: "100%_" }, ["wild"]],
      [{ person: "%" }, ["wild"]],
      [{ protocol: "oidc", verdict: "failed" }, []],
    ] as const;
    for (const [filter, expected] of filters) {
      it(`are found by ${JSON.stringify(filter)}`, async () => {
        await store.inspector.add(
          [
            newMessage({ step: "oidc", protocol: "oidc", connectionKey: "acme" }),
            newMessage({ step: "failed", verdict: "failed", requestId: "r-1" }),
            newMessage({ step: "person", people: ["Grün@acme.example", "00u9"] }),
            newMessage({ step: "wild", people: ["100%_\\"] }),
          ],
          0,
        );
        assert.deepEqual(stepsOf(await store.inspector.after(filter, 0, 10)), expected);
        const flows = await store.inspector.flows(filter, null, 10);
        assert.deepEqual(stepsOf(flows.flatMap(({ messages }) => messages)), expected);
      });
    }

    it("are cleared without reusing their numbers", async () => {
      await store.inspector.add([newMessage()], 3);
      assert.equal((await store.inspector.state()).dropped, 3);
      await store.inspector.clear();
      assert.deepEqual(await store.inspector.after({}, 0, 10), []);
      assert.equal((await store.inspector.state()).dropped, 0);
      assert.equal((await store.inspector.state()).lastSeq, 1);
      await store.inspector.add([newMessage()], 0);
      assert.deepEqual(
        (await store.inspector.after({}, 0, 10)).map(({ seq }) => seq),
        [2],
      );
    });

    it("are removed if there are too many", async () => {
      const hundred = Array.from({ length: 100 }, () => newMessage());
      for (let count = 0; count < maxStoredMessages / 100 + 1; count++) await store.inspector.add(hundred, 0);
      const all = await store.inspector.after({}, 0, 2 * maxStoredMessages);
      assert.deepEqual([all.length, all[0]?.seq], [maxStoredMessages, 101]);
    });

    it("are removed after three days", async () => {
      const day = 86_400_000;
      const at = Date.now() - 3 * day;
      await store.inspector.add([newMessage({}, at - 1_000), newMessage({}, at + 60_000)], 0);
      await removeExpired(use().database);
      assert.deepEqual(
        (await store.inspector.after({}, 0, 10)).map(({ seq }) => seq),
        [2],
      );
    });

    it("are recorded only for tenants that are recording now", async () => {
      const { tenants } = recordings(use().database);
      assert.ok((await tenants()).includes(store.tenantId));
      await store.inspector.recordUntil(Date.now() - 1);
      assert.ok(!(await tenants()).includes(store.tenantId));
    });
  });
});
