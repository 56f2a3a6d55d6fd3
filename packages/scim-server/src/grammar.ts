/**
 * The texts that SCIM has a grammar for: filters, paths, and the body of a PATCH request. The results are trees without
 * meaning: whether an attribute exists is decided where the schema is known.
 */
import { badRequest } from "./errors.ts";
import { checkBody, isReservedName } from "./exchange.ts";
import { isObject } from "./input.ts";

/** One operation of a PATCH request (RFC 7644 §3.5.2). Its shape is checked; path and value are not interpreted yet. */
export interface PatchOperation {
  op: "add" | "remove" | "replace";
  /** Null if the value names its attributes itself: then it is an object. */
  path: string | null;
  /** Undefined if there is none, which only `remove` allows. */
  value: unknown;
}

/**
 * How many operations one request may hold. A group's operations become a few changes to sets. A user's are
 * carried out one by one, and block the event loop meanwhile.
 */
export const maxOperations = { group: 1000, user: 100 };

/**
 * Reads the body of a PATCH request. Entra writes the names of operations with a capital letter, authentik sends no
 * `schemas`: the method says what the body is, as it does for POST and PUT. A single operation may come without its list.
 * An operation that is not understood is refused: a client that gets 200 believes that it was carried out. Throws
 * badRequest.
 */
export function parsePatch(body: unknown, most: number = maxOperations.user): PatchOperation[] {
  checkBody(body);
  const { operations = null } = membersOf(body, "The body");
  if (operations === null) throw badRequest("invalidSyntax", "The body has no Operations.");
  const list = isObject(operations) ? [operations] : operations;
  if (!Array.isArray(list)) throw badRequest("invalidSyntax", "Operations has to be a list.");
  if (list.length === 0)
    throw badRequest("invalidSyntax", "Operations is empty: send at least one operation.");
  if (list.length > most) throw badRequest("invalidSyntax", `Operations has more than ${most} operations.`);
  return list.map((operation, index) => parseOperation(operation, `Operation ${index + 1}`));
}

/**
 * Reads a key of a value that came without a path. Entra's keys are paths: "name.givenName", "urn:…:User:department",
 * `emails[type eq "work"].value`. Null for a name that no attribute can have, such as an unknown schema's URN. Throws
 * badRequest.
 */
export function parseKey(key: string, limits = usualLimits): PatchPath | null {
  try {
    return parsePath(key, limits);
  } catch (error) {
    if (key.includes("[") || key.split(/[.:]/).some(isReservedName)) throw error;
    return null;
  }
}

function parseOperation(operation: unknown, label: string): PatchOperation {
  // Other members say nothing: Microsoft's collection and older clients send a "name", SCIM 1.1 clients an "operation".
  const { op: name, path: sentPath = null, value } = membersOf(operation, label);
  const path = typeof sentPath === "string" && sentPath.trim() === "" ? null : sentPath;
  const op = typeof name === "string" ? name.toLowerCase() : "";
  if (op !== "add" && op !== "remove" && op !== "replace") {
    throw badRequest("invalidSyntax", `${label} has an op that is none of add, remove and replace.`);
  }
  if (path !== null && typeof path !== "string") {
    throw badRequest("invalidPath", `${label} has a path that is not a string.`);
  }
  // RFC 7644 §3.5.2.2.
  if (op === "remove" && path === null) throw badRequest("noTarget", `${label} removes, but has no path.`);
  if (op !== "remove" && value === undefined) throw badRequest("invalidValue", `${label} has no value.`);
  if (path === null && !isObject(value)) {
    throw badRequest("invalidValue", `${label} has no path, so its value has to be an object.`);
  }
  return { op, path, value };
}

/**
 * The members of a message, or of an operation in it, by their names in lower case: names match ignoring case (RFC 7643
 * §2.1). Throws badRequest.
 * @param label what the value is, as the subject of a sentence.
 */
export function membersOf(value: unknown, label: string): Record<string, unknown> {
  if (!isObject(value)) throw badRequest("invalidSyntax", `${label} has to be a JSON object.`);
  const found: Record<string, unknown> = {};
  for (const [name, member] of Object.entries(value)) {
    const key = name.toLowerCase();
    if (Object.hasOwn(found, key))
      throw badRequest("invalidSyntax", `${label} has "${name}" more than once.`);
    found[key] = member;
  }
  return found;
}

/**
 * An attribute as a request names it (RFC 7644 §3.10). It may not exist: no schema was looked at yet. Some clients write a
 * dot after the URN. "urn:…:2.0:User.manager" then reads as attribute "User" below "urn:…:2.0", and resolveAttribute(),
 * which knows the URNs, corrects that.
 */
export interface AttributePath {
  /** The URN before the name; null if there is none. */
  schema: string | null;
  attribute: string;
  subAttribute: string | null;
}

export type CompareOperator = "eq" | "ne" | "co" | "sw" | "ew" | "gt" | "ge" | "lt" | "le";

export type FilterValue = string | number | boolean | null;

/** A filter (RFC 7644 §3.4.2.2). Paths inside `where` name sub-attributes, without URN or dot. */
export type Filter =
  | { kind: "and" | "or"; operands: Filter[] }
  | { kind: "not"; operand: Filter }
  | { kind: "compare"; path: AttributePath; operator: CompareOperator; value: FilterValue }
  | { kind: "present"; path: AttributePath }
  | { kind: "element"; path: AttributePath; where: Filter };

/** The target of a PATCH operation: `emails[type eq "work"].value` has path emails.value and a `where`. */
export interface PatchPath {
  path: AttributePath;
  where: Filter | null;
}

interface Limits {
  bytes: number;
  depth: number;
  comparisons: number;
}

const usualLimits: Limits = { bytes: 4096, depth: 12, comparisons: 40 };

/** For the path `members[value eq "…" or …]`: clients name several hundred members at once, and the ids become one set. */
export const memberPathLimits: Limits = { bytes: 65_536, depth: 12, comparisons: 1000 };

const operators: ReadonlySet<string> = new Set(["eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le"]);

const [urn, name] = ["urn:\\S+", "\\$ref|[a-z][a-z0-9_-]*"];
/** [urn:][name][.name]: the grammar of RFC 7644 §3.10. */
const colonPath = new RegExp(`^(?:(${urn}):)?(${name})(?:\\.(${name}))?$`, "i");
/** [urn.][name][.name]: a dot after the URN, as Microsoft's and ConnId's clients write it. */
const dotPath = new RegExp(`^(${urn}?)\\.(${name})(?:\\.(${name}))?$`, "i");

/** Parses a filter. Throws ScimError 400 `invalidFilter` for a text that breaks the grammar or a limit. */
export function parseFilter(text: string): Filter {
  const parser = new Parser("invalidFilter", text, usualLimits);
  const filter = parser.filter();
  parser.end();
  return filter;
}

/**
 * Parses the path of a PATCH operation (RFC 7644 §3.5.2, figure 7). Throws ScimError 400 `invalidPath`. The grammar splits
 * a path at its last colon, even one that is only an extension's URN.
 */
export function parsePath(text: string, limits = usualLimits): PatchPath {
  const parser = new Parser("invalidPath", text, limits);
  const path = parser.path();
  const where = parser.valueFilter(path);
  const subAttribute = where ? parser.subAttribute() : null;
  parser.end();
  return { path: subAttribute === null ? path : { ...path, subAttribute }, where };
}

class Parser {
  private readonly scimType: "invalidFilter" | "invalidPath";
  private readonly tokens: Token[];
  private readonly limits: Limits;
  private position = 0;
  private depth = 0;
  private comparisons = 0;
  private insideValueFilter = false;

  constructor(scimType: "invalidFilter" | "invalidPath", text: string, limits: Limits) {
    this.scimType = scimType;
    this.limits = limits;
    if (Buffer.byteLength(text) > limits.bytes) {
      throw this.error(`is longer than ${limits.bytes} bytes`);
    }
    this.tokens = tokenize(text, (problem) => this.error(problem));
  }

  /** `not` binds tighter than `and`, and `and` tighter than `or` (RFC 7644 §3.4.2.2). */
  filter(): Filter {
    return this.chain("or", () => this.chain("and", () => this.term()));
  }

  path(): AttributePath {
    const token = this.next;
    if (token.kind !== "word") throw this.unexpected("an attribute");
    this.position++;
    const path = colonPath.exec(token.text) ?? dotPath.exec(token.text);
    if (!path) throw this.error(`has no attribute at character ${token.at}`);
    const [, schema = null, attribute = "", subAttribute = null] = path;
    this.refuseReserved(token.text);
    // Only an attribute has a value filter, so in "urn:…:2.0:User.emails[" the dot ends a URN.
    if (schema !== null && subAttribute !== null && this.next.kind === "[") {
      return { schema: `${schema}:${attribute}`, attribute: subAttribute, subAttribute: null };
    }
    if (this.insideValueFilter && (schema !== null || subAttribute !== null)) {
      throw this.error(`must name a sub-attribute, and nothing more, at character ${token.at}`);
    }
    return { schema, attribute, subAttribute };
  }

  /** The `[…]` after an attribute; null if there is none. */
  valueFilter(path: AttributePath): Filter | null {
    if (!this.accept("[")) return null;
    // RFC 7644 §3.4.2.2: a valFilter has no valuePath in it, and only an attribute has elements to choose from.
    if (this.insideValueFilter || path.subAttribute !== null) {
      throw this.error(`has a value filter where none can be, at character ${this.next.at}`);
    }
    this.insideValueFilter = true;
    const where = this.nested("]");
    this.insideValueFilter = false;
    return where;
  }

  /** The `.name` directly after a value filter; null if there is none. */
  subAttribute(): string | null {
    const { kind, text, spaced, at } = this.next;
    if (kind !== "word" || spaced || !text.startsWith(".")) return null;
    this.position++;
    const name = text.slice(1);
    if (!/^(?:\$ref|[a-z][a-z0-9_-]*)$/i.test(name)) {
      throw this.error(`has no sub-attribute at character ${at}`);
    }
    this.refuseReserved(name);
    return name;
  }

  end(): void {
    if (this.next.kind !== "end") throw this.unexpected("the end");
  }

  private chain(kind: "and" | "or", operand: () => Filter): Filter {
    const first = operand();
    const operands = [first];
    while (this.acceptKeyword(kind)) operands.push(operand());
    return operands.length === 1 ? first : { kind, operands };
  }

  private term(): Filter {
    if (this.accept("(")) return this.nested(")");
    const negated = this.next.text.toLowerCase() === "not" && this.tokens[this.position + 1]?.kind === "(";
    if (!negated) return this.attributeExpression();
    this.position += 2;
    return { kind: "not", operand: this.nested(")") };
  }

  private nested(close: ")" | "]"): Filter {
    const { depth } = this.limits;
    if (++this.depth > depth) throw this.error(`is nested deeper than ${depth} levels`);
    const inner = this.filter();
    if (!this.accept(close)) throw this.unexpected(`"${close}"`);
    this.depth--;
    return inner;
  }

  private attributeExpression(): Filter {
    const path = this.path();
    const where = this.valueFilter(path);
    if (!where) return this.comparison(path);
    const subAttribute = this.subAttribute();
    // emails[type eq "work"].value eq "x" is not in the grammar, but clients send it: one element has to satisfy both.
    const both =
      subAttribute && this.comparison({ schema: null, attribute: subAttribute, subAttribute: null });
    return { kind: "element", path, where: both ? { kind: "and", operands: [where, both] } : where };
  }

  private comparison(path: AttributePath): Filter {
    const { comparisons } = this.limits;
    if (++this.comparisons > comparisons) throw this.error(`has more than ${comparisons} comparisons`);
    const token = this.next;
    const operator = token.text.toLowerCase();
    if (token.kind !== "word" || !token.spaced || !(operator === "pr" || isOperator(operator))) {
      throw this.unexpected("an operator");
    }
    this.position++;
    return isOperator(operator)
      ? { kind: "compare", path, operator, value: this.value() }
      : { kind: "present", path };
  }

  private value(): FilterValue {
    const { kind, text, value, spaced } = this.next;
    if (!spaced) throw this.unexpected("a space and a value");
    if (kind !== "word" && kind !== "string") throw this.unexpected("a value");
    const result = kind === "string" ? value : literal(text);
    if (result === undefined) throw this.unexpected("a number, true, false, null or a text in double quotes");
    this.position++;
    return result;
  }

  private get next(): Token {
    return this.tokens[this.position] as Token;
  }

  private accept(kind: TokenKind): boolean {
    const matches = this.next.kind === kind;
    if (matches) this.position++;
    return matches;
  }

  private acceptKeyword(word: string): boolean {
    const { kind, text, spaced } = this.next;
    if (kind !== "word" || text.toLowerCase() !== word) return false;
    this.position++;
    if (!spaced || !(this.next.spaced || this.next.kind === "end")) {
      throw this.error(`needs spaces around "${word}"`);
    }
    return true;
  }

  /** Refuses names that reach an object's prototype, so that no later code sees them. */
  private refuseReserved(path: string): void {
    if (/(?:^|[:.])(?:__proto__|constructor|prototype)(?=$|[:.])/i.test(path)) {
      throw this.error("names an attribute that no resource can have");
    }
  }

  private unexpected(wanted: string): Error {
    const { kind, at } = this.next;
    return this.error(`needs ${wanted} at ${kind === "end" ? "its end" : `character ${at}`}`);
  }

  private error(problem: string): Error {
    return badRequest(
      this.scimType,
      `The ${this.scimType === "invalidFilter" ? "filter" : "path"} ${problem}.`,
    );
  }
}

function isOperator(word: string): word is CompareOperator {
  return operators.has(word);
}

/** A value that is not a string: a JSON number, or true, false or null in any case. Undefined for anything else. */
function literal(text: string): FilterValue | undefined {
  const word = text.toLowerCase();
  if (word === "true" || word === "false") return word === "true";
  if (word === "null") return null;
  if (!/^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:e[+-]?\d+)?$/.test(word)) return undefined;
  const number = Number(word);
  return Number.isFinite(number) ? number : undefined;
}

type TokenKind = "(" | ")" | "[" | "]" | "word" | "string" | "end";

interface Token {
  kind: TokenKind;
  text: string;
  /** The decoded value of a string; empty for every other kind. */
  value: string;
  /** Position of the first character, from 1. */
  at: number;
  /** Whether white space comes before it: the grammar of RFC 7644 §3.4.2.2 asks for it around operators. */
  spaced: boolean;
}

// Each alternative begins with a different character, so the expression never backtracks over the text.
const pattern =
  /(?<space>[ \t\r\n]+)|(?<bracket>[()[\]])|(?<string>"(?:[^"\\\p{Cc}]|[\x7f-\x9f]|\\(?:["\\/bfnrt]|u[0-9a-f]{4}))*")|(?<word>[^\s()[\]"]+)/iuy;

/**
 * Splits a filter into tokens; the last one is always `end`. `error` makes the error for text that is not a token.
 */
function tokenize(text: string, error: (problem: string) => Error): Token[] {
  const tokens: Token[] = [];
  let spaced = false;
  let at = 0;
  while (at < text.length) {
    pattern.lastIndex = at;
    const groups = pattern.exec(text)?.groups;
    if (!groups) throw error(`cannot be read from character ${at + 1} on`);
    const { space, bracket, string, word } = groups;
    const read = space ?? bracket ?? string ?? word ?? "";
    if (space === undefined) {
      const kind = string !== undefined ? "string" : word !== undefined ? "word" : (bracket as TokenKind);
      const value = string === undefined ? "" : decode(string, error);
      tokens.push({ kind, text: read, value, at: at + 1, spaced });
    }
    spaced = space !== undefined;
    at += read.length;
  }
  tokens.push({ kind: "end", text: "", value: "", at: at + 1, spaced });
  return tokens;
}

/**
 * Decodes a JSON string (RFC 7159 §7). NUL and half of a surrogate pair are refused: databases cannot store them, and each
 * treats them differently.
 */
function decode(literal: string, error: (problem: string) => Error): string {
  const value = JSON.parse(literal) as string;
  if (value.includes("\0") || /\p{Surrogate}/u.test(value)) {
    throw error("has a string with a character that no value can have");
  }
  return value;
}
