import { Client } from "../../../test/helpers/client.ts";
import type { Random } from "./random.ts";
import type { NextRequest, Template } from "./template.ts";
import type { FuzzedApp } from "./world.ts";

/** The part of JSON Schema that the API's description uses. */
interface Schema {
  $ref?: string;
  type?: string | string[];
  enum?: unknown[];
  const?: unknown;
  anyOf?: Schema[];
  items?: Schema;
  properties?: Record<string, Schema>;
}

interface Parameter {
  name: string;
  in: string;
  schema: Schema;
}

interface Operation {
  parameters?: Parameter[];
  requestBody?: { content: Record<string, { schema: Schema }> };
}

interface Description {
  paths: Record<string, Record<string, Operation>>;
  components?: { schemas?: Record<string, Schema> };
}

const methods = ["get", "post", "put", "patch", "delete"];

/** Requests of the product's API, made of its own description, so that they fit any product. */
export async function apiRequests({ url, port, bearer }: FuzzedApp): Promise<NextRequest> {
  const client = new Client(`http://127.0.0.1:${port}`, url);
  const description: Description = JSON.parse((await client.get("/api/v1/openapi.json")).text);
  const schemas = description.components?.schemas ?? {};
  const operations = Object.entries(description.paths).flatMap(([path, ofPath]) =>
    methods.flatMap((method) => (ofPath[method] ? [{ path, method, operation: ofPath[method] }] : [])),
  );
  // Ids of things that exist, so that a change has something to change.
  const ids: string[] = ["x"];
  const exampleOf = (schema: Schema, random: Random): unknown => {
    const name = schema.$ref?.split("/").at(-1);
    if (name !== undefined) return exampleOf(schemas[name] ?? {}, random);
    if (schema.const !== undefined) return schema.const;
    if (schema.enum) return random.pick(schema.enum);
    if (schema.anyOf) return exampleOf(random.pick(schema.anyOf), random);
    const type = [schema.type].flat()[0];
    if (type === "object" || schema.properties)
      return Object.fromEntries(
        Object.entries(schema.properties ?? {}).map(([key, one]) => [key, exampleOf(one, random)]),
      );
    if (type === "array") return [exampleOf(schema.items ?? {}, random)];
    if (type === "integer" || type === "number") return random.upTo(100);
    return type === "boolean"
      ? random.happens(0.5)
      : type === "null"
        ? null
        : random.pick(["x", "me", "owner@acme.example"]);
  };

  return async (random) => {
    if (ids.length === 1)
      ids.push(
        ...(await idsOf(
          client,
          operations.map(({ path }) => path),
          bearer.apiKey,
        )),
      );
    if (operations.length === 0) return base("GET", "/api/v1/", bearer.apiKey);
    const { path, method, operation } = random.pick(operations);
    const own = (operation.parameters ?? []).filter(() => random.happens(0.6));
    const [[type, content] = []] = Object.entries(operation.requestBody?.content ?? {});
    const template = base(
      method.toUpperCase(),
      withPrefix(path).replace(/\{\w+\}/g, () => random.pick(ids)),
      bearer.apiKey,
    );
    template.query = own
      .filter((parameter) => parameter.in === "query")
      .map(({ name, schema }) => [name, String(exampleOf(schema, random))]);
    if (method === "patch") template.headers["if-match"] = "*";
    if (type === undefined || !content) return template;
    template.headers["content-type"] = type;
    template.body = { kind: "json", value: exampleOf(content.schema, random) };
    return template;
  };
}

const withPrefix = (path: string) => (path.startsWith("/api/") ? path : `/api/v1${path}`);

function base(method: string, path: string, authorization: string): Template {
  return { method, path, query: [], headers: { authorization, accept: "application/json" }, body: null };
}

async function idsOf(client: Client, paths: string[], authorization: string): Promise<string[]> {
  const list = paths.find((path) => !path.includes("{"));
  if (list === undefined) return [];
  const { text } = await client.send("GET", withPrefix(list), { authorization });
  return [...text.matchAll(/"id":"([^"]+)"/g)].map(([, id = ""]) => id).slice(0, 20);
}

const toolNames: readonly string[] = [
  "create_task", // sample domain
  "list_tasks", // sample domain
  "unknown",
];

/** A message to the MCP server. */
export function mcpRequest({ bearer }: FuzzedApp, random: Random): Template {
  const [method, params] = random.pick<[string, object]>([
    [
      "initialize",
      { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "fuzz", version: "1" } },
    ],
    ["tools/list", {}],
    ["tools/call", { name: random.pick(toolNames), arguments: { title: "x", limit: 1 } }], // sample domain
    ["resources/list", {}],
    ["ping", {}],
  ]);
  return {
    ...base("POST", "/mcp", bearer.agent),
    headers: {
      authorization: bearer.agent,
      accept: "application/json, text/event-stream",
      "content-type": "application/json",
      "mcp-protocol-version": random.pick(["2025-11-25", "2026-07-28", "x"]),
    },
    body: { kind: "json", value: { jsonrpc: "2.0", id: random.upTo(9), method, params } },
  };
}
