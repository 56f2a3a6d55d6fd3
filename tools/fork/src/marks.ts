import { dirname, join, normalize } from "node:path";

/**
 * Removes the lines that end with a mark, and what is between two of them. In code: `// demo only`, `// demo only {` and
 * `// demo only }`. In Markdown, the same as HTML comments; in templates, as comments of EJS: `<%# SAML %>`. In files whose
 * comments begin with #, blocks alone.
 */
export function withoutMarked(text: string, mark: string): string {
  const blocks = new RegExp(String.raw`^.*(?:\/\/|<!--|<%#|#) ${mark} \{[\s\S]*?${mark} \}.*\n`, "gm");
  const lines = new RegExp(String.raw`^.*(?:\/\/|<!--|<%#) ${mark}(?: (?:--|-?%)>)?\n`, "gm");
  return text.replaceAll(blocks, "").replaceAll(lines, "");
}

/**
 * Removes the links to files that are gone from the rows of tables and the items of lists. A row or item that has no other
 * link goes with them. Running prose needs a mark.
 * @param isGone whether the target of a link is gone.
 */
export function withoutLinks(text: string, isGone: (target: string) => boolean): string {
  return text.replaceAll(/^(?:\||- ).*\n/gm, (line) => {
    const link = /\[[^[\]]*\]\(([^)\s]+)\)/g;
    const targets = [...line.matchAll(link)].map(([, target = ""]) => target);
    const kept = targets.filter((target) => !isGone(target));
    if (kept.length === targets.length) return line;
    if (kept.length === 0) return "";
    return line
      .replaceAll(/[,;] (?:and )?\[[^[\]]*\]\(([^)\s]+)\)/g, (part, target: string) =>
        isGone(target) ? "" : part,
      )
      .replaceAll(/\[[^[\]]*\]\(([^)\s]+)\)(?:, )?/g, (part, target: string) => (isGone(target) ? "" : part));
  });
}

/** Whether a path is one of these files, or in one of these folders. */
export function isIn(owned: readonly string[], path: string): boolean {
  return owned.some((one) => path === one || path.startsWith(`${one}/`));
}

/**
 * Removes the lines that only name a file or folder that is gone, such as those of .dockerignore, of lists in tests, and of
 * JSON.
 */
export function withoutPaths(text: string, owned: readonly string[]): string {
  return text.replaceAll(/^[ \t]*"?([\w@./*-]+)"?,?\n/gm, (line, path: string) =>
    isIn(owned, path) ? "" : line,
  );
}

/** The path of a file that another one links to. */
export function resolved(from: string, target: string): string {
  return normalize(join(dirname(from), target));
}
