import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { z } from "zod";
import { apiScopes } from "../../config/integration.ts";
import { taskTools } from "../../src/tasks/mcp.ts";
import { onOneDatabase } from "../helpers/databases.ts";
import { appRoutes, useSite } from "../helpers/site.ts";
import { type DescribedOperation, type Description, readDescription } from "./described-api.ts";

const schema = z.record(z.string(), z.unknown());
const content = z.record(z.string(), z.strictObject({ schema }));
const described = { description: z.string().min(1) };
const header = z.strictObject({ ...described, description: z.string().optional(), schema });
const response = z.union([
  z.strictObject({ $ref: z.string().startsWith("#/components/responses/") }),
  z.strictObject({
    ...described,
    headers: z.record(z.string(), header).optional(),
    content: content.optional(),
  }),
]);
const parameter = z.strictObject({
  name: z.string().min(1),
  in: z.enum(["query", "header", "path"]),
  required: z.boolean(),
  description: z.string().optional(),
  schema,
});
const operation = z.strictObject({
  operationId: z.string().regex(/^\w+$/),
  summary: z.string().min(1),
  description: z.string().optional(),
  security: z.array(z.record(z.string(), z.array(z.string()))).min(1),
  parameters: z.array(parameter),
  requestBody: z.strictObject({ required: z.literal(true), content }).optional(),
  responses: z.record(z.string().regex(/^[1-5]\d\d$/), response),
});

/** The part of OpenAPI 3.1 that the description uses, without anything that the specification does not know. */
const openApi = z.strictObject({
  openapi: z.string().regex(/^3\.1\.\d+$/),
  info: z.strictObject({ title: z.string().min(1), version: z.string().min(1), description: z.string() }),
  servers: z.array(z.strictObject({ url: z.url() })).length(1),
  paths: z.record(
    z.string().startsWith("/"),
    z.partialRecord(z.enum(["get", "put", "post", "delete", "options", "head", "patch", "trace"]), operation),
  ),
  components: z.strictObject({
    schemas: z.record(z.string().regex(/^[\w.-]+$/), schema),
    responses: z.record(z.string().regex(/^[\w.-]+$/), response),
    securitySchemes: z.strictObject({
      accessToken: z.strictObject({ type: z.literal("http"), scheme: z.literal("bearer"), ...described }),
      apiKey: z.strictObject({ type: z.literal("http"), scheme: z.literal("bearer"), ...described }),
      session: z.strictObject({
        ...{ type: z.literal("apiKey"), in: z.literal("cookie"), name: z.literal("session"), ...described },
      }),
    }),
  }),
});

describe("the description of the API", () => {
  onOneDatabase((use) => {
    const site = useSite(use);
    let description: Description;
    before(async () => {
      description = await readDescription(site().app.client());
    });
    const operations = (): [path: string, method: string, operation: DescribedOperation][] =>
      Object.entries(description.paths).flatMap(([path, item]) =>
        Object.entries(item).map(
          ([method, one]) => [path, method, one] as [string, string, DescribedOperation],
        ),
      );

    it("is OpenAPI 3.1, for everyone to read", async () => {
      const answer = await site().app.client().get("/api/v1/openapi.json");
      assert.deepEqual(
        [answer.status, answer.headers.get("content-type"), answer.headers.get("cache-control")],
        [200, "application/json; charset=utf-8", "public, max-age=300"],
      );
      assert.deepEqual(openApi.safeParse(JSON.parse(answer.text)).error?.issues, undefined);
      assert.equal(description.servers[0]?.url, `${site().app.url}/api/v1`);
    });

    it("has only references that lead somewhere", () => {
      const references = [...JSON.stringify(description).matchAll(/"\$ref":"#\/([^"]+)"/g)];
      assert.ok(references.length > 20);
      for (const [, path = ""] of references) {
        const target = path
          .split("/")
          .reduce<unknown>((at, name) => (at as Record<string, unknown>)[name], description);
        assert.equal(typeof target, "object", path);
      }
    });

    it("has each route of the API, and no other", () => {
      const routes = appRoutes(use().database)
        .filter(({ path }) => path.startsWith("/api/v1/") && path !== "/api/v1/openapi.json")
        .map(({ method, path }) => `${method} ${path.replace(/:(\w+)/g, "{$1}")}`);
      const inDocument = operations().map(([path, method]) => `${method.toUpperCase()} /api/v1${path}`);
      assert.ok(inDocument.length >= 4);
      assert.deepEqual(new Set(inDocument), new Set(routes));
      assert.equal(new Set(operations().map(([, , { operationId }]) => operationId)).size, inDocument.length);
    });

    it("names a scope of config/integration.ts for each operation, and the path's placeholders", () => {
      for (const [path, method, { security, parameters }] of operations()) {
        const scopes = security.flatMap(({ accessToken = [] }) => accessToken);
        assert.ok(
          scopes.length === 1 && apiScopes.some(({ name }) => name === scopes[0]),
          `${method} ${path}: ${scopes}`,
        );
        assert.deepEqual(security, [{ accessToken: scopes }, { apiKey: scopes }, { session: [] }]);
        const placeholders = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
        const inPath = parameters.filter((one) => one.in === "path").map(({ name }) => name);
        assert.deepEqual(inPath, placeholders);
      }
    });

    it("is what docs/reference/api.md and api-tasks.md say", () => {
      const read = (name: string) => readFileSync(`docs/reference/${name}.md`, "utf8");
      const text = read("api-tasks") + read("api");
      for (const [path, method, { summary, security, parameters }] of operations()) {
        const scope = security[0]?.accessToken?.[0];
        const row = `| \`${method.toUpperCase()} /api/v1${path}\` | ${summary} | \`${scope}\` |`;
        assert.ok(text.replaceAll(/ +/g, " ").includes(row), row);
        for (const { name } of parameters.filter((one) => one.in !== "path"))
          assert.ok(text.includes(`\`${name}\``), name);
      }
      for (const { name, scope, input } of taskTools) {
        const row = text.split("\n").find((line) => line.startsWith(`| \`${name}\` |`)) ?? "";
        assert.ok(row.endsWith(`| \`${scope}\` |`), name);
        for (const parameter of Object.keys(input.shape))
          assert.ok(row.includes(`\`${parameter}\``), parameter);
      }
      for (const name of Object.keys(description.components.responses)) {
        const status = name.replace("Problem", "");
        assert.ok(text.includes(`| ${status} `), status);
      }
    });
  });
});
