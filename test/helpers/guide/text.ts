/** A numbered step of a guide, as its reader sees it. */
export interface GuideStep {
  section: string;
  number: number;
  sentences: string[];
}

/** A clause that tells the reader to do something: "paste the token into **API Token**". */
interface Instruction {
  verb: string;
  /** The text after the verb. */
  object: string;
  /** The bold texts in it. */
  labels: string[];
}

/** A sentence of a step: where and under which condition, then what to do. */
export interface Sentence {
  text: string;
  /** The phrases before the first verb: "In Okta", "Under **Settings**", "If your org has a custom domain". */
  phrases: string[];
  instructions: Instruction[];
}

/** "(in some orgs: **Authentication**)", "(Figure 2)" */
const aside = / \([^()]*\)/g;

/** The numbered steps of a guide's Markdown, section by section. */
export function stepsOf(markdown: string): GuideStep[] {
  let section = "";
  return markdown.split("\n").flatMap((line) => {
    section = /^#{2,3} (.*)$/.exec(line)?.[1] ?? section;
    const [, number, text] = /^(\d+)\. (.*)$/.exec(line) ?? [];
    if (number === undefined || text === undefined) return [];
    return [{ section, number: Number(number), sentences: sentencesOf(text) }];
  });
}

/** A row of a guide's table of values: what to copy, where from, and where to paste it. */
export interface CopiedValue {
  value: string;
  from: string;
  to: string;
}

export function copiedValues(markdown: string): CopiedValue[] {
  const [, table = ""] =
    /^\| Value \| Copy from \| Paste to \|\n\|.*\|\n((?:\|.*\|\n)+)/m.exec(markdown) ?? [];
  return table.split("\n").flatMap((row) => {
    const [, value, from, to] = row.split("|").map((cell) => cell.trim());
    return value && from && to ? [{ value, from, to }] : [];
  });
}

function sentencesOf(text: string): string[] {
  return text.split(/(?<=[^\\][.!?])\s+(?=[A-Z*`])/).map((sentence) => sentence.trim());
}

/**
 * Takes a sentence apart at its verbs. A clause begins at the start of the sentence, or after a comma, a colon, a semicolon
 * or "and".
 * @param verbs that the reader knows. A sentence without any of them has no instructions.
 */
export function parseSentence(written: string, verbs: readonly string[]): Sentence {
  const text = written.replace(aside, "");
  // Labels and values may contain verbs, so they are hidden from the search.
  const bare = text.replace(/\*\*.+?\*\*|`[^`]+`/g, (hidden) => "\0".repeat(hidden.length));
  const start = "^(?:then )?|[,;:] (?:and |then |also )*| and (?:then |also )?";
  const starts = [...bare.matchAll(new RegExp(`(?:${start})(${verbs.join("|")})\\b`, "gi"))];
  const instructions = starts.map((match, index) => {
    const from = match.index + match[0].length;
    const object = trimmed(text.slice(from, starts[index + 1]?.index));
    return { verb: (match[1] ?? "").toLowerCase(), object, labels: labelsIn(object) };
  });
  const before = starts[0] ? text.slice(0, starts[0].index) : "";
  return { text: written, phrases: before.split(/[,:] /).map(trimmed).filter(Boolean), instructions };
}

export function labelsIn(text: string): string[] {
  return [...text.matchAll(/\*\*(.+?)\*\*/g)].map(([, label = ""]) => label.replace(/\\(?=[^\w\s])/g, ""));
}

function trimmed(text: string): string {
  return text.replace(/^[.,;:\s]+|[.,;:\s]+$/g, "");
}
