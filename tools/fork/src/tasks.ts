import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { ForkedFiles } from "./files.ts";
import { isHistory, saysTask, withNotes } from "./words.ts";

const template = fileURLToPath(new URL("../template/", import.meta.url));

/** Files and folders that only the sample product uses. */
const own = [
  "src/tasks",
  "src/store/tenant/tasks.ts",
  "src/demo/seed-tasks.ts",
  "views/tasks.ejs",
  "test/tasks",
  "test/how-to/product.test.ts",
  "test/how-to/reports.ts",
  "docs/reference/api-tasks.md",
  "migrations/20261128000900_create_tasks.ts",
  "migrations/20261129061000_record_task_changes.ts",
];

/**
 * Removes the sample product. Where a line attaches it to the rest, the smallest domain takes its place, or the tests of
 * agents, isolation and pages would have nothing to test.
 * @param again whether an earlier run has removed it: then the smallest domain is the fork's, and is not written again.
 */
export function removeTasks(tree: ForkedFiles, again: boolean): void {
  for (const path of own) tree.remove(path, "sample product");
  for (const path of tree.files()) {
    if (isHistory(path)) continue;
    tree.edit(path, withoutSample, "lines of the sample product");
    tree.edit(path, (text) => withNotes(path, text), "words of the sample product");
    if (/^(?!packages).*\.md$/.test(path))
      tree.edit(
        path,
        (text) => text.replaceAll(/\b([Ss])ample product\b/g, "$1mallest domain"),
        "words of the sample product",
      );
  }
  if (again) return;
  for (const file of readdirSync(template, { recursive: true, encoding: "utf8" }).filter((one) =>
    one.endsWith(".txt"),
  ))
    tree.write(
      file.replaceAll("\\", "/").replace(/\.txt$/, ""),
      readFileSync(`${template}${file}`, "utf8"),
      "the smallest domain, which is yours to change",
    );
}

/** The files that still speak of tasks. */
export function leftOver(tree: ForkedFiles): string[] {
  return tree.files().filter((path) => saysTask(path, tree.read(path)));
}

/** Removes the lines with the mark, and what is between two of them. Other marked lines attach a domain, and stay. */
function withoutSample(text: string): string {
  return text
    .replaceAll(/^.*(?:\/\/|<!--) sample product \{[\s\S]*?sample product \}.*\n/gm, "")
    .replaceAll(/^.*(?:\/\/|<!--) sample product(?: -->)?\n/gm, "")
    .replaceAll(/^\/\* Tasks \(sample product\) \*\/\n[\s\S]*?\n\n/gm, "")
    .replaceAll(/\/\/ sample domain$/gm, "// domain");
}
