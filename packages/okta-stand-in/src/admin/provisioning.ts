import { type Request, Router } from "express";
import { okta } from "okta-labels/labels";
import { mappedAttributes } from "../attributes.ts";
import { baseUrlOf, entryOf } from "../catalog.ts";
import { disableProvisioning, readEntitlements } from "../integration.ts";
import { appOf, OrgRefusal } from "../org.ts";
import type { OrgAdmin } from "../provisioner.ts";
import { testCredentials } from "../provisioning.ts";
import type { OrgApp, Provisioning } from "../state.ts";
import { isWebAddress } from "../web-address.ts";
import { act, appPage, appPath, backTo, field, idIn } from "./console.ts";

/** The expression for a custom username: the user name of the application. */
const customUsername = "appuser.userName";

/** The tab Provisioning of an app: Integration, To App and To Okta. */
export function provisioningRoutes(org: OrgAdmin): Router {
  const router = Router();
  const integrationTab = backTo(org, "/provisioning/integration");

  router.get("/admin/apps/:id/provisioning", (req, res) => {
    const { app, ...page } = appPage(org, req, "provisioning");
    const setting = app.provisioning ? "to-app" : "integration";
    res.render("app-provisioning", { ...page, app, setting, mappings: mappedAttributes });
  });
  for (const setting of ["integration", "to-app", "to-okta"]) {
    router.get(`/admin/apps/:id/provisioning/${setting}`, (req, res) => {
      const page = appPage(org, req, "provisioning");
      if (setting !== "integration" && !page.app.provisioning)
        return res.redirect(appPath(page.app, "/provisioning"));
      res.render("app-provisioning", { ...page, setting, mappings: mappedAttributes });
    });
  }
  router.post(
    "/admin/apps/:id/provisioning/integration",
    act(
      (req) => `${integrationTab(req)}?edit=integration`,
      async (req) => {
        const app = appOf(org, idIn(req));
        const saves = field(req, "save") !== "";
        if (saves && field(req, "enabled") !== "on") {
          disableProvisioning(org, app);
          return { text: "Provisioning is disabled: nothing is sent any more.", to: integrationTab(req) };
        }
        await testAnd(org, app, integrationOf(org, app, req), saves);
        return saves
          ? { text: "API Integration is saved.", to: appPath(app, "/provisioning/to-app") }
          : {
              text: `${app.label} was verified successfully!`,
              to: `${integrationTab(req)}?edit=integration`,
              keepsEntered: true,
            };
      },
    ),
  );
  router.post(
    "/admin/apps/:id/provisioning/to-app",
    act(backTo(org, "/provisioning/to-app"), (req) => {
      const provisioning = provisioningOf(appOf(org, idIn(req)));
      const isOn = (name: string) => field(req, name) === "on";
      Object.assign(provisioning, {
        createUsers: isOn("createUsers"),
        updateAttributes: isOn("updateAttributes"),
        deactivateUsers: isOn("deactivateUsers"),
        syncPassword: isOn("syncPassword"),
        ...(field(req, "updates") ? { updates: updatesOf(field(req, "updates")) } : {}),
      });
      org.store.changed();
      return `${okta.provisioning.toApp} is saved.`;
    }),
  );
  router.post(
    "/admin/apps/:id/provisioning/to-okta",
    act(backTo(org, "/provisioning/to-okta"), (req) => {
      const provisioning = provisioningOf(appOf(org, idIn(req)));
      const isEmail = field(req, "importFormat") === "email";
      if (!isEmail && field(req, "importExpression").trim() !== customUsername)
        throw new OrgRefusal(`The stand-in knows the expression ${customUsername} only.`);
      provisioning.importFormat = isEmail ? "email" : "userName";
      org.store.changed();
      return `${okta.provisioning.toOkta} is saved.`;
    }),
  );
  return router;
}

/** Throws OrgRefusal. */
export function provisioningOf({ provisioning }: OrgApp): Provisioning {
  if (!provisioning) throw new OrgRefusal(`${okta.provisioning.configure} first.`);
  return provisioning;
}

/**
 * Tests the credentials, and saves them if they work. A governed app is then read for its roles and entitlements. Throws
 * ScimFailure if the application refuses them.
 */
async function testAnd(org: OrgAdmin, app: OrgApp, wanted: Provisioning, save: boolean): Promise<void> {
  await testCredentials(org.provisioner.sender({ ...app, provisioning: wanted }, okta.provisioning.test));
  if (!save) return;
  app.provisioning = wanted;
  org.store.changed();
  if (app.governance) await readEntitlements(org, app);
}

/** Throws OrgRefusal. */
function integrationOf(org: OrgAdmin, app: OrgApp, req: Request): Provisioning {
  const before = app.provisioning;
  // The token is never shown again; an empty field keeps it.
  const token = field(req, "token").trim() || before?.token;
  if (!token) throw new OrgRefusal(`The ${okta.provisioning.apiToken} is required.`);
  // In Okta, everything under To App is off until an administrator enables it.
  const features = { createUsers: false, updateAttributes: false, deactivateUsers: false };
  const entry = entryOf(org, app);
  if (entry?.scim) {
    const { mode, updates } = entry.scim;
    const baseUrl = baseUrlOf(entry, app.variables ?? {});
    return { ...features, ...before, baseUrl: checkedBaseUrl(baseUrl), token, mode, updates };
  }
  const mode = field(req, "mode") === "Header" ? "Header" : "Bearer";
  const baseUrl = checkedBaseUrl(field(req, "baseUrl"));
  return { ...features, updates: "put", ...before, baseUrl, token, mode };
}

/** Throws OrgRefusal. */
function checkedBaseUrl(given: string): string {
  const baseUrl = given.trim().replace(/\/$/, "");
  if (!isWebAddress(baseUrl)) throw new OrgRefusal(`The ${okta.provisioning.baseUrl} must be a web address.`);
  if (baseUrl.includes("_"))
    throw new OrgRefusal(`The ${okta.provisioning.baseUrl} must not contain an underscore (Okta).`);
  return baseUrl;
}

function updatesOf(value: string): Provisioning["updates"] {
  return value === "patch" || value === "private" ? value : "put";
}
