import type { Database } from "./database.ts";

/** The operators of RFC 7644 §3.4.2.2, without `ne`, which is a negated `eq`. `co`, `sw` and `ew` are for texts. */
export type Comparison = "eq" | "co" | "sw" | "ew" | "gt" | "ge" | "lt" | "le";

export type Scalar = string | number | boolean;

export interface Sql {
  sql: string;
  bindings: Scalar[];
}

export function both(left: Sql, right: Sql): Sql {
  return { sql: `(${left.sql} and ${right.sql})`, bindings: [...left.bindings, ...right.bindings] };
}

const signs = { eq: "=", gt: ">", ge: ">=", lt: "<", le: "<=" } as const;

/** A comparison of an expression with a value. */
export interface Operands {
  expression: Sql;
  operator: Comparison;
  value: Scalar;
  /** Whether the expression is a column: it sorts by bytes and may have an index, which a prefix then uses as a range. */
  isColumn: boolean;
}

/** Compares without LIKE, which ignores case on SQLite and needs escapes for %, _ and \ in values. */
export function compareSql(
  engine: Database["engine"],
  { expression: { sql, bindings }, operator, value, isColumn }: Operands,
): Sql {
  if (operator !== "co" && operator !== "sw" && operator !== "ew") {
    return { sql: `${sql} ${signs[operator]} ?`, bindings: [...bindings, value] };
  }
  if (typeof value !== "string") return { sql: "1 = 0", bindings: [] };
  if (operator === "co") {
    const find = engine === "sqlite" ? "instr" : "strpos";
    return { sql: `${find}(${sql}, ?) > 0`, bindings: [...bindings, value] };
  }
  if (operator === "sw" && isColumn) return prefixRange({ sql, bindings }, value);
  // The engine measures the length itself: it counts characters, but JavaScript counts UTF-16 units.
  const length = "length(cast(? as text))";
  return operator === "sw"
    ? { sql: `substr(${sql}, 1, ${length}) = ?`, bindings: [...bindings, value, value] }
    : {
        sql: `substr(${sql}, length(${sql}) - ${length} + 1) = ?`,
        bindings: [...bindings, ...bindings, value, value],
      };
}

function prefixRange({ sql, bindings }: Sql, prefix: string): Sql {
  const from = { sql: `${sql} >= ?`, bindings: [...bindings, prefix] };
  const end = afterPrefix(prefix);
  return end === null ? from : both(from, { sql: `${sql} < ?`, bindings: [...bindings, end] });
}

/**
 * Returns the first text that sorts after all texts with this prefix; null if there is none. UTF-8 bytes sort like code
 * points.
 */
export function afterPrefix(prefix: string): string | null {
  const points = Array.from(prefix, (character) => character.codePointAt(0) as number);
  for (let last = points.pop(); last !== undefined; last = points.pop()) {
    // U+D800 to U+DFFF are surrogates, and U+10FFFF is the last code point.
    if (last < 0x10ffff) return String.fromCodePoint(...points, last === 0xd7ff ? 0xe000 : last + 1);
  }
  return null;
}
