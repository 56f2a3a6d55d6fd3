import { timingSafeEqual } from "node:crypto";
import { type Request, type RequestHandler, type Response, Router } from "express";
import type { Surroundings } from "../../../../src/app.ts";
import { demoPaths, demoTenants, loginOf } from "../../../../src/demo/tenants.ts";
import { paths } from "../../../../src/endpoints.ts";
import { InvalidError, NotFoundError } from "../../../../src/errors.ts";
import { protocolNames } from "../../../../src/recording.ts";
import { answerForm } from "../../../../src/web/answers.ts";
import { allowFormsTo } from "../../../../src/web/security-headers.ts";
import { showComponents } from "../components.ts";
import { carryOut } from "./acts.ts";
import { demoBanner } from "./banner.ts";
import { digestOf, streamStory } from "./live.ts";
import { whatHappened } from "./messages.ts";
import { forgetPlace, keepPlace, placeIn, type StoryPlace } from "./place.ts";
import { messagesLink, readAsOwner, showMessages } from "./read-only-inspector.ts";
import { isLocal, readStory, type Story, type StoryDeps, tenantOf } from "./reading.ts";

/** The parts that the demo adds to the application. */
export type DemoSurroundings = Required<Pick<Surroundings, "dress" | "extraRoutes">>;

/**
 * The demo around the application: the story's pages, a line at the top of every page, the names on the sign-in page, and
 * the reset. They are meant for a demo on your own machine: at a public address, nothing signs a visitor in, passwords are
 * hidden, and a reset needs the secret.
 */
export function storyRoutes(deps: StoryDeps, controlSecret: string): DemoSurroundings {
  const pages = Router();
  pages.get(demoPaths.story, (req, res) => {
    const slug = tenantOf(placeIn(req)?.customer)?.slug ?? demoTenants[0]?.slug ?? "";
    res.redirect(303, demoPaths.storyOf(slug));
  });
  pages.post(demoPaths.reset, reset(deps, controlSecret));
  pages.get(demoPaths.messagesOf(":slug"), showMessages(deps));
  if (isLocal(deps)) pages.use(paths.admin.inspector, readAsOwner(deps));
  pages.use(stepRoutes(deps));
  return { dress: demoBanner(deps), extraRoutes: pages };
}

function stepRoutes(deps: StoryDeps): Router {
  const router = Router();

  router.get(demoPaths.components, showComponents);

  // The step that the browser last showed, or the first one that is not done.
  router.get(demoPaths.storyOf(":slug"), async (req, res) => {
    const { tenant, steps } = await readStory(deps, req);
    const place = placeOf(req, tenant.slug);
    const current =
      steps.find(({ id }) => id === place?.step) ?? steps.find(({ done }) => !done) ?? steps.at(-1);
    res.redirect(303, demoPaths.stepOf(tenant.slug, current?.id ?? ""));
  });

  router.get(demoPaths.allOf(":slug"), async (req, res) => {
    const { tenant, chapters, steps } = await readStory(deps, req);
    res.render("demo/story", {
      ...frameOf(deps, tenant.slug),
      title: `The story of ${tenant.name}`,
      tenant,
      chapters,
      done: new Set(steps.filter(({ done }) => done).map(({ id }) => id)),
      owner: loginOf(tenant.owner, tenant),
    });
  });

  router.get(demoPaths.stepOf(":slug", ":step"), async (req, res) => {
    const story = await readStory(deps, req);
    const { step, index } = stepIn(req, story);
    const place = await arriveAt(req, story, step.id);
    // Read first: a message that comes while the page is made is then announced once more, but never missed.
    const shown = await digestOf(story, step.id);
    keepPlace(res, place);
    allowFormsTo(
      res,
      [deps.orgUrl, deps.agentUrl].map((url) => new URL(url).origin),
    );
    res.render("demo/step", {
      ...frameOf(deps, story.tenant.slug),
      ...story,
      title: `${step.number}. ${step.title}`,
      step,
      place,
      previous: story.steps[index - 1] ?? null,
      next: story.steps[index + 1] ?? null,
      events: `${demoPaths.eventsOf(story.tenant.slug, step.id)}?shown=${shown}`,
      happened: await whatHappened(story.store, step.messages, place.since, (page) =>
        messagesLink(story.tenant.slug, page),
      ),
    });
  });

  router.get(demoPaths.eventsOf(":slug", ":step"), async (req, res) => {
    await streamStory(deps, req, res);
  });

  if (isLocal(deps)) {
    router.post(demoPaths.actOf(":slug", ":step", ":act"), async (req, res) => {
      const story = await readStory(deps, req);
      await actAndGo(deps, story, req, res);
    });
  }
  return router;
}

/** The values that every page of the story needs. */
function frameOf(deps: StoryDeps, slug: string) {
  return {
    tenants: demoTenants,
    isLocal: isLocal(deps),
    protocolNames,
    inspector: demoPaths.messagesOf(slug),
  };
}

/** Throws NotFoundError. */
function stepIn(req: Request, { steps }: Story) {
  const index = steps.findIndex(({ id }) => id === req.params.step);
  const step = steps[index];
  if (!step) throw new NotFoundError("The story has no such step.");
  return { step, index };
}

function placeOf(req: Request, slug: string): StoryPlace | null {
  const place = placeIn(req);
  return place?.customer === slug ? place : null;
}

/** The browser's place: the kept one if it only loads the step again, otherwise one that begins with the next message. */
async function arriveAt(req: Request, { tenant, store }: Story, step: string): Promise<StoryPlace> {
  const kept = placeOf(req, tenant.slug);
  if (kept?.step === step) return kept;
  const { lastSeq: since } = await store.inspector.state();
  return { customer: tenant.slug, step, since, acts: 0 };
}

/** Carries out an act, and leads on: to its page, or back to the step. A problem is shown on the step. */
async function actAndGo(deps: StoryDeps, story: Story, req: Request, res: Response): Promise<void> {
  const { step } = stepIn(req, story);
  const number = Number(req.params.act);
  const act = step.acts[number - 1];
  if (!act) throw new NotFoundError("The step has no such act.");
  const page = demoPaths.stepOf(story.tenant.slug, step.id);
  try {
    const place = await arriveAt(req, story, step.id);
    const target = await carryOut(deps, story, act, { req, res });
    keepPlace(res, { ...place, acts: number });
    res.redirect(303, target ?? page);
  } catch (error) {
    if (!(error instanceof InvalidError)) throw error;
    await answerForm(req, res, page, { kind: "problem", text: error.message, at: "acts" });
  }
}

function reset(deps: StoryDeps, controlSecret: string): RequestHandler {
  return async (req, res) => {
    if (!isLocal(deps) && !hasSecret(req, controlSecret))
      throw new NotFoundError("Reset this demo on its machine.");
    await deps.reset();
    if (hasSecret(req, controlSecret)) return void res.status(204).end();
    forgetPlace(res);
    const slug = tenantOf(placeIn(req)?.customer)?.slug;
    res.redirect(303, slug ? demoPaths.storyOf(slug) : demoPaths.story);
  };
}

function hasSecret(req: Request, secret: string): boolean {
  const [given, expected] = [Buffer.from(req.get("authorization") ?? ""), Buffer.from(`Bearer ${secret}`)];
  return given.length === expected.length && timingSafeEqual(given, expected);
}
