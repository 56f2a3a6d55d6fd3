import { type Request, Router } from "express";
import { okta } from "okta-labels/labels";
import { setAppActive } from "../agents.ts";
import { changeInstance } from "../catalog.ts";
import { tilePathOf } from "../end-user.ts";
import { enableGovernance } from "../governance.ts";
import { appOf, OrgRefusal } from "../org.ts";
import type { OrgAdmin } from "../provisioner.ts";
import type { OrgApp } from "../state.ts";
import { isWebAddress } from "../web-address.ts";
import { act, appPage, backTo, field, fieldsStartingWith, idIn, pageOf } from "./console.ts";

/** Applications and Resources > Applications: the list, and the tab General of an app. */
export function appRoutes(org: OrgAdmin): Router {
  const router = Router();
  const own = backTo(org);

  router.get("/admin/apps", (req, res) => {
    const apps = Object.values(org.store.state.apps);
    const active = apps.filter((app) => app.active).length;
    const isInactive = req.query.status === "inactive";
    const wanted = apps.filter((app) => app.active !== isInactive);
    const list = pageOf(req, wanted, ({ label }) => label);
    res.render("apps", { title: "Applications", list, isInactive, active, inactive: apps.length - active });
  });
  router.get("/admin/apps/:id", (req, res) => {
    const page = appPage(org, req, "general");
    res.render("app-general", { ...page, tile: org.url + tilePathOf(page.app) });
  });
  router.post(
    "/admin/apps/:id",
    act(own, (req) => {
      changeUrls(appOf(org, idIn(req)), req);
      org.store.changed();
      return "The settings are saved.";
    }),
  );
  router.post(
    "/admin/apps/:id/settings",
    act(
      (req) => `${own(req)}?edit=settings`,
      (req) => {
        const wanted = { label: field(req, "label"), variables: fieldsStartingWith(req, "variable-") };
        changeInstance(org, appOf(org, idIn(req)), wanted);
        return { text: "The app settings are saved.", to: own(req) };
      },
    ),
  );
  router.post(
    "/admin/apps/:id/entitlement-management",
    act(own, (req) => enableGovernance(org, appOf(org, idIn(req)), field(req, "enabled") === "on")),
  );
  router.post(
    "/admin/apps/:id/status",
    act(own, (req) => {
      const app = appOf(org, idIn(req));
      setAppActive(org, app, !app.active);
      return app.active ? "The application is active." : "The application is inactive: it is open to no one.";
    }),
  );
  return router;
}

/** Changes the URLs and grants of a private app. Throws OrgRefusal. */
function changeUrls({ signOn, variables }: OrgApp, req: Request): void {
  if (variables) throw new OrgRefusal("The URLs follow from the integration and its settings.");
  if (signOn.kind === "saml") Object.assign(signOn, samlUrlsIn(req));
  else Object.assign(signOn, oidcUrlsIn(req), grantsIn(req));
}

/** The URLs in the form of a private SAML app. Throws OrgRefusal. */
export function samlUrlsIn(req: Request) {
  const [acsUrl = ""] = addresses(field(req, "acsUrl"));
  const audience = field(req, "audience").trim();
  if (acsUrl === "" || audience === "")
    throw new OrgRefusal(`${okta.customApp.ssoUrl} and ${okta.customApp.audience} are required.`);
  return { acsUrl, audience, defaultRelayState: field(req, "defaultRelayState").trim() };
}

/** The URLs in the form of a private OIDC app. Throws OrgRefusal. */
export function oidcUrlsIn(req: Request) {
  const redirectUris = addresses(field(req, "redirectUris"));
  if (redirectUris.length === 0) throw new OrgRefusal("At least one Sign-in redirect URI is required.");
  const [initiateLoginUri = null] = addresses(field(req, "initiateLoginUri"));
  const postLogoutRedirectUris = addresses(field(req, "postLogoutRedirectUris"));
  return { redirectUris, postLogoutRedirectUris, initiateLoginUri };
}

/** "Grant type", of a private OIDC app. Authorization code is always one of them. */
export function grantsIn(req: Request) {
  const isOn = (name: string) => field(req, name) === "on";
  return { refreshTokens: isOn("refreshTokens"), rotatesRefreshTokens: isOn("rotatesRefreshTokens") };
}

/** One address a line. Throws OrgRefusal. */
function addresses(text: string): string[] {
  const found = text.split(/\s+/).filter((line) => line !== "");
  const wrong = found.find((line) => !isWebAddress(line));
  if (wrong !== undefined) throw new OrgRefusal(`"${wrong}" is not a web address.`);
  return found;
}
