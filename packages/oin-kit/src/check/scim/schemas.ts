import { at, listAt, objectAt, textAt } from "./json.ts";

/** An attribute as /Schemas publishes it (RFC 7643 §7), as far as the check reads it. */
export interface PublishedAttribute {
  name: string;
  type: string;
  multiValued: boolean;
  required: boolean;
  mutability: string;
  /** Whether a client may write it and a GET shows it. */
  kept: boolean;
  canonicalValues: string[];
  subAttributes: PublishedAttribute[];
}

export interface PublishedSchema {
  id: string;
  attributes: PublishedAttribute[];
}

export function readSchemas(list: unknown): PublishedSchema[] {
  return listAt(list, "Resources").flatMap((schema) => {
    const id = textAt(schema, "id");
    return id === null ? [] : [{ id, attributes: readAttributes(schema, "attributes") }];
  });
}

function readAttributes(holder: unknown, key: "attributes" | "subAttributes"): PublishedAttribute[] {
  return listAt(holder, key).flatMap((attribute) => {
    const name = textAt(attribute, "name");
    if (name === null) return [];
    const mutability = textAt(attribute, "mutability") ?? "readWrite";
    return [
      {
        name,
        type: textAt(attribute, "type") ?? "string",
        multiValued: at(attribute, "multiValued") === true,
        required: at(attribute, "required") === true,
        mutability,
        kept: mutability === "readWrite" && textAt(attribute, "returned") !== "never",
        canonicalValues: listAt(attribute, "canonicalValues").filter((one) => typeof one === "string"),
        subAttributes: readAttributes(attribute, "subAttributes"),
      },
    ];
  });
}

/** The attribute at a path such as `name.givenName`; null if the schema does not publish it. */
export function attributeAt(schema: PublishedSchema | undefined, path: string): PublishedAttribute | null {
  let attributes = schema?.attributes ?? [];
  let found: PublishedAttribute | null = null;
  for (const name of path.split(".")) {
    found = attributes.find((one) => one.name.toLowerCase() === name.toLowerCase()) ?? null;
    attributes = found?.subAttributes ?? [];
  }
  return found;
}

/** A path of RFC 7644 §3.10 in its parts: `urn:…:User:department` and `name.givenName`. */
export function splitPath(path: string): { urn: string | null; names: string[] } {
  const [, urn = null, rest = path] = /^(urn:.+):([^:]+)$/.exec(path) ?? [];
  return { urn, names: rest.split(".") };
}

/** Sets the value at such a path, and returns the resource. */
export function withValue(
  resource: Record<string, unknown>,
  path: string,
  value: unknown,
): Record<string, unknown> {
  const { urn, names } = splitPath(path);
  const keys = urn === null ? names : [urn, ...names];
  const [key = "", ...rest] = keys;
  if (rest.length === 0) return { ...resource, [key]: value };
  const inner = keys.slice(1).reduceRight<unknown>((held, name, index) => {
    const above = objectAt(resource, key, ...rest.slice(0, index));
    return { ...above, [name]: held };
  }, value);
  return { ...resource, [key]: inner };
}
