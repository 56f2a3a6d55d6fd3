import assert from "node:assert/strict";
import { once } from "node:events";
import { Agent, type IncomingMessage, request } from "node:http";
import { openDatabase } from "../../src/store/database.ts";
import { migrate } from "../../src/store/migrate.ts";
import { landingPath } from "../../src/web/home.ts";
import { createTestDatabase, engines, onEachDatabase, type TestDatabase } from "../helpers/databases.ts";
import { createLocalAccount, createTestTenant, testPassword } from "../helpers/people.ts";
import { type PostgresServer, startPostgres } from "../helpers/postgres-server.ts";
import {
  deploymentUrl,
  newSecrets,
  type RunningServer,
  runProgram,
  startServer,
  until,
} from "../helpers/processes.ts";

/** Locks the table of rate limits until the returned function is called. */
async function lockRateLimits({ openAnother }: TestDatabase): Promise<() => Promise<void>> {
  let letGo = () => {};
  const released = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  let held = () => {};
  const holding = new Promise<void>((resolve) => {
    held = resolve;
  });
  const work = openAnother().transaction(async (inside) => {
    if (inside.engine === "postgres")
      await inside.sql().raw("lock table rate_limits in access exclusive mode");
    held();
    await released;
  });
  await holding;
  return () => {
    letGo();
    return work;
  };
}

/** Posts a form. Returns promises for the start of its handling and for its answer. */
function post(port: number, path: string, form: URLSearchParams) {
  const headers = {
    origin: deploymentUrl,
    "content-type": "application/x-www-form-urlencoded",
    "content-length": String(form).length,
    expect: "100-continue",
  };
  const outgoing = request({ host: "127.0.0.1", port, path, method: "POST", headers });
  const received = once(outgoing, "continue").then(() => outgoing.end(String(form)));
  const status = once(outgoing, "response").then(([incoming]) => incoming.resume().statusCode as number);
  outgoing.flushHeaders();
  return { received, status };
}

async function stop(server: RunningServer): Promise<number | null> {
  server.child.kill("SIGTERM");
  return await server.ended;
}

describe("npm start", () => {
  const secrets = newSecrets();
  const cases: [string, Record<string, string>, string[]][] = [
    ["without any variable", {}, ["SESSION_SECRET", "DATA_KEY", "BASE_URL"]],
    [
      "with a weak secret",
      { ...secrets, SESSION_SECRET: "password", BASE_URL: "http://localhost" },
      ["SESSION_SECRET"],
    ],
    ["with http beyond this machine", { ...secrets, BASE_URL: "http://app.example" }, ["BASE_URL"]],
  ];
  for (const [what, variables, names] of cases) {
    it(`refuses to start ${what}, and names ${names.join(", ")}`, async () => {
      const { ended, stdout, stderr } = runProgram("src/server.ts", [], variables);
      assert.equal(await ended, 1);
      assert.equal(stdout(), "");
      for (const name of ["SESSION_SECRET", "DATA_KEY", "BASE_URL"]) {
        assert.equal(stderr().includes(name), names.includes(name), stderr());
      }
      assert.doesNotMatch(stderr(), /password|app\.example|\n\s+at /);
    });
  }

  for (const engine of engines) {
    describe(`on ${engine}`, () => {
      it("is not ready while migrations are missing, and ready once they are applied", async () => {
        const current = await createTestDatabase(engine, { migrated: false });
        const server = await startServer(current.url);
        const client = server.client();
        assert.match(server.stdout(), /"migrations.pending"/);
        assert.equal((await client.get("/healthz")).status, 200);
        const notReady = await client.get("/readyz");
        assert.equal(notReady.status, 503);
        assert.match(notReady.text, /migrations have not been applied/);
        await migrate(current.database);
        assert.deepEqual(
          [(await client.get("/readyz")).status, (await client.get("/healthz")).status],
          [200, 200],
        );
        assert.equal(await stop(server), 0);
        await current.dispose();
      });
    });
  }

  onEachDatabase((use) => {
    it("finishes open requests after SIGTERM, accepts no new ones, and exits with 0", async () => {
      const { tenant, store } = await createTestTenant(use().database);
      await createLocalAccount(store, "ada@acme.example");
      const server = await startServer(use().url);
      const letGo = await lockRateLimits(use());
      let answered = false;
      const form = new URLSearchParams({ loginName: "ada@acme.example", password: testPassword });
      const { received, status } = post(server.port, `/login/password/${tenant.slug}`, form);
      void status.then(() => {
        answered = true;
      });
      await received;
      server.child.kill("SIGTERM");
      await until("it says that it stops", () => server.stdout().includes('"server.stopping"'));
      await assert.rejects(server.client().get("/healthz"));
      assert.equal(answered, false);
      assert.equal(server.child.exitCode, null);
      await letGo();
      assert.equal(await status, 303);
      // Node keeps idle connections open for five seconds.
      const answeredAt = Date.now();
      assert.equal(await server.ended, 0);
      assert.ok(Date.now() - answeredAt < 4_000, "it waited for an idle connection");
      assert.match(server.stdout(), /"server.stopped"/);
      assert.equal(server.stderr(), "");
    });
  });

  it("answers a proxy that sends a request on a kept connection just as it stops", async () => {
    const { url, database, dispose } = await createTestDatabase("SQLite");
    await createTestTenant(database);
    const server = await startServer(url);
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const ask = async () => {
      const outgoing = request({ host: "127.0.0.1", port: server.port, path: "/healthz", agent }).end();
      const [incoming] = (await once(outgoing, "response")) as [IncomingMessage];
      await once(incoming.resume(), "end");
      return { isReused: outgoing.reusedSocket, headers: incoming.headers };
    };
    await ask();
    server.child.kill("SIGTERM");
    await until("it says that it stops", () => server.stdout().includes('"server.stopping"'));
    await assert.rejects(server.client().get("/healthz"));
    const { isReused, headers } = await ask();
    assert.deepEqual([isReused, headers.connection], [true, "close"]);
    assert.equal(await server.ended, 0);
    await dispose();
  });

  describe("on PostgreSQL", () => {
    let postgres: PostgresServer;
    before(async () => {
      postgres = await startPostgres();
    });
    after(() => postgres.stop());

    it("answers 503 while the database is unreachable, never crashes, and then works again", async function () {
      this.timeout(90_000);
      const database = openDatabase(postgres.url);
      await migrate(database);
      const { tenant, store } = await createTestTenant(database);
      await createLocalAccount(store, "ada@acme.example");
      await database.close();
      const server = await startServer(postgres.url);
      const client = server.client();
      assert.equal((await client.signIn(tenant.slug, "ada@acme.example", testPassword)).status, 303);
      assert.equal((await client.get("/account")).status, 200);

      await postgres.kill();
      for (const path of ["/account", landingPath, "/me"]) {
        const { status, headers, text } = await client.get(path);
        assert.equal(status, 503, path);
        assert.match(headers.get("retry-after") ?? "", /^\d+$/);
        assert.ok(text.includes(headers.get("x-request-id") as string), "the page shows its reference");
        assert.doesNotMatch(text, /ECONNREFUSED|terminat|127\.0\.0\.1|\n\s+at /);
      }
      const signIn = await server.client().signIn(tenant.slug, "ada@acme.example", testPassword);
      assert.equal(signIn.status, 503);
      assert.equal((await client.get("/healthz")).status, 200);
      assert.equal((await client.get("/readyz")).status, 503);
      assert.equal(server.child.exitCode, null);

      await until(
        "PostgreSQL starts again",
        () =>
          postgres.restart().then(
            () => true,
            () => false,
          ),
        30,
      );
      await until("pages work again", async () => (await client.get("/account")).status === 200);
      assert.equal((await client.get("/readyz")).status, 200);
      assert.equal(await stop(server), 0);
      for (const line of server.stdout().trim().split("\n"))
        assert.equal(typeof JSON.parse(line).event, "string");
    });
  });
});
