/**
 * `npm run fork -- --name "…" --slug … [--remove tasks,demo,saml]`: turns this repository into another product, and says what it
 * did. README.md explains the steps.
 */
import { spawnSync } from "node:child_process";
import { changeBrand } from "./brand.ts";
import { demoLeftOver, removeDemo } from "./demo.ts";
import { ForkedFiles } from "./files.ts";
import { ForkError, type ForkOptions, readOptions } from "./options.ts";
import { report } from "./report.ts";
import { removeSaml, samlLeftOver } from "./saml.ts";
import { readRecord, startFork, writeRecord } from "./start.ts";
import { leftOver, removeTasks } from "./tasks.ts";

try {
  main(new ForkedFiles(process.cwd()));
} catch (error) {
  if (!(error instanceof ForkError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}

function main(tree: ForkedFiles): void {
  const record = readRecord(tree);
  const options = readOptions(process.argv.slice(2), record);
  assertClean(tree);
  changeBrand(tree, options, record);
  if (!record) startFork(tree, options);
  if (options.remove.includes("tasks")) removeTasks(tree, record?.remove.includes("tasks") ?? false);
  // After the tasks, because the smallest domain brings example data for the demo.
  if (options.remove.includes("demo")) removeDemo(tree);
  const isRepeated = record?.remove.includes("saml") ?? false;
  if (options.remove.includes("saml")) removeSaml(tree, isRepeated);
  writeRecord(tree, options);
  if (tree.changes.length === 0) {
    console.log("There was nothing to do.");
    return;
  }
  if (tree.changes.some(({ what }) => what === "packages of SAML")) tidyPackages(isRepeated);
  run("npx", "biome", "check", "--write", ".");
  const guide = options.guide ? run("npm", "run", "--silent", "guide") : "";
  const notWritten = guide.split("\n").filter((line) => line.startsWith("Not written"));
  const left = [...stale(tree, options), ...notWritten, ...remaining(options)];
  console.log(report(tree.changes, left, options.guide));
}

/** Throws ForkError if git could not show, or undo, what the command changes. */
function assertClean(tree: ForkedFiles): void {
  let status: string;
  try {
    status = tree.git("status", "--porcelain");
  } catch {
    throw new ForkError(
      "This folder is not a git repository. Run the command in a clone, so that you can see and undo it.",
    );
  }
  if (status !== "")
    throw new ForkError(
      "The working tree has changes that are not committed. Commit or remove them, and try again.",
    );
}

/** Runs a program. Returns its output, which is shown, with exit code 1, if the program failed. */
function run(program: string, ...words: string[]): string {
  const { status, stdout, stderr } = spawnSync(program, words, { encoding: "utf8" });
  if (status !== 0) {
    console.error(`${program} ${words.join(" ")} failed:\n${stdout}${stderr}`);
    process.exitCode = 1;
  }
  return stdout;
}

/**
 * Packages that are gone leave the lock file, too. The first time, what only SAML imported is not exported any more; later, an
 * export that nothing uses yet may be the fork's own.
 */
function tidyPackages(isRepeated: boolean): void {
  run(
    "npm",
    "install",
    "--package-lock-only",
    "--prefer-offline",
    "--ignore-scripts",
    "--no-audit",
    "--no-fund",
  );
  if (!isRepeated) run("npx", "knip", "--fix", "--fix-type", "exports,types", "--no-exit-code");
}

/** The files in which a person has to find other words. */
function stale(tree: ForkedFiles, { remove }: ForkOptions): string[] {
  const ofTasks = remove.includes("tasks") ? leftOver(tree) : [];
  const ofDemo = remove.includes("demo") ? demoLeftOver(tree) : [];
  const ofSaml = remove.includes("saml") ? samlLeftOver(tree) : [];
  return [
    ...ofTasks.map((path) => `${path}: still speaks of tasks`),
    ...ofDemo.map((path) => `${path}: still speaks of the demo`),
    ...ofSaml.map((path) => `${path}: still speaks of SAML`),
  ];
}

/** The steps that need a person. */
function remaining({ remove }: ForkOptions): string[] {
  return [
    "config/brand.ts: tagline, pitch, description, support addresses, colours",
    "config/integration.ts: the entry in Okta's catalog, and config/entitlements.ts: the permissions that you offer",
    "public/: the logo and its pictures (logo.svg, icon-32.png, icon-180.png, share.png, logo-oin.png)",
    "README.md, SECURITY.md and LICENSE: your product, your contact, your terms",
    remove.includes("tasks")
      ? "src/notes/: rename or replace the smallest domain; docs/how-to/make-it-yours.md adds another"
      : "src/tasks/: the sample product is still here; --remove tasks replaces it by the smallest domain",
    remove.includes("demo")
      ? "data/: delete what a demo left there; docs/how-to/run-it-locally.md starts the application alone"
      : "data/: a demo that ran before needs npm run demo -- --reset",
    ...(remove.includes("saml")
      ? ["npm install: packages that only SAML used are not in the lock file any more"]
      : []),
    "npm run check, and a commit",
  ];
}
