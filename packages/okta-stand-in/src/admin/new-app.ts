import { Router } from "express";
import { okta } from "okta-labels/labels";
import { OrgNotFoundError } from "../org.ts";
import { addOidcApp, addSamlApp } from "../private-app.ts";
import type { OrgAdmin } from "../provisioner.ts";
import { grantsIn, oidcUrlsIn, samlUrlsIn } from "./apps.ts";
import { act, appPath, field, fields, idIn } from "./console.ts";

/** "Create App Integration": a private app. */
export function newAppRoutes(org: OrgAdmin): Router {
  const router = Router();
  router.get("/admin/new-app", (req, res) => {
    const method = req.query.method === "oidc" || req.query.method === "saml" ? req.query.method : null;
    if (method) return res.redirect(`/admin/new-app/${method}`);
    res.render("new-app", { title: okta.catalog.createIntegration, method });
  });
  router.get("/admin/new-app/:method", (req, res) => {
    const method = idIn(req, "method");
    if (method !== "oidc" && method !== "saml") throw new OrgNotFoundError("There is no such page.");
    const title = method === "oidc" ? "New Web App Integration" : "Create SAML Integration";
    res.render("new-app", { title, method });
  });
  router.post(
    "/admin/new-app/oidc",
    act(
      () => "/admin/new-app/oidc",
      (req) => {
        const app = addOidcApp(org, field(req, "label"), { ...oidcUrlsIn(req), ...grantsIn(req) });
        return { text: `${app.label} is created.`, to: appPath(app) };
      },
    ),
  );
  router.post(
    "/admin/new-app/saml",
    act(
      () => "/admin/new-app/saml",
      async (req) => {
        const names = fields(req, "attributeName");
        const expressions = fields(req, "attributeValue");
        const attributeStatements = names.flatMap((name, index) =>
          name === "" ? [] : [{ name, expression: expressions[index] ?? "" }],
        );
        const { defaultRelayState, ...urls } = samlUrlsIn(req);
        const app = await addSamlApp(org, field(req, "label"), { ...urls, attributeStatements });
        Object.assign(app.signOn, { defaultRelayState });
        return { text: `${app.label} is created.`, to: appPath(app, "/sign-on") };
      },
    ),
  );
  return router;
}
