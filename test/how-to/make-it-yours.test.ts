import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
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
import { codeBlocks } from "../helpers/docs.ts";
import { deploymentUrl, newSecrets, startServer } from "../helpers/processes.ts";

/** Follows docs/how-to/make-it-yours.md in a copy of the repository: runs each command, and writes each file. */
describe("docs/how-to/make-it-yours.md", () => {
  let copy: string;

  before(function () {
    this.timeout(300_000);
    copy = mkdtempSync(join(tmpdir(), "starter-fork-"));
    const listed = execFileSync("git", ["ls-files", "-co", "--exclude-standard", "-z"], { encoding: "utf8" });
    for (const file of listed.split("\0").filter(Boolean)) {
      mkdirSync(dirname(join(copy, file)), { recursive: true });
      cpSync(file, join(copy, file));
    }
    linkModules(join(copy, "node_modules"));
    run("git init -q && git add -A && git -c user.name=fork -c user.email=fork@fork.test commit -qm fork");
    const blocks = codeBlocks("docs/how-to/make-it-yours.md");
    assert.ok(blocks.length >= 8, "the page has its steps");
    for (const { language, file, text } of blocks) {
      if (file !== null) {
        mkdirSync(dirname(join(copy, file)), { recursive: true });
        writeFileSync(join(copy, file), text);
      } else {
        assert.equal(language, "sh");
        run(text);
      }
    }
  });

  after(() => rmSync(copy, { recursive: true, force: true }));

  function run(script: string): string {
    return execFileSync("sh", ["-e", "-c", script], {
      cwd: copy,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
    });
  }

  it("leaves nothing of the sample product in the code", () => {
    // The stand-in has a page /admin/tasks, like Okta.
    const found = run(
      'git grep -il "sample product\\|tenantTasks\\|store\\.tasks\\|\\(^\\|[^n]\\)[/.]tasks\\b" -- src config test tools views public || true',
    );
    assert.equal(found, "");
  });

  it("changes the brand", () => {
    const brand = readFileSync(join(copy, "config/brand.ts"), "utf8");
    assert.match(brand, /Shelfwise/);
    assert.doesNotMatch(brand, /task/i);
  });

  it("passes the type check, the linter and the check for unused code", function () {
    this.timeout(120_000);
    run("npx tsc && npx biome ci . && npx knip");
  });

  it("passes the tests that cover the new domain: isolation, architecture, migrations, documents and pages", function () {
    this.timeout(300_000);
    const output = run(
      "npx mocha test/books/mcp.test.ts test/store/isolation.test.ts test/architecture.test.ts test/store/migrations.test.ts test/docs.test.ts test/web/views.test.ts",
    );
    assert.match(output, /books\.list: tenant B can neither read nor change/);
    assert.match(output, /the tools of books/);
    assert.match(output, /^Without database: [1-9]\d* passed, 0 failed$/m);
  });

  it("passes the tests of agents, which use the new scopes and the new list", function () {
    this.timeout(300_000);
    const files = ["tenants", "token-use", "foreign-clients"].map(
      (name) => `test/cross-app-access/${name}.test.ts`,
    );
    const output = run(`npx mocha ${files.join(" ")} test/web/account.test.ts test/admin/agents.test.ts`);
    assert.match(output, /^SQLite: [1-9]\d* passed, 0 failed$/m);
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
    const server = await startServer(databaseUrl, secrets, join(copy, "src/server.ts"));
    try {
      const client = server.client();
      assert.match((await client.get("/")).text, /The shelf that a team shares\./);
      const signedIn = await client.signIn("acme", "owner@acme.example", password);
      assert.equal(signedIn.status, 303);
      assert.equal((await client.post("/books", { title: "The Art of Computer Programming" })).status, 303);
      const { status, text } = await client.get("/books");
      assert.equal(status, 200);
      assert.match(text, /<li>The Art of Computer Programming<\/li>/);
      const added = await client.send(
        "POST",
        "/api/v1/books",
        { "content-type": "application/json", "sec-fetch-site": "same-origin" },
        JSON.stringify({ title: "Structure and Interpretation" }),
      );
      assert.equal(added.status, 201, added.text);
      const { items } = JSON.parse((await client.get("/api/v1/books")).text);
      assert.equal(items.length, 2);
      const { paths } = JSON.parse((await client.get("/api/v1/openapi.json")).text);
      assert.deepEqual(Object.keys(paths), ["/books"]);
      assert.equal((await client.send("POST", "/mcp", {})).status, 401);
    } finally {
      server.child.kill("SIGTERM");
      assert.equal(await server.ended, 0);
    }
  });
});

/** Links the installed packages into the copy, but workspaces to those of the copy. */
function linkModules(folder: string): void {
  mkdirSync(folder);
  for (const name of readdirSync("node_modules")) {
    const own = join("node_modules", name);
    symlinkSync(lstatSync(own).isSymbolicLink() ? readlinkSync(own) : resolve(own), join(folder, name));
  }
}
