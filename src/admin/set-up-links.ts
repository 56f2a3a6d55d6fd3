import { type Request, Router } from "express";
import { paths } from "../endpoints.ts";
import { ConflictError, RefusedError } from "../errors.ts";
import { hashToken, randomToken } from "../store/secrets.ts";
import { systemStore } from "../store/system-store.ts";
import { forTenant } from "../store/tenant-store.ts";
import { flash } from "../web/sessions.ts";
import { visitOfAdmin } from "./connections.ts";
import type { AdminDeps } from "./routes.ts";
import { setUpRoutes } from "./set-up.ts";
import type { Visit } from "./visit.ts";

const linkDays = 7;

/** One-time links with which a customer's Okta admin fills in a draft, without an account here. */
export function setUpLinkRoutes(deps: AdminDeps): Router {
  const router = Router();
  const pattern = paths.admin.connection(":connection");

  router.post(`${pattern}/links`, async (req, res) => {
    const visit = await visitOfAdmin(deps, req);
    const { store, connection } = visit;
    if (connection.status !== "draft") throw new ConflictError("stale", "A set-up link is for drafts only.");
    const token = randomToken();
    await store.transaction(async (inside) => {
      // One at a time: the page cannot say which of several is meant when one is taken back.
      await inside.links.removeOfConnection(connection.id);
      const purpose = { kind: "set-up-connection", connectionId: connection.id } as const;
      await inside.links.create(hashToken(token), purpose, Date.now() + linkDays * 86_400_000);
      await inside.activity.record(visit.entry("connection.link_created"));
    });
    const page = {
      title: "Set-up link",
      url: deps.baseUrl + paths.setup(token),
      days: linkDays,
      base: visit.base,
    };
    res.set("Cache-Control", "no-store").render("admin/set-up-link", page);
  });

  router.post(`${pattern}/links/revoke`, async (req, res) => {
    const visit = await visitOfAdmin(deps, req);
    await visit.store.transaction(async (inside) => {
      await inside.links.removeOfConnection(visit.connection.id);
      await inside.activity.record(visit.entry("connection.link_revoked"));
    });
    await flash(req, "done", "The set-up link does not work any more.");
    res.redirect(303, visit.base);
  });
  return router;
}

/** What the guest of such a link sees. Opening it does not use it up: it ends when they say that they are done. */
export function setUpGuestRoutes(deps: AdminDeps): Router {
  const router = Router();
  const pattern = paths.setup(":token");
  const { links } = systemStore(deps.database);

  router.use(pattern, (_req, res, next) => {
    // The token stands in the address: it must not travel on in a Referer or stay in a cache.
    res.set({ "Referrer-Policy": "no-referrer", "Cache-Control": "no-store" });
    next();
  });
  router.use(setUpRoutes(deps, pattern, (req) => visitOfGuest(deps, req)));

  router.post(`${pattern}/finish`, async (req: Request, res) => {
    const visit = await visitOfGuest(deps, req);
    if (!(await links.consume(hashToken(String(req.params.token))))) throw new RefusedError("link-not-valid");
    await visit.store.activity.record(visit.entry("connection.set_up_finished"));
    res.render("admin/set-up-finished", { title: "The set-up is finished", tenant: visit.tenant });
  });
  return router;
}

/** Throws RefusedError `link-not-valid`, also once the connection is no draft any more. */
async function visitOfGuest({ database }: AdminDeps, req: Request): Promise<Visit> {
  const token = String(req.params.token);
  const system = systemStore(database);
  const link = await system.links.peek(hashToken(token));
  if (link?.purpose.kind !== "set-up-connection") throw new RefusedError("link-not-valid");
  const store = forTenant(database, link.tenantId);
  const connection = await store.connections.byId(link.purpose.connectionId);
  const tenant = await system.tenants.byId(link.tenantId);
  if (connection?.status !== "draft" || !tenant) throw new RefusedError("link-not-valid");
  const who = {
    actorKind: "admin",
    actor: "set-up link",
    targetId: connection.id,
    requestId: req.id,
  } as const;
  const entry: Visit["entry"] = (action, changed = []) => ({ ...who, action, changed });
  return { store, person: null, tenant, connection, base: paths.setup(token), entry };
}
