/**
 * `npm run upgrade -- <version>`: merges a new version of the starter into a fork that removed the sample product.
 *
 * A plain merge conflicts wherever the starter changed a line next to a removed one. So this program removes the sample
 * product from the old and from the new version, too, and merges the difference between the two. UPGRADING.md has the steps.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";

const usage = 'Usage: npm run upgrade -- <version> [--strip "COMMAND"]';
const page = "docs/how-to/make-it-yours.md";

/** Written by npm run guide, so that their conflicts need no decision. */
const generated = /^docs\/(guides|oin|explanation\/pictures)\//;

class Refusal extends Error {}

try {
  const { values, positionals } = parseArgs({
    options: { strip: { type: "string" } },
    allowPositionals: true,
  });
  if (positionals.length !== 1) throw new Refusal(usage);
  upgrade(positionals[0], values.strip);
} catch (error) {
  if (!(error instanceof Refusal || error instanceof TypeError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}

function upgrade(version, strip) {
  if (git("status", "--porcelain") !== "") throw new Refusal("Commit your changes first. Nothing was done.");
  const found = spawnSync("git", ["rev-parse", "--verify", "--quiet", `${version}^{commit}`], {
    encoding: "utf8",
  });
  if (found.status !== 0) throw new Refusal(`There is no version "${version}". Run git fetch first.`);
  const target = found.stdout.trim();
  const before = git("rev-parse", "HEAD");
  const base = git("merge-base", "HEAD", target);
  if (base === target) return say(`Your fork contains ${version} already.`);
  say(`Merging ${git("rev-list", "--count", `${base}..${target}`)} commits.`);
  const oldVersion = stripped(base, strip, [base]);
  const newVersion = stripped(target, strip, [oldVersion, target]);
  // The fork descends from the stripped old version from here on: its own tree is unchanged.
  git("merge", "--strategy=ours", "-m", "chore: remove the sample product from the old version", oldVersion);
  spawnSync("git", ["merge", "--no-commit", "--no-ff", newVersion], { stdio: "ignore" });
  const left = conflicts().filter((path) => !takeGenerated(path));
  if (left.length > 0) {
    say(`Resolve these ${left.length} conflicts, then git commit:\n  ${left.join("\n  ")}`);
    say(`Or go back: git merge --abort && git reset --hard ${before}`);
    process.exitCode = 1;
    return;
  }
  git("commit", "--no-verify", "-m", `chore: upgrade to ${version}`);
  say("Merged. Next: npm run guide, npm run check, and the notes of UPGRADING.md.");
}

/** Makes a commit of a version without the sample product, in a separate folder. */
function stripped(commit, strip, parents) {
  const folder = mkdtempSync(join(tmpdir(), "starter-upgrade-"));
  try {
    git("worktree", "add", "--detach", "--quiet", folder, commit);
    if (existsSync("node_modules")) symlinkSync(resolve("node_modules"), join(folder, "node_modules"));
    run(strip ?? commandsOf(folder), folder);
    gitIn(folder, "add", "--all", "--", ".", ":!node_modules");
    const tree = gitIn(folder, "write-tree");
    const message = `chore: remove the sample product from ${commit.slice(0, 10)}`;
    return git("commit-tree", tree, ...parents.flatMap((parent) => ["-p", parent]), "-m", message);
  } finally {
    rmSync(join(folder, "node_modules"), { force: true });
    git("worktree", "remove", "--force", folder);
  }
}

/** The commands that remove the sample product from this version: the page's second section. */
function commandsOf(folder) {
  const path = join(folder, page);
  const text = existsSync(path) ? readFileSync(path, "utf8") : "";
  const [, block] = /^## 2\. [\s\S]*?^```sh\n([\s\S]*?)^```$/m.exec(text) ?? [];
  if (!block) throw new Refusal(`${page} of this version has no commands. Pass them with --strip.`);
  return block;
}

function run(commands, folder) {
  // The packages are those of the fork: npm must not install others before it formats.
  const env = { ...process.env, npm_config_ignore_scripts: "true" };
  const { status, stderr } = spawnSync("sh", ["-e", "-c", commands], { cwd: folder, env, encoding: "utf8" });
  if (status !== 0) throw new Refusal(`The sample product could not be removed:\n${stderr}`);
}

function conflicts() {
  return git("diff", "--name-only", "--diff-filter=U", "-z").split("\0").filter(Boolean);
}

/** Takes the new version's file, and says whether it did. */
function takeGenerated(path) {
  if (!generated.test(path)) return false;
  const taken = spawnSync("git", ["checkout", "--theirs", "--", path], { stdio: "ignore" });
  if (taken.status === 0) git("add", "--", path);
  else git("rm", "--quiet", "--force", "--", path);
  return true;
}

function git(...words) {
  return execFileSync("git", words, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] }).trim();
}

function gitIn(folder, ...words) {
  return git("-C", folder, ...words);
}

function say(line) {
  process.stdout.write(`${line}\n`);
}
