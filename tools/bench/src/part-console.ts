import { Agent, request } from "undici";
import { appRoutes } from "../../../test/helpers/site.ts";
import type { Timed } from "./client.ts";
import { inTurn } from "./part-growth.ts";
import { atMost, type BenchRun } from "./run.ts";
import { type SeededConsole, seedConsole } from "./seed-console.ts";
import { median } from "./statistics.ts";
import type { World } from "./world.ts";

const ratioTarget = 1.5;

/** How often all pages are gone through: a second in which one of the two servers is slow is not all that a page has. */
const rounds = 4;

/** Routes that are no pages: a stream, an answer to a script, and a file that is as long as what it holds. */
const noPages = [/\/events$/, /\/tests\//, /\/export\./, /:message$/];

/** What lists are asked with, beside how they open. */
const questions: Record<string, string[]> = {
  "/admin/people": [
    ...[
      "q=user5",
      "q=ada",
      "q=a",
      "q=number+9",
      "q=nobody",
      "status=blocked",
      "status=inactive",
      "origin=local",
    ],
    ...["role=owner", "role=admin", "role=member", "q=user&status=blocked&origin=scim"],
  ],
  "/admin/people/deleted": ["q=gone"],
  "/admin/groups": ["q=team"],
  "/admin/groups/:group": ["q=user9", "status=blocked"],
  "/admin/activity": [
    ...["kind=people", "kind=tokens", "who=user1@acme.example", "who=owner@acme.example&kind=people"],
    "from=2020-01-01&until=2020-12-31",
  ],
};

/** Each page of the admin console, for an owner of a large tenant, against the same for one of a small tenant. */
export async function measureConsole({ add, sizes }: BenchRun, large: World, small: World): Promise<void> {
  const asked = appRoutes(large.database)
    .filter(({ method, path }) => method === "GET" && /^\/admin(\/|$)/.test(path))
    .filter(({ path }) => !noPages.some((pattern) => pattern.test(path)))
    .flatMap(({ path }) => [path, ...(questions[path] ?? []).map((query) => `${path}?${query}`)]);
  const agent = new Agent({ connections: 4 });
  const [visitLarge, visitSmall] = [await visitor(large, agent), await visitor(small, agent)];
  const pages = asked.map((path) => ({ path, inLarge: [] as number[], inSmall: [] as number[] }));
  const callsInRound = Math.ceil(Math.min(20, sizes.samples) / rounds);
  for (let round = 0; round < rounds; round++) {
    for (const page of pages) {
      const { first, second } = await inTurn(
        () => visitLarge(page.path),
        () => visitSmall(page.path),
        callsInRound,
      );
      page.inLarge.push(...first);
      page.inSmall.push(...second);
    }
  }
  for (const { path, inLarge, inSmall } of pages) {
    add(`${path}, median`, median(inLarge), "ms");
    add(`${path}, growth`, median(inLarge) / median(inSmall), "×", atMost(ratioTarget), "both");
  }
  await agent.close();
}

/** Somebody who looks at pages. Throws unless there is one. */
async function visitor({ database, tenant, server }: World, dispatcher: Agent) {
  const { cookie, parameters }: SeededConsole = await seedConsole(database, tenant);
  const headers = { accept: "text/html", cookie: `__Host-session=${cookie}` };
  return async (route: string): Promise<Timed> => {
    // A draft is what is reviewed.
    const pattern = route.replace("/:connection/review", "/:draft/review");
    const path = pattern.replace(/:(\w+)/g, (_, name: string) => parameters[name] ?? name);
    const started = performance.now();
    const answer = await request(server.measured + path, { headers, dispatcher });
    const text = await answer.body.text();
    const ms = performance.now() - started;
    if (answer.statusCode !== 200) throw new Error(`${path}: ${answer.statusCode} ${text.slice(0, 300)}`);
    return { text, ms };
  };
}
