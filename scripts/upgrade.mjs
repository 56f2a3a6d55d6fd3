/**
 * `npm run upgrade -- <version>`: merges a new version of the starter into a fork that `npm run fork` made.
 *
 * A plain merge conflicts wherever the starter changed a line next to one that the fork's command changed. So this program
 * makes the fork from the old and from the new version, too, and merges the difference between the two. UPGRADING.md has the
 * steps. It imports only Node's own modules, because an old fork runs the new version's copy of it.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { isDeepStrictEqual, parseArgs } from "node:util";

const usage = 'Usage: npm run upgrade -- <version> [--strip "COMMAND"]';
/** The command that makes a fork, in each version. */
const forkProgram = "tools/fork/src/main.ts";
/** A fork has one of its own. */
const changelog = "CHANGELOG.md";
const self = "scripts/upgrade.mjs";

/** Written by npm run guide and by npm install, so that their conflicts need no decision. */
const generated = /^docs\/(guides|oin|explanation\/pictures)\/|^package-lock\.json$/;
const lockFile = "package-lock.json";
/** About the fork, in its own words. */
const ownWords = /^((README|SECURITY)\.md|LICENSE)$/;
/** Fork and starter add packages and scripts to adjacent lines, which are members of an object for npm. */
const manifest = /^(.*\/)?package\.json$/;

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
  if (runNewer(target)) return;
  const before = git("rev-parse", "HEAD");
  const base = git("merge-base", "HEAD", target);
  if (base === target) return say(`Your fork contains ${version} already.`);
  say(`Merging ${git("rev-list", "--count", `${base}..${target}`)} commits.`);
  const forkIn = strip ? (folder) => run(folder, "sh", "-e", "-c", strip) : forkBy(before);
  const oldVersion = forked(base, forkIn, [base]);
  const newVersion = forked(target, forkIn, [oldVersion, target]);
  // The fork descends from the forked old version from here on: its own tree is unchanged.
  git("merge", "--strategy=ours", "-m", "chore: repeat the fork of the old version", oldVersion);
  spawnSync("git", ["merge", "--no-commit", "--no-ff", newVersion], { stdio: "ignore" });
  const left = conflicts().filter((path) => !takeGenerated(path) && !keepOwn(path) && !mergeManifest(path));
  if (left.length > 0) {
    say(`Resolve these ${left.length} conflicts, then git commit:\n  ${left.join("\n  ")}`);
    say(`Or go back: git merge --abort && git reset --hard ${before}`);
    process.exitCode = 1;
    return;
  }
  git("commit", "--no-verify", "-m", `chore: upgrade to ${version}`);
  say("Merged. Next: npm install, npm run guide, npm run check, and the notes of UPGRADING.md.");
}

/** Runs the new version's own copy of this program if it differs. Returns whether it did. */
function runNewer(target) {
  const { status, stdout: newer } = spawnSync("git", ["show", `${target}:${self}`], { encoding: "utf8" });
  if (status !== 0 || newer === readFileSync(fileURLToPath(import.meta.url), "utf8")) return false;
  const folder = mkdtempSync(join(tmpdir(), "starter-upgrade-"));
  try {
    const program = join(folder, "upgrade.mjs");
    writeFileSync(program, newer);
    const { status: end } = spawnSync(process.execPath, [program, ...process.argv.slice(2)], {
      stdio: "inherit",
    });
    process.exitCode = end ?? 1;
    return true;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Makes the fork of a version in a separate folder, and a commit of it. */
function forked(commit, forkIn, parents) {
  const folder = mkdtempSync(join(tmpdir(), "starter-upgrade-"));
  try {
    git("worktree", "add", "--detach", "--quiet", folder, commit);
    if (existsSync("node_modules")) symlinkSync(resolve("node_modules"), join(folder, "node_modules"));
    forkIn(folder, commit);
    rmSync(join(folder, "node_modules"), { force: true });
    gitIn(folder, "add", "--all");
    const tree = gitIn(folder, "write-tree");
    const message = `chore: repeat the fork of ${commit.slice(0, 10)}`;
    return git("commit-tree", tree, ...parents.flatMap((parent) => ["-p", parent]), "-m", message);
  } finally {
    rmSync(join(folder, "node_modules"), { force: true });
    git("worktree", "remove", "--force", folder);
  }
}

/** A function that runs a version's own `npm run fork`, with the words that this fork stored. */
function forkBy(before) {
  const fork = wordsIn(".");
  if (!fork) throw new Refusal("package.json has no words of npm run fork. Pass your command with --strip.");
  const { name, slug, remove } = fork;
  const removed = remove.length > 0 ? ["--remove", remove.join(",")] : [];
  return (folder, commit) => {
    if (!existsSync(join(folder, forkProgram)))
      throw new Refusal(`A version has no ${forkProgram}. Pass your command with --strip.`);
    const command = ["--import", "tsx", forkProgram, "--name", name, "--slug", slug, ...removed];
    const withoutGuide = attempt(folder, process.execPath, ...command, "--no-guide");
    // The first versions of the command always write the guides.
    const isOld = /Unknown option '--no-guide'/.test(withoutGuide.stderr);
    const end = isOld ? attempt(folder, process.execPath, ...command) : withoutGuide;
    // The command stores its words before it formats. A version with a problem that its linter reports can be merged, too.
    if (end.status !== 0 && !wordsIn(folder)) throw notForked(end.stderr);
    if (end.status !== 0)
      say(
        `The fork of ${commit.slice(0, 10)} is used, but its command ended with an error. Check the merged files:\n${end.stderr}`,
      );
    if (existsSync(changelog)) gitIn(folder, "checkout", "--quiet", before, "--", changelog);
  };
}

/** What npm run fork stored; undefined in the starter itself. */
function wordsIn(folder) {
  return JSON.parse(readFileSync(join(folder, "package.json"), "utf8")).fork;
}

function run(folder, program, ...words) {
  const { status, stderr } = attempt(folder, program, ...words);
  if (status !== 0) throw notForked(stderr);
}

function attempt(folder, program, ...words) {
  // The packages are those of the fork: npm must not install others before it formats.
  const env = { ...process.env, npm_config_ignore_scripts: "true" };
  return spawnSync(program, words, { cwd: folder, env, encoding: "utf8" });
}

function notForked(stderr) {
  return new Refusal(`A version could not be forked:\n${stderr}`);
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
  if (path === lockFile)
    say(
      `Took the new version's ${path}: npm install adds your own packages again, at the newest versions that your package.json allows.`,
    );
  return true;
}

/** Keeps the fork's file, and says whether it did. */
function keepOwn(path) {
  if (!ownWords.test(path)) return false;
  if (spawnSync("git", ["checkout", "--ours", "--", path], { stdio: "ignore" }).status !== 0) return false;
  git("add", "--", path);
  say(`Kept your ${path}, which the new version changed, too.`);
  return true;
}

/** Merges a conflicting package.json by its members. Leaves it as it is, and returns false, if both sides changed one. */
function mergeManifest(path) {
  if (!manifest.test(path)) return false;
  try {
    const [base, ours, theirs] = [1, 2, 3].map((stage) => {
      const { status, stdout } = spawnSync("git", ["show", `:${stage}:${path}`], { encoding: "utf8" });
      return status === 0 ? JSON.parse(stdout) : undefined;
    });
    const merged = mergeMembers(base, ours, theirs);
    if (merged === undefined) return false;
    writeFileSync(path, `${JSON.stringify(merged, null, 2)}\n`);
  } catch (error) {
    // A side that is not JSON is for a person, too.
    if (!(error instanceof Refusal || error instanceof SyntaxError)) throw error;
    return false;
  }
  git("add", "--", path);
  return true;
}

/** Merges values of JSON. Undefined stands for an absent one. Throws Refusal if both sides changed one differently. */
function mergeMembers(base, ours, theirs) {
  if (isDeepStrictEqual(ours, theirs) || isDeepStrictEqual(base, theirs)) return ours;
  if (isDeepStrictEqual(base, ours)) return theirs;
  if (!isObject(ours) || !isObject(theirs)) throw new Refusal("Both sides changed a member.");
  const former = isObject(base) ? base : {};
  const names = [...new Set([...Object.keys(theirs), ...Object.keys(ours)])];
  const isSorted = isDeepStrictEqual(Object.keys(theirs), Object.keys(theirs).sort());
  const merged = (isSorted ? names.sort() : names).map((name) => [
    name,
    mergeMembers(former[name], ours[name], theirs[name]),
  ]);
  return Object.fromEntries(merged.filter(([, value]) => value !== undefined));
}

function isObject(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
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
