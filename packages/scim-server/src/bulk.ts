import { withReferences } from "./bulk-references.ts";
import { bulkLimits } from "./discovery.ts";
import { badRequest, errorBody, notFound, ScimError } from "./errors.ts";
import { membersOf } from "./grammar.ts";
import { createGroup, deleteGroup, patchGroupById, replaceGroup } from "./groups.ts";
import { checkMessageType, type ScimCall, type ScimOperation, type ScimResponse } from "./operation.ts";
import { type ResourceSchema, urns } from "./schema.ts";
import { createUser, deleteUser, patchUserById, replaceUser } from "./users.ts";

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
  method: string;
  path: string;
  bulkId: string | null;
  version: string | null;
  data: unknown;
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
  const results = await new BulkRun(call, parse(body), toScimError).results();
  return { status: 200, body: { schemas: [urns.bulkResponse], Operations: results } };
}

class BulkRun {
  private readonly call: ScimCall;
  private readonly request: BulkRequest;
  private readonly toScimError: (error: unknown) => ScimError;
  /** The operations by their bulkIds: usually one each. */
  private readonly named = new Map<string, BulkOperation[]>();
  /** The ids of resources by the bulkIds of the operations that have succeeded. */
  private readonly ids = new Map<string, string>();
  private readonly answers = new Map<BulkOperation, BulkResult>();
  /** Operations that have begun: each waits for those that it refers to. */
  private readonly begun = new Set<BulkOperation>();
  private failures = 0;

  constructor(call: ScimCall, request: BulkRequest, toScimError: (error: unknown) => ScimError) {
    this.call = call;
    this.request = request;
    this.toScimError = toScimError;
    for (const operation of request.operations) {
      if (operation.bulkId === null) continue;
      const known = this.named.get(operation.bulkId);
      if (known) known.push(operation);
      else this.named.set(operation.bulkId, [operation]);
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

  /** Runs the operations with a bulkId until one of them has created a resource. */
  private async runFor(name: string): Promise<void> {
    for (const operation of this.named.get(name) ?? []) {
      if (this.ids.has(name)) return;
      await this.run(operation);
    }
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

  /** Throws ScimError for a name that stands for no resource (RFC 7644 §3.7.1: 409 for a circular reference). */
  private idOf(name: string): string {
    const id = this.ids.get(name);
    if (id !== undefined) return id;
    const operations = this.named.get(name);
    if (!operations)
      throw badRequest("invalidValue", `No operation of this request has the bulkId "${name}".`);
    const isCircular = operations.some((operation) => !this.answers.has(operation));
    throw new ScimError(
      409,
      null,
      isCircular
        ? `The operation with the bulkId "${name}" waits for this one: the references are circular.`
        : `The operation with the bulkId "${name}" created no resource.`,
    );
  }

  private async carryOut(operation: BulkOperation): Promise<BulkResult> {
    const { method, bulkId, version } = operation;
    const resolve = (name: string) => this.idOf(name);
    const { path, data } = withReferences(operation, this.schemaOf(operation), resolve);
    const [, list, id] = /^(\/(?:Users|Groups))(?:\/([^/]+))?$/.exec(path) ?? [];
    const carriesOut = bulkOperations[`${method} ${list}${id === undefined ? "" : "/{id}"}`];
    if (!carriesOut) throw new ScimError(405, null, `${method} is not offered here.`);
    const request = { id: decoded(id ?? ""), query: {}, body: data, ifMatch: version, ifNoneMatch: null };
    const answer = await carriesOut(this.call, request);
    const created = answer.body?.id ?? request.id;
    if (bulkId !== null && typeof created === "string" && method !== "DELETE") this.ids.set(bulkId, created);
    return {
      method,
      ...(bulkId === null ? {} : { bulkId }),
      ...(answer.version === undefined ? {} : { version: answer.version }),
      location: answer.location ?? this.call.baseUrl + path,
      status: String(answer.status),
    };
  }

  /** RFC 7644 §3.7.3: every result has the resource's URL, except that of a POST that failed. */
  private failed(operation: BulkOperation, error: ScimError): BulkResult {
    const { method, bulkId, path } = operation;
    const known = withReferences({ method, path, data: null }, this.schemaOf(operation), (name) => {
      return this.ids.get(name) ?? `bulkId:${name}`;
    });
    return {
      method,
      ...(bulkId === null ? {} : { bulkId }),
      ...(method === "POST" ? {} : { location: this.call.baseUrl + known.path }),
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
function parse(body: unknown): BulkRequest {
  const { schemas, operations, failonerrors: failOnErrors = null } = membersOf(body, "The body");
  checkMessageType(schemas, urns.bulkRequest);
  if (!Array.isArray(operations)) throw badRequest("invalidSyntax", "Operations must be a list.");
  if (operations.length > bulkLimits.maxOperations) {
    throw new ScimError(413, null, `At most ${bulkLimits.maxOperations} operations fit in one request.`);
  }
  if (failOnErrors !== null && !(Number.isInteger(failOnErrors) && Number(failOnErrors) > 0)) {
    throw badRequest("invalidValue", "failOnErrors must be a whole number above 0.");
  }
  return {
    operations: operations.map((operation, index) => parseOperation(operation, `Operation ${index + 1}`)),
    failOnErrors: failOnErrors as number | null,
  };
}

function parseOperation(operation: unknown, label: string): BulkOperation {
  const { method, path, bulkid: bulkId, version, data } = membersOf(operation, label);
  const verb = String(method ?? "").toUpperCase();
  if (!["POST", "PUT", "PATCH", "DELETE"].includes(verb)) {
    throw badRequest("invalidSyntax", "method must be POST, PUT, PATCH or DELETE.");
  }
  if (typeof path !== "string" || !/^\/(Users|Groups)(\/[^/]+)?$/.test(path)) {
    throw badRequest("invalidPath", "path must be like /Users or /Users/{id}, of users or groups.");
  }
  const text = (value: unknown) => (typeof value === "string" ? value : null);
  // Some clients number their operations.
  const name = typeof bulkId === "number" ? String(bulkId) : text(bulkId);
  return { method: verb, path, bulkId: name, version: text(version), data };
}
