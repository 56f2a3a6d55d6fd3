import type { Request, RequestHandler } from "express";
import { agentName } from "../../../../src/demo/agent.ts";
import { type DemoTenant, demoPaths, demoTenants, loginOf } from "../../../../src/demo/tenants.ts";
import { paths } from "../../../../src/endpoints.ts";
import { connectionInPath } from "../../../../src/sign-in-protocols.ts";
import { placeIn } from "./place.ts";
import { isLocal, type StoryDeps, stepIdsOf, tenantOf } from "./reading.ts";

/** Adds the demo's line to every page of the application, and the names to its sign-in page. */
export function demoBanner(deps: StoryDeps): RequestHandler {
  const { orgUrl, agentUrl } = deps;
  const base = {
    paths: demoPaths,
    orgUrl,
    agent: { name: agentName, url: agentUrl },
    signIns: signInHelp(isLocal(deps) ? deps.password : null),
  };
  return (req, res, next) => {
    res.locals.banner = "demo/banner";
    res.locals.signInHelp = "demo/sign-in-help";
    // When the page is rendered, the signed-in person is known, if there is one.
    res.locals.demo = { ...base, wayBack: () => wayBack(req) };
    next();
  };
}

/** Where the presenter is in the story: the link's address, and its words after "The story". */
function wayBack(req: Request): { href: string; place: string } {
  const place = placeIn(req);
  const shown = tenantOf(place?.customer);
  const number = place && shown ? stepIdsOf(shown).indexOf(place.step) + 1 : 0;
  if (place && shown && number > 0)
    return { href: demoPaths.stepOf(shown.slug, place.step), place: `step ${number}` };
  const tenant = shown ?? tenantOf(req.person?.tenant.slug) ?? tenantOfConnection(req);
  return tenant
    ? { href: demoPaths.storyOf(tenant.slug), place: tenant.name }
    : { href: demoPaths.story, place: "" };
}

/** The customer of the connection in the path: the browser sends no cookie with a response that another site posts. */
function tenantOfConnection({ path }: Request): DemoTenant | undefined {
  return tenantOf(connectionInPath(path)?.key);
}

/** The accounts that the sign-in page offers. @param password null if it must not be shown. */
function signInHelp(password: string | null) {
  return demoTenants.map((tenant) => ({
    name: tenant.name,
    people: tenant.people.map((person) => ({
      name: person,
      href: `${paths[tenant.protocol](tenant.slug).login}?${new URLSearchParams({ login_hint: loginOf(person, tenant) })}`,
    })),
    owner: { login: loginOf(tenant.owner, tenant), href: ownerSignIn(tenant), password },
  }));
}

/** The password form, with the owner's name. */
function ownerSignIn(tenant: DemoTenant): string {
  const query = new URLSearchParams({ login_hint: loginOf(tenant.owner, tenant) });
  return `${paths.passwordLoginOf(tenant.slug)}?${query}`;
}
