/** Text in colours: JSON, XML, and pairs of names and values, as the lines that a page shows. */
import { visibleLines } from "../visible.ts";
import type { Term } from "./glossary.ts";

/** The kind of a piece of text. Each has a colour (public/message.css). */
type TokenKind = "name" | "text" | "value" | "mark";

interface CodeToken {
  kind: TokenKind;
  text: string;
}

export interface CodeLine {
  /** How far it is indented: the first token has the spaces, this is for the lines that it wraps to. */
  depth: number;
  tokens: readonly CodeToken[];
  /** "open" begins a part that one can fold, "close" is the last line of one. */
  fold: "open" | "close" | null;
  /** Names that the line has, outermost first: the page explains them there. */
  names: readonly string[];
  /** The value that a note explains, by name: times. */
  times: readonly (readonly [name: string, value: string])[];
  term?: Term | null;
  note?: string | null;
}

/** A part with fewer lines does not fold. */
const fewestToFold = 4;
/** An XML response has at most 32 levels; deeper lines are indented as these. */
const deepest = 20;

const name = (text: string): CodeToken => ({ kind: "name", text });
const mark = (text: string): CodeToken => ({ kind: "mark", text });

function lineOf(depth: number, tokens: readonly CodeToken[], more: Partial<CodeLine> = {}): CodeLine {
  const indent = "  ".repeat(depth);
  const shown = tokens.map(({ kind, text }) => ({ kind, text: visibleLines(text) }));
  const all = depth === 0 ? shown : [mark(indent), ...shown];
  return { depth: Math.min(depth, deepest), fold: null, names: [], times: [], ...more, tokens: all };
}

/** JSON, indented by two spaces. */
export function jsonLines(document: unknown): CodeLine[] {
  return folded(linesOf(document, { depth: 0, key: null, comma: "" }));
}

interface JsonPlace {
  depth: number;
  /** The name of the member; null in a list. */
  key: string | null;
  comma: string;
}

function linesOf(value: unknown, { depth, key, comma }: JsonPlace): CodeLine[] {
  const label = key === null ? [] : [name(JSON.stringify(key)), mark(": ")];
  const names = key === null ? [] : [key];
  if (typeof value !== "object" || value === null) {
    const kind = typeof value === "string" ? "text" : "value";
    const times = key === null ? [] : [[key, String(value)] as const];
    const text = JSON.stringify(value) ?? "null";
    return [lineOf(depth, [...label, { kind, text }, mark(comma)], { names, times })];
  }
  const isList = Array.isArray(value);
  const [open, close] = isList ? "[]" : "{}";
  const entries = Object.entries(value);
  if (entries.length === 0) return [lineOf(depth, [...label, mark(`${open}${close}${comma}`)], { names })];
  const inside = entries.flatMap(([member, one], index) =>
    linesOf(one, {
      depth: depth + 1,
      key: isList ? null : member,
      comma: index < entries.length - 1 ? "," : "",
    }),
  );
  return [
    lineOf(depth, [...label, mark(String(open))], { names, fold: "open" }),
    ...inside,
    lineOf(depth, [mark(`${close}${comma}`)], { fold: "close" }),
  ];
}

// SAML {
/** The tags and texts of XML, and the attributes of a tag. */
const xmlPieces = /<\/?[^\s<>/]+|\/?>|\s+|[^\s<>="]+(?==")|"[^"]*"|=|[^<>"=]+|[<>"]/g;

/** XML that is indented already, one element a line (describe/saml-xml.ts). It need not be complete: long texts are cut. */
export function xmlLines(xml: string): CodeLine[] {
  const lines = xml.split("\n").map((text) => {
    const indent = /^ */.exec(text)?.[0].length ?? 0;
    return xmlLine(Math.floor(indent / 2), text.slice(indent));
  });
  return folded(closedOnly(lines));
}

function xmlLine(depth: number, text: string): CodeLine {
  const names: string[] = [];
  const times: (readonly [string, string])[] = [];
  let isInTag = false;
  let attribute = "";
  const tokens = (text.match(xmlPieces) ?? []).map((piece): CodeToken => {
    if (piece.startsWith("<")) {
      isInTag = true;
      if (!piece.startsWith("</")) names.push(localName(piece.slice(1)));
      return name(piece);
    }
    if (!isInTag) return { kind: "text", text: piece };
    if (piece.endsWith(">")) {
      isInTag = false;
      return name(piece);
    }
    if (piece.startsWith('"')) {
      times.push([attribute, piece.slice(1, -1)]);
      return { kind: "text", text: piece };
    }
    if (piece.trim() === "" || piece === "=") return mark(piece);
    attribute = localName(piece.trim());
    names.push(attribute);
    return { kind: "value", text: piece };
  });
  const isOpening = /^<[^/].*[^/]>$|^<[^/<>]>$/.test(text) && !text.includes("</");
  const fold = text.startsWith("</") ? "close" : isOpening ? "open" : null;
  return lineOf(depth, tokens, { names, times, fold });
}

function localName(qualified: string): string {
  return qualified.replace(/^.*:/, "");
}

/** A text that was cut has parts that never close: those do not fold. */
function closedOnly(lines: CodeLine[]): CodeLine[] {
  const open: number[] = [];
  const isPaired = new Set<number>();
  for (const [index, { fold, depth }] of lines.entries()) {
    if (fold === "open") open.push(index);
    if (fold !== "close") continue;
    const start = open.pop();
    if (start !== undefined && lines[start]?.depth === depth) isPaired.add(start).add(index);
  }
  return lines.map((line, index) => (isPaired.has(index) ? line : { ...line, fold: null }));
}
// SAML }

/** Leaves out folds around a few lines, and the one around everything. */
function folded(lines: CodeLine[]): CodeLine[] {
  const open: number[] = [];
  const plain = new Set<number>();
  for (const [index, { fold, depth }] of lines.entries()) {
    if (fold === "open") open.push(index);
    if (fold !== "close") continue;
    const start = open.pop() ?? 0;
    if (depth === 0 || index - start <= fewestToFold) plain.add(start).add(index);
  }
  return lines.map((line, index) => (plain.has(index) ? { ...line, fold: null } : line));
}

/** The parameters of an address or a form, one a line; a name with several values has several lines. */
export function pairLines(parameters: Readonly<Record<string, unknown>>): CodeLine[] {
  return Object.entries(parameters).flatMap(([key, values]) =>
    [values].flat().map((value) => {
      const text = typeof value === "string" ? value : (JSON.stringify(value) ?? "");
      return lineOf(0, [name(key), mark("="), { kind: "text", text }], { names: [key] });
    }),
  );
}

/** The lines above a body: "Content-Type: application/json". */
export function headerLines(lines: readonly string[]): CodeLine[] {
  return lines.map((line) => {
    const [, header = "", value = line] = /^([\w-]+): (.*)$/s.exec(line) ?? [];
    const tokens: CodeToken[] = header === "" ? [] : [name(header), mark(": ")];
    return lineOf(0, [...tokens, { kind: "text", text: value }], { names: header === "" ? [] : [header] });
  });
}
