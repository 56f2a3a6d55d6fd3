import { Router } from "express";
import { okta } from "okta-labels/labels";
import { appOf } from "../org.ts";
import type { OrgAdmin } from "../provisioner.ts";
import { changeResourceServer } from "../resource-server.ts";
import { act, appPage, backTo, field, idIn } from "./console.ts";

/** The tab Resource Server of an app. */
export function resourceServerRoutes(org: OrgAdmin): Router {
  const router = Router();
  const own = backTo(org, "/resource-server");
  router.get("/admin/apps/:id/resource-server", (req, res) => {
    res.render("app-resource-server", appPage(org, req, "resource-server"));
  });
  router.post(
    "/admin/apps/:id/resource-server",
    act(
      (req) => `${own(req)}?edit=cross-app-access`,
      (req) => {
        const app = appOf(org, idIn(req));
        const entered = {
          issuerUrl: field(req, "issuerUrl").trim(),
          tenantId: field(req, "tenantId").trim(),
        };
        changeResourceServer(org, app, field(req, "enabled") === "on" ? entered : null);
        const state = app.resourceServer ? "enabled" : "disabled";
        return { text: `${okta.resourceServer.section} is ${state}.`, to: own(req) };
      },
    ),
  );
  return router;
}
