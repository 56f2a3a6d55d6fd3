import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

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

/** A row of a page's section "Read the code in this order", with paths from the root of the repository. */
export interface ReadingStep {
  file: string;
  /** The part of the file to look for. */
  look: string;
  /** The title of a test, and the file that has it. */
  title: string;
  test: string;
}

/** The rows of the section "Read the code in this order" of a page, and every file that the section links to. */
export function readingOrder(page: string): { steps: ReadingStep[]; linked: string[] } {
  const [, marks = "", rest = ""] =
    /^(#+) Read the code in this order\n([\s\S]*)/m.exec(readFileSync(page, "utf8")) ?? [];
  const section = rest.split(new RegExp(`^#{1,${marks.length || 1}} `, "m"))[0] ?? "";
  const fromRoot = (target = "") => join(dirname(page), target);
  const rows = section.matchAll(/^\| \[[^\]]+\]\(([^)]+)\) \| (.+) \| \[(.+)\]\(([^)]+)\) \|$/gm);
  return {
    steps: [...rows].map(([, file, look = "", title = "", test]) => ({
      file: fromRoot(file),
      look,
      title,
      test: fromRoot(test),
    })),
    linked: [...section.matchAll(/\]\(([^)#]+)\)/g)].map(([, target]) => fromRoot(target)),
  };
}
