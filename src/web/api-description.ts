/** The OpenAPI 3.1 description of the product's API, from the list of operations and the schemas that validate requests. */
import { STATUS_CODES } from "node:http";
import { z } from "zod";
import { brand } from "../../config/brand.ts";
import { apiScopes } from "../../config/integration.ts";
import { paths } from "../endpoints.ts";
import type { ApiOperation } from "./api-operation.ts";
import { problemSchema } from "./problems.ts";

type Json = Record<string, unknown>;

/** The refusals, with their meaning and the operations that can answer with them. */
const refusals: readonly [status: number, when: string, applies: (operation: ApiOperation) => boolean][] = [
  [400, "The request is malformed.", ({ query, body, path }) => Boolean(query ?? body) || path.includes("{")],
  [401, "The access token is missing or not valid.", () => true],
  [
    403,
    "The scope or the entitlement is missing, or a browser sent the request from another site.",
    () => true,
  ],
  [404, "There is no such resource.", ({ path }) => path.includes("{")],
  [409, "The first request with this Idempotency-Key is still running.", ({ method }) => method === "post"],
  [412, "The resource has changed since it was read.", (operation) => needsMatch(operation)],
  [413, "The body is too large.", ({ body }) => body !== undefined],
  [415, "The body has a type that is not supported.", ({ body }) => body !== undefined],
  [422, "A value is not acceptable.", ({ body }) => body !== undefined],
  [428, "If-Match is missing.", (operation) => needsMatch(operation)],
  [429, "There were too many requests.", () => true],
  [500, "Something went wrong on our side.", () => true],
  [503, "The service cannot answer now.", () => true],
];

const needsMatch = ({ method, hasEtag }: ApiOperation) => method === "patch" && hasEtag === true;

/** @returns an OpenAPI document (https://spec.openapis.org/oas/v3.1.1.html). */
export function describeApi(baseUrl: string, operations: readonly ApiOperation[]): Json {
  const described: Record<string, Json> = {};
  for (const operation of operations) {
    const item = described[operation.path] ?? {};
    item[operation.method] = describeOperation(operation);
    described[operation.path] = item;
  }
  const scopes = apiScopes.map(({ name, description }) => `- \`${name}\`: ${description}`).join("\n");
  return {
    openapi: "3.1.1",
    info: {
      title: `${brand.productName} API`,
      version: "1",
      description: `Times are RFC 3339, in UTC. Errors are problems (RFC 9457). Scopes:\n\n${scopes}`,
    },
    servers: [{ url: baseUrl + paths.api }],
    paths: described,
    components: {
      schemas: componentsOf(operations),
      responses: Object.fromEntries(
        refusals.map(([status, when]) => [`Problem${status}`, refusal(status, when)]),
      ),
      securitySchemes: {
        accessToken: {
          type: "http",
          scheme: "bearer",
          description: `An access token of ${paths.token}. ${paths.protectedResource}${paths.api} says how to get one.`,
        },
        apiKey: {
          type: "http",
          scheme: "bearer",
          description: `A person's API key: ${brand.apiKeyPrefix}… An administrator creates one in the console.`,
        },
        session: {
          type: "apiKey",
          in: "cookie",
          name: baseUrl.startsWith("https:") ? "__Host-session" : "session",
          description: "A signed-in person's browser. It can change something from our own pages only.",
        },
      },
    },
  };
}

function describeOperation(operation: ApiOperation): Json {
  const { operationId, summary, scope, entitlement, body, answer, method } = operation;
  const needs = entitlement && `Needs the entitlement \`${entitlement}\`.`;
  const description = [operation.description, needs].filter(Boolean).join(" ");
  const parameters = [...placeholders(operation), ...queryOf(operation), ...headersOf(operation)];
  const responses: Json = { [answer.status]: success(operation) };
  if (method === "get") responses[304] = { description: "The client has this version already." };
  for (const [status, , applies] of refusals)
    if (applies(operation)) responses[status] = { $ref: `#/components/responses/Problem${status}` };
  const content =
    body && Object.fromEntries(body.types.map((type) => [type, { schema: inlined(body.schema) }]));
  return {
    operationId,
    summary,
    ...(description ? { description } : {}),
    security: [{ accessToken: [scope] }, { apiKey: [scope] }, { session: [] }],
    parameters,
    ...(content ? { requestBody: { required: true, content } } : {}),
    responses,
  };
}

function placeholders({ path }: ApiOperation): Json[] {
  return [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name,
    in: "path",
    required: true,
    schema: { type: "string" },
  }));
}

function queryOf({ query }: ApiOperation): Json[] {
  const { properties = {} } = query ? inlined(query) : {};
  return Object.entries(properties as Record<string, Json>).map(([name, { description, ...schema }]) => ({
    name,
    in: "query",
    required: false,
    ...(description ? { description } : {}),
    schema,
  }));
}

function headersOf(operation: ApiOperation): Json[] {
  const header = (name: string, required: boolean, description: string) => ({
    ...{ name, in: "header", required, description },
    schema: { type: "string" },
  });
  const { method } = operation;
  if (method === "post")
    return [
      header("Idempotency-Key", false, "A request that is repeated with this key gets the first answer."),
    ];
  if (needsMatch(operation))
    return [header("If-Match", true, "The ETag that was read; `*` for any version.")];
  return method === "get" ? [header("If-None-Match", false, "An ETag that the client has already.")] : [];
}

function success({ method, hasEtag, answer, query }: ApiOperation): Json {
  const header = (description: string) => ({ description, schema: { type: "string" } });
  const headers = {
    ...(hasEtag || method === "get" ? { ETag: header("Names this version of the resource.") } : {}),
    ...(method === "post" ? { Location: header("The path of the new resource.") } : {}),
    ...(query ? { Link: header('The next page, with `rel="next"`.') } : {}),
  };
  const content = { "application/json": { schema: { $ref: refOf(nameOf(answer.schema)) } } };
  return { description: answer.description, headers, content };
}

function refusal(status: number, when: string): Json {
  const names = { 401: "WWW-Authenticate", 403: "WWW-Authenticate", 429: "Retry-After", 503: "Retry-After" };
  const name = names[status as keyof typeof names];
  return {
    description: `${STATUS_CODES[status]}. ${when}`,
    ...(name ? { headers: { [name]: { schema: { type: "string" } } } } : {}),
    content: { "application/problem+json": { schema: { $ref: refOf("Problem") } } },
  };
}

const refOf = (name: string) => `#/components/schemas/${name}`;

function nameOf(schema: z.ZodType): string {
  const name = z.globalRegistry.get(schema)?.id;
  if (!name) throw new Error("the schema of an answer needs a name: .meta({ id })");
  return name;
}

/** The schema of a request, without references. */
function inlined(schema: z.ZodType): Json {
  const { $schema: _, ...json } = z.toJSONSchema(schema, { io: "input", unrepresentable: "any" });
  return json;
}

/** The schemas of answers, and those that they refer to. */
function componentsOf(operations: readonly ApiOperation[]): Json {
  const components: Json = {};
  for (const schema of [problemSchema, ...operations.map(({ answer }) => answer.schema)]) {
    // Schemas with names are definitions, also the outermost one. The pattern of a time says what its format says.
    const override: z.core.ToJSONSchemaParams["override"] = ({ jsonSchema }) => {
      if (jsonSchema.format) delete jsonSchema.pattern;
    };
    Object.assign(components, z.toJSONSchema(schema, { override }).$defs);
  }
  return JSON.parse(JSON.stringify(components).replaceAll('"#/$defs/', `"${refOf("")}`));
}
