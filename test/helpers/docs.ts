import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

export interface CodeBlock {
  /** "sh", "ts", … */
  language: string;
  /** The file whose content the block is, if it says `file=…`. */
  file: string | null;
  text: string;
}

/** The repository's Markdown files for people. */
export function markdownFiles(): string[] {
  const top = readdirSync(".").filter((name) => name.endsWith(".md"));
  const docs = readdirSync("docs", { recursive: true, encoding: "utf8" }).filter((name) =>
    name.endsWith(".md"),
  );
  const workspaces = ["packages", "tools", "examples"].filter((folder) => existsSync(folder));
  const pages = workspaces.flatMap((folder) =>
    readdirSync(folder).map((name) => join(folder, name, "README.md")),
  );
  return [...top, ...docs.map((name) => join("docs", name)), ...pages].sort();
}

/** The fenced blocks of a Markdown file, in order. */
export function codeBlocks(path: string): CodeBlock[] {
  const fences = readFileSync(path, "utf8").matchAll(/^```(\w+)?(?: file=(\S+))?\n([\s\S]*?)^```$/gm);
  return [...fences].map(([, language = "", file, text = ""]) => ({ language, file: file ?? null, text }));
}
