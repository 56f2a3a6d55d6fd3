import { Marked, type RendererObject, type Tokens } from "marked";

/** A guide as HTML, without the page around it. */
export interface GuideHtml {
  title: string;
  html: string;
}

export interface HtmlOptions {
  /** The prefix of the pictures' names: a folder or a path, with a trailing slash. */
  imageBase: string;
  /** The page number of each heading, for the table of contents of a printed guide. */
  pageOf?: ReadonlyMap<string, number>;
}

interface Heading {
  depth: number;
  text: string;
  id: string;
}

const contentsMark = "[[contents]]";

/**
 * Renders a guide's Markdown as HTML. Raw HTML is escaped. A picture followed by a line of emphasis becomes a figure, several
 * in a row become a group, and `[[contents]]` becomes the list of headings.
 */
export function toHtml(markdown: string, { imageBase, pageOf }: HtmlOptions): GuideHtml {
  const headings = headingsOf(markdown);
  const waiting = [...headings];
  const marked = new Marked({
    async: false,
    renderer: renderer(() => waiting.shift()?.id ?? ""),
    extensions: [
      {
        ...block("contents", /^\[\[contents\]\]\n+/),
        renderer: () => contentsList(headings, pageOf),
      },
      {
        ...block("figures", /^(?:!\[[^\]]*\]\(\S+\)\n\*[^*]+\*(?:\n+|$))+/),
        renderer: ({ raw }) => figureGroup(raw, imageBase),
      },
    ],
  });
  const [title] = headings.filter(({ depth }) => depth === 1);
  return { title: title?.text ?? "", html: marked.parse(markdown, { async: false }) };
}

/** The guide's Markdown for readers, with `[[contents]]` as a list of links. */
export function withContents(markdown: string): string {
  const lines = listed(headingsOf(markdown)).map(
    ({ depth, text, id }) => `${"  ".repeat(depth - 2)}- [${text}](#${id})`,
  );
  return markdown.replace(contentsMark, lines.join("\n"));
}

/** The figures of a block of Markdown. CSS puts them next to each other where there is room. */
function figureGroup(markdown: string, imageBase: string): string {
  const figures = [...markdown.matchAll(/!\[([^\]]*)\]\((\S+)\)\n\*([^*]+)\*/g)].map(
    ([, alt, src, caption]) =>
      `<figure><img src="${escapeHtml(imageBase + src)}" alt="${escapeHtml(alt)}">` +
      `<figcaption>${escapeHtml(caption)}</figcaption></figure>`,
  );
  return `<div class="figures">\n${figures.join("\n")}\n</div>\n`;
}

/** A marked extension for a block that a regular expression matches at the start of the remaining text. */
function block(name: string, pattern: RegExp) {
  return {
    name,
    level: "block" as const,
    start: (source: string) => source.match(/^(\[\[contents|!\[)/m)?.index,
    tokenizer(source: string) {
      const match = pattern.exec(source);
      return match ? { type: name, raw: match[0], match } : undefined;
    },
  };
}

function headingsOf(markdown: string): Heading[] {
  const seen = new Map<string, number>();
  const text = markdown.replace(/^(```+)[\s\S]*?^\1$/gm, "");
  return [...text.matchAll(/^(#{1,6}) (.*)$/gm)].map(([, marks = "", title = ""]) => {
    const plain = title.replace(/\\(?=[^\w\s])/g, "");
    const anchor = anchorOf(plain);
    const count = seen.get(anchor) ?? 0;
    seen.set(anchor, count + 1);
    return { depth: marks.length, text: plain, id: count === 0 ? anchor : `${anchor}-${count}` };
  });
}

/** The anchor that GitHub gives to a heading, so that links also work in the Markdown. */
export function anchorOf(text: string): string {
  return text
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, "")
    .replaceAll(" ", "-");
}

function listed(headings: readonly Heading[]): Heading[] {
  return headings.filter(({ depth, id }) => (depth === 2 || depth === 3) && id !== "contents");
}

function contentsList(headings: readonly Heading[], pageOf: ReadonlyMap<string, number> | undefined): string {
  const items = listed(headings).map(({ depth, text, id }) => {
    const page = pageOf?.get(id);
    const number = page === undefined ? "" : `<span class="page">${page}</span>`;
    return `<li class="level-${depth}"><a href="#${id}">${escapeHtml(text)}</a>${number}</li>`;
  });
  return `<ul class="contents">\n${items.join("\n")}\n</ul>\n`;
}

function renderer(nextId: () => string): RendererObject {
  let values = 0;
  const nextValueId = () => `value-${++values}`;
  return {
    html: ({ text }) => escapeHtml(text),
    codespan: ({ text }) =>
      text.length > 30 ? `<code class="long">${breakable(text)}</code>` : `<code>${escapeHtml(text)}</code>`,
    code({ text }) {
      const id = nextValueId();
      return (
        `<div class="copyable"><pre class="value" id="${id}">${escapeHtml(text)}</pre>` +
        `${copyButton(id, "this block")}</div>\n`
      );
    },
    heading({ tokens, depth }) {
      return `<h${depth} id="${nextId()}">${this.parser.parseInline(tokens)}</h${depth}>\n`;
    },
    blockquote({ tokens }) {
      return `<div class="notice warning" role="note">\n${this.parser.parse(tokens)}</div>\n`;
    },
    table({ header, rows }) {
      const inline = (cell: Tokens.TableCell) => this.parser.parseInline(cell.tokens);
      const names = header.map(inline);
      const head = names.map((name) => `<th role="columnheader" scope="col">${name}</th>`).join("");
      const body = rows.map((row) => tableRow(row.map(inline), names, nextValueId));
      return (
        `<table role="table">\n<thead role="rowgroup"><tr role="row">${head}</tr></thead>\n` +
        `<tbody role="rowgroup">\n${body.join("\n")}\n</tbody>\n</table>\n`
      );
    },
  };
}

/**
 * On a phone, CSS shows each row as a block, so each cell carries the name of its column. The roles keep it a table for
 * screen readers, which drop table semantics after such a change of display. A cell with a single value gets a copy button
 * (public/copy.js).
 */
function tableRow(cells: readonly string[], names: readonly string[], nextValueId: () => string): string {
  const [first = "", ...others] = cells;
  const inner = others.map((cell, index) => {
    const column = plain(names[index + 1] ?? "");
    const [, long, value] = /^<code( class="long")?>((?:[^<]|<wbr>)*)<\/code>$/.exec(cell) ?? [];
    if (value === undefined || column !== "Value")
      return `<td role="cell" data-label="${column}">${cell}</td>`;
    const id = nextValueId();
    return (
      `<td role="cell" data-label="${column}"><div class="copyable">` +
      `<code class="value${long ? " long" : ""}" id="${id}">${value}</code>` +
      `${copyButton(id, plain(first))}</div></td>`
    );
  });
  return `<tr role="row"><th role="rowheader" scope="row">${first}</th>${inner.join("")}</tr>`;
}

function copyButton(id: string, label: string): string {
  const hidden = `<span class="visually-hidden"> ${label}</span>`;
  return `<button type="button" class="copy" data-copy="${id}" hidden>Copy${hidden}</button>`;
}

/** Lets a long URL or URN break between its parts. */
function breakable(text: string): string {
  return escapeHtml(text).replace(/(?<!:\/)\/(?!\/)|:(?!\/)/g, "$&<wbr>");
}

function plain(html: string): string {
  return html.replace(/<[^>]*>/g, "");
}

export function escapeHtml(text: string | undefined): string {
  return (text ?? "")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}
