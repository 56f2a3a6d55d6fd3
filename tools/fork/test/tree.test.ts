import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { changeBrand } from "../src/brand.ts";
import { ForkedFiles } from "../src/files.ts";
import { withoutMarked } from "../src/marks.ts";
import { report } from "../src/report.ts";
import { removeSaml } from "../src/saml.ts";
import { readRecord, startFork, writeRecord } from "../src/start.ts";
import { leftOver, removeTasks } from "../src/tasks.ts";

const wanted = { name: "Shelf Wise", slug: "shelf", remove: ["tasks" as const] };

/** A small repository with a file of each kind that the command changes. */
const files: Record<string, string> = {
  "package.json": '{\n  "name": "oin-saas-starter",\n  "version": "0.1.0"\n}\n',
  "package-lock.json": '{ "name": "oin-saas-starter", "packages": { "": { "name": "oin-saas-starter" } } }\n',
  "config/brand.ts":
    'export const brand = {\n  productName: "Tasklane",\n  slug: "tasklane",\n  supportEmail: "support@tasklane.example",\n  apiKeyPrefix: "tkl_",\n};\n',
  "config/integration.ts": 'escalationEmail: "identity@tasklane.example",\n',
  "public/logo.svg": "<svg><title>Tasklane</title></svg>\n",
  "README.md": "# OIN SaaS Starter\n\nTasklane is the sample product, a list of tasks.\n",
  "CHANGELOG.md": "# Changelog\n\n- Tasklane lists tasks.\n",
  "src/app.ts":
    'import { taskRoutes } from "./tasks/routes.ts"; // sample domain\nkeep();\nassign(); // sample product\n// sample product {\ngone();\n// sample product }\n',
  "src/tasks/routes.ts": "tasks\n",
  "public/app.css": ".a {\n}\n\n/* Tasks (sample product) */\n.task {\n}\n\n.b {\n}\n",
  "test/docs.test.ts": "one();\n// before the fork {\nreadme();\n// before the fork }\ntwo();\n",
  "docs/how-to/make-it-yours.md":
    "# Make it yours\n\n<!-- before the fork { -->\nnpm run fork\n<!-- before the fork } -->\n\n## Add\n",
};

describe("npm run fork", () => {
  let root: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "starter-fork-tool-"));
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), text);
    }
    git("init", "-q");
    commit();
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  const git = (...words: string[]) => execFileSync("git", words, { cwd: root });
  const commit = () => {
    git("add", "-A");
    git("-c", "user.name=fork", "-c", "user.email=fork@fork.test", "commit", "-qm", "fork");
  };
  const text = (path: string) => readFileSync(join(root, path), "utf8");

  /** The steps of the command that change files. */
  function fork(options = wanted): ForkedFiles {
    const tree = new ForkedFiles(root);
    const record = readRecord(tree);
    changeBrand(tree, options, record);
    if (!record) startFork(tree, options);
    removeTasks(tree, record !== null);
    writeRecord(tree, options);
    return tree;
  }

  it("gives the product its name everywhere, and starts a changelog", () => {
    fork();
    assert.match(
      text("config/brand.ts"),
      /productName: "Shelf Wise",\n {2}slug: "shelf",\n {2}supportEmail: "support@shelf\.example"/,
    );
    assert.match(text("config/brand.ts"), /apiKeyPrefix: "shelf_"/);
    assert.match(text("config/integration.ts"), /identity@shelf\.example/);
    assert.match(text("public/logo.svg"), /<title>Shelf Wise<\/title>/);
    assert.equal(JSON.parse(text("package.json")).name, "shelf");
    assert.doesNotMatch(text("package-lock.json"), /oin-saas-starter/);
    assert.match(text("README.md"), /^# Shelf Wise\n\nShelf Wise is the smallest domain, a list of notes/);
    assert.match(
      text("CHANGELOG.md"),
      /Shelf Wise begins as a fork of OIN SaaS Starter 0\.1\.0, at commit [0-9a-f]{40}/,
    );
    assert.equal(text("docs/how-to/make-it-yours.md"), "# Make it yours\n\n## Add\n");
    assert.equal(text("test/docs.test.ts"), "one();\ntwo();\n", "the fork writes a README of its own");
  });

  it("removes the sample product, and attaches the smallest domain in its place", () => {
    const tree = fork();
    assert.equal(text("src/app.ts"), 'import { noteRoutes } from "./notes/routes.ts"; // domain\nkeep();\n');
    assert.equal(text("public/app.css"), ".a {\n}\n\n.b {\n}\n");
    assert.ok(!tree.has("src/tasks"));
    assert.ok(tree.has("src/notes/routes.ts") && tree.has("views/notes.ejs"));
    assert.deepEqual(leftOver(tree), []);
  });

  it("does nothing the second time, and only what a merge brought again the third time", () => {
    fork();
    commit();
    assert.deepEqual(fork().changes, []);
    writeFileSync(join(root, "src/notes/routes.ts"), "mine\n");
    writeFileSync(join(root, "src/new.ts"), "tasks(); // sample product\nlabel(Tasklane);\n");
    commit();
    const { changes } = fork();
    assert.deepEqual([...new Set(changes.map(({ path }) => path))], ["src/new.ts"]);
    assert.equal(text("src/new.ts"), "label(Shelf Wise);\n");
    assert.equal(text("src/notes/routes.ts"), "mine\n");
  });

  it("leaves words and packages to the fork once SAML is removed, until a file of it comes back", () => {
    const put = (path: string, content: string) => {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), content);
    };
    const removed = (isRepeated: boolean) => removeSaml(new ForkedFiles(root), isRepeated);
    const own = 'say("SAML, by hand"); // ours\n';
    const manifest = '{ "dependencies": { "xml-crypto": "6.0.0" } }\n';
    put("package.json", manifest);
    put("src/feed.ts", `${own}saml(); // SAML\n`);
    removed(true);
    assert.equal(text("src/feed.ts"), own);
    assert.equal(text("package.json"), manifest);
    put("src/saml/login.ts", "back\n");
    removed(true);
    assert.equal(text("src/feed.ts"), 'say("by hand"); // ours\n');
    assert.deepEqual(JSON.parse(text("package.json")), { dependencies: {} });
  });

  it("names the file in which a marked block has no end", () => {
    const broken = () => new ForkedFiles(root).edit("src/app.ts", (one) => withoutMarked(one, "x"), "x");
    writeFileSync(join(root, "src/app.ts"), "// x {\na\n");
    assert.throws(broken, /src\/app\.ts: The block that begins with the line/);
    assert.equal(text("src/app.ts"), "// x {\na\n");
  });

  it("renames a fork, and keeps addresses that a person has entered", () => {
    fork();
    const entered = text("config/integration.ts").replace("identity@shelf.example", "us@books.test");
    writeFileSync(join(root, "config/integration.ts"), entered);
    commit();
    fork({ ...wanted, name: "Other", slug: "other" });
    assert.match(
      text("config/brand.ts"),
      /"Other",\n {2}slug: "other",\n {2}supportEmail: "support@other\.example"/,
    );
    assert.match(text("config/brand.ts"), /apiKeyPrefix: "shelf_"/, "customers have keys with it");
    assert.match(text("config/integration.ts"), /us@books\.test/);
    assert.equal(JSON.parse(text("package.json")).name, "other");
  });

  it("says what it did to each file once, and what is left", () => {
    const changes = ["b", "a", "b"].map((path) => ({ path, what: "name" }));
    const lines = report(changes, ["c: still speaks of tasks", "data/: reset"]).split("\n");
    assert.deepEqual(lines.slice(0, 3), ["Changed, 2 files:", "  a: name", "  b: name"]);
    assert.deepEqual(lines.slice(-2), ["  c: still speaks of tasks", "  data/: reset"]);
  });
});
