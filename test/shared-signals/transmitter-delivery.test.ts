import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { Registry } from "prom-client";
import { tell } from "../../src/directory/access-events.ts";
import { removeConnection } from "../../src/directory/connections.ts";
import { signIn } from "../../src/directory/sign-in.ts";
import type { Connection, User } from "../../src/model.ts";
import { outboxMetrics } from "../../src/outbox/metrics.ts";
import { giveUpMs, leaseMs } from "../../src/outbox/runner.ts";
import { addSigningKey } from "../../src/shared-signals/sending.ts";
import { removeExpired } from "../../src/store/housekeeping.ts";
import { outbox } from "../../src/store/outbox.ts";
import { sealer } from "../../src/store/secrets.ts";
import { publishedMs } from "../../src/trust/published-keys.ts";
import { pooledKeys } from "../helpers/certificates.ts";
import { onEachDatabase } from "../helpers/databases.ts";
import { createTestTenant, identityOf } from "../helpers/people.ts";
import {
  accept,
  runnerOf,
  type SignalReceiver,
  sendingConnection,
  startSignalReceiver,
  verified,
} from "../helpers/signal-receiver.ts";
import { useSite } from "../helpers/site.ts";

const minuteMs = 60_000;

describe("the delivery of signals", () => {
  onEachDatabase((use) => {
    const dataKey = randomBytes(32);
    const site = useSite(use, { dataKey, insecureAllowPrivateNetwork: true });
    let org: SignalReceiver;
    let connection: Connection;
    let user: User;
    let passed = 0;
    const now = () => Date.now() + passed;
    const runner = (more = {}) => runnerOf(use().database, { app: site().app, dataKey }, { now, ...more });

    beforeEach(async () => {
      org = await startSignalReceiver();
      connection = await sendingConnection(site().acme, org, dataKey);
      const identity = identityOf(connection, `person-${connection.key}@acme.example`);
      ({ user } = await signIn(site().acme.store, identity));
      await runner().runDue();
      org.tokens = [];
      org.accepted = [];
      passed = 0;
    });
    afterEach(async () => {
      await removeConnection(site().acme.store, connection.id);
      await org.close();
    });

    const issuer = () => `${site().app.url}/shared-signals/${connection.key}`;
    const add = async (count = 1) => {
      const { store } = site().acme;
      for (let added = 0; added < count; added++)
        await store.transaction((inside) => tell(inside, [connection.id], user.id, { event: "test" }));
    };
    const latest = async () => {
      const [message] = await site().acme.store.outbox.ofConnection(connection.id, 1);
      return message ?? assert.fail("there is no message");
    };
    /** The org answers the next request with a status, and the others as usual. */
    const answerOnce = (status: number, headers: Record<string, string> = {}, body = "") => {
      org.intercept = (_req: IncomingMessage, res: ServerResponse) => {
        org.intercept = null;
        res.writeHead(status, headers).end(body);
        return true;
      };
    };
    const jtis = () =>
      org.tokens.map((token) =>
        String(JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString()).jti),
      );

    for (const status of [408, 429, 500, 503]) {
      it(`tries again after ${status}, with the same jti`, async () => {
        await add();
        answerOnce(status);
        await runner().runDue();
        const { state, answer, attempts, dueAt } = await latest();
        assert.deepEqual([state, answer, attempts], ["waiting", String(status), 1]);
        assert.ok(Number(dueAt) > now() && Number(dueAt) <= now() + 10_000, "within ten seconds");
        await runner().runDue();
        assert.equal(org.tokens.length, 1, "not before it is due");
        passed += 10_000;
        await runner().runDue();
        assert.deepEqual([(await latest()).state, (await latest()).attempts], ["sent", 2]);
        const [first, second] = jtis();
        assert.equal(first, second);
        assert.deepEqual(org.accepted, [first]);
      });
    }

    for (const [status, body, answer] of [
      [400, JSON.stringify({ err: "invalid_key", description: "<b>foreign</b>" }), "400 invalid_key"],
      [401, "", "401"],
      [404, "{", "404"],
      [302, "", "302"],
    ] as const) {
      it(`takes ${answer} for an answer`, async () => {
        await add();
        answerOnce(status, status === 302 ? { location: "http://127.0.0.1:1/" } : {}, body);
        await runner().runDue();
        passed += 60 * minuteMs;
        await runner().runDue();
        const { state, dueAt, attempts, ...message } = await latest();
        assert.deepEqual([state, message.answer, dueAt, attempts], ["refused", answer, null, 1]);
        assert.equal(org.tokens.length, 1);
      });
    }

    it("waits as long as the org asks, also with its other messages", async () => {
      await add();
      answerOnce(429, { "retry-after": "120" });
      await runner().runDue();
      await add();
      const first = (await latest()).dueAt;
      assert.ok(Number(first) <= now(), "a new message is due at once");
      answerOnce(429, { "retry-after": "300" });
      await runner().runDue();
      const messages = await site().acme.store.outbox.ofConnection(connection.id, 9);
      const waiting = messages.filter(({ state }) => state === "waiting");
      assert.equal(waiting.length, 2);
      for (const { dueAt } of waiting) assert.ok(Number(dueAt) > now() + 299_000, String(dueAt));
      passed += 299 * 1000;
      await runner().runDue();
      assert.equal(org.tokens.length, 2);
      passed += 2_000;
      await runner().runDue();
      assert.equal(org.accepted.length, 2);
    });

    it("waits longer after each failure, and gives up after a day", async () => {
      await add();
      org.intercept = (_req, res) => {
        res.writeHead(500).end();
        return true;
      };
      const waits: number[] = [];
      while ((await latest()).state === "waiting") {
        const { dueAt } = await latest();
        passed += Math.max(0, Number(dueAt) - now());
        const before = now();
        await runner().runDue();
        waits.push(Number((await latest()).dueAt ?? before) - before);
        assert.ok(waits.length < 100);
      }
      assert.deepEqual([(await latest()).state, (await latest()).answer], ["given-up", "500"]);
      const { createdAt, settledAt } = await latest();
      assert.ok(Number(settledAt) - createdAt <= giveUpMs);
      assert.ok(Number(settledAt) - createdAt > giveUpMs - 61 * minuteMs);
      for (const [index, bound] of [10_000, 20_000, 40_000, 80_000].entries()) {
        const wait = waits[index] ?? 0;
        assert.ok(wait >= bound / 2 && wait <= bound + 5_000, `${index}: ${wait}`);
      }
      assert.ok(Math.max(...waits) <= 60 * minuteMs + 5_000);
    });

    it("does not reach a private address, and follows no other way", async () => {
      await add();
      const guarded = runner({ allowPrivateNetwork: false });
      await guarded.runDue();
      assert.equal(org.tokens.length, 0);
      const { state, answer } = await latest();
      assert.equal(state, "waiting");
      assert.match(answer ?? "", /https|private/);
    });

    it("tries again if the org breaks the connection off", async () => {
      await add();
      org.intercept = (req) => {
        org.intercept = null;
        req.socket.destroy();
        return true;
      };
      await runner().runDue();
      assert.equal((await latest()).state, "waiting");
      passed += 10_000;
      await runner().runDue();
      assert.equal(org.accepted.length, 1);
    });

    it("tries again if the org never answers", async () => {
      await add();
      org.intercept = () => true;
      await runner({ timeoutMs: 200 }).runDue();
      const { state, answer, attempts } = await latest();
      assert.deepEqual([state, attempts, org.tokens.length], ["waiting", 1, 1]);
      assert.match(answer ?? "", /it did not answer in time/);
      org.intercept = null;
      passed += 10_000;
      await runner().runDue();
      assert.deepEqual([(await latest()).state, org.accepted.length], ["sent", 1]);
    });

    it("is shared by two replicas: each message is sent by one of them", async () => {
      await add(40);
      const replicas = [runner(), runner()];
      await Promise.all(replicas.map((one) => one.runDue()));
      assert.deepEqual([org.accepted.length, org.repeated, org.tokens.length], [40, 0, 40]);
    });

    it("continues the work of a process that died, once its lease has expired", async () => {
      await add();
      const [claimed = assert.fail()] = await outbox(use().database, now).claim(1, leaseMs);
      await runner().runDue();
      assert.equal(org.tokens.length, 0, "the lease holds");
      passed += leaseMs + 1;
      await runner().runDue();
      assert.deepEqual(org.accepted, [claimed.id]);
      assert.equal((await latest()).state, "sent");
    });

    it("ignores the end of a claim that another process has taken over", async () => {
      await add();
      const messages = outbox(use().database, now);
      const [late = assert.fail()] = await messages.claim(1, leaseMs);
      passed += leaseMs + 1;
      const [current = assert.fail()] = await messages.claim(1, leaseMs);
      await messages.settle(late, "refused", "late");
      await messages.postpone(late, now(), "late");
      assert.deepEqual([(await latest()).state, (await latest()).answer], ["waiting", null]);
      await messages.settle(current, "sent", "202");
      await messages.settle(late, "refused", "late");
      assert.deepEqual([(await latest()).state, (await latest()).answer], ["sent", "202"]);
    });

    it("finishes what is under way when the process stops, and begins nothing more", async () => {
      await add(2);
      let finish = (): void => assert.fail("nothing is under way");
      const received = new Promise<void>((resolve) => {
        org.intercept = (_req, res) => {
          org.intercept = () => assert.fail("a second request");
          finish = () => {
            accept(org, org.tokens[0] ?? "");
            res.writeHead(202).end();
          };
          resolve();
          return true;
        };
      });
      const stopping = runner();
      const [first] = await outbox(use().database, now).claim(1, leaseMs);
      const done = stopping.runDue();
      await received;
      const stopped = stopping.stop();
      await add();
      finish();
      await Promise.all([done, stopped]);
      assert.equal(org.accepted.length, 1);
      assert.notEqual(org.accepted[0], first?.id);
      assert.equal((await latest()).state, "waiting");
      assert.equal(await stopping.runDue(), 0);
    });

    it("signs with a new key once receivers have had time to read it", async () => {
      const kidOf = (token?: string) =>
        JSON.parse(Buffer.from(token?.split(".")[0] ?? "", "base64url").toString()).kid as string;
      const { store } = site().acme;
      const maker = { sealer: sealer(dataKey), generateKeys: pooledKeys };
      const published = async () => {
        const answer = await site().app.client().get(`/shared-signals/${connection.key}/jwks.json`);
        return JSON.parse(answer.text).keys as Record<string, string>[];
      };
      const [former = assert.fail()] = await published();
      assert.deepEqual([former.use, former.alg, former.kty, "d" in former], ["sig", "RS256", "RSA", false]);
      assert.equal(Buffer.from(former.n ?? "", "base64url").length * 8, 2048);
      await addSigningKey(store, maker, connection, async () => undefined);
      const kids = (await published()).map(({ kid }) => kid);
      assert.equal(kids.length, 2);
      await add();
      await runner().runDue();
      assert.equal(kidOf(org.tokens[0]), former.kid);
      passed += publishedMs;
      await add();
      await runner().runDue();
      assert.deepEqual([kidOf(org.tokens[1]), kids[0]], [kids[1], former.kid]);
      for (const token of org.tokens) await verified(token, issuer(), org.url);
      await addSigningKey(store, maker, connection, async () => undefined);
      assert.deepEqual((await published()).map(({ kid }) => kid).slice(0, 1), [kids[1]]);
      assert.equal((await published()).length, 2);
    });

    it("keeps tenants apart: each key signs for its own issuer alone", async () => {
      const other = await createTestTenant(use().database);
      const theirs = await sendingConnection(other, org, dataKey);
      await signIn(other.store, identityOf(theirs, "grace@other.example"));
      await add();
      await runner().runDue();
      const tokenOf = (key: string) =>
        org.tokens.find((token) => {
          const { iss } = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString());
          return iss === `${site().app.url}/shared-signals/${key}`;
        }) ?? assert.fail();
      await verified(tokenOf(theirs.key), `${site().app.url}/shared-signals/${theirs.key}`, org.url);
      await verified(tokenOf(connection.key), issuer(), org.url);
      await assert.rejects(() => verified(tokenOf(theirs.key), issuer(), org.url));
      await removeConnection(other.store, theirs.id);
    });

    it("stores no address, and forgets the messages about a person who is deleted", async () => {
      await add();
      const row = await use()
        .database.sql()("outbox")
        .where({ connection_id: connection.id, state: "waiting" });
      assert.equal(row.length, 1);
      assert.ok(!JSON.stringify(row).includes("@"), JSON.stringify(row));
      await site().acme.store.users.remove(user.id);
      assert.deepEqual(await site().acme.store.outbox.ofConnection(connection.id, 9), []);
    });

    it("has figures for Prometheus: the ends of attempts, and how long a message has been due", async () => {
      const { metrics, onAttempt } = outboxMetrics(use().database);
      const registry = new Registry();
      for (const metric of metrics) registry.registerMetric(metric);
      await add();
      const minuteAgo = { due_at: Date.now() - minuteMs };
      await use()
        .database.sql()("outbox")
        .where("connection_id", connection.id)
        .whereNotNull("due_at")
        .update(minuteAgo);
      onAttempt("shared-signal", "retry");
      const text = await registry.metrics();
      assert.match(text, /outbox_attempts_total\{kind="shared-signal",state="retry"\} 1/);
      assert.ok(Number(/^outbox_overdue_seconds (\S+)$/m.exec(text)?.[1]) >= 60, text);
    });

    it("counts what was sent, and forgets it after a week", async () => {
      await add(2);
      answerOnce(400);
      await runner().runDue();
      const { store } = site().acme;
      const counted = async (kind: "message-sent" | "message-failed") =>
        (await store.counts.days(kind, 1, connection.id))[0];
      // The sign-in before each test was sent, too.
      assert.deepEqual([await counted("message-sent"), await counted("message-failed")], [2, 1]);
      const weekAgo = { settled_at: Date.now() - 8 * 24 * 60 * minuteMs };
      await use()
        .database.sql()("outbox")
        .where({ connection_id: connection.id, state: "sent" })
        .update(weekAgo);
      await removeExpired(use().database);
      const left = await store.outbox.ofConnection(connection.id, 9);
      assert.deepEqual(
        left.map(({ state }) => state),
        ["refused"],
      );
    });
  });
});
