import { withReferences } from "./bulk-references.ts";
import { bulkLimits } from "./discovery.ts";
import { badRequest, errorBody, notFound, ScimError } from "./errors.ts";
import { tidyPath } from "./exchange.ts";
import { membersOf } from "./grammar.ts";
import { createGroup, deleteGroup, patchGroupById, replaceGroup } from "./groups.ts";
import { checkMessageType, isEmpty } from "./input.ts";
import type { ScimCall, ScimOperation, ScimResponse } from "./operation.ts";
import { type ResourceSchema, urns } from "./schema.ts";
import { patchUserById, replaceUser } from "./user-changes.ts";
import { createUser, deleteUser } from "./users.ts";

/** The operations that a Bulk request may hold: the same functions that the router calls. */
const bulkOperations: Record<string, ScimOperation> = {
  "POST /Users": createUser,
  "PUT /Users/{id}": replaceUser,
  "PATCH /Users/{id}": patchUserById,
  "DELETE /Users/{id}": deleteUser,
  "POST /Groups": createGroup,
  "PUT /Groups/{id}": replaceGroup,
  "PATCH /Groups/{id}": patchGroupById,
  "DELETE /Groups/{id}": deleteGroup,
};

interface BulkOperation {
  /** In capitals; empty if none was sent. */
  method: string;
  /** "/Users" or "/Users/{id}", of users or groups; empty if the request names no such path. */
  path: string;
  bulkId: string | null;
  version: string | null;
  data: unknown;
  /** Why the operation cannot be carried out; null if it can be tried. */
  problem: ScimError | null;
}

interface BulkRequest {
  operations: BulkOperation[];
  failOnErrors: number | null;
}

type BulkResult = Record<string, unknown> & { status: string };

/**
 * POST /Bulk (RFC 7644 §3.7): carries out the operations in their order, each on its own, but first those that create what
 * an operation refers to by `bulkId:name`. Answers in the order of the request. Stops after `failOnErrors` failures.
 * @param toScimError turns what an operation threw into its error answer.
 */
export async function carryOutBulk(
  call: ScimCall,
  body: unknown,
  toScimError: (error: unknown) => ScimError,
): Promise<ScimResponse> {
  const results = await new BulkRun(call, parse(body, call.baseUrl), toScimError).results();
  return { status: 200, body: { schemas: [urns.bulkResponse], Operations: results } };
}

class BulkRun {
  private readonly call: ScimCall;
  private readonly request: BulkRequest;
  private readonly toScimError: (error: unknown) => ScimError;
  /** The operations that a bulkId can stand for: one, unless the client breaks the rule of RFC 7644 §3.7. */
  private readonly named = new Map<string, BulkOperation[]>();
  /** The ids of the resources that operations with a bulkId created or changed. */
  private readonly ids = new Map<BulkOperation, string>();
  private readonly answers = new Map<BulkOperation, BulkResult>();
  /** Operations that have begun: each waits for those that it refers to. */
  private readonly begun = new Set<BulkOperation>();
  private failures = 0;

  constructor(call: ScimCall, request: BulkRequest, toScimError: (error: unknown) => ScimError) {
    this.call = call;
    this.request = request;
    this.toScimError = toScimError;
    // A bulkId names a new resource, so the operations that create one come before those that repeat the name.
    const isCreation = ({ method }: BulkOperation) => method === "POST";
    for (const operation of request.operations) {
      if (operation.bulkId === null) continue;
      const known = this.named.get(operation.bulkId) ?? [];
      const isBetter = isCreation(operation) && !known.some(isCreation);
      if (known.length === 0 || isBetter) this.named.set(operation.bulkId, [operation]);
      else if (isCreation(operation) || !known.some(isCreation)) known.push(operation);
    }
  }

  async results(): Promise<BulkResult[]> {
    for (const operation of this.request.operations) await this.run(operation);
    return this.request.operations.flatMap((operation) => this.answers.get(operation) ?? []);
  }

  private async run(operation: BulkOperation): Promise<void> {
    if (this.begun.has(operation)) return;
    this.begun.add(operation);
    for (const name of this.namesIn(operation)) await this.runFor(name);
    const { failOnErrors } = this.request;
    if (failOnErrors !== null && this.failures >= failOnErrors) return;
    try {
      this.answers.set(operation, await this.carryOut(operation));
    } catch (error) {
      this.failures++;
      this.answers.set(operation, this.failed(operation, this.toScimError(error)));
    }
  }

  private async runFor(name: string): Promise<void> {
    for (const operation of this.named.get(name) ?? []) await this.run(operation);
  }

  private namesIn(operation: BulkOperation): string[] {
    const names = new Set<string>();
    withReferences(operation, this.schemaOf(operation), (name) => {
      names.add(name);
      return name;
    });
    return [...names];
  }

  private schemaOf({ path }: BulkOperation): ResourceSchema {
    const { user, group } = this.call.schemas;
    return path.startsWith("/Groups") ? group : user;
  }

  /**
   * Throws ScimError for a name that stands for no resource (RFC 7644 §3.7.1: 409 for a circular reference), and for one that
   * could stand for several: a group must not get the wrong person.
   */
  private idOf(name: string): string {
    const [operation, ...others] = this.named.get(name) ?? [];
    if (!operation)
      throw badRequest("invalidValue", `No operation of this request has the bulkId "${name}".`);
    const id = others.length > 0 ? undefined : this.ids.get(operation);
    if (id !== undefined) return id;
    throw new ScimError(409, null, this.reasonAgainst(name, [operation, ...others]));
  }

  private reasonAgainst(name: string, operations: readonly BulkOperation[]): string {
    if (operations.length > 1) return `More than one operation of this request has the bulkId "${name}".`;
    return operations.every((operation) => this.answers.has(operation))
      ? `The operation with the bulkId "${name}" created no resource.`
      : `The operation with the bulkId "${name}" waits for this one: the references are circular.`;
  }

  private async carryOut(operation: BulkOperation): Promise<BulkResult> {
    const { method, bulkId, version, problem } = operation;
    if (problem) throw problem;
    const resolve = (name: string) => this.idOf(name);
    const { path, data } = withReferences(operation, this.schemaOf(operation), resolve);
    const [, list, id] = /^(\/(?:Users|Groups))(?:\/([^/]+))?$/.exec(path) ?? [];
    const carriesOut = bulkOperations[`${method} ${list}${id === undefined ? "" : "/{id}"}`];
    if (!carriesOut) throw new ScimError(405, null, `${method} is not offered here.`);
    const request = { id: decoded(id ?? ""), query: {}, body: data, ifMatch: version, ifNoneMatch: null };
    const answer = await carriesOut(this.call, request);
    const created = answer.body?.id ?? request.id;
    if (bulkId !== null && typeof created === "string" && method !== "DELETE")
      this.ids.set(operation, created);
    return {
      method,
      ...(bulkId === null ? {} : { bulkId }),
      ...(answer.version === undefined ? {} : { version: answer.version }),
      location: answer.location ?? this.call.baseUrl + path,
      status: String(answer.status),
    };
  }

  /** RFC 7644 §3.7.3: every result has its resource's URL, except that of a POST that failed. */
  private failed(operation: BulkOperation, error: ScimError): BulkResult {
    const { method, bulkId, path } = operation;
    const known = withReferences({ method, path, data: null }, this.schemaOf(operation), (name) => {
      const [only, ...others] = this.named.get(name) ?? [];
      return (only && others.length === 0 && this.ids.get(only)) || `bulkId:${name}`;
    });
    return {
      ...(method === "" ? {} : { method }),
      ...(bulkId === null ? {} : { bulkId }),
      ...(method === "POST" || path === "" ? {} : { location: this.call.baseUrl + known.path }),
      status: String(error.status),
      response: errorBody(error),
    };
  }
}

/** No resource has an id that cannot be decoded, or that a database cannot be asked for. */
function decoded(id: string): string {
  try {
    const text = decodeURIComponent(id);
    if (!text.includes("\0")) return text;
  } catch {
    // Not a percent-encoding.
  }
  throw notFound("There is no such resource.");
}

/** Throws badRequest for a request that is not understood as a whole. As elsewhere, `schemas` may be absent or empty. */
function parse(body: unknown, baseUrl: string): BulkRequest {
  const { schemas, operations, failonerrors } = membersOf(body, "The body");
  const failOnErrors = isEmpty(failonerrors) ? null : failonerrors;
  checkMessageType(schemas, urns.bulkRequest);
  if (!Array.isArray(operations)) throw badRequest("invalidSyntax", "Operations must be a list.");
  if (operations.length > bulkLimits.maxOperations) {
    throw new ScimError(413, null, `At most ${bulkLimits.maxOperations} operations fit in one request.`);
  }
  if (failOnErrors !== null && !(Number.isInteger(failOnErrors) && Number(failOnErrors) > 0)) {
    throw badRequest("invalidValue", "failOnErrors must be a whole number above 0.");
  }
  return {
    operations: operations.map((operation) => parseOperation(operation, baseUrl)),
    failOnErrors: failOnErrors as number | null,
  };
}

/**
 * Reads one operation. One that is not understood is a failure of its own and not of the request: the others, such as the
 * deactivation of a leaver, are carried out (RFC 7644 §3.7, §3.7.3).
 */
function parseOperation(operation: unknown, baseUrl: string): BulkOperation {
  const read: BulkOperation = {
    method: "",
    path: "",
    bulkId: null,
    version: null,
    data: null,
    problem: null,
  };
  try {
    const { method, path, bulkid: bulkId, version, data } = membersOf(operation, "The operation");
    read.data = data;
    read.version = typeof version === "string" && version !== "" ? version : null;
    read.method = typeof method === "string" ? method.toUpperCase() : "";
    read.bulkId = nameOf(bulkId);
    if (read.method === "")
      throw badRequest("invalidSyntax", "The operation needs a method: POST, PUT, PATCH or DELETE.");
    read.path = pathOf(path, baseUrl);
  } catch (error) {
    if (!(error instanceof ScimError)) throw error;
    read.problem = error;
  }
  return read;
}

/** A bulkId; null if there is none. Some clients number their operations. Throws badRequest. */
function nameOf(bulkId: unknown): string | null {
  if (isEmpty(bulkId)) return null;
  if (typeof bulkId === "string" || typeof bulkId === "number") return String(bulkId);
  throw badRequest("invalidSyntax", "bulkId has to be a text.");
}

/**
 * The path below the base URL. It is read as over HTTP, without its query, which shapes only answers that have a body. The
 * location of a resource, with or without its host, is its path, too. Throws ScimError.
 */
function pathOf(sent: unknown, baseUrl: string): string {
  if (typeof sent !== "string" || sent.trim() === "")
    throw badRequest("invalidPath", "The operation needs a path, like /Users or /Users/{id}.");
  const base = new URL(baseUrl);
  const isAbsolute = /^https?:\/\//i.test(sent) && URL.canParse(sent);
  const location = isAbsolute ? new URL(sent) : null;
  const path = location?.origin === base.origin ? location.pathname : sent;
  const tidy = tidyPath(`/${path.replace(/[?#].*$/s, "")}`);
  const prefix = `${tidyPath(base.pathname)}/`;
  const below = tidy.startsWith(prefix) ? `/${tidy.slice(prefix.length)}` : tidy;
  if (!/^\/(Users|Groups)(\/[^/]+)?$/.test(below))
    throw notFound(`Bulk has only paths like /Users and /Groups/{id}, and not "${sent.slice(0, 200)}".`);
  return below;
}
