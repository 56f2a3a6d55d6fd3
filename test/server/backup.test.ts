import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openDatabase } from "../../src/store/database.ts";
import { systemStore } from "../../src/store/system-store.ts";
import { forTenant } from "../../src/store/tenant-store.ts";
import { runCli } from "../helpers/cli.ts";
import { createTestDatabase } from "../helpers/databases.ts";
import { codeBlocks } from "../helpers/docs.ts";
import { deploymentUrl, newSecrets, type RunningServer, startServer, until } from "../helpers/processes.ts";
import { oktaUser, ScimClient } from "../helpers/scim.ts";

const page = "docs/how-to/back-up-and-restore.md";
const password = "correct horse battery staple";
const ownerName = "owner@acme.example";

/** Provisioning clients that create people over SCIM. An acknowledged write is a 201 that has arrived. */
class Writers {
  readonly acknowledged: string[] = [];
  readonly #client: ScimClient;
  readonly #running: Promise<void>[];
  #stopped = false;

  constructor(client: ScimClient, count: number) {
    this.#client = client;
    this.#running = Array.from({ length: count }, (_value, writer) => this.#write(writer));
  }

  async #write(writer: number): Promise<void> {
    for (let next = 0; !this.#stopped; next++) {
      const name = `person-${writer}-${next}@acme.example`;
      const status = await this.#client.send("POST", "/Users", oktaUser(name)).then(
        (answer) => answer.status,
        () => null,
      );
      if (status === 201) this.acknowledged.push(name);
      // The server was killed.
      else if (status === null) return;
      else assert.fail(`SCIM answered ${status}`);
    }
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#running);
  }
}

describe("a backup of SQLite", () => {
  describe("taken while provisioning clients write", () => {
    const secrets = newSecrets();
    let folder: string;
    let databaseUrl: string;
    let server: RunningServer;
    let writers: Writers;
    let token: string;

    const admin = async (words: string[], stdin = "") => {
      const run = await runCli(
        words,
        { ...secrets, DATABASE_URL: databaseUrl, BASE_URL: deploymentUrl },
        stdin,
      );
      assert.deepEqual([run.code, run.stderr], [0, ""]);
      return JSON.parse(run.stdout);
    };

    before(async function () {
      this.timeout(120_000);
      folder = mkdtempSync(join(tmpdir(), "starter-backup-"));
      databaseUrl = join(folder, "data", "app.sqlite");
      mkdirSync(join(folder, "backups"));
      const owner = ["--owner", ownerName, "--password-stdin"];
      await admin(["tenant", "create", "acme", "--name", "Acme", ...owner, "--json"], password);
      ({ token } = await admin(["token", "create", "acme", "--json"]));
      server = await startServer(databaseUrl, secrets);
      writers = new Writers(scimOf(server), 8);
    });
    after(async () => {
      server.child.kill("SIGKILL");
      await writers.stop();
      rmSync(folder, { recursive: true, force: true });
    });

    const scimOf = ({ port }: RunningServer) =>
      new ScimClient(`http://127.0.0.1:${port}/scim/v2`, `Bearer ${token}`);

    it("has every write that was acknowledged before it began, and is consistent", async function () {
      this.timeout(180_000);
      const more = (count: number) =>
        until("writes are acknowledged", () => writers.acknowledged.length >= count, 60);
      await more(200);
      const before = [...writers.acknowledged];
      const backup = join(folder, "backups", "app.sqlite");
      const { file, bytes, startedAt } = await admin(["backup", backup, "--json"]);
      const during = writers.acknowledged.length - before.length;
      assert.ok(during > 0, "the app wrote all the while");
      await more(before.length + during + 50);
      server.child.kill("SIGKILL");
      await writers.stop();

      assert.deepEqual([file, bytes], [backup, statSync(backup).size]);
      assert.ok(Date.parse(startedAt) > 0);
      assert.equal(statSync(backup).mode & 0o777, 0o600);
      assert.ok(!existsSync(`${backup}.partial`));
      restore(folder);

      const { names, counted, checks } = await contentOf(databaseUrl);
      assert.deepEqual(checks, { integrity: [{ integrity_check: "ok" }], foreignKeys: [] });
      assert.deepEqual(
        before.filter((name) => !names.has(name)),
        [],
        "nothing is lost up to the backup's instant",
      );
      assert.equal(counted, names.size, "the counter is of the same instant as the rows");
      assert.ok(names.size < writers.acknowledged.length, "writes after the backup are not in it");
    });

    it("serves the app again: people sign in, and provisioning goes on", async function () {
      this.timeout(120_000);
      server = await startServer(databaseUrl, secrets);
      const client = server.client();
      assert.equal((await client.get("/readyz")).status, 200);
      assert.equal((await client.signIn("acme", ownerName, password)).status, 303);
      const [first = ""] = writers.acknowledged;
      const { body } = await scimOf(server).find(`userName eq "${first}"`);
      assert.equal(body.Resources[0].name.familyName, oktaUser(first).name.familyName);
      const again = await scimOf(server).send("POST", "/Users", oktaUser(first));
      assert.equal(again.status, 409, "the restored person is known");
    });
  });

  it("can be taken before the migration, with the new version of the program", async () => {
    const current = await createTestDatabase("SQLite");
    const sql = current.database.sql();
    await sql.raw("delete from knex_migrations where id = (select max(id) from knex_migrations)");
    const file = `${current.url}.backup`;
    const { code, stderr } = await runCli(["backup", file], { DATABASE_URL: current.url });
    assert.deepEqual([code, stderr], [0, ""]);
    const migrated = await runCli(["tenant", "list"], { DATABASE_URL: file });
    assert.match(migrated.stderr, /^1 migrations have not been applied/);
    await current.dispose();
  });
});

/** Runs the commands of the page's section "Restore", in a folder with data/ and backups/. */
function restore(folder: string): void {
  const [block, ...others] = codeBlocks(page).filter(({ text }) => text.includes("cp backups/app.sqlite"));
  assert.ok(block && others.length === 0, "the page has one block that restores");
  execFileSync("sh", ["-e", "-c", block.text], { cwd: folder, stdio: "pipe" });
}

async function contentOf(databaseUrl: string) {
  const database = openDatabase(databaseUrl);
  const [tenant] = await systemStore(database).tenants.list();
  const { users } = forTenant(database, tenant?.id ?? "");
  const counted = await users.count();
  const rows = await users.page(0, 100_000);
  const checks = {
    integrity: await database.sql().raw("pragma integrity_check"),
    foreignKeys: await database.sql().raw("pragma foreign_key_check"),
  };
  await database.close();
  return { names: new Set(rows.map(({ loginName }) => loginName)), counted, checks };
}
