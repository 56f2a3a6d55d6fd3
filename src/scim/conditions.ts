import type { FilterAttribute, FilterCondition, FilterOperand } from "scim-server/backend";
import { notFilterable } from "scim-server/filter-conditions";
import type { Condition, ConditionField, ConditionList, RowColumn } from "../store/conditions.ts";
import { nameKey, textKey } from "../store/text-keys.ts";

type ElementField = ConditionField & { in: "element" };

interface OutsideList {
  list: ConditionList;
  /** The sub-attributes that can be compared. */
  fields: Record<string, ElementField>;
  /** The user's document has the list, too, with all sub-attributes: a search that needs them reads it there. */
  inDocument?: true;
}

interface Columns {
  rows: Record<string, RowColumn>;
  /** Lists that have tables of their own. */
  lists: Record<string, OutsideList>;
}

const common: Record<string, RowColumn> = {
  id: "id",
  externalId: "sourceKey",
  "meta.created": "createdAt",
  "meta.lastModified": "updatedAt",
  "meta.version": "version",
};

const idsOf = (relation: "groups" | "members"): OutsideList => ({
  list: { in: "relation", relation },
  // Our own ids compare exactly, even where the schema ignores case: an id in another case is another id (RFC 7643 §3.1).
  fields: { value: { in: "element", path: ["value"], exact: true } },
});

const groupsOfUser = idsOf("groups");
groupsOfUser.fields.display = { in: "element", path: ["display"], exact: false };

const columnsOf: Record<"users" | "groups", Columns> = {
  users: {
    rows: { ...common, userName: "loginName", active: "active" },
    lists: {
      groups: groupsOfUser,
      roles: {
        list: { in: "relation", relation: "roles" },
        fields: { value: { in: "element", path: ["value"], exact: false } },
        inDocument: true,
      },
    },
  },
  groups: { rows: { ...common, displayName: "displayName" }, lists: { members: idsOf("members") } },
};

/** Maps the attributes of a filter to the places where the store has them. Throws badRequest for those that have none. */
export function toCondition(condition: FilterCondition, table: "users" | "groups"): Condition {
  return mapped(condition, { columns: columnsOf[table], list: null });
}

interface Place {
  columns: Columns;
  /** The list whose elements the condition is about. */
  list: FilterAttribute | null;
}

function mapped(condition: FilterCondition, place: Place): Condition {
  switch (condition.kind) {
    case "all":
    case "any":
      return { kind: condition.kind, conditions: condition.conditions.map((one) => mapped(one, place)) };
    case "not":
      return { kind: "not", condition: mapped(condition.condition, place) };
    case "some": {
      const { list, where } = condition;
      const inside = { ...placeOf(condition, place), list };
      return { kind: "some", list: listOf(list, inside), where: mapped(where, inside) };
    }
    case "present":
      return presence(condition.attribute, place);
    case "compare": {
      const { attribute, operator, value } = condition;
      const field = fieldOf(attribute, place);
      return { kind: "compare", field, operator, value: operandFor(field, attribute, value) };
    }
  }
}

/** Where the elements of a list are: in their table, which has an index, unless the search needs more than it has. */
function placeOf({ list, where }: FilterCondition & { kind: "some" }, place: Place): Place {
  const outside = place.columns.lists[list.name];
  const isCovered = (one: FilterCondition): boolean => {
    if (one.kind === "not") return isCovered(one.condition);
    if (one.kind !== "compare" && one.kind !== "present")
      return "conditions" in one && one.conditions.every(isCovered);
    return outside?.fields[one.attribute.path.at(-1) ?? ""] !== undefined;
  };
  if (!outside?.inDocument || isCovered(where)) return place;
  const { [list.name]: _table, ...lists } = place.columns.lists;
  return { ...place, columns: { ...place.columns, lists } };
}

/** A list outside the document has elements or it has not; there is no value of the whole. */
function presence(attribute: FilterAttribute, place: Place): Condition {
  const outside = place.list === null ? place.columns.lists[attribute.name] : undefined;
  if (!outside) return { kind: "present", field: fieldOf(attribute, place) };
  const { list, fields } = outside;
  return { kind: "some", list, where: { kind: "present", field: fields.value as ElementField } };
}

function listOf({ name, path }: FilterAttribute, { columns }: Place): ConditionList {
  return columns.lists[name]?.list ?? { in: "document", path };
}

function fieldOf(attribute: FilterAttribute, { columns, list }: Place): ConditionField {
  const { name, path, type, caseExact: exact } = attribute;
  const column = columns.rows[name];
  if (column !== undefined) return { in: "row", column };
  if (path[0] === "meta" || type === "dateTime") throw notFilterable(attribute);
  if (!list) return { in: "document", path, exact };
  const inElement = path.slice(list.path.length);
  const outside = columns.lists[list.name];
  if (!outside) return { in: "element", path: inElement, exact };
  const field = outside.fields[inElement[0] ?? ""];
  if (!field) throw notFilterable(attribute);
  return field;
}

/** Texts whose case does not count are compared in the form in which the store keeps them (text-keys.ts). */
function operandFor(
  field: ConditionField,
  { caseExact, name }: FilterAttribute,
  value: FilterOperand,
): FilterOperand {
  const isExact = field.in === "row" ? caseExact : field.exact;
  if (typeof value !== "string" || isExact) return value;
  // Login names, names of groups, and the names of a user's groups.
  const isUniqueName = field.in === "row" || name === "groups.display";
  return isUniqueName ? nameKey(value) : textKey(value);
}
