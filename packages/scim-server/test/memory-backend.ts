import { randomUUID } from "node:crypto";
import type {
  ChangeDetails,
  FilterAttribute,
  FilterCondition,
  FilterOperator,
  GroupInput,
  GroupRecord,
  ListQuery,
  ListResult,
  ResourceStore,
  ScimBackend,
  ScimStore,
  UserInput,
  UserRecord,
} from "../src/backend.ts";
import { badRequest, conflict } from "../src/errors.ts";
import { notFilterable } from "../src/filter-conditions.ts";

/** The smallest application that the engine can serve: one tenant, one token, everything in memory. */
export class MemoryBackend implements ScimBackend<string> {
  readonly users = new Map<string, UserRecord>();
  readonly groups = new Map<string, GroupRecord>();
  readonly members = new Map<string, Set<string>>();
  /** How often all members of a group were read. */
  membersRead = 0;
  readonly changes: string[] = [];
  hashPassword: ((password: string) => Promise<string>) | null = null;
  #position = 0;

  async authenticate(token: string): Promise<string | null> {
    return token === "secret" ? "client" : null;
  }

  toScimError(error: unknown) {
    return error instanceof RangeError ? conflict(error.message) : null;
  }

  openStore(): ScimStore {
    const { hashPassword } = this;
    const store: ScimStore = {
      users: {
        ...this.#resources(
          this.users,
          ({ userName }) => userName,
          ({ passwordHash, ...input }: UserInput) => {
            this.changes.push(`password ${passwordHash}`);
            return input;
          },
        ),
        ...(hashPassword ? { hashPassword: (password: string) => hashPassword(password) } : {}),
      },
      groups: {
        ...this.#resources(
          this.groups,
          ({ displayName }) => displayName,
          (input: GroupInput) => input,
        ),
        changeMembers: async (id, steps) => {
          const members = this.members.get(id) ?? new Set();
          for (const { kind, userIds } of steps) {
            this.changes.push(`${kind} ${userIds.length}`);
            for (const userId of userIds)
              if (!this.users.has(userId)) throw badRequest("invalidValue", `No such user: ${userId}.`);
            if (kind === "replace") members.clear();
            for (const userId of userIds) kind === "remove" ? members.delete(userId) : members.add(userId);
          }
          this.members.set(id, members);
        },
        membersOf: async (ids) => {
          this.membersRead++;
          const of = (id: string) =>
            [...(this.members.get(id) ?? [])].map((user) => ({ id: user, name: user }));
          return new Map(ids.map((id) => [id, of(id)]));
        },
      },
      transaction: (work) => work(store),
    };
    return store;
  }

  #resources<Input extends object, Stored extends UserRecord | GroupRecord>(
    rows: Map<string, Stored>,
    nameOf: (row: Stored) => string,
    stored: (input: Input) => object,
  ): ResourceStore<Input, Stored> {
    const refuseTaken = (row: Stored) => {
      for (const other of rows.values())
        if (other.id !== row.id && nameOf(other).toLowerCase() === nameOf(row).toLowerCase())
          throw new RangeError(`${nameOf(row)} is taken.`);
    };
    const get = async (id: string) => rows.get(id) ?? null;
    return {
      get,
      lock: get,
      list: async (query) => page([...rows.values()], query),
      create: async (input, { changed }: ChangeDetails) => {
        const now = Date.now();
        const base = {
          id: randomUUID(),
          version: 1,
          position: ++this.#position,
          createdAt: now,
          updatedAt: now,
        };
        const row = { ...base, ...stored(input) } as Stored;
        refuseTaken(row);
        rows.set(row.id, row);
        this.changes.push(`create ${changed.join(" ")}`);
        return row;
      },
      update: async (before, changes, { changed }) => {
        const row = { ...before, ...stored(changes as Input), version: before.version + 1 } as Stored;
        refuseTaken(row);
        rows.set(row.id, row);
        this.changes.push(`update ${changed.join(" ")}`);
        return row;
      },
      remove: async (id) => {
        rows.delete(id);
      },
    };
  }
}

function page<Stored extends UserRecord | GroupRecord>(
  rows: Stored[],
  { where, sort, from, limit }: ListQuery,
): ListResult<Stored> {
  const found = rows.filter((row) => where === null || holds(where, row));
  if (sort) {
    const key = (row: Stored) => String(fieldOf(sort.by, row));
    found.sort((one, other) => key(one).localeCompare(key(other)) * (sort.descending ? -1 : 1));
  }
  const start =
    "offset" in from ? from.offset : found.filter(({ position }) => position <= from.after).length;
  return { items: found.slice(start, start + limit), total: found.length };
}

function holds(condition: FilterCondition, row: UserRecord | GroupRecord): boolean {
  switch (condition.kind) {
    case "all":
      return condition.conditions.every((one) => holds(one, row));
    case "any":
      return condition.conditions.some((one) => holds(one, row));
    case "not":
      return !holds(condition.condition, row);
    case "some":
      throw notFilterable(condition.list);
    case "present":
      return ![undefined, null, ""].includes(searched(condition.attribute, row) as string);
    case "compare": {
      const { attribute, operator, value } = condition;
      const [left, right] = [searched(attribute, row), value].map((one) =>
        typeof one === "string" && !attribute.caseExact ? one.toLowerCase() : one,
      );
      const compares = comparisons[operator];
      if (!compares) throw notFilterable(attribute);
      return typeof left === typeof right && compares(left, right);
    }
  }
}

/** The operators that this application can search with. */
const comparisons: Partial<Record<FilterOperator, (left: unknown, right: unknown) => boolean>> = {
  eq: (left, right) => left === right,
  co: (left, right) => String(left).includes(String(right)),
  sw: (left, right) => String(left).startsWith(String(right)),
};

function searched(attribute: FilterAttribute, row: UserRecord | GroupRecord): unknown {
  const value = fieldOf(attribute.name, row);
  if (value === undefined) throw notFilterable(attribute);
  return value;
}

/** The attributes that this application can search and sort by. */
function fieldOf(name: string, row: UserRecord | GroupRecord): unknown {
  const { attributes = {}, ...columns } = { ...row } as Partial<UserRecord>;
  const values: Record<string, unknown> = {
    title: null,
    ...attributes,
    ...columns,
    "meta.created": row.createdAt,
    "meta.lastModified": row.updatedAt,
  };
  return values[name];
}
