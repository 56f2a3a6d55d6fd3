import { bulkLimits } from "./discovery.ts";
import { badRequest, errorBody, notFound, ScimError } from "./errors.ts";
import { createGroup, deleteGroup, patchGroupById, replaceGroup } from "./groups.ts";
import type { ScimCall, ScimOperation, ScimResponse } from "./operation.ts";
import { urns } from "./schema.ts";
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

type BulkResult = Record<string, unknown> & { status: string };

/**
 * POST /Bulk (RFC 7644 §3.7): carries out the operations one after the other, each on its own. An operation may refer to a
 * resource that an earlier one created by `bulkId:name`. Stops after `failOnErrors` failures.
 * @param toScimError turns what an operation threw into its error answer.
 */
export async function carryOutBulk(
  call: ScimCall,
  body: unknown,
  toScimError: (error: unknown) => ScimError,
): Promise<ScimResponse> {
  const { operations, failOnErrors } = parse(body);
  const created = new Map<string, string>();
  const results: BulkResult[] = [];
  let failures = 0;
  for (const operation of operations) {
    if (failOnErrors !== null && failures >= failOnErrors) break;
    try {
      results.push(await carryOut(call, operation, created));
    } catch (error) {
      failures++;
      results.push(failed(operation, toScimError(error)));
    }
  }
  return { status: 200, body: { schemas: [urns.bulkResponse], Operations: results } };
}

async function carryOut(
  call: ScimCall,
  operation: BulkOperation,
  created: Map<string, string>,
): Promise<BulkResult> {
  const { method, bulkId, version } = operation;
  const path = String(withIds(operation.path, created));
  const body = withIds(operation.data, created);
  const [, list, id] = /^(\/(?:Users|Groups))(?:\/([^/]+))?\/?$/.exec(path) ?? [];
  const carriesOut = bulkOperations[`${method} ${list}${id === undefined ? "" : "/{id}"}`];
  if (!carriesOut) throw new ScimError(405, null, `${method} is not offered here.`);
  const request = { id: decoded(id ?? ""), query: {}, body, ifMatch: version, ifNoneMatch: null };
  const answer = await carriesOut(call, request);
  if (bulkId !== null && typeof answer.body?.id === "string") created.set(bulkId, answer.body.id);
  return {
    method,
    ...(bulkId === null ? {} : { bulkId }),
    ...(answer.version === undefined ? {} : { version: answer.version }),
    location: answer.location ?? call.baseUrl + path,
    status: String(answer.status),
  };
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

function failed({ method, bulkId, path }: BulkOperation, error: ScimError): BulkResult {
  return {
    method,
    ...(bulkId === null ? {} : { bulkId }),
    ...(method === "POST" ? {} : { location: path }),
    status: String(error.status),
    response: errorBody(error),
  };
}

/** Replaces `bulkId:name` by the id, in every string. Throws badRequest for a name that no earlier operation has. */
function withIds(value: unknown, created: Map<string, string>): unknown {
  if (typeof value === "string") {
    return value.replace(/(^|\/)bulkId:([^/]+)$/, (_whole, before: string, name: string) => {
      const id = created.get(name);
      if (id === undefined)
        throw badRequest("invalidValue", `No operation before this one created bulkId:${name}.`);
      return before + id;
    });
  }
  if (Array.isArray(value)) return value.map((item) => withIds(item, created));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, withIds(inner, created)]));
}

function parse(body: unknown): { operations: BulkOperation[]; failOnErrors: number | null } {
  const { schemas, Operations, failOnErrors } = (body ?? {}) as Record<string, unknown>;
  if (!Array.isArray(schemas) || !schemas.includes(urns.bulkRequest)) {
    throw badRequest("invalidSyntax", `schemas must name ${urns.bulkRequest}.`);
  }
  if (!Array.isArray(Operations)) throw badRequest("invalidSyntax", "Operations must be a list.");
  if (Operations.length > bulkLimits.maxOperations) {
    throw new ScimError(413, null, `At most ${bulkLimits.maxOperations} operations fit in one request.`);
  }
  if (failOnErrors !== undefined && !(Number.isInteger(failOnErrors) && Number(failOnErrors) > 0)) {
    throw badRequest("invalidValue", "failOnErrors must be a whole number above 0.");
  }
  return {
    operations: Operations.map(parseOperation),
    failOnErrors: (failOnErrors as number | undefined) ?? null,
  };
}

function parseOperation(operation: unknown): BulkOperation {
  const { method, path, bulkId, version, data } = (operation ?? {}) as Record<string, unknown>;
  const verb = String(method ?? "").toUpperCase();
  if (!["POST", "PUT", "PATCH", "DELETE"].includes(verb)) {
    throw badRequest("invalidSyntax", "method must be POST, PUT, PATCH or DELETE.");
  }
  if (typeof path !== "string" || !/^\/(Users|Groups)(\/[^/]+)?$/.test(path)) {
    throw badRequest("invalidPath", "path must be like /Users or /Users/{id}, of users or groups.");
  }
  const text = (value: unknown) => (typeof value === "string" ? value : null);
  return { method: verb, path, bulkId: text(bulkId), version: text(version), data };
}
