import { Router } from "express";
import type { Config } from "../../../../src/config.ts";
import { demoPaths, demoTenants } from "../../../../src/demo/tenants.ts";
import { NotFoundError } from "../../../../src/errors.ts";
import type { Database } from "../../../../src/store/database.ts";
import { systemStore } from "../../../../src/store/system-store.ts";
import { forTenant } from "../../../../src/store/tenant-store.ts";
import { showComponents } from "../components.ts";
import type { DemoSurroundings } from "../story/routes.ts";
import { readMilestones } from "./milestones.ts";
import { guidedSteps } from "./steps.ts";

/**
 * The page of `npm run demo -- --okta`: the same story with an Okta org of your own. Each step is ticked off as it becomes
 * true. A tunnel may make the page public, so it shows URLs and ticks, but no secrets.
 */
export function guidedRoutes({ database, config }: { database: Database; config: Config }): DemoSurroundings {
  const router = Router();
  const { baseUrl } = config;
  const wayBack = (slug: string | undefined) => {
    const tenant = demoTenants.find((one) => one.slug === slug);
    return tenant
      ? { href: demoPaths.storyOf(tenant.slug), place: tenant.name }
      : { href: demoPaths.story, place: "" };
  };
  router.get(demoPaths.story, (_req, res) => {
    const [first] = demoTenants;
    if (first) res.redirect(303, demoPaths.storyOf(first.slug));
  });
  router.get(demoPaths.components, showComponents);
  router.get(demoPaths.storyOf(":slug"), async (req, res) => {
    const { tenant, steps } = await stepsOf(String(req.params.slug));
    // Okta calls provisioning and Universal Logout from the internet, and by https only.
    const isReachable = baseUrl.startsWith("https:");
    const page = { title: `${tenant.name}, with your Okta org`, tenant, tenants: demoTenants, steps };
    res.render("demo/guided", { ...page, isReachable, baseUrl });
  });
  router.get(demoPaths.doneOf(":slug"), async (req, res) => {
    const { steps } = await stepsOf(String(req.params.slug));
    res.set("Cache-Control", "no-store").json(steps.filter(({ done }) => done).map(({ id }) => id));
  });
  return {
    dress(req, res, next) {
      res.locals.banner = "demo/banner";
      const demo = { paths: demoPaths, orgUrl: null, signIns: [] };
      res.locals.demo = { ...demo, wayBack: () => wayBack(req.person?.tenant.slug) };
      next();
    },
    extraRoutes: router,
  };

  async function stepsOf(slug: string) {
    const tenant = demoTenants.find((one) => one.slug === slug);
    const stored = tenant && (await systemStore(database).tenants.bySlug(slug));
    if (!tenant || !stored) throw new NotFoundError("The demo has no such customer.");
    const done = await readMilestones(forTenant(database, stored.id), tenant);
    return { tenant, steps: guidedSteps(tenant, baseUrl, done) };
  }
}
