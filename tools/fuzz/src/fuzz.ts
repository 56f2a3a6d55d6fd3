import { Agent } from "node:http";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { type GivenAnswer, send } from "./exchange.ts";
import { mutations } from "./mutations.ts";
import { type ProtocolName, protocols } from "./protocols.ts";
import { randomOf } from "./random.ts";
import { type NextRequest, type RawRequest, toRaw } from "./template.ts";
import type { FuzzedApp } from "./world.ts";

export interface FuzzOptions {
  seed: number;
  /** How many requests of each protocol. */
  requests: number;
  /** The number of the only request to send. */
  request: number | null;
}

/** A request that got a wrong answer, with as few mutations as still do so. */
export interface Fault {
  index: number;
  what: string;
  mutations: string[];
  request: RawRequest;
  /** The beginning of the answer, and the error in the log. */
  answer: string;
  logged: string | null;
}

export interface ProtocolResult {
  protocol: ProtocolName;
  requests: number;
  seconds: number;
  /** How often each status came. */
  statuses: Map<number, number>;
  faults: Fault[];
  /** The size of the heap after garbage collection, in MB: half-way, and at the end. */
  heap: { half: number; end: number };
}

/** One mutation with the seed of its own choices, so that it stays the same when others are left out. */
interface Step {
  name: string;
  seed: number;
}

const atOnce = 8;
const mostFaults = 10;
/** The lowest rate limit is far above it. */
const renewedAfter = 200;
/** Caches fill and code is compiled for a while. A leak of 1 kB a request exceeds this within 50,000 requests. */
export const heapGrowthMb = 24;

/** @param given makes the requests, instead of the protocol's own. */
export async function fuzzProtocol(
  world: FuzzedApp,
  protocol: ProtocolName,
  { seed, requests, request }: FuzzOptions,
  given?: NextRequest,
): Promise<ProtocolResult> {
  const next = given ?? (await protocols[protocol](world));
  const agent = new Agent({ keepAlive: true, maxSockets: atOnce });
  const statuses = new Map<number, number>();
  const faults: Fault[] = [];
  const queue = (
    request === null ? Array.from({ length: requests }, (_, index) => index) : [request]
  ).values();
  const started = performance.now();
  let [done, half] = [0, Number.NaN];
  const work = async () => {
    for (const index of queue) {
      if (index % renewedAfter === 0) await world.renew();
      const run = { world, agent, next, from: [seed, protocol, index] as const };
      const steps = stepsOf(run.from);
      const { raw, answer } = await carryOut(run, steps);
      statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
      const what = faultOf(raw, answer);
      if (what && faults.length < mostFaults)
        faults.push(await shortest(run, steps, { index, what, raw, answer }));
      done += 1;
      if (done === Math.ceil(requests / 2)) half = heapInUse(world);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  agent.destroy();
  const seconds = (performance.now() - started) / 1000;
  return { protocol, requests: done, seconds, statuses, faults, heap: { half, end: heapInUse(world) } };
}

interface Run {
  world: FuzzedApp;
  agent: Agent;
  next: NextRequest;
  /** The source of the request’s choices. */
  from: readonly [seed: number, protocol: string, index: number];
}

/** No mutation at all for some: valid requests keep the application in states in which others have an effect. */
function stepsOf(from: Run["from"]): Step[] {
  const random = randomOf(...from, "steps");
  const count = random.pick([0, 1, 1, 1, 2, 3]);
  return Array.from({ length: count }, () => {
    return { name: random.pick(Object.keys(mutations)), seed: random.upTo(2 ** 31) };
  });
}

async function carryOut({ world, agent, next, from }: Run, steps: readonly Step[]) {
  const template = await next(randomOf(...from));
  for (const { name, seed } of steps) mutations[name]?.(template, randomOf(seed));
  const raw = toRaw(template);
  return { raw, answer: await send(world, agent, raw) };
}

/** Leaves out one mutation after another, as long as the answer stays wrong. */
async function shortest(
  run: Run,
  steps: readonly Step[],
  first: { index: number; what: string; raw: RawRequest; answer: GivenAnswer },
): Promise<Fault> {
  let [needed, found] = [[...steps], first];
  for (const step of steps) {
    const fewer = needed.filter((one) => one !== step);
    const { raw, answer } = await carryOut(run, fewer);
    const what = faultOf(raw, answer);
    if (what) [needed, found] = [fewer, { ...first, what, raw, answer }];
  }
  const { index, what, raw: request, answer } = found;
  return {
    ...{ index, what, request },
    mutations: needed.map(({ name }) => name),
    answer: `${answer.status} ${answer.type} ${answer.text.slice(0, 300)}`,
    logged: run.world.errors.at(-1)?.slice(0, 2_000) ?? null,
  };
}

/** Interfaces whose answers a program reads. */
const machines =
  /^\/(scim\/v2|api|mcp|oauth2\/token|oauth2\/revoke|global-token-revocation|\.well-known\/oauth-authorization-server)(\/|\?|$)/;

/** Says what is wrong with an answer; null if nothing is. */
export function faultOf(
  { method, target }: RawRequest,
  { status, type, text, retryAfter, failure }: GivenAnswer,
): string | null {
  if (failure !== null) return failure;
  // A planned 503 says when to come back.
  if (status >= 500 && !(status === 503 && retryAfter !== null)) return `${status}`;
  const isHtml = /html/i.test(type) || /^\s*<(!doctype|html)/i.test(text);
  if (isHtml && method !== "HEAD" && machines.test(target)) return "HTML to a program";
  return null;
}

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

function heapInUse({ provider }: FuzzedApp): number {
  // The provider of the tests remembers each request.
  provider.calls.length = 0;
  provider.requests.length = 0;
  collectGarbage();
  return process.memoryUsage().heapUsed / 2 ** 20;
}
