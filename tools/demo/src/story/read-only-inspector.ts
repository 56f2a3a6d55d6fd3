import type { Request, RequestHandler } from "express";
import { demoPaths, loginOf } from "../../../../src/demo/tenants.ts";
import { paths } from "../../../../src/endpoints.ts";
import { protocols } from "../../../../src/recording.ts";
import type { SignedInPerson } from "../../../../src/store/session-store.ts";
import { systemStore } from "../../../../src/store/system-store.ts";
import { forTenant } from "../../../../src/store/tenant-store.ts";
import { isLocal, type StoryDeps, tenantIn, tenantOf } from "./reading.ts";

const cookieName = "demo-inspector";

/** The link to a page of the inspector. */
export function messagesLink(slug: string, page: string): string {
  return `${demoPaths.messagesOf(slug)}?${new URLSearchParams({ page })}`;
}

/**
 * Leads to the inspector. On this machine, anyone may then read a customer's messages as the owner would see them. At a
 * public address, people who may not see them sign in as the owner first.
 */
export function showMessages(deps: StoryDeps): RequestHandler {
  return (req, res) => {
    const { slug } = tenantIn(req);
    const page = pageIn(req);
    const isKnown = maySee(req.person, slug);
    if (isLocal(deps) && !isKnown) res.cookie(cookieName, slug, { httpOnly: true, sameSite: "lax" });
    else res.clearCookie(cookieName);
    const passwordForm = `${paths.passwordLoginOf(slug)}?${new URLSearchParams({ returnTo: page })}`;
    res.redirect(303, isLocal(deps) || isKnown ? page : passwordForm);
  };
}

/** The page of the inspector that a link asks for: one of its own, or its list. */
function pageIn({ query }: Request): string {
  const list = paths.admin.inspector;
  const protocol = protocols.find((one) => one === query.protocol);
  if (protocol) return `${list}?${new URLSearchParams({ protocol })}`;
  return typeof query.page === "string" && query.page.startsWith(`${list}/`) ? query.page : list;
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
