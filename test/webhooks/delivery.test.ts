import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { Database } from "../../src/store/database.ts";
import { sealer } from "../../src/store/secrets.ts";
import { forTenant } from "../../src/store/tenant-store.ts";
import { webhookQueue } from "../../src/store/webhook-queue.ts";
import { webhookSecretContext } from "../../src/webhooks/post.ts";
import { pauseAfterMs, tryForMs } from "../../src/webhooks/sender.ts";
import { newWebhookSecret } from "../../src/webhooks/signature.ts";
import { onEachDatabase } from "../helpers/databases.ts";
import { createTestTenant, type TestTenant } from "../helpers/people.ts";
import {
  addEndpoint,
  startWebhookReceiver,
  verifiedWebhook,
  type WebhookReceiver,
  webhookKey,
  webhookRunner,
} from "../helpers/webhook-receiver.ts";

const hourMs = 3_600_000;

describe("webhooks of the activity", () => {
  onEachDatabase((use, engine) => {
    let receiver: WebhookReceiver;
    let acme: TestTenant;
    before(async () => {
      receiver = await startWebhookReceiver();
    });
    after(() => receiver.close());
    beforeEach(async () => {
      await use().database.sql()("webhook_endpoints").delete();
      acme = await createTestTenant(use().database);
      Object.assign(receiver, { received: [], answer: null });
    });

    const record = ({ store }: TestTenant, action: string) =>
      store.activity.record({
        actorKind: "admin",
        actor: "owner@acme.example",
        action,
        targetId: null,
        changed: ["name"],
        requestId: "request",
      });
    const run = (at = Date.now()) => webhookRunner(use().database, { now: () => at }).runDue();
    const types = () => receiver.received.map(({ body }) => JSON.parse(body).type as string);
    const states = async (id: string) =>
      (await acme.store.webhooks.deliveries(id, 99)).map(({ state }) => state).reverse();

    it("are signed for the endpoint's secret, and have the fields of the export", async () => {
      const { secret } = await addEndpoint(acme, receiver.url);
      await record(acme, "user.blocked");
      await run();
      const [message] = receiver.received;
      assert.ok(message);
      const { type, timestamp, data } = verifiedWebhook(message, secret);
      const [entry] = await acme.store.activity.latest(1);
      assert.deepEqual([type, timestamp], ["user.blocked", new Date(entry?.at ?? 0).toISOString()]);
      assert.deepEqual(data, {
        time: timestamp,
        kind: "people",
        action: "user.blocked",
        actorKind: "admin",
        actor: "owner@acme.example",
        actorId: null,
        targetId: null,
        target: null,
        changed: ["name"],
        reason: null,
        requestId: "request",
        id: entry?.id,
      });
      assert.equal(message.id, entry?.id);
      assert.throws(() => verifiedWebhook(message, newWebhookSecret()), /No matching signature/);
      assert.throws(() => verifiedWebhook({ ...message, body: `${message.body} ` }, secret), /signature/);
    });

    it("come in the order of the activity, each once", async () => {
      const { id } = await addEndpoint(acme, receiver.url);
      const wanted: string[] = [];
      for (let count = 0; count < 25; count++) {
        await record(acme, `step.n${count}`);
        wanted.push(`step.n${count}`);
        await sleep(1);
      }
      await run();
      await run();
      assert.deepEqual(types(), wanted);
      assert.deepEqual([...new Set(await states(id))], ["sent"]);
    });

    it("are queued with their change, or not at all", async () => {
      const { id } = await addEndpoint(acme, receiver.url);
      const work = acme.store.transaction(async (inside) => {
        await record({ ...acme, store: inside }, "user.blocked");
        throw new Error("no");
      });
      await assert.rejects(work, /^Error: no$/);
      await run();
      assert.deepEqual([types(), await states(id)], [[], []]);
    });

    it("go to the endpoints of the tenant that want their area", async () => {
      const globex = await createTestTenant(use().database);
      const people = await addEndpoint(acme, `${receiver.url}/people`, ["people"]);
      const settings = await addEndpoint(acme, `${receiver.url}/settings`, ["settings", "tokens"]);
      const foreign = await addEndpoint(globex, `${receiver.url}/globex`);
      await record(acme, "user.blocked");
      await record(acme, "domain.added");
      await run();
      assert.deepEqual(types().sort(), ["domain.added", "user.blocked"]);
      const count = async (tenant: TestTenant, id: string) =>
        (await tenant.store.webhooks.deliveries(id, 9)).length;
      assert.equal(await count(acme, people.id), 1);
      assert.equal(await count(acme, settings.id), 1);
      assert.equal(await count(globex, foreign.id), 0);
    });

    it("wait for an endpoint that is down, in order, and longer each time", async () => {
      const { id } = await addEndpoint(acme, receiver.url);
      await record(acme, "a.first");
      await sleep(2);
      await record(acme, "a.second");
      receiver.answer = (res) => res.writeHead(503).end();
      const at = Date.now();
      await run(at);
      await run(at + 1_000);
      assert.deepEqual(types(), ["a.first"], "the second waits for the first");
      const first = await acme.store.webhooks.byId(id);
      assert.ok((first?.dueAt ?? 0) >= at + 5_000 && (first?.dueAt ?? 0) <= at + 10_000);
      await run(at + 11_000);
      const second = await acme.store.webhooks.byId(id);
      assert.ok((second?.dueAt ?? 0) >= at + 21_000);
      assert.equal(second?.failingSince, at);
      receiver.answer = null;
      await run(at + 60_000);
      assert.deepEqual(types(), ["a.first", "a.first", "a.first", "a.second"]);
      assert.equal(new Set(receiver.received.slice(0, 3).map((one) => one.id)).size, 1);
      const healthy = await acme.store.webhooks.byId(id);
      assert.deepEqual([healthy?.failures, healthy?.failingSince], [0, null]);
    });

    it("wait as long as the endpoint asks, but an hour at most", async () => {
      const { id } = await addEndpoint(acme, receiver.url);
      await record(acme, "a.first");
      for (const [asked, waited] of [
        ["120", 120_000],
        ["9999999", hourMs],
      ] as const) {
        receiver.answer = (res) => res.writeHead(429, { "Retry-After": asked }).end();
        await acme.store.webhooks.setState(id, "active");
        const at = Date.now();
        await run(at);
        assert.equal((await acme.store.webhooks.byId(id))?.dueAt, at + waited);
      }
    });

    it("that are refused fail, and the next one goes on; a replay sends them again", async () => {
      const { id } = await addEndpoint(acme, receiver.url);
      await record(acme, "a.refused");
      await sleep(2);
      await record(acme, "a.next");
      receiver.answer = (res) => {
        receiver.answer = null;
        res.writeHead(400).end();
      };
      const at = Date.now();
      await run(at);
      await run(at + 20_000);
      assert.deepEqual(types(), ["a.refused", "a.next"]);
      assert.deepEqual(await states(id), ["failed", "sent"]);
      assert.equal(await acme.store.webhooks.replay(id, null), 1);
      await run(at + 40_000);
      assert.deepEqual(types(), ["a.refused", "a.next", "a.refused"]);
      assert.deepEqual(await states(id), ["sent", "sent"]);
      const sent = (await acme.store.webhooks.deliveries(id, 1))[0]?.activityId ?? "";
      assert.equal(await acme.store.webhooks.replay(id, sent), 1, "also one that was sent");
    });

    it("that are tried for a day fail, and make room for the next", async () => {
      const { id } = await addEndpoint(acme, receiver.url);
      await record(acme, "a.poison");
      await sleep(2);
      await record(acme, "a.next");
      receiver.answer = (res) => res.writeHead(500).end();
      const at = Date.now();
      await run(at);
      assert.deepEqual(await states(id), ["waiting", "waiting"]);
      await run(at + tryForMs);
      assert.deepEqual(await states(id), ["failed", "waiting"]);
    });

    it("are paused after days of failure, with an entry in the activity, and lose nothing", async () => {
      const { id } = await addEndpoint(acme, receiver.url);
      await record(acme, "a.first");
      receiver.answer = (res) => res.writeHead(500).end();
      const at = Date.now();
      await run(at);
      await run(at + pauseAfterMs - 1);
      assert.equal((await acme.store.webhooks.byId(id))?.state, "active");
      await record(acme, "a.second");
      await run(at + pauseAfterMs + 2 * hourMs);
      assert.equal((await acme.store.webhooks.byId(id))?.state, "failing");
      const paused = (await acme.store.activity.latest(9)).filter(({ action }) =>
        action.startsWith("webhook."),
      );
      assert.deepEqual(
        paused.map(({ action, actor, kind, targetId }) => [action, actor, kind, targetId]),
        [["webhook.paused_after_failures", "Webhooks", "settings", id]],
      );
      Object.assign(receiver, { received: [], answer: null });
      await record(acme, "a.third");
      await run(at + pauseAfterMs + 9 * hourMs);
      assert.deepEqual(types(), [], "a paused endpoint gets nothing");
      await acme.store.webhooks.setState(id, "active");
      await acme.store.webhooks.replay(id, null);
      await run(at + pauseAfterMs + 9 * hourMs);
      const wanted = ["a.first", "a.second", "a.third", "webhook.paused_after_failures"];
      assert.deepEqual(types().sort(), wanted);
    });

    it("are paused at once if the endpoint says that it is gone", async () => {
      const { id } = await addEndpoint(acme, receiver.url);
      await record(acme, "a.first");
      receiver.answer = (res) => res.writeHead(410).end();
      await run();
      assert.equal((await acme.store.webhooks.byId(id))?.state, "failing");
    });

    it("have two signatures while a former secret is valid", async () => {
      const { id, secret: former } = await addEndpoint(acme, receiver.url);
      const secret = newWebhookSecret();
      const sealed = sealer(webhookKey).seal(secret, webhookSecretContext(acme.store.tenantId, id));
      const at = Date.now();
      await acme.store.webhooks.replaceSecret(id, sealed, at + hourMs);
      await record(acme, "a.first");
      await run(at);
      const [both] = receiver.received;
      assert.ok(both);
      for (const one of [secret, former]) assert.equal(verifiedWebhook(both, one).type, "a.first");
      assert.equal(both.headers["webhook-signature"]?.split(" ").length, 2);
      await record(acme, "a.second");
      await run(at + hourMs);
      const [, alone] = receiver.received;
      assert.equal(alone?.headers["webhook-signature"]?.split(" ").length, 1);
    });

    it("are sent by one process at a time, and again if its lease is lost", async () => {
      const { id } = await addEndpoint(acme, receiver.url);
      for (let count = 0; count < 5; count++) {
        await record(acme, `a.n${count}`);
        await sleep(1);
      }
      const another = use().openAnother();
      const both = [webhookRunner(use().database), webhookRunner(another)];
      await Promise.all(both.map((runner) => runner.runDue()));
      assert.deepEqual(types(), ["a.n0", "a.n1", "a.n2", "a.n3", "a.n4"]);
      // A process that claims and dies.
      await record(acme, "a.last");
      const at = Date.now();
      const [claim] = await webhookQueue(another, () => at).claim(1, 20_000);
      assert.ok(claim);
      await run(at + 19_000);
      assert.equal(types().includes("a.last"), false, "the lease holds");
      await run(at + 20_000);
      assert.equal(types().at(-1), "a.last");
      // It was only slow, and its late answer changes nothing.
      const { activityId = "" } = (await acme.store.webhooks.deliveries(id, 1))[0] ?? {};
      assert.equal(
        await webhookQueue(another).settle(claim, activityId, { state: "failed", answer: "" }),
        false,
      );
      assert.deepEqual([...new Set(await states(id))], ["sent"]);
    });

    it("go to no private address and follow no redirect", async () => {
      const { id } = await addEndpoint(acme, receiver.url);
      await record(acme, "a.first");
      const strict = { allowPrivateNetwork: false };
      await webhookRunner(use().database, strict).runDue();
      assert.deepEqual(types(), []);
      assert.match((await acme.store.webhooks.deliveries(id, 1))[0]?.answer ?? "", /https/);
      const host = { address: "10.0.0.7", family: 4 };
      await use().database.sql()("webhook_endpoints").update({ url: "https://inside.example/", due_at: 0 });
      await webhookRunner(use().database, { ...strict, addressesOf: async () => [host] }).runDue();
      assert.match((await acme.store.webhooks.deliveries(id, 1))[0]?.answer ?? "", /private/);
      await use().database.sql()("webhook_endpoints").update({ url: receiver.url, due_at: 0 });
      receiver.answer = (res) => res.writeHead(307, { Location: `${receiver.url}/elsewhere` }).end();
      await run();
      assert.equal(receiver.received.length, 1);
      assert.deepEqual(await states(id), ["failed"]);
    });

    it("keep the secret encrypted, for this endpoint alone, and out of the log", async () => {
      const { id, secret } = await addEndpoint(acme, `${receiver.url}?token=in-the-query`);
      await record(acme, "a.first");
      const lines: string[] = [];
      const log = { info: (...words: unknown[]) => lines.push(JSON.stringify(words)) };
      await webhookRunner(use().database, { log: log as never }).runDue();
      assert.equal(lines.length, 1);
      assert.doesNotMatch(lines.join(), /whsec_|in-the-query/);
      const [row] = await use().database.sql()("webhook_endpoints").where({ id }).select("*");
      assert.equal(JSON.stringify(row).includes(secret.slice(6)), false);
      assert.throws(() =>
        sealer(webhookKey).open(row.sealed_secret, webhookSecretContext(acme.store.tenantId, "b")),
      );
    });

    it("disappear with their endpoint, and a change that runs meanwhile succeeds", async () => {
      const { id } = await addEndpoint(acme, receiver.url);
      await record(acme, "a.first");
      await acme.store.webhooks.remove(id);
      await record(acme, "a.second");
      assert.equal((await use().database.sql()("webhook_deliveries").where("endpoint_id", id)).length, 0);
      assert.equal(await acme.store.webhooks.replay(id, randomUUID()), 0);
    });

    if (engine === "PostgreSQL")
      it("do not make a change wait for a transaction that holds their endpoint", async () => {
        const { id } = await addEndpoint(acme, receiver.url);
        await record(acme, "a.first");
        const [claim = assert.fail()] = await webhookQueue(use().database).claim(1, hourMs);
        const [{ activityId } = assert.fail()] = await acme.store.webhooks.waiting(id, 1);
        const end = { state: "again", answer: "503" } as const;
        const holders = [
          (joined: Database) => forTenant(joined, acme.tenant.id).webhooks.lock(id),
          (joined: Database) => webhookQueue(joined).settle(claim, activityId, end),
        ];
        for (const hold of holders) {
          let begin = () => {};
          const hasBegun = new Promise<void>((resolve) => {
            begin = resolve;
          });
          // Outside the first transaction's async context, as if from another request.
          const recorded = hasBegun.then(() => record(acme, "a.second"));
          await use().database.transaction(async (joined) => {
            assert.ok(await hold(joined));
            begin();
            await recorded;
          });
        }
      });

    it("cost no statement in tenants without an endpoint", async () => {
      const database = use().openAnother();
      const { store } = await createTestTenant(database);
      const statements: string[] = [];
      database.sql().on("query", ({ sql }: { sql: string }) => statements.push(sql));
      const entry = { actorKind: "admin", actor: "a", targetId: null, changed: [], requestId: null } as const;
      await store.activity.record({ ...entry, action: "user.blocked" });
      assert.equal(statements.length, 1);
    });
  });
});
