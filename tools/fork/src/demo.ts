import type { ForkedFiles } from "./files.ts";
import { isIn, withoutMarked, withoutPaths } from "./marks.ts";
import { isHistory } from "./words.ts";

/** Files and folders that only the demo uses. */
export const ownedByDemo = [
  "docs/explanation/demo.md",
  "docs/how-to/use-your-own-okta-org.md",
  "docs/tutorial",
  "public/demo",
  "src/cli/demo.ts",
  "src/demo",
  "test/demo",
  "test/helpers/demo.ts",
  "test/helpers/tutorial.ts",
  "test/oin/check/demo.test.ts",
  "test/tutorial",
  "tools/bench/src/part-demo.ts",
  "tools/demo",
  "tools/pages",
  "views/demo",
];

/** Files whose readers would miss the demo, if they name it. */
const demoWords = /\bthe demo\b|npm run (?:demo|pages|okta:setup)|admin -- demo|data\/demo|demo only/i;

/** Removes the demo: its pages, story, programs, data, tests and documents. The stand-in for an Okta org stays. */
export function removeDemo(tree: ForkedFiles): void {
  for (const path of ownedByDemo) tree.remove(path, "demo");
  for (const path of tree.files())
    if (!isHistory(path)) tree.edit(path, (text) => withoutDemo(path, text), "lines of the demo");
  for (const [path, members] of Object.entries(manifests))
    tree.edit(path, (text) => withoutMembers(text, members), "scripts and workspaces of the demo");
}

/** The files that still speak of the demo. */
export function demoLeftOver(tree: ForkedFiles): string[] {
  return tree.files().filter((path) => saysDemo(path, tree.read(path)));
}

/** Whether a file that stays speaks of the demo. */
export const saysDemo = (path: string, text: string): boolean => !isHistory(path) && demoWords.test(text);

/** A file that stays, without the lines of the demo. */
export function withoutDemo(path: string, text: string): string {
  const result = withoutPaths(withoutMarked(text, "demo only"), ownedByDemo);
  if (result === text) return text;
  if (path.endsWith(".json")) return result.replaceAll(/,(\s*[\]}])/g, "$1");
  return path.endsWith(".md") ? result.replaceAll(/\n{3,}/g, "\n\n").replace(/\n+$/, "\n") : result;
}

type Json = Record<string, unknown>;

/** The members of the manifests that can go: scripts, installed packages, and the workspaces that knip checks. */
const manifests: Record<
  string,
  { in: string; isDemo: (name: string, value: unknown, all: Json) => boolean }
> = {
  "package.json": { in: "scripts", isDemo: isScript },
  "package-lock.json": { in: "packages", isDemo: isPackage },
  "knip.json": { in: "workspaces", isDemo: (name) => isIn(ownedByDemo, name) },
};

function isScript(name: string, command: unknown, scripts: Json): boolean {
  // npm runs "predemo" before "demo".
  const commands = [command, scripts[name.replace(/^pre/, "")]];
  return commands.some((one) =>
    String(one)
      .split(" ")
      .some((word) => isIn(ownedByDemo, word)),
  );
}

function isPackage(name: string, value: unknown): boolean {
  const { resolved = "" } = value as { resolved?: string };
  return isIn(ownedByDemo, name) || isIn(ownedByDemo, resolved);
}

function withoutMembers(text: string, { in: name, isDemo }: (typeof manifests)[string]): string {
  const manifest = JSON.parse(text) as Json;
  const all = manifest[name] as Json;
  const kept = Object.fromEntries(
    Object.entries(all).filter(([member, value]) => !isDemo(member, value, all)),
  );
  if (Object.keys(kept).length === Object.keys(all).length) return text;
  return `${JSON.stringify({ ...manifest, [name]: kept }, null, 2)}\n`;
}
