import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";

const script = resolve("scripts/upgrade.mjs");

/** The starter's own command, in small: the name, no guest product, a changelog of the fork's, and the record of the words. */
const forkProgram = `import { readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
const [, name, , slug, , remove] = process.argv.slice(2);
writeFileSync("config/brand.ts", \`name: \${name}\\n\`);
writeFileSync("src/app.ts", readFileSync("src/app.ts", "utf8").replaceAll(/^.*guest product\\n/gm, ""));
rmSync("src/guest", { recursive: true });
writeFileSync("CHANGELOG.md", \`forked by \${process.argv.slice(2).join(" ")}\\n\`);
const manifest = JSON.parse(readFileSync("package.json", "utf8"));
writeFileSync("package.json", JSON.stringify({ ...manifest, fork: { name, slug, remove: [remove] } }, null, 2));
`;
const manifestWith = (dependencies: Record<string, string>) => JSON.stringify({ dependencies }, null, 2);
const writesWords = 'writeFileSync("src/words.ts", String(process.argv.slice(2)));';
const words = ["--name", "Shelfwise", "--slug", "shelfwise", "--remove", "guest"];

/** Two versions of a starter, and a fork of the first one, in a repository of its own: a shallow clone has no history. */
describe("npm run upgrade", () => {
  let folder: string;

  const git = (...words: string[]) => execFileSync("git", words, { cwd: folder, encoding: "utf8" }).trim();
  const read = (path: string) => readFileSync(join(folder, path), "utf8");
  const upgrade = (...words: string[]) =>
    spawnSync(process.execPath, [script, ...words], { cwd: folder, encoding: "utf8" });

  function write(files: Record<string, string>, message: string): void {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    }
    git("add", "--all");
    git("commit", "-qm", message);
  }

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "starter-upgrade-test-"));
    git("init", "-q", "-b", "upstream");
    git("config", "user.name", "Fork");
    git("config", "user.email", "fork@fork.test");
    write(
      {
        ".gitignore": "node_modules\n",
        "CHANGELOG.md": "version 1\n",
        "package.json": manifestWith({ knex: "3.0.0", zod: "4.0.0" }),
        "package-lock.json": "knex 3.0.0, zod 4.0.0\n",
        "tools/fork/src/main.ts": forkProgram,
        "docs/guides/oidc.md": "Tasklane: three steps\n",
        "README.md": "Tasklane, the first version\n",
        "config/brand.ts": "name: Tasklane\n",
        "src/app.ts": "one\nguest(); // guest product\ntwo\n",
        "src/guest/routes.ts": "the guest product\n",
        "src/web/page.ts": "a\n",
      },
      "version 1",
    );
    git("switch", "-qc", "fork");
    symlinkSync(resolve("node_modules"), join(folder, "node_modules"));
    execFileSync(process.execPath, ["--import", "tsx", "tools/fork/src/main.ts", ...words], { cwd: folder });
    write({ "CHANGELOG.md": "ours\n", "docs/guides/oidc.md": "Shelfwise: three steps\n" }, "ours");
    git("switch", "-q", "upstream");
    write(
      {
        "CHANGELOG.md": "version 2\n",
        "docs/guides/oidc.md": "Tasklane: two steps\n",
        "src/app.ts": "zero\none, changed\nguest({ more: true }); // guest product\ntwo, changed\n",
        "src/guest/routes.ts": "the guest product, changed\n",
        "src/guest/more.ts": "more of it\n",
      },
      "version 2",
    );
    git("switch", "-q", "fork");
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it("merges without a conflict what a plain merge cannot", () => {
    const plain = spawnSync("git", ["merge", "upstream"], { cwd: folder, encoding: "utf8" });
    assert.match(plain.stdout, /CONFLICT.*src\/app\.ts/);
    assert.match(plain.stdout, /CONFLICT.*src\/guest\/routes\.ts/);
    git("merge", "--abort");
    const { status, stdout } = upgrade("upstream");
    assert.equal(status, 0, stdout);
    assert.equal(read("src/app.ts"), "zero\none, changed\ntwo, changed\n");
    assert.ok(!existsSync(join(folder, "src/guest")), "the guest product is gone, also its new files");
    assert.equal(read("config/brand.ts"), "name: Shelfwise\n");
    assert.equal(read("CHANGELOG.md"), "ours\n", "a fork has its own");
    assert.equal(read("docs/guides/oidc.md"), "Tasklane: two steps\n", "theirs, until npm run guide");
    assert.equal(git("status", "--porcelain"), "");
    assert.equal(git("worktree", "list").split("\n").length, 1, "no folder is left");
    assert.equal(git("merge-base", "HEAD", "upstream"), git("rev-parse", "upstream"));
  });

  it("does nothing for a version that the fork has, and merges the next one after it", () => {
    upgrade("upstream");
    const head = git("rev-parse", "HEAD");
    assert.match(upgrade("upstream").stdout, /Your fork contains upstream already/);
    assert.equal(git("rev-parse", "HEAD"), head);
    git("switch", "-q", "upstream");
    write({ "src/app.ts": "zero\none, again\nguest(); // guest product\ntwo\n" }, "version 3");
    git("switch", "-q", "fork");
    assert.equal(upgrade("upstream").status, 0);
    assert.equal(read("src/app.ts"), "zero\none, again\ntwo\n");
  });

  it("leaves a conflict in a file that both sides changed, and says how to go back", () => {
    write({ "src/web/page.ts": "a, of the fork\n" }, "ours");
    git("switch", "-q", "upstream");
    write({ "src/web/page.ts": "a, of the starter\n" }, "version 3");
    git("switch", "-q", "fork");
    const before = git("rev-parse", "HEAD");
    const { status, stdout } = upgrade("upstream");
    assert.equal(status, 1);
    assert.match(stdout, /Resolve these 1 conflicts, then git commit:\n {2}src\/web\/page\.ts\n/);
    const [, back = ""] = /Or go back: (.*)/.exec(stdout) ?? [];
    execFileSync("sh", ["-e", "-c", back], { cwd: folder });
    assert.equal(git("rev-parse", "HEAD"), before);
    assert.equal(read("src/web/page.ts"), "a, of the fork\n");
  });

  describe("in a fork with a package of its own", () => {
    const dependencies = () => JSON.parse(read("package.json")).dependencies;
    function addPackage(name: string): void {
      const manifest = JSON.parse(read("package.json"));
      const { knex, ...others } = manifest.dependencies;
      const added = { ...manifest, dependencies: { knex, [name]: "1.0.0", ...others } };
      write({ "package.json": JSON.stringify(added, null, 2), "package-lock.json": `with ${name}\n` }, name);
    }
    function release(dependencies: Record<string, string>): void {
      git("switch", "-q", "upstream");
      write({ "package.json": manifestWith(dependencies), "package-lock.json": "new\n" }, "version 3");
      git("switch", "-q", "fork");
    }

    it("keeps it next to the packages that the starter added, changed and removed", () => {
      addPackage("pdfkit");
      release({ knex: "3.1.0", qr: "1.0.0" });
      const { status, stdout } = upgrade("upstream");
      assert.equal(status, 0, stdout);
      assert.deepEqual(Object.entries(dependencies()), [
        ["knex", "3.1.0"],
        ["pdfkit", "1.0.0"],
        ["qr", "1.0.0"],
      ]);
      assert.deepEqual(JSON.parse(read("package.json")).fork.name, "Shelfwise");
      assert.equal(read("package-lock.json"), "new\n", "the new version's, until npm install");
      assert.match(stdout, /^Took the new version's package-lock\.json: npm install adds your own packages/m);
    });

    it("leaves the decision to a person if the starter has another version of it", () => {
      addPackage("pdfkit");
      release({ knex: "3.0.0", pdfkit: "2.0.0", zod: "4.0.0" });
      const { status, stdout } = upgrade("upstream");
      assert.equal(status, 1);
      assert.match(stdout, /Resolve these 1 conflicts, then git commit:\n {2}package\.json\n/);
      assert.match(read("package.json"), /<<<<<<<[\s\S]*"1\.0\.0"[\s\S]*"2\.0\.0"[\s\S]*>>>>>>>/);
    });
  });

  it("leaves a manifest that is not JSON to a person, and says how to go back", () => {
    const path = "tools/extra/package.json";
    write({ [path]: '{ "name": "ours", }\n' }, "ours");
    git("switch", "-q", "upstream");
    write({ [path]: '{ "name": "theirs" }\n' }, "version 3");
    git("switch", "-q", "fork");
    const { status, stdout, stderr } = upgrade("upstream");
    assert.deepEqual([status, stderr], [1, ""]);
    assert.match(stdout, /Resolve these 1 conflicts.*\n {2}tools\/extra\/package\.json\nOr go back: /);
  });

  it("keeps the fork's own README where both sides changed it, and says so", () => {
    write({ "README.md": "Shelfwise, in its own words\n" }, "ours");
    git("switch", "-q", "upstream");
    write({ "README.md": "Tasklane, in other words\n" }, "version 3");
    git("switch", "-q", "fork");
    const { status, stdout } = upgrade("upstream");
    assert.equal(status, 0, stdout);
    assert.match(stdout, /Kept your README\.md, which the new version changed, too\./);
    assert.equal(read("README.md"), "Shelfwise, in its own words\n");
  });

  it("runs the new version's own copy of the program", () => {
    git("switch", "-q", "upstream");
    const newer = 'console.log("the newer one:", ...process.argv.slice(2)); process.exitCode = 7;';
    write({ "scripts/upgrade.mjs": newer }, "version 3");
    git("switch", "-q", "fork");
    const { status, stdout } = upgrade("upstream", "--strip", "true");
    assert.deepEqual([status, stdout], [7, "the newer one: upstream --strip true\n"]);
  });

  it("passes the words that the fork stored to the command of each version, and asks it for no guides", () => {
    git("switch", "-q", "upstream");
    write({ "tools/fork/src/main.ts": `${forkProgram}${writesWords}` }, "version 3");
    git("switch", "-q", "fork");
    assert.equal(upgrade("upstream").status, 0);
    assert.equal(read("src/words.ts"), String([...words, "--no-guide"]));
  });

  it("forks by a command that does not know --no-guide, as that of the first versions", () => {
    git("switch", "-q", "upstream");
    const knowsLess = `if (process.argv.includes("--no-guide")) throw new Error("Unknown option '--no-guide'");\n`;
    write({ "tools/fork/src/main.ts": `${knowsLess}${forkProgram}${writesWords}` }, "version 3");
    git("switch", "-q", "fork");
    const { status, stderr } = upgrade("upstream");
    assert.equal(status, 0, stderr);
    assert.equal(read("src/words.ts"), String(words));
  });

  it("merges a version whose own linter refuses its code, and refuses one whose command fails", () => {
    git("switch", "-q", "upstream");
    const refuses = 'console.error("biome failed"); process.exitCode = 1;';
    write({ "tools/fork/src/main.ts": `${forkProgram}${refuses}` }, "version 3");
    const version = git("rev-parse", "HEAD");
    git("switch", "-q", "fork");
    const { status, stdout } = upgrade("upstream");
    assert.equal(status, 0);
    assert.match(stdout, new RegExp(`fork of ${version.slice(0, 10)} is used, but .*\nbiome failed`));
    assert.equal(read("src/app.ts"), "zero\none, changed\ntwo, changed\n");
    git("switch", "-q", "upstream");
    write({ "tools/fork/src/main.ts": 'throw new Error("broken");' }, "version 4");
    git("switch", "-q", "fork");
    assert.match(upgrade("upstream").stderr, /^A version could not be forked:\n[\s\S]*broken/);
  });

  it("says what to do without stored words, and in a version without the command", () => {
    write({ "package.json": "{}" }, "no words");
    assert.match(upgrade("upstream").stderr, /package\.json has no words of npm run fork\. Pass .* --strip/);
    git("reset", "-q", "--hard", "HEAD~");
    git("switch", "-q", "upstream");
    git("rm", "-q", "tools/fork/src/main.ts");
    git("commit", "-qm", "version 3");
    git("switch", "-q", "fork");
    const head = git("rev-parse", "HEAD");
    assert.match(upgrade("upstream").stderr, /has no tools\/fork\/src\/main\.ts\. Pass .* --strip/);
    assert.equal(git("rev-parse", "HEAD"), head);
  });

  it("forks by another command if the fork was made by one", () => {
    const { status } = upgrade(
      "upstream",
      "--strip",
      'printf "by command\\n" | tee src/app.ts > CHANGELOG.md; git rm -rq src/guest',
    );
    assert.equal(status, 0);
    assert.equal(read("src/app.ts"), "one\ntwo\n", "the same on both sides, so the fork's file stays");
  });

  it("refuses uncommitted changes, an unknown version and a failing command, and changes nothing", () => {
    const head = git("rev-parse", "HEAD");
    assert.match(upgrade("nowhere").stderr, /There is no version "nowhere"/);
    assert.match(upgrade("upstream", "--strip", "exit 3").stderr, /could not be forked/);
    assert.match(upgrade().stderr, /^Usage: /);
    writeFileSync(join(folder, "config/brand.ts"), "unsaved\n");
    assert.match(upgrade("upstream").stderr, /Commit your changes first/);
    assert.deepEqual([git("rev-parse", "HEAD"), read("config/brand.ts")], [head, "unsaved\n"]);
    assert.equal(git("worktree", "list").split("\n").length, 1);
  });
});
