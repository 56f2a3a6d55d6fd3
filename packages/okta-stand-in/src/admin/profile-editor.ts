import { Router } from "express";
import { okta } from "okta-labels/labels";
import { mappedAttributes, oktaAttributes } from "../attributes.ts";
import { appOf } from "../org.ts";
import type { OrgAdmin } from "../provisioner.ts";
import { idIn } from "./console.ts";

/** Directory > Profile Editor: the attributes of people and of each app's users. Nothing can be changed here. */
export function profileEditorRoutes(org: OrgAdmin): Router {
  const router = Router();
  router.get("/admin/profile-editor", (_req, res) => {
    res.render("profile-editor", {
      title: okta.menus.profileEditor.split(" > ").at(-1),
      apps: Object.values(org.store.state.apps),
    });
  });
  router.get("/admin/profile-editor/okta", (_req, res) => {
    res.render("profile", { title: "User (default)", attributes: oktaAttributes });
  });
  router.get("/admin/profile-editor/:id", (req, res) => {
    const { label } = appOf(org, idIn(req));
    res.render("profile", { title: `${label} User`, attributes: mappedAttributes });
  });
  return router;
}
