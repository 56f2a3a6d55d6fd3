import type { ScimAnswer, ScimContext, ScimRequest } from "./context.ts";
import { bulkLimits } from "./discovery.ts";
import { badRequest, errorBody, ScimError } from "./errors.ts";
import { urns } from "./schema.ts";

/** Carries out one call on a resource: what the router does, without HTTP around it. */
export type Perform = (method: string, path: string, request: ScimRequest) => Promise<ScimAnswer>;

interface Operation {
  method: string;
  path: string;
  bulkId: string | null;
  version: string | null;
  data: unknown;
}

type Result = Record<string, unknown> & { status: string };

/**
 * POST /Bulk (RFC 7644 §3.7): operations one after the other, each for itself; what an earlier one created is named by
 * `bulkId:` and its id takes the name's place. Stops after `failOnErrors` failures.
 */
export async function bulk(
  context: ScimContext,
  body: unknown,
  perform: Perform,
  toScimError: (error: unknown) => ScimError,
): Promise<ScimAnswer> {
  const { operations, failOnErrors } = parse(body);
  const created = new Map<string, string>();
  const results: Result[] = [];
  let failures = 0;
  for (const operation of operations) {
    if (failOnErrors !== null && failures >= failOnErrors) break;
    try {
      results.push(await carryOut(context, operation, perform, created));
    } catch (error) {
      failures++;
      results.push(failed(operation, toScimError(error)));
    }
  }
  return { status: 200, body: { schemas: [urns.bulkResponse], Operations: results } };
}

async function carryOut(
  context: ScimContext,
  operation: Operation,
  perform: Perform,
  created: Map<string, string>,
): Promise<Result> {
  const path = String(withIds(operation.path, created));
  const data = withIds(operation.data, created);
  const request = { query: {}, body: data, ifMatch: operation.version, ifNoneMatch: null };
  const answer = await perform(operation.method, path, request);
  if (operation.bulkId !== null && typeof answer.body?.id === "string")
    created.set(operation.bulkId, answer.body.id);
  return {
    method: operation.method,
    ...(operation.bulkId === null ? {} : { bulkId: operation.bulkId }),
    ...(answer.version === undefined ? {} : { version: answer.version }),
    location: answer.location ?? context.baseUrl + path,
    status: String(answer.status),
  };
}

function failed({ method, bulkId, path }: Operation, error: ScimError): Result {
  return {
    method,
    ...(bulkId === null ? {} : { bulkId }),
    ...(method === "POST" ? {} : { location: path }),
    status: String(error.status),
    response: errorBody(error),
  };
}

/** Puts ids in the place of `bulkId:name`, wherever it stands. Throws badRequest for a name that nothing has. */
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

function parse(body: unknown): { operations: Operation[]; failOnErrors: number | null } {
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

function parseOperation(operation: unknown): Operation {
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
