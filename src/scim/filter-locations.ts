import type { ConditionField, ConditionList, RowColumn } from "../store/conditions.ts";
import { badRequest, type ScimError } from "./errors.ts";
import type { AttributePath } from "./filter-parser.ts";
import { type Attribute, type ResolvedPath, type ResourceSchema, resolveAttribute, urns } from "./schema.ts";

/** Where a filter finds an attribute, and how it compares there. */
export interface Located {
  /** As the request spelled it, for messages. */
  name: string;
  type: Attribute["type"];
  /** Null when the attribute has one value; otherwise `field` is in its elements. */
  list: ConditionList | null;
  field: ConditionField;
  /** False: operands go through textKey() or nameKey(), as the stored value did (RFC 7643 §2.2, caseExact). */
  exact: boolean;
}

interface Names {
  rows: Record<string, RowColumn>;
  /** Lists that stand in no document, and what of their elements can be compared. */
  lists: Record<string, { list: ConditionList; fields: Record<string, ConditionField & { in: "element" }> }>;
}

const common: Record<string, RowColumn> = {
  id: "id",
  externalId: "sourceKey",
  "meta.created": "createdAt",
  "meta.lastModified": "updatedAt",
};

// Identifiers of ours compare exactly, whatever the schema says: an id in another case is another id (RFC 7643 §3.1).
const userNames: Names = {
  rows: { ...common, userName: "loginName", active: "active" },
  lists: {
    groups: {
      list: { in: "relation", relation: "groups" },
      fields: {
        value: { in: "element", path: ["value"], exact: true },
        display: { in: "element", path: ["display"], exact: false },
      },
    },
    roles: {
      list: { in: "relation", relation: "roles" },
      fields: { value: { in: "element", path: ["value"], exact: false } },
    },
    entitlements: {
      list: { in: "entitlements" },
      fields: { value: { in: "element", path: [], exact: true } },
    },
  },
};

const groupNames: Names = {
  rows: { ...common, displayName: "displayName" },
  lists: {
    members: {
      list: { in: "relation", relation: "members" },
      fields: { value: { in: "element", path: ["value"], exact: true } },
    },
  },
};

/** Where the value is that a path stands for: of a complex attribute, its `value` unless the path says otherwise. */
export function locate(path: AttributePath, schema: ResourceSchema): Located {
  const { resolved, names } = resolve(path, schema);
  const { extension, attribute } = resolved;
  const subAttribute = resolved.subAttribute ?? defaultOf(attribute);
  const leaf = subAttribute ?? attribute;
  const name = spelled(path);
  const ownKey = subAttribute ? `${attribute.name}.${subAttribute.name}` : attribute.name;
  const column = extension === null ? names.rows[ownKey] : undefined;
  if (column !== undefined) {
    const exact = leaf.caseExact ?? false;
    return { name, type: leaf.type, list: null, field: { in: "row", column }, exact };
  }
  if (leaf.type === "complex") throw refused(path, "needs a sub-attribute");
  if (attribute.name === "meta" || leaf.type === "dateTime")
    throw refused(path, "cannot be used in a filter");
  if (attribute.multiValued) {
    const { list, field } = inList(path, resolved, subAttribute, names);
    return { name, type: leaf.type, list, field, exact: field.exact };
  }
  const exact = leaf.caseExact ?? false;
  const field: ConditionField = { in: "document", path: documentPath(resolved, subAttribute), exact };
  return { name, type: leaf.type, list: null, field, exact };
}

/** The list that `path[…]` chooses elements from, and whether they have sub-attributes. */
export function locateList(
  path: AttributePath,
  schema: ResourceSchema,
): { list: ConditionList; complex: boolean } {
  const { resolved, names } = resolve(path, schema);
  if (!resolved.attribute.multiValued) throw refused(path, "has one value, so nothing can stand in brackets");
  return { list: listOf(resolved, names), complex: resolved.attribute.type === "complex" };
}

/** Where a complex attribute stands as a whole; null when the path names a value, or a list that is in no document. */
export function locateWhole(path: AttributePath, schema: ResourceSchema): ConditionField | null {
  const { resolved, names } = resolve(path, schema);
  const { attribute, subAttribute } = resolved;
  const whole = subAttribute === null && (attribute.type === "complex" || attribute.multiValued);
  if (!whole || attribute.name === "meta" || listOf(resolved, names).in !== "document") return null;
  return { in: "document", path: documentPath(resolved, null), exact: false };
}

function inList(
  path: AttributePath,
  resolved: ResolvedPath,
  subAttribute: Attribute | null,
  names: Names,
): { list: ConditionList; field: ConditionField & { in: "element" } } {
  const list = listOf(resolved, names);
  if (list.in === "document") {
    const exact = (subAttribute ?? resolved.attribute).caseExact ?? false;
    return { list, field: { in: "element", path: subAttribute ? [subAttribute.name] : [], exact } };
  }
  const field = names.lists[resolved.attribute.name]?.fields[subAttribute?.name ?? ""];
  if (!field) throw refused(path, "cannot be used in a filter");
  return { list, field };
}

function listOf(resolved: ResolvedPath, names: Names): ConditionList {
  const computed = resolved.extension === null ? names.lists[resolved.attribute.name] : undefined;
  return computed?.list ?? { in: "document", path: documentPath(resolved, null) };
}

function documentPath({ extension, attribute }: ResolvedPath, subAttribute: Attribute | null): string[] {
  const path = extension === null ? [attribute.name] : [extension, attribute.name];
  return subAttribute ? [...path, subAttribute.name] : path;
}

function defaultOf({ subAttributes = [] }: Attribute): Attribute | null {
  return subAttributes.find(({ name }) => name === "value") ?? null;
}

function resolve(path: AttributePath, schema: ResourceSchema): { resolved: ResolvedPath; names: Names } {
  const resolved = resolveAttribute(schema, path) ?? withoutUrn(path, schema);
  if (!resolved) throw refused(path, "is no attribute of this resource");
  if (resolved.attribute.returned === "never" || resolved.subAttribute?.returned === "never") {
    throw refused(path, "cannot be used in a filter");
  }
  return { resolved, names: schema.core.id === urns.group ? groupNames : userNames };
}

/** RFC 7644 §3.10 wants the URN in front of an extension's attribute, and Entra asks for `manager` without. */
function withoutUrn(path: AttributePath, schema: ResourceSchema): ResolvedPath | null {
  if (path.schema !== null) return null;
  for (const { id } of schema.extensions) {
    const resolved = resolveAttribute(schema, { ...path, schema: id });
    if (resolved) return resolved;
  }
  return null;
}

function spelled({ schema, attribute, subAttribute }: AttributePath): string {
  return `${schema === null ? "" : `${schema}:`}${attribute}${subAttribute === null ? "" : `.${subAttribute}`}`;
}

export function refused(path: AttributePath, reason: string): ScimError {
  return badRequest("invalidFilter", `"${spelled(path)}" ${reason}.`);
}
