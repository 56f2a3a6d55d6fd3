import assert from "node:assert/strict";
import type { JsonSchemaType } from "@modelcontextprotocol/server";
import { AjvJsonSchemaValidator } from "@modelcontextprotocol/server/validators/ajv";
import type { TaskView } from "../../src/tasks/tasks.ts";
import type { Answer, Client } from "../helpers/client.ts";

export interface DescribedOperation {
  operationId: string;
  summary: string;
  security: Record<string, string[]>[];
  parameters: { name: string; in: string; required: boolean; description?: string; schema: object }[];
  requestBody?: { required: boolean; content: Record<string, { schema: object }> };
  responses: Record<string, DescribedResponse & { $ref?: string }>;
}

interface DescribedResponse {
  description: string;
  headers?: Record<string, unknown>;
  content?: Record<string, { schema: object }>;
}

export interface Description {
  openapi: string;
  info: { title: string; version: string };
  servers: { url: string }[];
  paths: Record<string, Record<string, DescribedOperation>>;
  components: {
    schemas: Record<string, object>;
    responses: Record<string, DescribedResponse>;
    securitySchemes: Record<string, object>;
  };
}

/** An answer, parsed. */
export interface ApiAnswerSeen extends Answer {
  json: TaskView & {
    items: TaskView[];
    nextCursor: string | null;
    title: string;
    status: number;
    detail: string;
    reference: string;
    errors?: { detail: string; pointer?: string; parameter?: string }[];
  };
}

/** Calls the API, and holds each answer to the description that the API itself serves. */
export class DescribedApi {
  readonly #client: Client;
  readonly #description: Description;
  readonly #headers: Record<string, string>;

  constructor(client: Client, description: Description, headers: Record<string, string>) {
    this.#client = client;
    this.#description = description;
    this.#headers = headers;
  }

  /** @param body a text is sent as it is, anything else as JSON. */
  async call(
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<ApiAnswerSeen> {
    const text = typeof body === "string" || body === undefined ? body : JSON.stringify(body);
    const type: Record<string, string> = body === undefined ? {} : { "content-type": "application/json" };
    const sent = { ...this.#headers, ...type, ...headers };
    const answer = await this.#client.send(method, `/api/v1${path}`, sent, text);
    assertDescribed(this.#description, method, path, answer);
    const json =
      /json/.test(answer.headers.get("content-type") ?? "") && answer.text ? JSON.parse(answer.text) : {};
    return { ...answer, json };
  }
}

/** Fails unless the description has this status for the operation, with the type, the headers and the schema. */
function assertDescribed(description: Description, method: string, path: string, answer: Answer): void {
  const template = Object.keys(description.paths).find((one) =>
    new RegExp(`^${one.replace(/\{\w+\}/g, "[^/]+")}$`).test(path.split("?")[0] ?? ""),
  );
  const item = description.paths[template ?? ""];
  const operation = item?.[method === "HEAD" ? "get" : method.toLowerCase()];
  if (!operation) return;
  const found = operation.responses[answer.status];
  assert.ok(found, `${method} ${template} does not describe ${answer.status}: ${answer.text}`);
  const response = found.$ref ? description.components.responses[found.$ref.split("/").at(-1) ?? ""] : found;
  assert.ok(response, found.$ref);
  const type = answer.headers.get("content-type")?.split(";")[0] ?? "";
  if (!response.content) {
    assert.equal(answer.text, "");
    return;
  }
  const { schema } = response.content[type] ?? assert.fail(`${answer.status} has the type ${type}`);
  if (method === "HEAD") return;
  const { components } = description;
  const validate = new AjvJsonSchemaValidator().getValidator({ ...schema, components } as JsonSchemaType);
  const { valid, errorMessage } = validate(JSON.parse(answer.text));
  assert.ok(valid, `${method} ${template} ${answer.status}: ${errorMessage}\n${answer.text}`);
}

export async function readDescription(client: Client): Promise<Description> {
  return JSON.parse((await client.get("/api/v1/openapi.json")).text) as Description;
}
