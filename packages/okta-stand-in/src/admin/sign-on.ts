import { type Request, type Response, Router } from "express";
import { okta } from "okta-labels/labels";
import { claimedType } from "../access.ts";
import { changeSignOn, entryOf, guideOf, logoutOf } from "../catalog.ts";
import { newSamlKey } from "../keys.ts";
import { appOf, OrgNotFoundError, OrgRefusal } from "../org.ts";
import type { OrgAdmin } from "../provisioner.ts";
import { isSaml, issuerOf, metadataUrlOf, type SamlApp, ssoUrlOf } from "../saml.ts";
import { certificatesOf } from "../saml-app.ts";
import type { OrgApp } from "../state.ts";
import { isWebAddress } from "../web-address.ts";
import { act, appPage, backTo, field, idIn } from "./console.ts";

/** The tab Sign On of an app, which newer orgs call Authentication. */
export function signOnRoutes(org: OrgAdmin): Router {
  const router = Router();
  const own = backTo(org, "/sign-on");

  router.get("/admin/apps/:id/sign-on", (req, res) => {
    const page = appPage(org, req, "sign-on");
    const { app } = page;
    const saml = isSaml(app)
      ? {
          issuer: issuerOf(app.signOn),
          ssoUrl: ssoUrlOf(org, app),
          metadataUrl: metadataUrlOf(org, app),
          certificates: certificatesOf(app.signOn),
        }
      : null;
    const claims = app.claims ?? [];
    res.render("app-sign-on", { ...page, saml, claims, issuer: org.url, guideUrl: guideOf(org, app) });
  });
  addMethodChange(router, org);
  router.post(
    "/admin/apps/:id/sign-on",
    act(own, (req) => {
      const app = appOf(org, idIn(req));
      if (isSaml(app)) {
        app.signOn.usernameFormat = field(req, "usernameFormat") === "email" ? "email" : "okta-username";
        app.signOn.defaultRelayState = field(req, "defaultRelayState").trim();
      }
      org.store.changed();
      return "The sign-on settings are saved.";
    }),
  );
  router.post(
    "/admin/apps/:id/sign-on/id-token",
    act(own, (req) => {
      const { signOn } = appOf(org, idIn(req));
      if (signOn.kind !== "oidc") throw new OrgRefusal("Only OIDC apps have an ID token.");
      const name = field(req, "groupsName").trim();
      const value = field(req, "groupsValue").trim();
      if (name === "") delete signOn.groupsClaim;
      else signOn.groupsClaim = { name, filter: filterOf(field(req, "groupsFilter")), value };
      org.store.changed();
      return `${okta.signOn.idToken} is saved.`;
    }),
  );
  addCertificates(router, org);
  addClaims(router, org);
  router.post(
    "/admin/apps/:id/logout",
    act(
      (req) => `${own(req)}?edit=logout`,
      (req) => {
        const app = appOf(org, idIn(req));
        app.universalLogout = field(req, "adminInitiates") === "on" ? wantedLogout(org, app, req) : null;
        org.store.changed();
        const text = app.universalLogout ? "Universal Logout is on." : "Universal Logout is off.";
        return { text, to: own(req) };
      },
    ),
  );
  return router;
}

/** Another sign-on method asks first: the present one ends. */
function addMethodChange(router: Router, org: OrgAdmin): void {
  const own = backTo(org, "/sign-on");
  const wantedMethod = (value: unknown) => (value === "oidc" || value === "saml" ? value : null);

  router.post("/admin/apps/:id/sign-on", (req, res, next) => {
    const method = wantedMethod(field(req, "method"));
    if (method === null || method === appOf(org, idIn(req)).signOn.kind) return next();
    res.redirect(303, `${own(req)}/method?to=${method}`);
  });
  router.get("/admin/apps/:id/sign-on/method", (req, res) => {
    const to = wantedMethod(req.query.to);
    if (!to) throw new OrgNotFoundError("There is no such page.");
    res.render("change-method", { ...appPage(org, req, "sign-on"), to });
  });
  router.post(
    "/admin/apps/:id/sign-on/method",
    act(own, async (req) => {
      const method = wantedMethod(field(req, "method"));
      if (method) await changeSignOn(org, appOf(org, idIn(req)), method);
      return "The sign-on method is changed.";
    }),
  );
}

/** "Claims > Edit > Add expression", which is "SAML Attributes" for a SAML app. */
function addClaims(router: Router, org: OrgAdmin): void {
  const own = backTo(org, "/sign-on");
  router.post(
    "/admin/apps/:id/claims",
    act(
      (req) => `${own(req)}?edit=new-claim`,
      (req) => {
        const app = appOf(org, idIn(req));
        const claim = { name: field(req, "name").trim(), expression: field(req, "expression").trim() };
        if (claim.name === "") throw new OrgRefusal("The name of the claim is required.");
        if (!claimedType(app, claim.expression))
          throw new OrgRefusal(
            "The stand-in knows appuser.entitlements.{variable name} only, as on Governance.",
          );
        app.claims = [...(app.claims ?? []).filter(({ name }) => name !== claim.name), claim];
        org.store.changed();
        return { text: "The expression is added.", to: own(req) };
      },
    ),
  );
  router.post(
    "/admin/apps/:id/claims/:index/delete",
    act(own, (req) => {
      const app = appOf(org, idIn(req));
      const claim = app.claims?.[Number(idIn(req, "index"))];
      if (!claim) throw new OrgRefusal("There is no such expression.");
      app.claims = app.claims?.filter((one) => one !== claim) ?? [];
      org.store.changed();
      return "The expression is deleted.";
    }),
  );
}

function addCertificates(router: Router, org: OrgAdmin): void {
  const own = backTo(org, "/sign-on");
  router.post(
    "/admin/apps/:id/sign-on/algorithm",
    act(own, (req) => {
      const { signOn } = samlApp(org, req);
      signOn.algorithm = field(req, "algorithm") === "SHA1" ? "SHA1" : "SHA256";
      org.store.changed();
      return signOn.algorithm === "SHA1"
        ? "Responses are signed with SHA-1 now. No Okta app does that today: test whether the application refuses it."
        : "Responses are signed with SHA-256 again.";
    }),
  );
  router.post(
    "/admin/apps/:id/sign-on/certificate",
    act(own, async (req) => {
      const app = samlApp(org, req);
      app.signOn.spare = await newSamlKey(org.name);
      org.store.changed();
      return "A new certificate is generated. It is inactive until you activate it.";
    }),
  );
  router.post(
    "/admin/apps/:id/sign-on/certificate/activate",
    act(own, (req) => {
      const { signOn } = samlApp(org, req);
      if (!signOn.spare) throw new OrgRefusal("Generate a new certificate first.");
      const { privateKey, certificate, spare } = signOn;
      Object.assign(signOn, spare, { spare: { privateKey, certificate } });
      org.store.changed();
      return "The new certificate signs from now on. No one can sign in until the application has it.";
    }),
  );
  router.get("/admin/apps/:id/sign-on/certificate/:fingerprint", (req, res: Response) => {
    const { signOn } = samlApp(org, req);
    const found = certificatesOf(signOn).find(({ fingerprint }) => fingerprint === idIn(req, "fingerprint"));
    if (!found) throw new OrgRefusal("There is no such certificate.");
    res.attachment("okta.cert").type("application/x-pem-file").send(found.pem);
  });
}

/** Throws OrgRefusal. */
function samlApp(org: OrgAdmin, req: Request): SamlApp {
  const app = appOf(org, idIn(req));
  if (!isSaml(app)) throw new OrgRefusal("Only SAML apps have a signing certificate.");
  return app;
}

/** An integration brings its endpoint along; an administrator enters that of a private app. Throws OrgRefusal. */
function wantedLogout(org: OrgAdmin, app: OrgApp, req: Request): NonNullable<OrgApp["universalLogout"]> {
  const entry = entryOf(org, app);
  if (entry) return logoutOf(entry, app.variables ?? {});
  const url = field(req, "url").trim();
  if (!isWebAddress(url))
    throw new OrgRefusal(`The ${okta.customApp.logoutEndpointUrl} must be a web address.`);
  return { url, subjectFormat: field(req, "subjectFormat") === "iss_sub" ? "iss_sub" : "email" };
}

function filterOf(value: string): "starts-with" | "equals" | "contains" | "regex" {
  return value === "equals" || value === "contains" || value === "regex" ? value : "starts-with";
}
