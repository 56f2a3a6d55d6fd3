import { readdirSync } from "node:fs";
import { join } from "node:path";
import { isHistory } from "../src/words.ts";

/** The texts of this repository that a person reads or edits; not this tool. */
export function textFiles(): string[] {
  const folders = [
    "config",
    "deploy",
    "docs",
    "examples",
    "packages",
    "public",
    "scripts",
    "src",
    "test",
    "tools",
    "views",
  ];
  const inside = folders.flatMap((folder) =>
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => join(parentPath, name)),
  );
  const top = readdirSync(".").filter((name) => /\.(md|json|mjs)$|^\.dockerignore$|^Dockerfile$/.test(name));
  return [...top, ...inside].filter(
    (path) =>
      /\.(ts|mts|mjs|js|md|ejs|css|json|yaml|toml|example)$|^\.dockerignore$|^Dockerfile$/.test(path) &&
      !/node_modules|^package(-lock)?\.json$|^knip\.json$/.test(path) &&
      !isHistory(path),
  );
}
