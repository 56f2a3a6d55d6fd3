import { type Org, OrgRefusal } from "./org.ts";
import { samlSignOn, type WantedSaml } from "./saml-app.ts";
import { newId, type OidcSignOn, type OrgApp } from "./state.ts";

/** "Create App Integration > OIDC - OpenID Connect > Web Application". */
export function addOidcApp(org: Org, label: string, urls: Omit<OidcSignOn, "kind" | "clientSecret">): OrgApp {
  return add(org, "oidc_client", label, { kind: "oidc", clientSecret: newId("") + newId(""), ...urls });
}

/** "Create App Integration > SAML 2.0". */
export async function addSamlApp(org: Org, label: string, wanted: WantedSaml): Promise<OrgApp> {
  return add(org, "custom_saml_app", label, await samlSignOn(org.name, wanted));
}

function add({ store }: Org, name: string, label: string, signOn: OrgApp["signOn"]): OrgApp {
  if (label.trim() === "") throw new OrgRefusal("The name of the app integration is required.");
  const app: OrgApp = {
    id: newId("0oa"),
    name,
    label: label.trim(),
    active: true,
    signOn,
    provisioning: null,
    universalLogout: null,
    assignments: {},
    pushGroups: {},
  };
  store.state.apps[app.id] = app;
  store.changed();
  return app;
}
