import { type Request, Router } from "express";
import { createConnection, removeConnection, switchOffConnection } from "../directory/connections.ts";
import { linkTestedIdentity } from "../directory/sign-in-tests.ts";
import { paths } from "../endpoints.ts";
import { ConflictError, InvalidError, NotFoundError } from "../errors.ts";
import type { ConnectionType } from "../model.ts";
import { certificateWarning } from "../trust/connection-warnings.ts";
import { flash } from "../web/answers.ts";
import { requireOwner, signedIn } from "../web/guards.ts";
import { formField } from "../web/request.ts";
import { adminEntry, pathParameter, storeOf } from "./change.ts";
import type { AdminDeps } from "./deps.ts";
import { reviewRoutes } from "./review.ts";
import { setUpRoutes } from "./set-up.ts";
import { adminContext, lockAsShown, mayEdit, type SetUpContext } from "./set-up-context.ts";

const pattern = paths.admin.connection(":connection");

/** The list of connections, and the actions on a single one. */
export function connectionRoutes(deps: AdminDeps): Router {
  const router = Router();
  const contextOf = (req: Request) => adminContext(deps.database, req);

  router.get(paths.admin.connections, async (req, res) => {
    const connections = await storeOf(req, deps.database).connections.list();
    const rows = connections.map((connection) => ({ connection, warning: certificateWarning(connection) }));
    res.render("admin/connections", { title: "Connections", rows });
  });
  addCreation(router, deps);
  router.use(setUpRoutes(deps, pattern, contextOf));
  router.use(reviewRoutes(deps));
  addStates(router, contextOf);

  router.post(`${pattern}/tests/:test/link`, async (req, res) => {
    const context = await contextOf(req);
    try {
      await context.store.transaction(async (store) => {
        const { id } = signedIn(req).user;
        // If the provider had changed, the subject would belong to another person there.
        const connection = await lockAsShown(req, context, store);
        await linkTestedIdentity({ store, sealer: deps.sealer, connection }, pathParameter(req, "test"), id);
        await store.activity.record(context.entry("connection.identity_linked"));
      });
      await flash(req, "done", "From now on this identity signs in to your account.");
    } catch (error) {
      if (!(error instanceof ConflictError)) throw error;
      await flash(req, "problem", error.message);
    }
    res.redirect(303, `${context.base}#test`);
  });
  return router;
}

function addCreation(router: Router, { database }: AdminDeps): void {
  const title = "Add a connection";

  router.get(paths.admin.newConnection, (req, res) => {
    const { slug } = signedIn(req).tenant;
    res.render("admin/connection-new", { title, key: slug, type: "oidc", problem: null });
  });

  router.post(paths.admin.connections, async (req, res) => {
    const { tenant } = signedIn(req);
    const key = formField(req, "key").trim().toLowerCase();
    const type: ConnectionType = formField(req, "type") === "saml" ? "saml" : "oidc";
    try {
      const wanted = { key, type, settings: null, secret: null, justInTime: false, draft: true };
      const { id } = await createConnection(database, tenant.id, wanted);
      await storeOf(req, database).activity.record(adminEntry(req, "connection.created", id));
      res.redirect(303, paths.admin.connection(id));
    } catch (error) {
      if (!(error instanceof InvalidError || error instanceof ConflictError)) throw error;
      res.status(400).render("admin/connection-new", { title, key, type, problem: error.message });
    }
  });
}

/** Switches a connection off, or deletes it. review.ts switches it on. */
function addStates(router: Router, contextOf: (req: Request) => Promise<SetUpContext>): void {
  async function change(
    req: Request,
    action: string,
    work: (context: SetUpContext) => Promise<unknown>,
  ): Promise<SetUpContext> {
    const context = await contextOf(req);
    await context.store.transaction(async (store) => {
      await work({ ...context, store, connection: await lockAsShown(req, context, store) });
      await store.activity.record(context.entry(action));
    });
    return context;
  }

  router.post(`${pattern}/disable`, requireOwner, async (req, res) => {
    const { base } = await change(req, "connection.disabled", ({ store, connection }) =>
      switchOffConnection(store, connection.id),
    );
    await flash(req, "done", "The connection is off. Everyone who signed in through it is signed out.");
    res.redirect(303, base);
  });

  router.post(`${pattern}/delete`, async (req, res) => {
    const checkMayDelete = (context: SetUpContext) => {
      if (!mayEdit(context))
        throw new NotFoundError("Only an owner deletes a connection that was switched on.");
    };
    checkMayDelete(await contextOf(req));
    await change(req, "connection.deleted", async (context) => {
      checkMayDelete(context);
      if (context.connection.status === "active")
        throw new ConflictError("stale", "Switch the connection off first.");
      await removeConnection(context.store, context.connection.id);
    });
    await flash(req, "done", "The connection is deleted.");
    res.redirect(303, paths.admin.connections);
  });
}
