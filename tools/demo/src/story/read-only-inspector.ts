import type { RequestHandler } from "express";
import { loginOf } from "../../../../src/demo/tenants.ts";
import { paths } from "../../../../src/endpoints.ts";
import { protocols } from "../../../../src/recording.ts";
import type { SignedInPerson } from "../../../../src/store/session-store.ts";
import { systemStore } from "../../../../src/store/system-store.ts";
import { forTenant } from "../../../../src/store/tenant-store.ts";
import { isLocal, type StoryDeps, tenantIn, tenantOf } from "./reading.ts";

const cookieName = "demo-inspector";

/**
 * Leads to the inspector. On this machine, anyone may then read a customer's messages as the owner would see them. At a
 * public address, people who may not see them sign in as the owner first.
 */
export function showMessages(deps: StoryDeps): RequestHandler {
  return (req, res) => {
    const { slug } = tenantIn(req);
    const protocol = protocols.find((one) => one === req.query.protocol);
    const inspector = paths.admin.inspector + (protocol ? `?${new URLSearchParams({ protocol })}` : "");
    if (isLocal(deps)) res.cookie(cookieName, slug, { httpOnly: true, sameSite: "lax" });
    const passwordForm = `${paths.passwordLoginOf(slug)}?${new URLSearchParams({ returnTo: inspector })}`;
    res.redirect(303, isLocal(deps) || maySee(req.person, slug) ? inspector : passwordForm);
  };
}

/**
 * Lets a browser read the inspector of the customer whose messages it opened: GET requests have the owner as their person,
 * and no session. Mount it at the inspector's path, in a demo on this machine only.
 */
export function readAsOwner({ database }: StoryDeps): RequestHandler {
  return async (req, res, next) => {
    const slug = new RegExp(`(?:^|; *)${cookieName}=([a-z-]+)`).exec(req.headers.cookie ?? "")?.[1];
    const tenant = tenantOf(slug);
    if (!tenant || req.method !== "GET" || maySee(req.person, tenant.slug)) return next();
    const stored = await systemStore(database).tenants.bySlug(tenant.slug);
    const user =
      stored && (await forTenant(database, stored.id).users.byLoginName(loginOf(tenant.owner, tenant)));
    if (!stored || !user) return next();
    req.person = { tenant: stored, user, role: "owner", connection: null };
    res.locals.person = req.person;
    res.locals.demo.readsAs = tenant.name;
    res.set("Cache-Control", "no-store");
    next();
  };
}

function maySee(person: SignedInPerson | null | undefined, slug: string): boolean {
  return person?.tenant.slug === slug && person.role !== "member";
}
