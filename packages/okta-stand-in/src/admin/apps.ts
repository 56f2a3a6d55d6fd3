import { type Request, Router } from "express";
import { tilePathOf } from "../end-user.ts";
import { newSamlKey } from "../keys.ts";
import { appOf, OrgRefusal } from "../org.ts";
import type { OrgAdmin } from "../provisioner.ts";
import { isSaml, issuerOf, metadataUrlOf, ssoUrlOf } from "../saml.ts";
import type { OrgApp } from "../state.ts";
import { act, field, idIn } from "./console.ts";

/** Applications > Applications: the list, and the tabs General and Sign On of an app. */
export function appRoutes(org: OrgAdmin): Router {
  const router = Router();
  const signOnTab = (req: Request) => `/admin/apps/${idIn(req)}/sign-on`;

  router.get("/admin/apps", (_req, res) => {
    res.render("apps", { title: "Applications", apps: Object.values(org.store.state.apps) });
  });
  router.get("/admin/apps/:id", (req, res) => {
    const app = appOf(org, idIn(req));
    res.render("app-general", { title: app.label, app, tab: "general", tile: org.url + tilePathOf(app) });
  });
  router.post(
    "/admin/apps/:id",
    act(
      (req) => `/admin/apps/${idIn(req)}`,
      (req) => {
        changeUrls(appOf(org, idIn(req)), req);
        org.store.changed();
        return "The settings are saved.";
      },
    ),
  );
  router.get("/admin/apps/:id/sign-on", (req, res) => {
    const app = appOf(org, idIn(req));
    const saml = isSaml(app)
      ? { issuer: issuerOf(app.signOn), ssoUrl: ssoUrlOf(org, app), metadataUrl: metadataUrlOf(org, app) }
      : null;
    res.render("app-sign-on", { title: app.label, app, tab: "sign-on", saml, issuer: org.url });
  });
  router.post(
    "/admin/apps/:id/sign-on/algorithm",
    act(signOnTab, (req) => {
      const { signOn } = appOf(org, idIn(req));
      if (signOn.kind !== "saml") throw new OrgRefusal("Only SAML apps have a signature algorithm.");
      signOn.algorithm = field(req, "algorithm") === "SHA1" ? "SHA1" : "SHA256";
      org.store.changed();
      return signOn.algorithm === "SHA1"
        ? "Responses are signed with SHA-1 now. No Okta app does that today: test whether the application refuses it."
        : "Responses are signed with SHA-256 again.";
    }),
  );
  router.post(
    "/admin/apps/:id/sign-on/certificate",
    act(signOnTab, async (req) => {
      const { signOn } = appOf(org, idIn(req));
      if (signOn.kind !== "saml") throw new OrgRefusal("Only SAML apps have a signing certificate.");
      Object.assign(signOn, await newSamlKey(org.name));
      org.store.changed();
      return "A new certificate signs from now on. No one can sign in until the application has it.";
    }),
  );
  router.post(
    "/admin/apps/:id/logout",
    act(signOnTab, (req) => {
      const app = appOf(org, idIn(req));
      const url = field(req, "url").trim();
      if (url !== "" && !/^https?:\/\//.test(url))
        throw new OrgRefusal("The endpoint must be a web address.");
      const subjectFormat = field(req, "subjectFormat") === "iss_sub" ? "iss_sub" : "email";
      app.universalLogout = url === "" ? null : { url, subjectFormat };
      org.store.changed();
      return url === "" ? "Universal Logout is off." : "Universal Logout is on.";
    }),
  );
  return router;
}

/** Throws OrgRefusal. */
function changeUrls({ signOn }: OrgApp, req: Request): void {
  if (signOn.kind === "saml") {
    const [acsUrl = ""] = addresses(field(req, "acsUrl"));
    const audience = field(req, "audience").trim();
    if (acsUrl === "" || audience === "")
      throw new OrgRefusal("Single sign-on URL and Audience URI are required.");
    Object.assign(signOn, { acsUrl, audience, defaultRelayState: field(req, "defaultRelayState").trim() });
    return;
  }
  const redirectUris = addresses(field(req, "redirectUris"));
  if (redirectUris.length === 0) throw new OrgRefusal("At least one Sign-in redirect URI is required.");
  const [initiateLoginUri = null] = addresses(field(req, "initiateLoginUri"));
  const postLogoutRedirectUris = addresses(field(req, "postLogoutRedirectUris"));
  Object.assign(signOn, { redirectUris, postLogoutRedirectUris, initiateLoginUri });
}

/** One address a line. Throws OrgRefusal. */
function addresses(text: string): string[] {
  const found = text.split(/\s+/).filter((line) => line !== "");
  const wrong = found.find((line) => !URL.canParse(line) || !/^https?:$/.test(new URL(line).protocol));
  if (wrong !== undefined) throw new OrgRefusal(`"${wrong}" is not a web address.`);
  return found;
}
