import { type Request, Router } from "express";
import { okta } from "okta-labels/labels";
import { mappedAttributes } from "../attributes.ts";
import { baseUrlOf, entryOf, oauthOf } from "../catalog.ts";
import { disableProvisioning, readEntitlements } from "../integration.ts";
import { type Notice, withNotice } from "../notices.ts";
import { appOf, OrgRefusal } from "../org.ts";
import type { OrgAdmin } from "../provisioner.ts";
import { testCredentials } from "../provisioning.ts";
import { ScimFailure } from "../scim-failure.ts";
import { scimOAuth } from "../scim-oauth.ts";
import type { CatalogApp, OAuthSettings, OrgApp, Provisioning } from "../state.ts";
import { isWebAddress } from "../web-address.ts";
import { act, appPage, appPath, backTo, field, fieldsStartingWith, idIn, orBack } from "./console.ts";

/** The expression for a custom username: the user name of the application. */
const customUsername = "appuser.userName";

/** The tab Provisioning of an app: Integration, To App and To Okta. */
export function provisioningRoutes(org: OrgAdmin): Router {
  const router = Router();
  addAuthentication(router, org);
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
  delete app.newGrant;
  org.store.changed();
  if (app.governance) await readEntitlements(org, app);
}

/** Throws OrgRefusal. */
function integrationOf(org: OrgAdmin, app: OrgApp, req: Request): Provisioning {
  const entry = entryOf(org, app);
  const mode = modeOf(entry, req);
  const baseUrl = checkedBaseUrl(entry ? baseUrlOf(entry, app.variables ?? {}) : field(req, "baseUrl"));
  const { grant: oldGrant, ...before } = app.provisioning ?? unused;
  const wanted = { ...before, baseUrl, mode, updates: entry?.scim?.updates ?? before.updates };
  if (mode === "OAuth 2") {
    const grant = app.newGrant ?? oldGrant;
    if (!grant) throw new OrgRefusal(`${authenticateWith(app)} first.`);
    return { ...wanted, token: "", grant };
  }
  // The token is never shown again; an empty field keeps it.
  const token = field(req, "token").trim() || before.token;
  if (!token) throw new OrgRefusal(`The ${okta.provisioning.apiToken} is required.`);
  return { ...wanted, token };
}

/** In Okta, everything under To App is off until an administrator enables it. */
const unused: Provisioning = {
  baseUrl: "",
  token: "",
  mode: "Bearer",
  updates: "put",
  createUsers: false,
  updateAttributes: false,
  deactivateUsers: false,
};

function authenticateWith({ label }: OrgApp): string {
  return okta.provisioning.authenticateWith.replace("{app}", label);
}

/** "Authenticate with {app}", and the answer of the application's authorization server. */
function addAuthentication(router: Router, org: OrgAdmin): void {
  const oauth = scimOAuth(org);
  const editing = (app: OrgApp) => `${appPath(app, "/provisioning/integration")}?edit=integration`;
  router.post(
    "/admin/apps/:id/provisioning/authenticate",
    orBack(
      (req) => editing(appOf(org, idIn(req))),
      async (req, res) => {
        const app = appOf(org, idIn(req));
        const { clientSecret: _, token: __, ...entered } = fieldsStartingWith(req, "");
        res.redirect(303, oauth.begin(app, settingsOf(org, app, req), entered));
      },
    ),
  );
  router.get("/admin/app/cpc/:name/oauth/callback", async (req, res) => {
    const visit = oauth.take(req.query.state);
    const app = appOf(org, visit.appId);
    const show = (kind: Notice["kind"], text: string) =>
      res.redirect(
        303,
        withNotice(editing(app), { kind, text, values: { ...visit.entered, enabled: "on" } }),
      );
    try {
      app.newGrant = await oauth.finish(visit, req.query);
      org.store.changed();
      show("done", `${app.label} was authenticated successfully!`);
    } catch (error) {
      if (!(error instanceof ScimFailure)) throw error;
      show("problem", error.message);
    }
  });
}

/** An integration brings its settings along; an administrator enters those of a private app. Throws OrgRefusal. */
function settingsOf(org: OrgAdmin, app: OrgApp, req: Request): OAuthSettings {
  const entry = entryOf(org, app);
  if (entry) return oauthOf(entry, app.variables ?? {});
  const before = app.newGrant ?? app.provisioning?.grant;
  const [authorizeUrl, tokenUrl] = [field(req, "authorizeUrl").trim(), field(req, "tokenUrl").trim()];
  if (!isWebAddress(authorizeUrl) || !isWebAddress(tokenUrl))
    throw new OrgRefusal("Both endpoints must be web addresses.");
  const clientId = field(req, "clientId").trim();
  const clientSecret = field(req, "clientSecret").trim() || (before?.settings.clientSecret ?? "");
  return { authorizeUrl, tokenUrl, clientId, clientSecret, scopes: field(req, "scopes").trim() };
}

function modeOf(entry: CatalogApp | null, req: Request): Provisioning["mode"] {
  if (entry) return entry.scim?.mode ?? "Bearer";
  const mode = field(req, "mode");
  return mode === "Header" || mode === "OAuth 2" ? mode : "Bearer";
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
