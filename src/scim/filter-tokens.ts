export type TokenKind = "(" | ")" | "[" | "]" | "word" | "string" | "end";

export interface Token {
  kind: TokenKind;
  text: string;
  /** What a string says; empty for everything else. */
  value: string;
  /** Counted from 1, as people do. */
  at: number;
  /** Whether white space stands before it: the grammar of RFC 7644 §3.4.2.2 asks for some around operators. */
  spaced: boolean;
}

// Each alternative starts with another character, so no text is read twice.
const pattern =
  /(?<space>[ \t\r\n]+)|(?<bracket>[()[\]])|(?<string>"(?:[^"\\\p{Cc}]|[\x7f-\x9f]|\\(?:["\\/bfnrt]|u[0-9a-f]{4}))*")|(?<word>[^\s()[\]"]+)/iuy;

/**
 * Cuts a filter into tokens; the last one is always `end`. `error` makes what is thrown for text that is none.
 */
export function tokenize(text: string, error: (problem: string) => Error): Token[] {
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
 * A string is JSON's (RFC 7159 §7). Two things that JSON can say are refused, because no engine can store them, and
 * each would do something else with them: NUL, and half of a surrogate pair.
 */
function decode(literal: string, error: (problem: string) => Error): string {
  const value = JSON.parse(literal) as string;
  if (value.includes("\0") || /\p{Surrogate}/u.test(value)) {
    throw error("has a string with a character that no value can have");
  }
  return value;
}
