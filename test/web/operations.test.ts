import assert from "node:assert/strict";
import type { Config } from "../../src/config.ts";
import type { Database } from "../../src/store/database.ts";
import { startTestApp, type TestApp } from "../helpers/app.ts";
import { createTestDatabase, onEachDatabase } from "../helpers/databases.ts";
import { connectionRefused, faulty } from "../helpers/faults.ts";
import { headingOf } from "../helpers/pages.ts";

async function withApp(
  database: Database,
  options: Partial<Config>,
  work: (app: TestApp) => Promise<void>,
): Promise<void> {
  const app = await startTestApp(database, options);
  try {
    await work(app);
  } finally {
    await app.close();
  }
}

describe("/healthz and /readyz", () => {
  onEachDatabase((use, engine) => {
    it("report success to any caller, without a cookie", async () => {
      await withApp(use().database, {}, async (app) => {
        const [health, ready] = [await app.client().get("/healthz"), await app.client().get("/readyz")];
        assert.deepEqual([health.status, JSON.parse(health.text)], [200, { status: "ok" }]);
        assert.deepEqual([ready.status, JSON.parse(ready.text)], [200, { status: "ready" }]);
        assert.deepEqual([...health.headers.getSetCookie(), ...ready.headers.getSetCookie()], []);
      });
    });

    it("distinguish an unreachable database from a broken process", async () => {
      const { database, fail } = faulty(use().database);
      await withApp(database, {}, async (app) => {
        fail(connectionRefused());
        assert.equal((await app.client().get("/healthz")).status, 200);
        const ready = await app.client().get("/readyz");
        const problem = "the database does not answer";
        assert.deepEqual([ready.status, JSON.parse(ready.text)], [503, { status: "not ready", problem }]);
        assert.ok(app.logged.some(({ event }) => event === "readiness.failed"));
      });
    });

    it("report not ready until all migrations are applied", async () => {
      const empty = await createTestDatabase(engine, { migrated: false });
      try {
        await withApp(empty.database, {}, async (app) => {
          const ready = await app.client().get("/readyz");
          assert.equal(ready.status, 503);
          assert.match(JSON.parse(ready.text).problem, /^\d+ migrations have not been applied$/);
        });
      } finally {
        await empty.dispose();
      }
    });
  });
});

describe("/metrics", () => {
  const token = "a token for the scraper";
  /** Callers, as [configuration, headers, whether they may read]. */
  const askers: [string, Partial<Config>, Record<string, string>, boolean][] = [
    ["this machine, without a token", {}, {}, true],
    ["a client behind a proxy", { trustProxy: 1 }, { "x-forwarded-for": "203.0.113.9" }, false],
    [
      "a client that claims to be this machine",
      { trustProxy: 1 },
      { "x-forwarded-for": "127.0.0.1, 203.0.113.9" },
      false,
    ],
    ["this machine, if a token is configured", { metricsToken: token }, {}, false],
    ["a wrong token", { metricsToken: token }, { authorization: `Bearer ${token}x` }, false],
    ["the token without its scheme", { metricsToken: token }, { authorization: token }, false],
    [
      "the token, from elsewhere",
      { metricsToken: token, trustProxy: 1 },
      { authorization: `Bearer ${token}`, "x-forwarded-for": "203.0.113.9" },
      true,
    ],
  ];

  onEachDatabase((use) => {
    for (const [who, options, headers, allowed] of askers) {
      it(`${allowed ? "are shown to" : "do not exist for"} ${who}`, async () => {
        await withApp(use().database, options, async (app) => {
          const answer = await app.client().get("/metrics", headers);
          assert.equal(answer.status, allowed ? 200 : 404);
          if (allowed) assert.match(answer.text, /^process_cpu_seconds_total/m);
          else assert.equal(headingOf(answer), "Page not found");
        });
      });
    }

    it("count refused token requests and revocations by their own route", async () => {
      await withApp(use().database, {}, async (app) => {
        const client = app.client();
        for (const path of ["/oauth2/token", "/global-token-revocation"]) await client.send("POST", path, {});
        const { text } = await client.get("/metrics");
        const counted = [...text.matchAll(/_count\{method="POST",route="([^"]*)",status="(\d+)"\} 1/g)];
        assert.deepEqual(
          counted.map(([, ...labels]) => labels),
          [
            ["/oauth2/token", "400"],
            ["/global-token-revocation", "401"],
          ],
        );
      });
    });

    it("count by route and status, never by name, URL or guess", async () => {
      await withApp(use().database, {}, async (app) => {
        const client = app.client();
        await client.get("/login/password/some-tenant-slug");
        await client.post("/account/some-id/complete");
        await client.get("/setup/some-secret-token");
        await client.get("/wp-login.php");
        await client.get("/assets/some-guess.css");
        await client.post("/login", {}, { "sec-fetch-site": "cross-site" });
        const { text } = await client.get("/metrics");
        const routes = new Set([...text.matchAll(/route="([^"]*)"/g)].map(([, route]) => route));
        assert.deepEqual(routes, new Set(["/login/password/:tenant", "/setup/:token", "other"]));
        assert.match(
          text,
          /http_request_duration_seconds_count\{[^}]*route="\/setup\/:token",status="403"\} 1/,
        );
        assert.doesNotMatch(text, /some-|wp-login/);
      });
    });
  });
});
