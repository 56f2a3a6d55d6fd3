import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { ScimBody, ScimClient } from "./scim.ts";

/** One exchange of test/fixtures/. `{{name}}` is replaced by a value that an earlier exchange saved, or by the base URL. */
export interface Exchange {
  name: string;
  /** The document that it comes from. */
  source: string;
  /** Why this server does not answer as the document expects. */
  fault?: string;
  request: { method: string; path: string; headers?: Record<string, string>; body?: unknown };
  /** The answer has to contain this; a list has to have exactly these elements. `{{any}}` is any text that is not empty. */
  response: {
    status: number;
    headers?: Record<string, string>;
    body?: unknown;
    /** Paths that must be absent. */
    absent?: string[];
  };
  /** Values for later exchanges: the name, and the path in the answer. */
  save?: Record<string, string>;
}

const folder = "test/fixtures";
/** The clients whose traffic is recorded: a folder with one exchange a file, or one file with a whole life cycle. */
export const clients = readdirSync(folder);

/** The client's recorded requests with the expected answers, in order. */
export function exchangesOf(client: string): Exchange[] {
  const path = join(folder, client);
  if (client.endsWith(".json")) {
    const { source, exchanges } = parsed<{ source: string; exchanges: Omit<Exchange, "source">[] }>(path);
    return exchanges.map((exchange) => ({ ...exchange, source }));
  }
  const files = readdirSync(path).sort();
  return files.map((file) => parsed<Exchange>(join(path, file)));
}

function parsed<T>(path: string): T {
  return JSON.parse(readFileSync(path, "utf8")) as T;
}

function filled<T>(value: T, variables: Record<string, string>): T {
  const text = JSON.stringify(value).replace(/\{\{(\w+)\}\}/g, (whole, name) => variables[name] ?? whole);
  return JSON.parse(text) as T;
}

function at(body: unknown, path: string): unknown {
  // A URN contains dots.
  const [, urn, rest] = /^(urn:.*:User)(?:\.(.*))?$/.exec(path) ?? [undefined, undefined, path];
  const steps = [...(urn ? [urn] : []), ...(rest ? rest.split(".") : [])];
  return steps.reduce<unknown>((value, step) => (value as ScimBody | undefined)?.[step], body);
}

/** Asserts that `actual` contains everything in `expected`. */
function assertHolds(actual: unknown, expected: unknown, where: string): void {
  if (expected === "{{any}}") {
    assert.ok(typeof actual === "string" && actual !== "", `${where}: something`);
  } else if (expected === "{{two}}") {
    assert.equal((actual as unknown[]).length, 2, `${where}: two`);
  } else if (Array.isArray(expected)) {
    assert.ok(Array.isArray(actual), `${where}: a list`);
    assert.equal(actual.length, expected.length, `${where}: the length`);
    for (const [index, element] of expected.entries())
      assertHolds(actual[index], element, `${where}[${index}]`);
  } else if (typeof expected === "object" && expected !== null) {
    for (const [name, value] of Object.entries(expected))
      assertHolds((actual as ScimBody | undefined)?.[name], value, `${where}.${name}`);
  } else {
    assert.equal(actual, expected, where);
  }
}

/** Sends the request and asserts the answer. @param variables the values that earlier exchanges saved. */
export async function replay(
  client: ScimClient,
  exchange: Exchange,
  variables: Record<string, string>,
): Promise<void> {
  const { method, path, headers, body } = filled(exchange.request, variables);
  const answer = await client.send(method, path, body, headers);
  const told = `${answer.status} ${answer.text}`;
  assert.equal(answer.status, exchange.response.status, told);
  for (const [name, where] of Object.entries(exchange.save ?? {}))
    variables[name] = String(at(answer.body, where));
  const expected = filled(exchange.response, variables);
  for (const [name, value] of Object.entries(expected.headers ?? {}))
    assert.equal(answer.headers.get(name), value, name);
  if (expected.status === 204) assert.equal(answer.text, "");
  if (expected.body !== undefined) assertHolds(answer.body, expected.body, told);
  for (const gone of expected.absent ?? []) assert.equal(at(answer.body, gone), undefined, gone);
}
