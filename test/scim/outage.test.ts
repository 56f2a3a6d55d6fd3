import assert from "node:assert/strict";
import { type Database, openDatabase } from "../../src/store/database.ts";
import { migrate } from "../../src/store/migrate.ts";
import { startTestApp, type TestApp } from "../helpers/app.ts";
import { createTestDatabase, type TestDatabase } from "../helpers/databases.ts";
import { connectionRefused, type FaultyDatabase, faulty } from "../helpers/faults.ts";
import { type PostgresServer, startPostgres } from "../helpers/postgres-server.ts";
import { until } from "../helpers/processes.ts";
import { createScimTenant, oktaUser, type ScimClient } from "../helpers/scim.ts";
import { assertScimError } from "../helpers/scim-site.ts";

const sqliteError = (code: string) => Object.assign(new Error(`${code}: away`), { code });

/** One call of each kind: read, search, write, discovery. */
const calls = (id: string): [string, (client: ScimClient) => ReturnType<ScimClient["get"]>][] => [
  ["GET a user", (client) => client.get(`/Users/${id}`)],
  ["GET an unknown user", (client) => client.get("/Users/unknown")],
  ["list users", (client) => client.get("/Users")],
  ["look a user up", (client) => client.find('userName eq "ada@acme.example"')],
  ["search users", (client) => client.find('title co "x"')],
  ["POST a user", (client) => client.send("POST", "/Users", oktaUser("new@acme.example"))],
  ["PUT a user", (client) => client.send("PUT", `/Users/${id}`, oktaUser("ada@acme.example"))],
  ["PATCH a user", (client) => client.patch(`/Users/${id}`, { op: "replace", value: { active: false } })],
  ["DELETE a user", (client) => client.send("DELETE", `/Users/${id}`)],
  ["list groups", (client) => client.get("/Groups")],
  ["GET schemas", (client) => client.get("/Schemas")],
  ["a wrong token", (client) => client.get("/Users", { authorization: "non-token" })],
];

async function assertAway(client: ScimClient, id: string): Promise<void> {
  for (const [what, call] of calls(id)) {
    const answer = await call(client);
    assertScimError(answer, 503);
    assert.match(answer.headers.get("retry-after") ?? "", /^[1-9]\d*$/, what);
    assert.doesNotMatch(answer.text, /ECONN|SQLITE|postgres|127\.0\.0\.1|select/i);
  }
}

async function assertBack(client: ScimClient, id: string): Promise<void> {
  const { status, body } = await client.get(`/Users/${id}`);
  assert.deepEqual([status, body.active], [200, true], "nothing of what failed was done");
  assert.equal((await client.get("/Users")).body.totalResults, 1);
  assert.equal((await client.patch(`/Users/${id}`, { op: "replace", value: { active: false } })).status, 200);
}

async function start(database: Database): Promise<{ app: TestApp; client: ScimClient; id: string }> {
  const app = await startTestApp(database);
  const { client } = await createScimTenant(app, database);
  const { body } = await client.send("POST", "/Users", oktaUser("ada@acme.example"));
  return { app, client, id: body.id };
}

describe("while the database is unavailable, SCIM", () => {
  describe("on SQLite", () => {
    let test: TestDatabase;
    let fault: FaultyDatabase;
    before(async () => {
      test = await createTestDatabase("SQLite");
      fault = faulty(test.database);
    });
    after(() => test.dispose());

    const errors = ["SQLITE_BUSY", "SQLITE_IOERR", "SQLITE_CANTOPEN", "SQLITE_FULL"].map(sqliteError);
    for (const error of [...errors, connectionRefused()]) {
      it(`answers 503 with Retry-After, never 404, and works again afterwards: ${error.message}`, async () => {
        const { app, client, id } = await start(fault.database);
        fault.fail(error);
        await assertAway(client, id);
        fault.fail(null);
        await assertBack(client, id);
        await app.close();
      });
    }
  });

  describe("on PostgreSQL", () => {
    let server: PostgresServer;
    let database: Database;
    before(async () => {
      server = await startPostgres();
      database = openDatabase(server.url);
      await migrate(database);
    });
    after(async () => {
      await database.close();
      await server.stop();
    });

    it("answers 503 with Retry-After, never 404, and works again afterwards without a restart", async function () {
      this.timeout(90_000);
      const { app, client, id } = await start(database);
      await server.kill();
      await assertAway(client, id);
      const restart = () =>
        server.restart().then(
          () => true,
          () => false,
        );
      await until("PostgreSQL starts again", restart, 30);
      await assertBack(client, id);
      await app.close();
    });
  });
});
