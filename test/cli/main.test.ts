import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"; // SAML
import { tmpdir } from "node:os"; // SAML
import { join } from "node:path"; // SAML
import { migrationState } from "../../src/store/migrate.ts";
import { systemStore } from "../../src/store/system-store.ts";
import { forTenant } from "../../src/store/tenant-store.ts";
import { sealActivity } from "../../src/trail/sealing.ts";
import { type CliRun, runCli } from "../helpers/cli.ts";
import { createTestDatabase, onEachDatabase, type TestDatabase } from "../helpers/databases.ts";
import { idpMetadata } from "../helpers/idp-metadata.ts"; // SAML
import { trailDeps } from "../helpers/seals.ts";

/** The JSON value of a command that succeeded. Asserts that there was no other output. */
function jsonOf({ code, stdout, stderr }: CliRun): Record<string, unknown> {
  assert.deepEqual({ code, stderr }, { code: 0, stderr: "" });
  assert.equal(stdout.split("\n").length, 2, "one line");
  return JSON.parse(stdout);
}

/** Asserts that a command failed with one line on standard error, and nothing on standard output. */
function assertRefused({ code, stdout, stderr }: CliRun, message: RegExp): void {
  assert.deepEqual({ code, stdout }, { code: 1, stdout: "" }, stderr);
  assert.match(stderr, message);
  assert.match(stderr, /^[^\n]+\n$/, "one line");
  assert.doesNotMatch(stderr, /\bat .*:\d+:\d+/, "no stack");
}

describe("npm run admin", () => {
  onEachDatabase((use, engine) => {
    const admin = (words: string, stdin = "", more = {}) =>
      runCli(words.split(" "), { DATABASE_URL: use().url, ...more }, stdin);
    // SAML {
    let folder: string;
    before(() => {
      folder = mkdtempSync(join(tmpdir(), "starter-cli-"));
      writeFileSync(join(folder, "idp.xml"), idpMetadata());
    });
    after(() => rmSync(folder, { recursive: true }));
    // SAML }

    it("prints exactly one JSON object for each command", async function () {
      this.timeout(180_000);
      const created = jsonOf(await admin("tenant create acme --name Acme --owner ada@acme.example --json"));
      assert.deepEqual(created.tenant, { slug: "acme", name: "Acme" });
      const oidcWords = "--type oidc --issuer https://acme.okta.com --client-id 0oa1 --client-secret-stdin";
      const oidc = jsonOf(await admin(`connection create acme ${oidcWords} --json`, "the secret\n"));
      assert.equal(oidc.redirectUri, "http://localhost:3000/oidc/acme/callback");
      // SAML {
      const saml = jsonOf(
        await admin(`connection create acme --type saml --metadata ${join(folder, "idp.xml")} --json`),
      );
      assert.equal(saml.acsUrl, "http://localhost:3000/saml/acme/acs");
      // SAML }
      const environment = { BASE_URL: "https://product.example" };
      const token = jsonOf(await admin("token create acme --json", "", environment));
      assert.deepEqual(Object.keys(token), ["token", "baseUrl", "expiresAt"]);
      assert.equal(token.baseUrl, "https://product.example/scim/v2");
      const invited = jsonOf(await admin("owner invite acme --email bob@acme.example --json"));
      assert.match(String(invited.setupUrl), /^http:\/\/localhost:3000\/setup\/[\w-]{43}$/);
      const listed = jsonOf(await admin("tenant list --json")) as unknown as { slug: string }[];
      assert.deepEqual(
        listed.map(({ slug }) => slug),
        ["acme"],
      );
      assert.deepEqual(jsonOf(await admin("tenant delete acme --yes --json")), { deleted: "acme" });
      assert.deepEqual(await systemStore(use().database).tenants.list(), []);
    });

    it("shows a fault of the activity on standard output, with exit code 1", async function () {
      this.timeout(180_000);
      jsonOf(await admin("tenant create sealed --name Sealed --owner ada@sealed.example --json"));
      const verify = () => admin("activity verify --tenant sealed --json");
      assert.ok(Array.isArray(jsonOf(await verify()).tenants));
      const tenant = (await systemStore(use().database).tenants.bySlug("sealed")) ?? assert.fail();
      const { activity } = forTenant(use().database, tenant.id);
      const [actor, rest] = [
        { actorKind: "operator", actor: "cli" } as const,
        { changed: [], requestId: null },
      ];
      await activity.record({ ...actor, ...rest, action: "token.created", targetId: null });
      await sealActivity(trailDeps(use().database));
      await use().database.sql()("activity").where("tenant_id", tenant.id).update({ actor: "forged" });
      const { code, stdout, stderr } = await verify();
      assert.deepEqual([code, stderr], [1, ""]);
      assert.equal(JSON.parse(stdout).tenants[0].fault.kind, "entry-changed");
      jsonOf(await admin("tenant delete sealed --yes --json"));
    });

    it("reports errors in one line on standard error, with exit code 1", async function () {
      this.timeout(180_000);
      jsonOf(await admin("tenant create twice --name One --owner ada@acme.example --json"));
      const again = "tenant create twice --name Two --owner eve@acme.example --json";
      assertRefused(await admin(again), /^There is already a tenant "twice"\.$/m);
      assertRefused(await admin("token create nowhere --json"), /^There is no tenant "nowhere"\.$/m);
      const oidc = "connection create twice --type oidc --client-id 0oa1 --client-secret-stdin --json";
      const custom = `${oidc} --issuer https://acme.okta.com/oauth2/default`;
      assertRefused(
        await admin(custom, "secret"),
        /custom authorization server.*https:\/\/acme\.okta\.com\.$/m,
      );
      const noKey = await admin(`${oidc} --issuer https://acme.okta.com`, "secret", { DATA_KEY: "" });
      assertRefused(noKey, /^DATA_KEY is missing/);
      const tenants = await systemStore(use().database).tenants.list();
      assert.deepEqual(
        tenants.map(({ slug, name }) => [slug, name]),
        [["twice", "One"]],
      );
    });

    async function withEmptyDatabase(work: (empty: TestDatabase) => Promise<void>): Promise<void> {
      const empty = await createTestDatabase(engine, { migrated: false });
      try {
        await work(empty);
      } finally {
        await empty.dispose();
      }
    }

    it("migrates a new database", async () => {
      await withEmptyDatabase(async ({ url, database }) => {
        assert.deepEqual(jsonOf(await runCli(["tenant", "list", "--json"], { DATABASE_URL: url })), []);
        assert.deepEqual((await migrationState(database)).pending, []);
      });
    });

    it("refuses an outdated database, and names the remedy", async () => {
      await withEmptyDatabase(async ({ url, database }) => {
        const { pending } = await migrationState(database);
        const newest = pending.at(-1);
        jsonOf(await runCli(["migrate", "--json"], { DATABASE_URL: url }));
        await database.sql()("knex_migrations").where("name", newest).delete();
        const refused = await runCli(["tenant", "list", "--json"], { DATABASE_URL: url });
        assertRefused(refused, /^1 migrations? ha(s|ve) not been applied\. Run: npm run migrate$/m);
        assert.deepEqual((await migrationState(database)).pending, [newest], "it did not migrate by itself");
      });
    });
  });
});

describe("npm run admin, used wrongly", () => {
  /** Nothing listens there: these commands fail before they use a database. */
  const nowhere = { DATABASE_URL: "postgres://user@127.0.0.1:1/nothing" };
  const cases: [string, string, RegExp, Record<string, string>?][] = [
    ["an unknown command", "tenant explode", /^There is no command "tenant explode"\. See npm run admin/],
    [
      "a missing word",
      "tenant create --name N --owner a@b.example",
      /^Usage: npm run admin -- tenant create/,
    ],
    ["an unknown option", "tenant list --verbose", /^Unknown option '--verbose'.*Usage: npm run admin/],
    ["an option without its value", "tenant create x --name", /--name.*Usage: npm run admin/],
    ["a database that is away", "tenant list", /^The database does not answer: /],
    ["a wrong BASE_URL", "tenant list", /^BASE_URL must use https/, { BASE_URL: "http://product.example" }],
  ];
  for (const [what, words, message, environment] of cases) {
    it(`explains ${what}`, async () => {
      assertRefused(await runCli(words.split(" "), { ...nowhere, ...environment }), message);
    });
  }

  it("prints help for all commands, and for one command", async () => {
    const all = await runCli(["--help"], nowhere);
    assert.deepEqual([all.code, all.stderr], [0, ""]);
    const some = ["tenant create", "tenant health", "connection create", "token revoke", "owner invite"];
    for (const name of [...some, "migrate"]) {
      assert.ok(all.stdout.includes(`\n  ${name} `), name);
    }
    const one = await runCli(["connection", "create", "--help"], nowhere);
    assert.deepEqual([one.code, one.stderr], [0, ""]);
    assert.match(one.stdout, /--client-secret-stdin/);
  });
});
