import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import ejs from "ejs";
import { bold, okta, oktaProducts } from "okta-labels/labels";

const folder = new URL("../../views/", import.meta.url);

/** Text that is Markdown already. A template escapes every other value that it writes. */
export class Markdown {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

/**
 * What a template may use: Okta's labels and a few functions. `bold` writes a label or a path of Okta's console. `markdown`
 * writes a text unescaped: where the text is Markdown already, and in fenced blocks, where Markdown has no escapes.
 */
const helpers = {
  okta,
  oktaProducts,
  bold: (label: string) => new Markdown(bold(label)),
  /** For the first mention in a section: the tab has another name in some orgs. */
  signOnTab: new Markdown(`${bold(okta.tabs.signOn)} tab (in some orgs: ${bold(okta.tabs.authentication)})`),
  code,
  joined,
  link,
  table,
  markdown: (text: string) => new Markdown(text),
};

/**
 * Renders a Markdown template of views/. Templates are EJS like all views, but `<%= %>` escapes for Markdown, and
 * code(), link(), joined() and table() write everything that is more than text.
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

/** Numbers the steps of each list from one, because a condition may have left some of them out. */
function numbered(text: string): string {
  let step = 0;
  const lines = text.split("\n").map((line) => {
    step = /^\d+\. /.test(line) ? step + 1 : 0;
    return step > 0 ? line.replace(/^\d+/, String(step)) : line;
  });
  return lines.join("\n");
}

/** The output of `<%= %>`: Markdown unchanged, any other value escaped. Throws an error for a missing value. */
export function toMarkdown(value: unknown): string {
  if (value instanceof Markdown) return value.text;
  if (value === null || value === undefined) throw new Error("a template wrote a missing value");
  return String(value)
    .replace(/\s+/g, " ")
    .replace(/[\\`*_[\]<|&]/g, "\\$&");
}

/** A value to copy, as code. The fence is longer than any run of backticks in the value (CommonMark §6.1). */
export function code(value: string): Markdown {
  const longest = Math.max(0, ...[...value.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = "`".repeat(longest + 1);
  const padding = longest > 0 ? " " : "";
  return new Markdown(fence + padding + value + padding + fence);
}

function link(label: string, href: string): Markdown {
  return new Markdown(`[${toMarkdown(label)}](${href})`);
}

/** Several values in one cell or sentence. */
function joined(values: readonly unknown[], separator = ", "): Markdown {
  return new Markdown(values.map(toMarkdown).join(separator));
}

/** A table (GFM §4.10). */
export function table(head: readonly string[], rows: readonly (readonly unknown[])[]): Markdown {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  const cell = (value: unknown) => toMarkdown(value).replace(/(?<!\\)\|/g, "\\|");
  return new Markdown(
    [line(head.map(toMarkdown)), line(head.map(() => "---")), ...rows.map((row) => line(row.map(cell)))].join(
      "\n",
    ),
  );
}
