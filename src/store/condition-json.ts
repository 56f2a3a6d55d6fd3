import type { Scalar, Sql } from "./condition-sql.ts";
import type { Database } from "./database.ts";

/** A list in a user's document. */
export interface JsonList {
  in: "document";
  path: readonly string[];
}

interface JsonField {
  in: "document" | "element";
  path: readonly string[];
  exact: boolean;
}

/** A place in a JSON document, as SQL. */
interface JsonNode {
  /** The value; NULL if it is absent or of another type. */
  scalar(type: string): Sql;
  /** Whether the value is other than null, "", {} and []. */
  present(): Sql;
}

// Names come from the schema, never from a request. This check is a second defence against SQL injection.
const namePattern = /^[$\w:.-]+$/;

const documents = { exact: "users.attributes", folded: "users.attributes_key" };

/**
 * Returns a FROM clause with a list's elements: `element`, with the columns that jsonNode() reads. There are none if the
 * value is not a list.
 */
export function jsonRows(engine: Database["engine"], list: JsonList): Sql {
  if (engine === "sqlite") {
    const document = documents.folded;
    const path = sqlitePath(list.path);
    return {
      sql: `json_each(case json_type(${document}, ?) when 'array' then json_extract(${document}, ?) else '[]' end) as element`,
      bindings: [path, path],
    };
  }
  const node = postgresNode("jsonb", documents.folded, list.path);
  return {
    sql: `jsonb_array_elements(case jsonb_typeof(${node.sql}) when 'array' then ${node.sql} else '[]'::jsonb end) with ordinality as element(value, position)`,
    bindings: [...node.bindings, ...node.bindings],
  };
}

/** Returns a field of the document, or of the current element of `list`. */
export function jsonNode(
  engine: Database["engine"],
  field: JsonField,
  list: JsonList | { in: "relation" } | null,
): JsonNode {
  if (field.in === "document") {
    return engine === "sqlite"
      ? sqliteNode(documentOf(field), { sql: "?", bindings: [sqlitePath(field.path)] })
      : postgresJson(field.exact, postgresNode(kindOf(field), documentOf(field), field.path));
  }
  if (!list || list.in === "relation") throw new Error("an element without its list");
  // The elements come from the folded copy. Their originals have the same positions in the original list.
  if (field.exact) return exactElement(engine, field.path, list.path);
  if (engine === "sqlite") {
    if (field.path.length === 0) return sqliteElement;
    const object = "case element.type when 'object' then element.value end";
    return sqliteNode(object, { sql: "?", bindings: [sqlitePath(field.path)] });
  }
  return postgresJson(false, postgresNode("jsonb", "element.value", field.path));
}

function exactElement(
  engine: Database["engine"],
  path: readonly string[],
  listPath: readonly string[],
): JsonNode {
  if (engine === "sqlite") {
    const rest = sqlitePath(path).slice(1);
    return sqliteNode(documents.exact, {
      sql: "(? || element.key || ?)",
      bindings: [`${sqlitePath(listPath)}[`, `]${rest}`],
    });
  }
  const names = [...listPath.map(() => "?"), "(element.position - 1)::text", ...path.map(() => "?")];
  return postgresJson(true, {
    sql: `json_extract_path(${documents.exact}, ${names.join(", ")})`,
    bindings: checked([...listPath, ...path]),
  });
}

/** Not `->`, which takes a name that begins with a dollar sign (`$ref`) for a path. */
function sqliteNode(document: string, path: Sql): JsonNode {
  const at = { sql: `(${document}, ${path.sql})`, bindings: path.bindings };
  const twice = (sql: string): Sql => ({ sql, bindings: [...at.bindings, ...at.bindings] });
  return {
    scalar: (type) => twice(sqliteScalar(`json_type${at.sql}`, `json_extract${at.sql}`, type)),
    present: () => twice(sqlitePresent(`json_type${at.sql}`, `json_extract${at.sql}`)),
  };
}

const sqliteElement: JsonNode = {
  scalar: (type) => ({ sql: sqliteScalar("element.type", "element.value", type), bindings: [] }),
  present: () => ({ sql: sqlitePresent("element.type", "element.value"), bindings: [] }),
};

function sqliteScalar(jsonType: string, value: string, type: string): string {
  const types: Record<string, string> = { string: "('text')", number: "('integer', 'real')" };
  return `case when ${jsonType} in ${types[type] ?? "('true', 'false')"} then ${value} end`;
}

function sqlitePresent(jsonType: string, value: string): string {
  // The type tells an empty object from the string "{}".
  return `(${jsonType} || ${value}) not in ('text', 'object{}', 'array[]')`;
}

function postgresJson(exact: boolean, { sql, bindings }: Sql): JsonNode {
  const typeOf = exact ? "json_typeof" : "jsonb_typeof";
  const casts: Record<string, string> = { string: ' collate "C"', number: "::numeric", boolean: "::boolean" };
  return {
    // CASE keeps the cast away from values of another type, which would fail the statement.
    scalar: (type) => ({
      sql: `case ${typeOf}(${sql}) when '${type}' then (${sql} #>> '{}')${casts[type]} end`,
      bindings: [...bindings, ...bindings],
    }),
    present: () => ({ sql: `(${sql})::text not in ('null', '""', '{}', '[]')`, bindings }),
  };
}

function postgresNode(kind: "json" | "jsonb", document: string, path: readonly string[]): Sql {
  if (path.length === 0) return { sql: document, bindings: [] };
  const names = path.map(() => "?").join(", ");
  return { sql: `${kind}_extract_path(${document}, ${names})`, bindings: checked(path) };
}

function sqlitePath(path: readonly string[]): string {
  return `$${checked(path)
    .map((name) => `."${name}"`)
    .join("")}`;
}

function checked(path: readonly string[]): Scalar[] {
  if (!path.every((name) => namePattern.test(name))) throw new Error("no name of an attribute");
  return [...path];
}

function documentOf({ exact }: JsonField): string {
  return exact ? documents.exact : documents.folded;
}

function kindOf({ exact }: JsonField): "json" | "jsonb" {
  return exact ? "json" : "jsonb";
}
