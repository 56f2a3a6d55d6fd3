import { Router } from "express";
import { confirmImport, importUsers } from "../importing.ts";
import { appOf, OrgRefusal } from "../org.ts";
import type { OrgAdmin } from "../provisioner.ts";
import { act, appPage, backTo, fields, idIn, orBack } from "./console.ts";
import { provisioningOf } from "./provisioning.ts";

/** The tab Import of an app. */
export function importRoutes(org: OrgAdmin): Router {
  const router = Router();
  router.get("/admin/apps/:id/import", (req, res) => {
    res.render("app-import", { ...appPage(org, req, "import"), result: null });
  });
  router.post(
    "/admin/apps/:id/import",
    orBack(backTo(org, "/import"), async (req, res) => {
      const page = appPage(org, req, "import");
      provisioningOf(page.app);
      res.render("app-import", { ...page, result: await importUsers(org, page.app) });
    }),
  );
  router.post(
    "/admin/apps/:id/import/confirm",
    act(backTo(org, "/import"), async (req) => {
      const ids = fields(req, "remoteId");
      if (ids.length === 0) throw new OrgRefusal("Select at least one user.");
      const app = appOf(org, idIn(req));
      provisioningOf(app);
      const { linked, created } = await confirmImport(org, app, ids);
      return `${linked} users are linked to people, and ${created} people are added.`;
    }),
  );
  return router;
}
