import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import express from "express";
import { createLog } from "../../src/log.ts";
import { hashToken, sealer } from "../../src/store/secrets.ts";
import { type SessionStore, sessionStore } from "../../src/store/session-store.ts";
import { sessionCookie } from "../../src/web/sessions.ts";
import { startTestApp } from "../helpers/app.ts";
import { Client } from "../helpers/client.ts";
import { onOneDatabase, type TestDatabase } from "../helpers/databases.ts";
import { createLocalAccount, createTestTenant, testPassword } from "../helpers/people.ts";
import { sidOf } from "../helpers/site.ts";

const [minute, hour] = [60_000, 3_600_000];

/** A server with the session middleware only. Tests set its clock. */
class Clockwork {
  now = Date.parse("2026-11-01T08:00:00Z");
  touches = 0;
  touchFails = false;
  client!: Client;
  readonly logged: string[] = [];
  #server!: Server;

  async start(use: () => TestDatabase): Promise<void> {
    const clock = () => this.now;
    const sessions = this.#counting(sessionStore(use().database, clock));
    const log = createLog("debug", { write: (line) => void this.logged.push(line) });
    const app = express();
    app.use(
      sessionCookie({
        sessions,
        sealer: sealer(Buffer.alloc(32)),
        secret: "s".repeat(32),
        baseUrl: "http://localhost",
        log,
        now: clock,
      }),
    );
    app.post("/begin", (req, res) => {
      req.session.userAgent = "a test";
      res.end();
    });
    app.get("/read", (req, res) => void res.json({ userAgent: req.session.userAgent ?? null }));
    this.#server = createServer(app);
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    const { port } = this.#server.address() as AddressInfo;
    this.client = new Client(`http://127.0.0.1:${port}`, "http://localhost");
  }

  #counting(sessions: SessionStore): SessionStore {
    const touch: SessionStore["touch"] = (...words) => {
      this.touches++;
      if (this.touchFails) return Promise.reject(new Error("no"));
      return sessions.touch(...words);
    };
    return { ...sessions, touch };
  }

  async begin(): Promise<void> {
    this.client.cookies.clear();
    await this.client.post("/begin");
    this.touches = 0;
  }

  async isAlive(): Promise<boolean> {
    return JSON.parse((await this.client.get("/read")).text).userAgent === "a test";
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

describe("a session", () => {
  onOneDatabase((use) => {
    const works = new Clockwork();
    before(() => works.start(use));
    beforeEach(() => works.begin());
    after(() => works.stop());

    it("expires after eight hours without a request", async () => {
      works.now += 8 * hour - 1;
      assert.equal(await works.isAlive(), true);
      works.now += 8 * hour;
      assert.equal(await works.isAlive(), false);
    });

    it("expires 24 hours after its start, however busy it is", async () => {
      const end = works.now + 24 * hour;
      for (works.now += 7 * hour; works.now < end; works.now += 7 * hour) {
        assert.equal(await works.isAlive(), true);
      }
      works.now = end - 1;
      assert.equal(await works.isAlive(), true);
      works.now = end;
      assert.equal(await works.isAlive(), false);
    });

    it("does not restart its 24 hours when its data changes", async () => {
      const end = works.now + 24 * hour;
      for (works.now += 6 * hour; works.now < end; works.now += 6 * hour) await works.client.post("/begin");
      works.now = end - minute;
      assert.equal(await works.isAlive(), true);
      works.now = end;
      assert.equal(await works.isAlive(), false);
    });

    it("writes its time of last use at most once a minute", async () => {
      for (let second = 0; second < 59; second += 10, works.now += 10_000) await works.isAlive();
      assert.equal(works.touches, 0);
      await works.isAlive();
      assert.equal(works.touches, 1);
      await works.isAlive();
      assert.equal(works.touches, 1);
      const sidHash = hashToken(sidOf(works.client.cookies.get("session")));
      const stored = await sessionStore(use().database, () => works.now).load(sidHash);
      assert.equal(stored?.seenAt, works.now);
      assert.equal(stored?.expiresAt, works.now + 8 * hour);
    });

    it("continues when its time of last use cannot be written, and logs that", async () => {
      works.touchFails = true;
      works.now += 2 * minute;
      assert.equal(await works.isAlive(), true);
      works.touchFails = false;
      assert.equal(works.touches, 1);
      assert.match(works.logged.join(""), /"event":"session\.touch_failed"/);
    });

    it("is stored under the hash of its id, which is useless as a cookie", async () => {
      const sid = sidOf(works.client.cookies.get("session"));
      const sessions = sessionStore(use().database, () => works.now);
      assert.equal(await sessions.load(sid), null);
      assert.notEqual(await sessions.load(hashToken(sid)), null);
    });

    it("is not created for a visitor who only reads", async () => {
      works.client.cookies.clear();
      const answer = await works.client.get("/read");
      assert.deepEqual(answer.headers.getSetCookie(), []);
    });
  });
});

describe("the session's cookie on https", () => {
  onOneDatabase((use) => {
    async function cookieLines(proto: string): Promise<string[]> {
      const { database } = use();
      const { tenant, store } = await createTestTenant(database);
      await createLocalAccount(store, "ada@acme.example");
      const app = await startTestApp(database, { baseUrl: "https://product.example", trustProxy: 1 });
      try {
        const form = { loginName: "ada@acme.example", password: testPassword };
        const headers = { "x-forwarded-proto": proto };
        const answer = await app.client().post(`/login/password/${tenant.slug}`, form, headers);
        assert.equal(answer.status, 303);
        return answer.headers.getSetCookie();
      } finally {
        await app.close();
      }
    }

    it("is bound to the host and sent over https only", async () => {
      const lines = await cookieLines("https");
      const [line = "", ...others] = lines.filter((one) => !one.startsWith("__Host-known-device="));
      assert.deepEqual(others, []);
      const [pair = "", ...attributes] = line.split("; ");
      assert.match(pair, /^__Host-session=s%3A/);
      assert.deepEqual(new Set(attributes), new Set(["Path=/", "HttpOnly", "Secure", "SameSite=Lax"]));
    });

    it("is not sent over http", async () => {
      assert.deepEqual(await cookieLines("http"), []);
    });
  });
});
