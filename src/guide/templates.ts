import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import ejs from "ejs";
import { code, joined, link, Markdown, table, toMarkdown } from "./markdown.ts";

const folder = new URL("../../views/", import.meta.url);
/** `markdown` writes a text as it is: where it is Markdown already, and in fenced blocks, where nothing is escaped. */
const helpers = { code, joined, link, table, markdown: (text: string) => new Markdown(text) };

/**
 * Fills a Markdown template of views/ in. Templates are EJS, as all views are, but `<%= %>` escapes for Markdown, and
 * code(), link(), joined() and table() write what is more than text.
 */
export function renderTemplate(name: string, data: object): string {
  const filename = fileURLToPath(new URL(`${name}.md.ejs`, folder));
  const template = readFileSync(filename, "utf8");
  const text = ejs.render(template, { ...helpers, ...data }, { filename, escape: toMarkdown });
  return numbered(
    `${text
      .replace(/[ \t]+$/gm, "")
      .replace(/\n{3,}/g, "\n\n")
      .trim()}\n`,
  );
}

/** Steps count from one, whichever of them a condition left out. */
function numbered(text: string): string {
  let step = 0;
  const lines = text.split("\n").map((line) => {
    step = /^\d+\. /.test(line) ? step + 1 : 0;
    return step > 0 ? line.replace(/^\d+/, String(step)) : line;
  });
  return lines.join("\n");
}
