import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import {
  cpSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { Webhook } from "standardwebhooks";
import { openDatabase } from "../../src/store/database.ts";
import { migrate } from "../../src/store/migrate.ts";
import { systemStore } from "../../src/store/system-store.ts";
import { Demo } from "../helpers/demo.ts";
import { codeBlocks } from "../helpers/docs.ts";
import { freePort } from "../helpers/postgres-server.ts";
import { deploymentUrl, newSecrets, type RunningServer, startServer, until } from "../helpers/processes.ts";
import { startWebhookReceiver } from "../helpers/webhook-receiver.ts";

/**
 * The first morning of a fork: follows docs/how-to/make-it-yours.md and docs/how-to/react-to-changes.md in a copy of the
 * repository. Runs each command, and writes each file.
 */
describe("docs/how-to/make-it-yours.md", () => {
  let copy: string;

  before(async function () {
    this.timeout(600_000);
    copy = mkdtempSync(join(tmpdir(), "starter-fork-"));
    const listed = execFileSync("git", ["ls-files", "-co", "--exclude-standard", "-z"], { encoding: "utf8" });
    for (const file of listed.split("\0").filter(Boolean)) {
      mkdirSync(dirname(join(copy, file)), { recursive: true });
      cpSync(file, join(copy, file));
    }
    linkModules(join(copy, "node_modules"));
    run("git init -q && git add -A && git commit -qm fork");
    const blocks = ["make-it-yours", "react-to-changes"].flatMap((name) =>
      codeBlocks(`docs/how-to/${name}.md`),
    );
    assert.ok(blocks.length >= 16, "the pages have their steps");
    await leaveDatabaseOfDemo(join(copy, "data", "demo.sqlite"));
    for (const { language, file, text } of blocks) {
      if (file !== null) {
        mkdirSync(dirname(join(copy, file)), { recursive: true });
        writeFileSync(join(copy, file), text);
      } else {
        assert.equal(language, "sh");
        run(text);
      }
    }
    run("npx biome check --write config src test");
  });

  after(() => rmSync(copy, { recursive: true, force: true }));

  function run(script: string): string {
    const { status, stdout, stderr } = spawnSync("sh", ["-e", "-c", script], {
      cwd: copy,
      // Pictures and PDFs need a browser, and minutes. Their tests are in the jobs browser and processes.
      env: { ...process.env, CHROMIUM_PATH: join(copy, "no-browser"), ...author },
      encoding: "utf8",
    });
    assert.equal(status, 0, `${script}\n${stdout.slice(-6000)}\n${stderr.slice(-2000)}`);
    return stdout;
  }

  it("leaves nothing of the sample product or its brand, except Okta's tasks and the record of the past", () => {
    const outside = ["tools/fork", "docs/decisions", "packages/okta-stand-in", "packages/okta-labels"];
    const found = run(
      `git grep -IiE "tasklane|oin-saas-starter|sample product|sample domain|\\btasks?\\b|task[-_]|[a-z]Tasks?\\b" -- . ${outside.map((path) => `':!${path}'`).join(" ")} || true`,
    );
    const unexpected = found.split("\n").filter((line) => line !== "" && !oktasTasks.test(line));
    assert.deepEqual(unexpected, []);
  });

  it("changes ten files of the starter, besides those that are generated", () => {
    run("git add -A");
    const changed = run("git diff --cached --name-only --no-renames --diff-filter=a HEAD").trim().split("\n");
    const generated = /^docs\/(guides|oin|explanation\/pictures)\//;
    assert.deepEqual(
      changed.filter((path) => !generated.test(path)),
      [
        ...["activity", "attributes", "brand", "events", "integration", "webhooks"].map(
          (name) => `config/${name}.ts`,
        ),
        "src/product.ts",
        "src/store/tenant/product.ts",
        "test/product.ts",
        "views/home.ejs",
      ],
    );
  });

  it("changes the brand and the package, and begins a changelog", () => {
    const text = (path: string) => readFileSync(join(copy, path), "utf8");
    assert.match(text("config/brand.ts"), /productName: "Shelfwise",\n {2}\/?\*?[\s\S]*slug: "shelfwise"/);
    assert.match(text("public/logo.svg"), /<title>Shelfwise<\/title>/);
    assert.equal(JSON.parse(text("package.json")).name, "shelfwise");
    assert.match(text("docs/guides/scim.md"), /^# Shelfwise: /);
    assert.match(text("docs/oin/values.json"), /Shelfwise is a shelf for teams/);
    assert.match(text("CHANGELOG.md"), /Shelfwise begins as a fork/);
  });

  it("has nothing to do the second time, and refuses changes that are not committed", () => {
    assert.throws(
      () => run("npm run --silent fork"),
      /changes that are not committed\. Commit or remove them/,
    );
    run("git add -A && git commit -qm books");
    assert.match(run("npm run --silent fork"), /^There was nothing to do\.$/m);
  });

  it("passes the type check, the linter and the check for unused code", function () {
    this.timeout(120_000);
    run("npx tsc && npx biome ci . && npx knip");
  });

  let output: string | undefined;
  /** Once for the tests below. Two workers, because each imports the application. */
  function testsOfTheFork(): string {
    const files = [...ofTheDomain, ...ofTheSchemas].map((name) => `test/${name}.test.ts`);
    output ??= run(`npx mocha --jobs 2 ${files.join(" ")}`);
    return output;
  }

  it("passes the tests that cover the new domain: isolation, architecture, migrations, documents and pages", function () {
    this.timeout(600_000);
    assert.match(testsOfTheFork(), /books\.list: tenant B can neither read nor change/);
    assert.match(testsOfTheFork(), /the tools of books/);
    assert.match(testsOfTheFork(), /^Without database: [1-9]\d* passed, 0 failed$/m);
  });

  it("passes the tests of agents, and of the schemas, which see the new scopes and the new attribute", function () {
    this.timeout(600_000);
    assert.match(testsOfTheFork(), /^SQLite: [1-9]\d* passed, 0 failed$/m);
  });

  it("starts the demo that ran before the fork: it says how, and starts clean", async function () {
    this.timeout(200_000);
    const demo = new Demo({}, copy);
    try {
      const ports = async () =>
        [await freePort(), await freePort(), await freePort()] as [number, number, number];
      demo.run(await ports());
      assert.equal(await demo.ended, 1);
      assert.match(
        demo.output,
        /lacks: 20261128000900_create_tasks, .*\nTo start with a new database: npm run demo -- --reset/,
      );
      await demo.start("--reset");
      assert.match((await demo.client().get("/")).text, /Shelfwise/);
      await demo.stop();
    } finally {
      await demo.kill();
    }
  });

  it("starts, and a person who signs in adds a book and sees it", async function () {
    this.timeout(120_000);
    const databaseUrl = join(copy, "data", "app.sqlite");
    const secrets = newSecrets();
    const password = "correct horse battery staple";
    execFileSync(
      process.execPath,
      [
        ...["--import", "tsx", "src/cli/main.ts", "tenant", "create", "acme", "--name", "Acme"],
        ...["--owner", "owner@acme.example", "--password-stdin"],
      ],
      {
        cwd: copy,
        input: password,
        env: { PATH: process.env.PATH, ...secrets, DATABASE_URL: databaseUrl, BASE_URL: deploymentUrl },
      },
    );
    const receiver = await startWebhookReceiver();
    const more = { WEBHOOK_SECRETS: `bookshop=${bookshopSecret}`, INSECURE_ALLOW_PRIVATE_NETWORK: "1" };
    const server = await startServer(databaseUrl, { ...secrets, ...more }, join(copy, "src/server.ts"));
    try {
      const client = server.client();
      assert.match((await client.get("/")).text, /The shelf that a team shares\./);
      const signedIn = await client.signIn("acme", "owner@acme.example", password);
      assert.equal(signedIn.status, 303);
      assert.equal((await client.post("/books", { title: "The Art of Computer Programming" })).status, 303);
      const { status, text } = await client.get("/books");
      assert.equal(status, 200);
      assert.match(text, /<span>The Art of Computer Programming<\/span>/);
      const book = /name="book" value="([^"]+)"/.exec(text)?.[1] ?? "";
      assert.equal((await client.post("/books/borrow", { book })).status, 303);
      const shelf = await client.get("/admin/books");
      assert.match(shelf.text, /<td>The Art of Computer Programming<\/td><td>owner@acme\.example<\/td>/);
      assert.match(shelf.text, /href="\/admin\/books" aria-current="page">[\s\S]*?Books<\/a>/);
      assert.equal((await server.client().get("/admin/books")).status, 303, "others sign in first");
      const added = await client.send(
        "POST",
        "/api/v1/books",
        { "content-type": "application/json", "sec-fetch-site": "same-origin" },
        JSON.stringify({ title: "Structure and Interpretation" }),
      );
      assert.equal(added.status, 201, added.text);
      const { items } = JSON.parse((await client.get("/api/v1/books")).text);
      assert.equal(items.length, 2);
      await client.post("/admin/activity/webhooks", { url: receiver.url, kinds: "books" });
      assert.equal((await deliver(server, { tenant: "acme", title: "Gödel, Escher, Bach" })).status, 204);
      assert.match((await client.get("/books")).text, /Gödel, Escher, Bach/);
      assert.match((await client.get("/admin/activity?kind=books")).text, /Book delivered/);
      await until("the entry arrives at the endpoint", () => receiver.received.length > 0, 30);
      const { type, data } = JSON.parse(receiver.received[0]?.body ?? "");
      assert.deepEqual([type, data.kind, data.target], ["book.delivered", "books", "Gödel, Escher, Bach"]);
      const { paths } = JSON.parse((await client.get("/api/v1/openapi.json")).text);
      assert.deepEqual(Object.keys(paths), ["/books", "/notes"]);
      assert.equal((await client.send("POST", "/mcp", {})).status, 401);
    } finally {
      server.child.kill("SIGTERM");
      assert.equal(await server.ended, 0);
      await receiver.close();
    }
  });
});

const ofTheDomain = [
  ...["store/isolation", "store/isolation-twin", "walls/stored-script", "walls/routes", "web/views"],
  ...["books/mcp", "notes/notes", "admin/access", "web/permissions", "store/migrations", "architecture"],
  ...["docs", "guide/guides", "guide/forks", "oin/package", "oin/manifest"],
];
const ofTheSchemas = [
  ...["tenants", "token-use", "foreign-clients"].map((name) => `cross-app-access/${name}`),
  ...["scim/discovery", "web/account", "admin/agents"],
];

const bookshopSecret = `whsec_${Buffer.alloc(24, "bookshop").toString("base64")}`;

/** A message of the bookshop, signed by the library of Standard Webhooks. */
async function deliver({ port }: RunningServer, data: object): Promise<Response> {
  const [id, at] = ["delivery-1", new Date()];
  const body = JSON.stringify({ type: "book.delivered", data });
  const headers = {
    "webhook-id": id,
    "webhook-timestamp": String(Math.floor(at.getTime() / 1000)),
    "webhook-signature": new Webhook(bookshopSecret).sign(id, at, body),
  };
  return await fetch(`http://127.0.0.1:${port}/webhooks/bookshop`, { method: "POST", headers, body });
}

const author = {
  ...{ GIT_AUTHOR_NAME: "fork", GIT_AUTHOR_EMAIL: "fork@fork.test" },
  ...{ GIT_COMMITTER_NAME: "fork", GIT_COMMITTER_EMAIL: "fork@fork.test" },
};

/** Lines about the tasks of Okta's console. */
const oktasTasks =
  /failedTasks|\/admin\/tasks|select the tasks|<strong>Tasks<\/strong>|\*\*Tasks\*\*|^package\.json:|remove tasks/;

/** A demo that ran before the fork: its database has the migrations of the task list. */
async function leaveDatabaseOfDemo(file: string): Promise<void> {
  const database = openDatabase(file);
  await migrate(database);
  await systemStore(database).tenants.create({ id: "acme", slug: "acme", name: "Acme Rockets" });
  await database.close();
}

/** Links the installed packages into the copy, but workspaces to those of the copy. */
function linkModules(folder: string): void {
  mkdirSync(folder);
  for (const name of readdirSync("node_modules")) {
    const own = join("node_modules", name);
    symlinkSync(lstatSync(own).isSymbolicLink() ? readlinkSync(own) : resolve(own), join(folder, name));
  }
}
