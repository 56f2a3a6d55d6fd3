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

/** Carries out docs/how-to/make-it-yours.md in a copy of the repository: each command runs, each file is written. */
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
    const found = run(
      'git grep -il "sample product\\|tenantTasks\\|store\\.tasks\\|[/.]tasks\\b" -- src config test views public || true',
    );
    assert.equal(found, "");
  });

  it("changed the brand", () => {
    const brand = readFileSync(join(copy, "config/brand.ts"), "utf8");
    assert.match(brand, /Shelfwise/);
    assert.doesNotMatch(brand, /task/i);
  });

  it("passes the type check, the linter and the check for unused code", function () {
    this.timeout(120_000);
    run("npx tsc && npx biome ci . && npx knip");
  });

  it("passes the tests of the new domain's walls: isolation, architecture, migrations", function () {
    this.timeout(120_000);
    const output = run(
      "npx mocha test/store/isolation.test.ts test/architecture.test.ts test/store/migrations.test.ts",
    );
    assert.match(output, /books\.list: tenant B can neither see nor touch/);
  });

  it("passes the tests of what every product has: the web, and the links of the documentation", function () {
    this.timeout(600_000);
    const output = run("npx mocha 'test/web/*.test.ts' test/docs.test.ts");
    assert.match(output, /says on the sign-in page that the session has ended/);
  });
});

/** What is installed here; the links of workspaces lead to those of the copy. */
function linkModules(folder: string): void {
  mkdirSync(folder);
  for (const name of readdirSync("node_modules")) {
    const own = join("node_modules", name);
    symlinkSync(lstatSync(own).isSymbolicLink() ? readlinkSync(own) : resolve(own), join(folder, name));
  }
}
