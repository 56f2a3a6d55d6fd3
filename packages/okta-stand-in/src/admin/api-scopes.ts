import { type Request, Router } from "express";
import { okta } from "okta-labels/labels";
import { appOf, OrgNotFoundError, OrgRefusal } from "../org.ts";
import type { OrgAdmin } from "../provisioner.ts";
import { apiScopes, type OidcSignOn, type OktaApiScope } from "../state.ts";
import { act, appPage, backTo, field, idIn } from "./console.ts";

/** The tab Okta API Scopes of a custom OIDC app. An app of the catalog has none. */
export function apiScopeRoutes(org: OrgAdmin): Router {
  const router = Router();
  router.get("/admin/apps/:id/api-scopes", (req, res) => {
    clientSettings(org, req);
    res.render("app-api-scopes", { ...appPage(org, req, "api-scopes"), apiScopes });
  });
  for (const action of ["grant", "revoke"]) {
    router.post(
      `/admin/apps/:id/api-scopes/${action}`,
      act(backTo(org, "/api-scopes"), (req) => {
        const signOn = clientSettings(org, req);
        const scope = scopeIn(req);
        const others = (signOn.apiScopes ?? []).filter((one) => one !== scope);
        signOn.apiScopes = action === "grant" ? [...others, scope] : others;
        org.store.changed();
        return `The scope ${scope} is ${action === "grant" ? "granted" : "revoked"}.`;
      }),
    );
  }
  return router;
}

/** Throws OrgNotFoundError. */
function clientSettings(org: OrgAdmin, req: Request): OidcSignOn {
  const { signOn, variables } = appOf(org, idIn(req));
  if (signOn.kind !== "oidc" || variables)
    throw new OrgNotFoundError(`Only a custom OIDC app has the tab ${okta.tabs.apiScopes}.`);
  return signOn;
}

/** Throws OrgRefusal. */
function scopeIn(req: Request): OktaApiScope {
  const scope = apiScopes.find((one) => one === field(req, "scope"));
  if (!scope) throw new OrgRefusal("The stand-in has no such scope.");
  return scope;
}
