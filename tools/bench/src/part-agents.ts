import { Agent, request } from "undici";
import { paths } from "../../../src/endpoints.ts";
import { type RevokingOrg, startRevokingOrg } from "../../../test/helpers/revocation.ts";
import type { Timed } from "./client.ts";
import { inTurn } from "./part-growth.ts";
import { atMost, type BenchRun } from "./run.ts";
import { type AgentRequest, type SeededAgents, seedAgents } from "./seed-agents.ts";
import { cycle, median } from "./statistics.ts";
import { race, ratio } from "./throughput.ts";
import { createWorld, type World } from "./world.ts";

const ratioTarget = 1.5;
const productCalls: readonly string[] = [
  `${paths.api}/tasks`, // sample domain
];
const [apiCall = paths.apiDescription] = productCalls;

/** A tenant whose agents have access tokens. */
interface Agents extends SeededAgents {
  world: World;
}

/**
 * Measures token requests and API calls by agents. Compares an API call with a bare route that reads one row by an index,
 * and both requests with the same ones in a database that has few access tokens.
 */
export async function measureAgents({ engine, sizes, add }: BenchRun): Promise<void> {
  const org = await startRevokingOrg();
  const many = await createAgents(await createWorld(engine, sizes.smallUsers, []), org, sizes.tokens);
  const few = await createAgents(await createWorld(engine, sizes.smallUsers, []), org, sizes.fewTokens);
  const dispatcher = new Agent({ connections: sizes.clients });
  try {
    await measureThroughput({ many, few }, dispatcher, { sizes, add });
    const [inMany, inFew] = [operations(many, dispatcher), operations(few, dispatcher)];
    for (const [name, operation] of Object.entries(inMany)) {
      const other = inFew[name as keyof typeof inFew];
      const { first, second } = await inTurn(operation, other, sizes.samples);
      add(`${name}, ${sizes.tokens} tokens, median`, median(first), "ms");
      add(
        `${name}, growth from ${sizes.fewTokens} tokens`,
        median(first) / median(second),
        "×",
        atMost(ratioTarget, "both"),
      );
    }
  } finally {
    await dispatcher.close();
    await many.world.dispose();
    await few.world.dispose();
    await org.close();
  }
}

async function createAgents(world: World, org: RevokingOrg, tokens: number): Promise<Agents> {
  const seeded = await seedAgents(world.database, world.tenant, org, tokens);
  if (world.database.engine === "postgres") await world.database.sql().raw("vacuum analyze");
  return { ...seeded, world };
}

/** The two requests, of which the time counts. */
function operations({ world, token, tokenRequest }: Agents, dispatcher: Agent) {
  const origin = world.server.measured;
  return {
    "API call": () => timed(() => callApi(origin, token(), dispatcher)),
    "token request": async () => {
      const made = await tokenRequest();
      // All requests come from one address, which may send only so many in a minute.
      await world.database.sql()("rate_limits").delete();
      return await timed(() => requestToken(origin, made, dispatcher));
    },
  };
}

async function timed(work: () => Promise<string>): Promise<Timed> {
  const started = performance.now();
  const text = await work();
  return { text, ms: performance.now() - started };
}

async function callApi(origin: string, token: string, dispatcher: Agent): Promise<string> {
  const headers = { authorization: `Bearer ${token}` };
  return await textOf(await request(origin + apiCall, { headers, dispatcher }));
}

async function requestToken(origin: string, made: AgentRequest, dispatcher: Agent): Promise<string> {
  return await textOf(await request(origin + paths.token, { method: "POST", ...made, dispatcher }));
}

async function textOf({ statusCode, body }: Awaited<ReturnType<typeof request>>): Promise<string> {
  const text = await body.text();
  if (statusCode !== 200) throw new Error(`answered with ${statusCode}: ${text.slice(0, 300)}`);
  return text;
}

/** Both servers get the same load, so that the code of both is compiled alike when the growth is measured. */
async function measureThroughput(
  { many, few }: Record<"many" | "few", Agents>,
  dispatcher: Agent,
  { sizes, add }: Pick<BenchRun, "sizes" | "add">,
): Promise<void> {
  const { server, tenant } = many.world;
  const sample = await callApi(server.measured, many.token(), dispatcher);
  const headers = { "content-type": "application/json" };
  await request(`${server.compared}/sample`, { method: "PUT", headers, body: sample, dispatcher });
  const nextUser = cycle(tenant.userIds);
  const calls = ({ world, token }: Agents) => ({
    origin: world.server.measured,
    path: () => apiCall,
    headers: () => ({ authorization: `Bearer ${token()}` }),
  });
  const one = {
    origin: server.compared,
    path: () => `/one/${nextUser()}`,
    headers: () => ({ tenant: tenant.id }),
  };
  const runs = await race({ many: calls(many), one, few: calls(few) }, sizes);
  add("API calls", median(runs.many), "/s");
  add("bare route, one read", median(runs.one), "/s");
  add("API call : one read", ratio(runs.many, runs.one), "×");
  await tokenRequestsPerSecond(few, dispatcher, sizes);
  add("token requests", await tokenRequestsPerSecond(many, dispatcher, sizes), "/s");
}

async function tokenRequestsPerSecond(
  { world, tokenRequest }: Agents,
  dispatcher: Agent,
  { samples, clients }: BenchRun["sizes"],
): Promise<number> {
  const waiting = await Promise.all(Array.from({ length: samples * 2 }, tokenRequest));
  const started = performance.now();
  const work = async () => {
    for (let made = waiting.pop(); made; made = waiting.pop())
      await requestToken(world.server.measured, made, dispatcher);
  };
  await Promise.all(Array.from({ length: clients }, work));
  return (samples * 2 * 1000) / (performance.now() - started);
}
