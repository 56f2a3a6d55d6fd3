import { type Request, Router } from "express";
import { createConnection, removeConnection, switchOffConnection } from "../directory/connections.ts";
import { linkTestedIdentity } from "../directory/sign-in-tests.ts";
import { paths } from "../endpoints.ts";
import { ConflictError, InvalidError, NotFoundError } from "../errors.ts";
import type { ConnectionType } from "../model.ts";
import { certificateWarning } from "../trust/connection-warnings.ts";
import { formField } from "../web/forms.ts";
import { requireOwner, signedIn } from "../web/guards.ts";
import { flash } from "../web/sessions.ts";
import { adminEntry, storeOf } from "./acting.ts";
import { reviewRoutes } from "./review.ts";
import type { AdminDeps } from "./routes.ts";
import { setUpRoutes } from "./set-up.ts";
import { lockAsShown, mayEdit, type Visit } from "./visit.ts";

const pattern = paths.admin.connection(":connection");

/** The list of connections, the page of each, and what is done to them. */
export function connectionRoutes(deps: AdminDeps): Router {
  const router = Router();
  const visitOf = (req: Request) => visitOfAdmin(deps, req);

  router.get(paths.admin.connections, async (req, res) => {
    const connections = await storeOf(req, deps.database).connections.list();
    const rows = connections.map((connection) => ({ connection, warning: certificateWarning(connection) }));
    res.render("admin/connections", { title: "Connections", rows });
  });
  addCreation(router, deps);
  router.use(setUpRoutes(deps, pattern, visitOf));
  router.use(reviewRoutes(deps, pattern, visitOf));
  addStates(router, visitOf);

  router.post(`${pattern}/tests/:test/link`, async (req, res) => {
    const visit = await visitOf(req);
    const { store, base } = visit;
    try {
      await store.transaction(async (inside) => {
        const { id } = signedIn(req).user;
        // Another provider would sign in to the account by the same subject.
        const connection = await lockAsShown(req, visit, inside);
        await linkTestedIdentity(
          { store: inside, sealer: deps.sealer, connection },
          String(req.params.test),
          id,
        );
        await inside.activity.record(visit.entry("connection.identity_linked"));
      });
      await flash(req, "done", "From now on this identity signs in to your account.");
    } catch (error) {
      if (!(error instanceof ConflictError)) throw error;
      await flash(req, "problem", error.message);
    }
    res.redirect(303, `${base}#test`);
  });
  return router;
}

/** Throws NotFoundError, for a connection of another tenant, too. */
export async function visitOfAdmin({ database }: AdminDeps, req: Request): Promise<Visit> {
  const store = storeOf(req, database);
  const person = signedIn(req);
  const connection = await store.connections.byId(String(req.params.connection));
  if (!connection) throw new NotFoundError("There is no such connection.");
  const base = paths.admin.connection(connection.id);
  const entry: Visit["entry"] = (action, changed) => adminEntry(req, action, connection.id, changed);
  return { store, person, tenant: person.tenant, connection, base, entry };
}

function addCreation(router: Router, { database }: AdminDeps): void {
  const page = { title: "Add a connection" };

  router.get(paths.admin.newConnection, (req, res) => {
    const { slug } = signedIn(req).tenant;
    res.render("admin/connection-new", { ...page, key: slug, type: "oidc", problem: null });
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
      res.status(400).render("admin/connection-new", { ...page, key, type, problem: error.message });
    }
  });
}

/** Active → disabled, and gone. Draft → active is in review.ts. */
function addStates(router: Router, visitOf: (req: Request) => Promise<Visit>): void {
  async function change(
    req: Request,
    action: string,
    work: (visit: Visit) => Promise<unknown>,
  ): Promise<Visit> {
    const visit = await visitOf(req);
    await visit.store.transaction(async (store) => {
      await work({ ...visit, store, connection: await lockAsShown(req, visit, store) });
      await store.activity.record(visit.entry(action));
    });
    return visit;
  }

  router.post(`${pattern}/disable`, requireOwner, async (req, res) => {
    const { base } = await change(req, "connection.disabled", ({ store, connection }) =>
      switchOffConnection(store, connection.id),
    );
    await flash(req, "done", "The connection is off. Whoever came through it is signed out.");
    res.redirect(303, base);
  });

  router.post(`${pattern}/delete`, async (req, res) => {
    const mayDelete = (visit: Visit) => {
      if (!mayEdit(visit))
        throw new NotFoundError("Only an owner deletes a connection that was switched on.");
    };
    mayDelete(await visitOf(req));
    await change(req, "connection.deleted", async (visit) => {
      mayDelete(visit);
      if (visit.connection.status === "active")
        throw new ConflictError("stale", "Switch the connection off first.");
      await removeConnection(visit.store, visit.connection.id);
    });
    await flash(req, "done", "The connection is deleted.");
    res.redirect(303, paths.admin.connections);
  });
}
