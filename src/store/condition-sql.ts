import type { Database } from "./database.ts";

/** How two values are compared; that they differ is the negation of `eq`. `co`, `sw` and `ew` are for texts. */
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

/**
 * Compares an SQL expression with a value. Without LIKE: it ignores case on one engine, and %, _ and \ in values would
 * need escapes. A `column` orders by bytes and may have an index, which a prefix uses as a range.
 */
export function compareSql(
  engine: Database["engine"],
  { sql, bindings }: Sql,
  operator: Comparison,
  value: Scalar,
  expression: "column" | "any",
): Sql {
  if (operator !== "co" && operator !== "sw" && operator !== "ew") {
    return { sql: `${sql} ${signs[operator]} ?`, bindings: [...bindings, value] };
  }
  if (typeof value !== "string") return { sql: "1 = 0", bindings: [] };
  if (operator === "co") {
    const find = engine === "sqlite" ? "instr" : "strpos";
    return { sql: `${find}(${sql}, ?) > 0`, bindings: [...bindings, value] };
  }
  if (operator === "sw" && expression === "column") return prefixRange({ sql, bindings }, value);
  // The engine measures what it cuts: it counts characters where JavaScript counts UTF-16 units.
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
 * The first text, by bytes of UTF-8, that comes after every text with this prefix; null when there is none. Bytes of
 * UTF-8 order as code points do.
 */
export function afterPrefix(prefix: string): string | null {
  const points = Array.from(prefix, (character) => character.codePointAt(0) as number);
  for (let last = points.pop(); last !== undefined; last = points.pop()) {
    // U+D800 to U+DFFF are no characters, and U+10FFFF is the last.
    if (last < 0x10ffff) return String.fromCodePoint(...points, last === 0xd7ff ? 0xe000 : last + 1);
  }
  return null;
}
