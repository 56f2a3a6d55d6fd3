import type { ForkedFiles } from "./files.ts";
import { withoutMarked } from "./marks.ts";
import type { ForkRecord } from "./options.ts";

export const ownTest = "test/how-to/make-it-yours.test.ts";

/** The first run alone: the fork begins a changelog of its own, and the page about forking loses the steps that are done. */
export function startFork(tree: ForkedFiles, { name }: ForkRecord): void {
  const { version } = JSON.parse(tree.read("package.json")) as { version: string };
  const commit = tree.git("rev-parse", "HEAD").trim();
  const text = `# Changelog

## Unreleased

- ${name} begins as a fork of OIN SaaS Starter ${version}, at commit ${commit}.
`;
  tree.write("CHANGELOG.md", text, "a changelog of your own");
  tree.remove(ownTest, "tests the steps of a fork that are done");
  tree.edit("test/jobs.mjs", (jobs) => jobs.replace(`    "${ownTest}",\n`, ""), "without that test");
  const ofReadme = (tests: string) => withoutMarked(tests, "before the fork");
  tree.edit("test/docs.test.ts", ofReadme, "without the test of the starter's README");
  tree.edit("docs/how-to/make-it-yours.md", withoutDoneSteps, "without the steps that are done");
}

export const withoutDoneSteps = (text: string) =>
  text.replaceAll(/^<!-- before the fork \{ -->\n[\s\S]*?^<!-- before the fork \} -->\n\n?/gm, "");

/** The options of the earlier run, or null before the first. */
export function readRecord(tree: ForkedFiles): ForkRecord | null {
  const { fork } = JSON.parse(tree.read("package.json")) as { fork?: ForkRecord };
  return fork ?? null;
}

/** Stores what this run did, next to the package's name. */
export function writeRecord(tree: ForkedFiles, { name, slug, remove }: ForkRecord): void {
  const manifest = JSON.parse(tree.read("package.json")) as Record<string, unknown>;
  tree.write(
    "package.json",
    `${JSON.stringify({ ...manifest, fork: { name, slug, remove } }, null, 2)}\n`,
    "record",
  );
}
