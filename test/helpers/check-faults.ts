import assert from "node:assert/strict";
import type { RuleId } from "oin-kit/check/rules/all";
import type { Area } from "oin-kit/check/rules/rule";
import type { CheckOutcome } from "oin-kit/check/run";
import type { ScimStep } from "oin-kit/check/scim/steps";
import type { Exchange, Fault } from "./front.ts";
import type { ReadyDeployment } from "./readiness.ts";

/** A fault in an otherwise ready deployment, and exactly the rules that must find it. */
export interface PlantedFault {
  name: string;
  fails?: RuleId[];
  warns?: RuleId[];
  /** The failing rule's message. */
  seen?: RegExp;
  /** The steps of the SCIM check that meet the fault, if not those of the whole list. */
  steps?: ScimStep[];
  fault: (ready: ReadyDeployment) => Fault;
}

/** Defines a test for each fault. Also asserts that the check removes everything that it created. */
export function eachFault(
  areas: Area[],
  ready: () => ReadyDeployment,
  faults: readonly PlantedFault[],
): void {
  defineFaults(() => ready().check({ areas }), ready, faults);
}

/** The same with some steps of the SCIM check, and a test that these find nothing without a fault. */
export function eachScimFault(
  steps: ScimStep[],
  ready: () => ReadyDeployment,
  faults: readonly PlantedFault[],
): void {
  const all = [...new Set([...steps, ...faults.flatMap((one) => one.steps ?? [])])];
  it(`finds nothing without a fault: ${all.join(", ")}`, async () => {
    assertFound(await ready().checkScim(...all), []);
  });
  defineFaults((fault) => ready().checkScim(...(fault.steps ?? steps)), ready, faults);
}

type Found = Pick<CheckOutcome, "results" | "left">;

function defineFaults(
  check: (fault: PlantedFault) => Promise<Found>,
  ready: () => ReadyDeployment,
  faults: readonly PlantedFault[],
): void {
  for (const planted of faults) {
    const { name, fails = [], warns = [], seen = /(?:)/, fault } = planted;
    it(`finds ${name}`, async () => {
      const before = await ready().population();
      ready().front.plant(fault(ready()));
      const outcome = await check(planted);
      assertFound(outcome, fails, warns, seen);
      ready().front.plant(null);
      assert.deepEqual(await ready().population(), before, JSON.stringify(outcome.left));
    });
  }
}

export function assertFound(
  { results }: Pick<CheckOutcome, "results">,
  fails: RuleId[],
  warns: RuleId[] = [],
  seen = /(?:)/,
): void {
  const found = results.filter(({ verdict }) => verdict === "fail" || verdict === "warning");
  const text = found.map((result) => `${result.rule}: ${result.verdict}: ${result.seen}`).join("\n");
  const rulesOf = (wanted: string) =>
    found.filter(({ verdict }) => verdict === wanted).map(({ rule }) => rule);
  assert.deepEqual(
    { fails: rulesOf("fail").sort(), warns: rulesOf("warning").sort() },
    { fails: [...fails].sort(), warns: [...warns].sort() },
    text,
  );
  assert.match(found.map((result) => result.seen).join("\n"), seen);
}

/** A fault in the responses to some requests. */
export function inAnswers(
  method: string,
  path: RegExp,
  change: (exchange: Exchange) => void | Promise<void>,
): Fault {
  return {
    async answer(exchange) {
      if (exchange.method === method && path.test(exchange.path)) await change(exchange);
    },
  };
}

/** A fault in the JSON of some responses. */
// biome-ignore lint/suspicious/noExplicitAny: bodies of any shape are changed.
export function inJson(method: string, path: RegExp, change: (body: any, exchange: Exchange) => void): Fault {
  return inAnswers(method, path, (exchange) => {
    if (!exchange.body.startsWith("{")) return;
    const body = JSON.parse(exchange.body);
    change(body, exchange);
    exchange.body = JSON.stringify(body);
  });
}

/** A fault in some requests. A returned response replaces the application's. */
export function inRequests(
  method: string,
  path: RegExp,
  change: (exchange: Exchange) => Partial<Exchange> | undefined,
): Fault {
  return {
    request: (exchange) =>
      exchange.method === method && path.test(exchange.path) ? change(exchange) : undefined,
  };
}

/** Changes where a response sends the browser. */
export const leading = (change: (location: URL) => void) => (exchange: Exchange) => {
  if (!exchange.headers.location) return;
  const location = new URL(exchange.headers.location);
  change(location);
  exchange.headers.location = location.href;
};

/** A page instead of the application's. */
export const page = (status: number, body = "<h1>Planted</h1>"): Partial<Exchange> => ({
  status,
  headers: { "content-type": "text/html" },
  body,
});

/** A response with a SCIM error body. */
export function scimError(status: number): Partial<Exchange> {
  const schemas = ["urn:ietf:params:scim:api:messages:2.0:Error"];
  const headers = { "content-type": "application/scim+json" };
  return { status, headers, body: JSON.stringify({ schemas, detail: "planted", status: String(status) }) };
}
