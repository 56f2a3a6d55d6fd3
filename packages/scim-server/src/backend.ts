/**
 * The port of the engine. An application implements ScimBackend over its own tables and hands it to scimRouter().
 *
 * The engine reads and checks requests, applies PATCH, evaluates filters into a tree of conditions, and writes answers.
 * The application finds out who calls, stores users and groups, and turns conditions into queries.
 */
import type { Request } from "express";
import type { ScimError } from "./errors.ts";
import type { Attribute, ScimSchemas } from "./schema.ts";

/** @typeParam Caller the application's type for a client, for example with its tenant and its token's id. */
export interface ScimBackend<Caller> {
  /** Finds the caller by the token of the Authorization header; null refuses the call. The body is not parsed yet. */
  authenticate(token: string): Promise<Caller | null>;
  /** Refuses a caller before the body is parsed, for example by tooManyRequests() of errors.ts. */
  admit?(caller: Caller): Promise<void>;
  /** The schemas of this caller, from defineSchemas(), if they are not those of the router: a customer may require less. */
  schemasOf?(caller: Caller): ScimSchemas;
  /** The store of one call. It reads and changes only what belongs to this caller. */
  openStore(caller: Caller, request: Request): ScimStore;
  /** Turns the application's own errors into answers; null becomes 500. See errors.ts: conflict(), unavailable(), … */
  toScimError?(error: unknown): ScimError | null;
}

export interface ScimStore {
  readonly users: UserStore;
  readonly groups: GroupStore;
  /**
   * Runs `work` in a transaction, with a store of the same caller. All of it is rolled back if `work` throws. The
   * application may run `work` again after a conflict: it changes nothing but the store.
   */
  transaction<T>(work: (store: ScimStore) => Promise<T>): Promise<T>;
}

/** The users or the groups of one caller. */
export interface ResourceStore<Input, Stored> {
  /** Null if the caller has no such resource. */
  get(id: string, wants: Wants): Promise<Stored | null>;
  /** As get, inside a transaction: no one else may change the resource until it ends (`select … for update`). */
  lock(id: string, wants: Wants): Promise<Stored | null>;
  list(query: ListQuery): Promise<ListResult<Stored>>;
  /**
   * Throws conflict() if a unique value is taken. It may return an inactive user with the same externalId instead of a new
   * one, if the application's own conditions hold: Okta creates a person again who was unassigned and renamed.
   */
  create(input: Input, details: ChangeDetails): Promise<Stored>;
  /**
   * Changes a locked resource and raises its version, even if `changes` is empty. A member that is absent stays as it is.
   * Throws conflict() as create does.
   */
  update(before: Stored, changes: Partial<Input>, details: ChangeDetails): Promise<Stored>;
  /** Deletes a locked resource. */
  remove(id: string): Promise<void>;
}

export interface UserStore extends ResourceStore<UserInput, UserRecord> {
  /**
   * Hashes a password that a client sent. The engine calls this before the transaction begins, because a good hash is
   * slow, and hands the result to create or update. Null changes nothing: the user has this password already.
   *
   * Without this method passwords are dropped. That is the right choice for most applications: Okta always sends a
   * password, and a random one if password sync is off.
   * @param userId null for a new user.
   */
  hashPassword?(password: string, userId: string | null): Promise<string | null>;
  /**
   * Is told about roles and entitlements of a request that the application does not have. The request is then carried out
   * without them. Without this method it is refused. Validators of identity providers send random roles.
   * @param problem a sentence for the customer's administrators.
   */
  onUnknownIgnored?(problem: string): void;
}

export interface GroupStore extends ResourceStore<GroupInput, GroupRecord> {
  /**
   * Applies the steps in order, without loading the group's members: a group may have 50,000. To add a member or remove
   * someone who is not a member is not an error. Throws badRequest() for an id that is not a user's.
   */
  changeMembers(id: string, steps: readonly MemberStep[]): Promise<void>;
  /**
   * Every member of each group, by the group's id. Called only if the answer shows members.
   * @param limit no more members than this are needed; absent if all are.
   */
  membersOf(ids: readonly string[], limit?: number): Promise<ReadonlyMap<string, readonly MemberRecord[]>>;
  /**
   * The members of a group among some ids, or with one of some names, without loading the others. Without this method the
   * engine refuses a PATCH that chooses members by `display`, or all members except some.
   */
  findMembers?(
    id: string,
    by: { ids: readonly string[] } | { names: readonly string[] },
  ): Promise<readonly MemberRecord[]>;
}

/**
 * Whether the answer shows a top-level attribute of the core schema ("groups"). A store may leave out what is expensive to
 * look up and not wanted; it may also ignore this.
 */
export type Wants = (attribute: string) => boolean;

export interface ChangeDetails {
  /** Names of the top-level attributes that the request sets, for an audit log. */
  changed: readonly string[];
  /** The attributes that the returned resource has to have. */
  wants: Wants;
}

/** The members that every stored resource has. */
interface StoredResource {
  id: string;
  /** The client's own id of the resource; null if it gave none. Several resources may have the same (RFC 7643 §3.1). */
  externalId: string | null;
  /** Milliseconds since the epoch. */
  createdAt: number;
  updatedAt: number;
  /** Grows with each change: the entity tag (RFC 7644 §3.14). */
  version: number;
  /** Grows with each new resource and never changes, as a serial number does: the order of lists, and of cursors. */
  position: number;
}

export interface UserRecord extends StoredResource {
  userName: string;
  active: boolean;
  /** All other attributes, as SCIM nests them: `name`, `emails`, and an extension's under its URN. */
  attributes: Record<string, unknown>;
  /** The groups that the user is a direct member of; needed only if wanted. */
  groups?: readonly { id: string; displayName: string }[];
  /** The roles that clients gave. */
  roles?: readonly AssignedValue[];
  entitlements?: readonly AssignedValue[];
}

/** A role or an entitlement of a user, with what the client says about it (RFC 7643 §2.4). */
export interface AssignedValue {
  /** An id that defineSchemas() knows. Several elements may have the same one, with different types. */
  value: string;
  display?: string;
  type?: string;
  primary?: boolean;
}

export interface UserInput {
  userName: string;
  active: boolean;
  externalId: string | null;
  /** The whole document: an attribute that it lacks was removed. Names are spelled as the schema spells them. */
  attributes: Record<string, unknown>;
  /** They replace those of before. */
  roles: readonly AssignedValue[];
  entitlements: readonly AssignedValue[];
  /** The result of hashPassword(); null leaves the password alone. */
  passwordHash: string | null;
}

export interface GroupRecord extends StoredResource {
  displayName: string;
}

export interface GroupInput {
  displayName: string;
  externalId: string | null;
}

export interface MemberRecord {
  /** The user's id. */
  id: string;
  /** What `display` shows. */
  name: string;
}

/** One step of a change of members; `replace` removes everyone else. */
export interface MemberStep {
  kind: "add" | "remove" | "replace";
  userIds: readonly string[];
}

export interface ListQuery {
  /** Null finds every resource. */
  where: FilterCondition | null;
  /** Null for the order of `position`. */
  sort: { by: SortAttribute; descending: boolean } | null;
  /** `after` continues behind the resource with that position. It comes without `sort`. */
  from: { offset: number } | { after: number };
  /** How many resources to return; 0 asks for the total alone. */
  limit: number;
  wants: Wants;
}

export type SortAttribute = "id" | "userName" | "displayName" | "meta.created" | "meta.lastModified";

/**
 * A filter as a question to the stored resources: attributes exist, operands have the attribute's type, and the special
 * rules of SCIM for lists, `ne` and null are resolved. A store maps attributes to its columns and makes a query of it.
 *
 * Each part is true or false, never unknown: a comparison with a value that is absent is false, and its negation is true.
 */
export type FilterCondition =
  /** Without conditions, `all` is true and `any` is false. */
  | { kind: "all" | "any"; conditions: readonly FilterCondition[] }
  | { kind: "not"; condition: FilterCondition }
  | { kind: "compare"; attribute: FilterAttribute; operator: FilterOperator; value: FilterOperand }
  /** The attribute has a value, and it is not empty. */
  | { kind: "present"; attribute: FilterAttribute }
  /** One element of `list` satisfies all of `where`, whose attributes are the list's sub-attributes. */
  | { kind: "some"; list: FilterAttribute; where: FilterCondition };

/** `ne` is the negation of `eq`. `co`, `sw` and `ew` come with strings only. */
export type FilterOperator = "eq" | "co" | "sw" | "ew" | "gt" | "ge" | "lt" | "le";

/** Times are in milliseconds since the epoch. */
export type FilterOperand = string | number | boolean;

/** An attribute that a condition asks for. */
export interface FilterAttribute {
  /**
   * As the schema spells it: "userName", "emails.value", "urn:…:User:department", "meta.created". A URN alone is a whole
   * extension, which only `present` asks for. "meta.version" is a number: the version of the stored resource.
   */
  name: string;
  /** Where it is in the resource: ["emails", "value"], ["urn:…:User", "department"]. */
  path: readonly string[];
  type: Attribute["type"];
  /** Whether case counts when it is compared (RFC 7643 §2.2). */
  caseExact: boolean;
  /** As the request spelled it, for messages. */
  spelled: string;
}

export interface ListResult<Stored> {
  items: readonly Stored[];
  /** How many resources the condition finds in all. */
  total: number;
}
