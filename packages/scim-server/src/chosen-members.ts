/**
 * The members of a group that a filter chooses: `members[value eq "…"]`. Nothing here reads the members of a group, which may
 * have 50,000: a filter becomes ids, or a step that asks the store for those that it names.
 */
import type { GroupStore, MemberStep } from "./backend.ts";
import { badRequest } from "./errors.ts";
import type { Filter } from "./grammar.ts";
import { isEmpty, plainValue } from "./input.ts";
import type { Attribute } from "./schema.ts";

/** The resource that a `$ref` names: an absolute or a relative URI, or only the id. */
export function referenceOf(ref: string): { id: string | undefined; isGroup: boolean } {
  const [, id] = /([^/]+)\/*$/.exec(ref) ?? [];
  return { id, isGroup: /(?:^|\/)groups\//i.test(ref) };
}

/** Some ids, or all ids except some: a filter can name the members that it does not choose. */
interface IdSet {
  ids: ReadonlySet<string>;
  isExcept: boolean;
}

const everyone: IdSet = { ids: new Set(), isExcept: true };
const noOne: IdSet = { ids: new Set(), isExcept: false };

/** The members with a name, by the name. */
type NamedMembers = ReadonlyMap<string, ReadonlySet<string>>;

/** A change of the members that a filter chooses. The store knows who they are. */
export interface ChosenStep {
  kind: "remove-chosen" | "replace-chosen";
  attribute: Attribute;
  where: Filter;
  /** The users who replace the chosen members. */
  userIds: readonly string[];
}

/** A change of members: of those that it names by their ids, or of those that a filter chooses. */
export type GroupStep = MemberStep | ChosenStep;

/**
 * The change of the members that `members[…]` chooses: they are removed, or replaced by one user. It is a step that names
 * ids if the filter does. Throws badRequest for a filter that does not compare by `eq` or `ne`.
 * @param replacement the user who replaces them; null removes them.
 */
export function chosenStep(
  attribute: Attribute,
  where: Filter,
  replacement: readonly string[] | null,
): GroupStep {
  const names = namesIn(where);
  const { ids, isExcept } = chosen(attribute, where, new Map());
  if (replacement) {
    if (replacement.length !== 1)
      throw badRequest("invalidValue", "A member chosen by a filter is replaced by one member.");
    return { kind: "replace-chosen", attribute, where, userIds: replacement };
  }
  if (names.length > 0) return { kind: "remove-chosen", attribute, where, userIds: [] };
  if (!isExcept) return { kind: "remove", userIds: [...ids] };
  if (ids.size === 0) return { kind: "replace", userIds: [] };
  return { kind: "remove-chosen", attribute, where, userIds: [] };
}

/**
 * The steps that name ids, for a group whose earlier changes are made. Throws badRequest `noTarget` if the filter names a
 * person by `display`, or the member to replace, and no member matches: the client has to learn that it changed nothing.
 */
export async function resolveChosen(
  groups: GroupStore,
  groupId: string,
  step: ChosenStep,
): Promise<MemberStep[]> {
  const { kind, attribute, where, userIds } = step;
  const names = namesIn(where);
  const named = new Map<string, Set<string>>();
  for (const { id, name } of names.length > 0 ? await find(groups, groupId, { names }) : []) {
    named.set(name, (named.get(name) ?? new Set()).add(id));
  }
  const { ids, isExcept } = chosen(attribute, where, named);
  const isRemoval = kind === "remove-chosen";
  const found = isRemoval && !isExcept ? [...ids] : await membersAmong(groups, groupId, [...ids]);
  if (isExcept) return [{ kind: "replace", userIds: [...found, ...userIds] }];
  if (found.length === 0) throw badRequest("noTarget", "No member of the group matches the filter.");
  const removal = { kind: "remove" as const, userIds: found };
  return isRemoval ? [removal] : [removal, { kind: "add", userIds }];
}

async function membersAmong(groups: GroupStore, groupId: string, ids: string[]): Promise<string[]> {
  if (ids.length === 0) return [];
  return (await find(groups, groupId, { ids })).map(({ id }) => id);
}

async function find(groups: GroupStore, groupId: string, by: { ids: string[] } | { names: string[] }) {
  if (!groups.findMembers) throw badRequest("invalidPath", "Members are only chosen by their value here.");
  return await groups.findMembers(groupId, by);
}

/** The members that a filter chooses. Throws badRequest for a filter that cannot be answered without reading them. */
function chosen(attribute: Attribute, where: Filter, named: NamedMembers): IdSet {
  switch (where.kind) {
    case "and":
      return intersection(where.operands.map((operand) => chosen(attribute, operand, named)));
    case "or":
      return complement(
        intersection(where.operands.map((operand) => complement(chosen(attribute, operand, named)))),
      );
    case "not":
      return complement(chosen(attribute, where.operand, named));
    case "present":
      // Every member is shown with each sub-attribute.
      partNamed(attribute, where.path.attribute);
      return everyone;
    case "compare": {
      const { name } = partNamed(attribute, where.path.attribute);
      const { operator, value } = where;
      if (operator !== "eq" && operator !== "ne") {
        throw badRequest("invalidPath", "Members are chosen by eq and ne, joined by and, or and not.");
      }
      const equal = value === null ? noOne : equalTo(name, String(plainText(name, value)), named);
      return operator === "eq" ? equal : complement(equal);
    }
    case "element":
      throw badRequest("invalidPath", "A value filter cannot hold another one.");
  }
}

function equalTo(name: string, value: string, named: NamedMembers): IdSet {
  if (name === "display") return { ids: named.get(value) ?? new Set(), isExcept: false };
  // Groups do not hold groups.
  if (name === "type") return value.toLowerCase() === "user" ? everyone : noOne;
  if (name === "value") return { ids: new Set([value]), isExcept: false };
  const { id, isGroup } = referenceOf(value);
  return id === undefined || isGroup ? noOne : { ids: new Set([id]), isExcept: false };
}

function plainText(name: string, value: string | number | boolean): string {
  const text = plainValue("string", value);
  if (text === undefined) throw badRequest("invalidPath", `members.${name} is compared with a string.`);
  return String(text);
}

function partNamed({ name, subAttributes = [] }: Attribute, spelled: string): Attribute {
  const found = subAttributes.find((sub) => sub.name.toLowerCase() === spelled.toLowerCase());
  if (!found) throw badRequest("invalidPath", `${name} has no sub-attribute "${spelled}".`);
  return found;
}

/** The names that a filter compares `display` with. */
function namesIn(where: Filter): string[] {
  if (where.kind === "and" || where.kind === "or") return where.operands.flatMap(namesIn);
  if (where.kind === "not") return namesIn(where.operand);
  const isName = where.kind === "compare" && where.path.attribute.toLowerCase() === "display";
  return isName && !isEmpty(where.value) ? [String(where.value)] : [];
}

function complement({ ids, isExcept }: IdSet): IdSet {
  return { ids, isExcept: !isExcept };
}

/** Reads each id once, because a filter may name several hundred. */
function intersection(sets: readonly IdSet[]): IdSet {
  const excluded = new Set(sets.filter(({ isExcept }) => isExcept).flatMap(({ ids }) => [...ids]));
  const [first, ...others] = sets.filter(({ isExcept }) => !isExcept);
  if (!first) return { ids: excluded, isExcept: true };
  const ids = [...first.ids].filter((id) => !excluded.has(id) && others.every((other) => other.ids.has(id)));
  return { ids: new Set(ids), isExcept: false };
}
