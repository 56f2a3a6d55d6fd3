import { type Request, Router } from "express";
import { paths } from "../endpoints.ts";
import { ConflictError, RefusedError } from "../errors.ts";
import { hashToken, randomToken } from "../store/secrets.ts";
import { systemStore } from "../store/system-store.ts";
import { flash } from "../web/answers.ts";
import { noPrefetch } from "../web/request.ts";
import { noTransform } from "../web/views.ts";
import { pathParameter } from "./change.ts";
import type { AdminDeps } from "./deps.ts";
import { setUpRoutes } from "./set-up.ts";
import { adminContext, guestContext } from "./set-up-context.ts";

const linkDays = 7;

/** Set-up links: a customer's Okta administrator uses one to complete a draft without an account here. */
export function setUpLinkRoutes({ database, baseUrl }: AdminDeps): Router {
  const router = Router();
  const pattern = paths.admin.connection(":connection");

  router.post(`${pattern}/links`, async (req, res) => {
    const { store: tenantStore, connection, base, entry } = await adminContext(database, req);
    if (connection.status !== "draft") throw new ConflictError("stale", "A set-up link is for drafts only.");
    const token = randomToken();
    await tenantStore.transaction(async (store) => {
      // One link at a time: the page's revoke button could not say which of several it means.
      await store.links.removeOfConnection(connection.id);
      const purpose = { kind: "set-up-connection", connectionId: connection.id } as const;
      await store.links.create(hashToken(token), purpose, Date.now() + linkDays * 86_400_000);
      await store.activity.record(entry("connection.link_created"));
    });
    res.set("Cache-Control", "no-store").render("admin/set-up-link", {
      title: "Set-up link",
      url: baseUrl + paths.setup(token),
      days: linkDays,
      base,
    });
  });

  router.post(`${pattern}/links/revoke`, async (req, res) => {
    const { store: tenantStore, connection, base, entry } = await adminContext(database, req);
    await tenantStore.transaction(async (store) => {
      await store.links.removeOfConnection(connection.id);
      await store.activity.record(entry("connection.link_revoked"));
    });
    await flash(req, "done", "The set-up link no longer works.");
    res.redirect(303, base);
  });
  return router;
}

/** The pages of the link's guest. Opening the link does not consume it: it ends when the guest finishes. */
export function setUpGuestRoutes(deps: AdminDeps): Router {
  const router = Router();
  const pattern = paths.setup(":token");
  const { links } = systemStore(deps.database);

  router.use(pattern, (_req, res, next) => {
    // The URL contains the token, which must not leak through a Referer header or a cache.
    res.set({ "Referrer-Policy": "no-referrer", "Cache-Control": noTransform });
    next();
  });
  router.get(pattern, noPrefetch);
  router.use(setUpRoutes(deps, pattern, (req) => guestContext(deps.database, req)));

  router.post(`${pattern}/finish`, async (req: Request, res) => {
    const { store, tenant, entry } = await guestContext(deps.database, req);
    if (!(await links.consume(hashToken(pathParameter(req, "token")))))
      throw new RefusedError("link-not-valid");
    await store.activity.record(entry("connection.set_up_finished"));
    res.render("admin/set-up-finished", { title: "The set-up is finished", tenant });
  });
  return router;
}
