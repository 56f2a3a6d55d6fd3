import { Router } from "express";
import { okta } from "okta-labels/labels";
import { addInstance, catalogAppOf } from "../catalog.ts";
import type { OrgAdmin } from "../provisioner.ts";
import { act, appPath, field, fieldsStartingWith, idIn, pageOf } from "./console.ts";

/** "Browse App Catalog": the list, the page of an integration, and its General Settings. */
export function catalogRoutes(org: OrgAdmin): Router {
  const router = Router();
  const entryPath = (name: string) => `/admin/catalog/${encodeURIComponent(name)}`;

  router.get("/admin/catalog", (req, res) => {
    const entries = Object.values(org.store.state.catalog ?? {});
    const list = pageOf(req, entries, ({ label, description }) => `${label} ${description}`);
    res.render("catalog", { title: okta.catalog.title, list });
  });
  router.get("/admin/catalog/:name", (req, res) => {
    const entry = catalogAppOf(org, idIn(req, "name"));
    res.render("catalog-app", { title: entry.label, entry });
  });
  router.get("/admin/catalog/:name/add", (req, res) => {
    const entry = catalogAppOf(org, idIn(req, "name"));
    res.render("catalog-add", { title: `Add ${entry.label}`, entry });
  });
  router.post(
    "/admin/catalog/:name/add",
    act(
      (req) => `${entryPath(idIn(req, "name"))}/add`,
      async (req) => {
        const entry = catalogAppOf(org, idIn(req, "name"));
        const wanted = { label: field(req, "label"), variables: fieldsStartingWith(req, "variable-") };
        const app = await addInstance(org, entry, wanted);
        // Okta opens the Assignments tab (Okta: submit-oin-app, "Generate instance").
        return { text: `${app.label} is added.`, to: appPath(app, "/assignments") };
      },
    ),
  );
  return router;
}
