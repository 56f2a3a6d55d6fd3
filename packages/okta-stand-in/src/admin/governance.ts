import { type Request, Router } from "express";
import { okta } from "okta-labels/labels";
import { keyOf, valuesOf } from "../access.ts";
import { addRule, customize, governanceOf, removeRule, revertToPolicy } from "../governance.ts";
import { readEntitlements } from "../integration.ts";
import { appOf, displayNameOf, OrgNotFoundError, personOf } from "../org.ts";
import type { OrgAdmin } from "../provisioner.ts";
import { act, appPage, backTo, field, fields, idIn, waitBriefly } from "./console.ts";

/** The tab Governance of an app, and "View access details" of an assignment. */
export function governanceRoutes(org: OrgAdmin): Router {
  const router = Router();
  router.get("/admin/apps/:id/governance", (req, res) => {
    const page = appPage(org, req, "governance");
    res.render("app-governance", {
      ...page,
      part: "entitlements",
      governance: governanceOf(page.app),
      keyOf,
    });
  });
  router.get("/admin/apps/:id/governance/policy", (req, res) => {
    const page = appPage(org, req, "governance");
    const groups = Object.values(org.store.state.groups);
    const governance = governanceOf(page.app);
    res.render("app-governance", { ...page, part: "policy", governance, groups, keyOf });
  });
  router.post(
    "/admin/apps/:id/governance/discover",
    act(backTo(org, "/governance"), async (req) => {
      await readEntitlements(org, appOf(org, idIn(req)));
      return "Resource types, schemas, roles and entitlements were read: see the System Log.";
    }),
  );
  router.post(
    "/admin/apps/:id/governance/policy",
    act(backTo(org, "/governance/policy"), async (req) => {
      const rule = { name: field(req, "name"), groupId: field(req, "groupId"), keys: fields(req, "value") };
      await waitBriefly(addRule(org, appOf(org, idIn(req)), rule));
      return "The rule is added.";
    }),
  );
  router.post(
    "/admin/apps/:id/governance/policy/:index/delete",
    act(backTo(org, "/governance/policy"), async (req) => {
      await waitBriefly(removeRule(org, appOf(org, idIn(req)), Number(idIn(req, "index"))));
      return "The rule is deleted.";
    }),
  );
  addAccess(router, org);
  return router;
}

/** "View access details > Edit access > Customize entitlements". */
function addAccess(router: Router, org: OrgAdmin): void {
  const accessOf = (req: Request) => {
    const page = appPage(org, req, "assignments");
    const subject = personOf(org, idIn(req, "personId"));
    const assignment = page.app.assignments[subject.id];
    if (!assignment) throw new OrgNotFoundError("This person is not assigned to the application.");
    const values = valuesOf(org, page.app, subject.id);
    return {
      ...page,
      title: `Access details: ${displayNameOf(subject)}`,
      subject,
      assignment,
      values,
      keyOf,
    };
  };
  const own = (req: Request) => backTo(org, `/access/${idIn(req, "personId")}`)(req);

  router.get("/admin/apps/:id/access/:personId", (req, res) => {
    res.render("access", accessOf(req));
  });
  router.post(
    "/admin/apps/:id/access/:personId",
    act(own, async (req) => {
      const app = appOf(org, idIn(req));
      await waitBriefly(customize(org, app, idIn(req, "personId"), fields(req, "value")));
      return app.provisioning && !app.provisioning.updateAttributes
        ? `The entitlements are saved, but not sent: ${okta.provisioning.updateAttributes} is off.`
        : "The entitlements are saved.";
    }),
  );
  router.post(
    "/admin/apps/:id/access/:personId/revert",
    act(own, async (req) => {
      await waitBriefly(revertToPolicy(org, appOf(org, idIn(req)), idIn(req, "personId")));
      return "The policy decides about the entitlements again.";
    }),
  );
}
