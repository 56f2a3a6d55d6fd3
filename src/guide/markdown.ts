/** Text that is Markdown already; everything else is escaped where it is written into a template. */
export class Markdown {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

/** What `<%= %>` of a template writes: Markdown as it is, any other value as literal text. */
export function toMarkdown(value: unknown): string {
  if (value instanceof Markdown) return value.text;
  if (value === null || value === undefined) throw new Error("a template wrote a value that is not there");
  return String(value)
    .replace(/\s+/g, " ")
    .replace(/[\\`*_[\]<|&]/g, "\\$&");
}

/** A value to be copied as it stands. The fence is longer than any in the value (CommonMark §6.1). */
export function code(value: string): Markdown {
  const longest = Math.max(0, ...[...value.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = "`".repeat(longest + 1);
  const padding = longest > 0 ? " " : "";
  return new Markdown(fence + padding + value + padding + fence);
}

export function link(label: string, href: string): Markdown {
  return new Markdown(`[${toMarkdown(label)}](${href})`);
}

/** Several values in one cell or sentence. */
export function joined(values: readonly unknown[], separator = ", "): Markdown {
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
