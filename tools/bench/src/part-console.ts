import { Agent, request } from "undici";
import { appRoutes } from "../../../test/helpers/site.ts";
import type { Timed } from "./client.ts";
import { inTurn } from "./part-growth.ts";
import { atMost, type BenchRun } from "./run.ts";
import { type SeededConsole, seedConsole } from "./seed-console.ts";
import { median } from "./statistics.ts";
import type { World } from "./world.ts";

const ratioTarget = 1.5;

/** At most so many rounds over all pages: a slow second of one server must not hit all samples of a page. */
const mostRounds = 4;

/**
 * Routes that are not pages: a stream, a response for a script, and a download whose size depends on its content; and a question
 * that is only asked if the org has a stream of its own.
 */
const otherRoutes = [/\/events$/, /\/tests\//, /\/export\./, /:(message|flow)$/, /\/take-over$/];

/** The queries for lists, in addition to the list without a query. */
const queries: Record<string, string[]> = {
  "/admin/people": [
    "q=user5",
    "q=ada",
    "q=a",
    "q=number+9",
    "q=unknown",
    "status=blocked",
    "status=inactive",
    "origin=local",
    "role=owner",
    "role=admin",
    "role=member",
    "q=user&status=blocked&origin=scim",
    "sort=-last-sign-in",
    "sort=created&status=active",
  ],
  "/admin/people/deleted": ["q=gone"],
  "/admin/groups": ["q=team"],
  "/admin/groups/:group": ["q=user9", "status=blocked"],
  "/admin/activity": [
    "kind=people",
    "kind=tokens",
    "who=user1@acme.example",
    "who=owner@acme.example&kind=people",
    "from=2020-01-01&until=2020-12-31",
  ],
};

/** Compares each page of the admin console in a large tenant with the same page in a small one. */
export async function measureConsole({ add, sizes }: BenchRun, large: World, small: World): Promise<void> {
  const asked = appRoutes(large.database)
    .filter(({ method, path }) => method === "GET" && /^\/admin(\/|$)/.test(path))
    .filter(({ path }) => !otherRoutes.some((pattern) => pattern.test(path)))
    .flatMap(({ path }) => [path, ...(queries[path] ?? []).map((query) => `${path}?${query}`)]);
  const agent = new Agent({ connections: 4 });
  const visitLarge = await visitor(large, agent);
  const visitSmall = await visitor(small, agent);
  const pages = asked.map((path) => ({ path, inLarge: [] as number[], inSmall: [] as number[] }));
  const rounds = Math.min(mostRounds, sizes.samples);
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
    add(`${path}, growth`, median(inLarge) / median(inSmall), "×", atMost(ratioTarget, "both"));
  }
  await agent.close();
}

/** An owner's browser. It throws if a page does not answer with 200. */
async function visitor({ database, tenant, server }: World, dispatcher: Agent) {
  const { cookie, parameters }: SeededConsole = await seedConsole(database, tenant);
  const headers = { accept: "text/html", cookie: `__Host-session=${cookie}` };
  return async (route: string): Promise<Timed> => {
    // Only a draft can be reviewed.
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
