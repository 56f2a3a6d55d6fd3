import { type Request, Router } from "express";
import { paths } from "../endpoints.ts";
import { ConflictError, NotFoundError } from "../errors.ts";
import type { TenantStore } from "../store/tenant-store.ts";
import { flash } from "../web/sessions.ts";
import { visitOfAdmin } from "./connections.ts";
import type { AdminDeps } from "./routes.ts";
import type { SamlConnection } from "./saml-form.ts";
import { keyFacts, ourCertificates } from "./set-up-page.ts";
import { checkShown } from "./shown.ts";
import { lockAsShown, mayEdit, type Visit } from "./visit.ts";

/** What is done to SAML connections alone: their metadata is read again, and our own key is changed. */
export function samlActionRoutes(deps: AdminDeps): Router {
  const router = Router();
  const pattern = paths.admin.connection(":connection");
  const { saml, sealer } = deps;

  async function visitOf(req: Request): Promise<Visit & { connection: SamlConnection }> {
    const visit = await visitOfAdmin(deps, req);
    const { connection } = visit;
    if (connection.type !== "saml" || !connection.settings || !mayEdit(visit))
      throw new NotFoundError("There is no such SAML connection.");
    return { ...visit, connection: { ...connection, settings: connection.settings } };
  }

  router.post(`${pattern}/refresh`, async (req, res) => {
    const visit = await visitOf(req);
    // While the provider answers nothing is locked: refresh() takes nothing over from another address than this one.
    await visit.store.transaction((inside) => lockAsShown(req, visit, inside));
    const { problem } = await saml.refresh(visit.store, visit.connection);
    await visit.store.activity.record(visit.entry("connection.metadata_refreshed"));
    if (problem === null) await flash(req, "done", "The metadata was read again.");
    else
      await flash(req, "problem", `The metadata could not be read; the values from before stay. ${problem}`);
    res.redirect(303, visit.base);
  });

  type Step = (inside: TenantStore) => Promise<void>;
  const keyChange = (action: string, done: string, work: (visit: Visit, step: Step) => Promise<void>) =>
    router.post(`${pattern}/keys/${action}`, async (req, res) => {
      const visit = await visitOf(req);
      const page = `${visit.base}#keys`;
      try {
        await work(visit, async (store) => {
          checkShown(req, keyFacts(await ourCertificates(deps, { ...visit, store })), page);
          await store.activity.record(visit.entry(`connection.key_change_${action}`));
        });
        await flash(req, "done", done);
      } catch (error) {
        if (!(error instanceof ConflictError)) throw error;
        await flash(req, "problem", error.message);
      }
      res.redirect(303, page);
    });
  const begun = "There is a second certificate now. Bring it to Okta, then end the change.";
  keyChange("begin", begun, ({ store, connection }, step) =>
    saml.beginKeyChange(store, sealer, connection, step),
  );
  keyChange("end", "The new certificate signs from now on.", ({ store, connection }, step) =>
    saml.endKeyChange(store, connection, step),
  );
  return router;
}
