import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import ejs from "ejs";
import { bold, okta, oktaProducts, readOn, signOnTab } from "okta-labels/labels";
import { tester, wizard } from "okta-labels/wizard";

const folder = new URL("../../views/", import.meta.url);

/** Text that is Markdown already. A template escapes every other value that it writes. */
export class Markdown {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

/**
 * A template may use Okta's labels and a few functions. `bold` writes a label or a path of Okta's console. `markdown`
 * writes a text unescaped: where the text is Markdown already, and in fenced blocks, where Markdown has no escapes.
 */
const helpers = {
  okta,
  oktaProducts,
  readOn,
  wizard,
  tester,
  /** A label of Okta's, as Markdown. */
  bold: (label: string) => new Markdown(bold(label)),
  /** For the first mention in a section: the tab has another name in some orgs. */
  signOnTab: new Markdown(`${bold(okta.tabs.signOn)} tab (in some orgs: ${bold(okta.tabs.authentication)})`),
  /** The same tab in a path, without markup. */
  signOnName: signOnTab(),
  code,
  fitsTable,
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
  const blocks: string[] = [];
  /** A value of several lines to copy, which must not be tidied up like the text around it. */
  const block = (value: string) => new Markdown(`\uE000${blocks.push(fenced(value)) - 1}\uE001`);
  const text = ejs.render(
    template,
    { ...helpers, block, ...data },
    { filename, escape: toMarkdown, cache: true },
  );
  const tidy = numbered(
    `${text
      .replace(/[ \t]+$/gm, "")
      .replace(/\n{3,}/g, "\n\n")
      .trim()}\n`,
  );
  return tidy.replace(/\uE000(\d+)\uE001/g, (_, index) => blocks[Number(index)] ?? "");
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

const longestRun = (value: string) => Math.max(0, ...[...value.matchAll(/`+/g)].map(([run]) => run.length));

/** A fenced block (CommonMark §4.5). */
function fenced(value: string): string {
  const fence = "`".repeat(Math.max(3, longestRun(value) + 1));
  return `${fence}text\n${value}\n${fence}`;
}

/** Whether a cell of a table can hold the value as code, unchanged. A block can hold any value. */
function fitsTable(value: string): boolean {
  return value.trim() === value && !/[\n\r\t`]|\\\|| {2}/.test(value);
}

/** A value to copy, as code. The fence is longer than any run of backticks in the value (CommonMark §6.1). */
export function code(value: string): Markdown {
  const longest = longestRun(value);
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
