import { dirname, join, normalize } from "node:path";
import { ForkError } from "./options.ts";

/**
 * Removes the lines that end with a mark, and what is between two of them. In code: `// demo only`, `// demo only {` and
 * `// demo only }`. In Markdown, the same as HTML comments; in templates, as comments of EJS: `<%# SAML %>`. In files whose
 * comments begin with #, blocks alone. Throws ForkError if a block has no end of its own, because the rest would go, too.
 */
export function withoutMarked(text: string, mark: string): string {
  if (!text.includes(mark)) return text;
  const begin = new RegExp(String.raw`(?:\/\/|<!--|<%#|#) ${mark} \{`);
  const line = new RegExp(String.raw`(?:\/\/|<!--|<%#) ${mark}(?: (?:--|-?%)>)?\r?\n$`);
  const end = `${mark} }`;
  let open: string | null = null;
  const kept = text.split(/(?<=\n)/).filter((one) => {
    const begins = begin.test(one);
    if (begins && open !== null) throw unclosed(open, mark);
    if (begins) open = one;
    const isInside = open !== null;
    if (isInside && one.includes(end)) open = null;
    return !isInside && !line.test(one);
  });
  if (open !== null) throw unclosed(open, mark);
  return kept.join("");
}

function unclosed(line: string, mark: string): ForkError {
  return new ForkError(`The block that begins with the line "${line.trim()}" has no line "${mark} }".`);
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
