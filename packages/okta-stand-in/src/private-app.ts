import { checkedLabel } from "./catalog.ts";
import type { Org } from "./org.ts";
import { samlSignOn, type WantedSaml } from "./saml-app.ts";
import { newId, type OidcSignOn, type OrgApp } from "./state.ts";

/** "Create App Integration > OIDC - OpenID Connect > Web Application". Throws OrgRefusal. */
export function addOidcApp(org: Org, label: string, urls: Omit<OidcSignOn, "kind" | "clientSecret">): OrgApp {
  return add(org, "oidc_client", label, { kind: "oidc", clientSecret: newId("") + newId(""), ...urls });
}

/** "Create App Integration > SAML 2.0". Throws OrgRefusal. */
export async function addSamlApp(org: Org, label: string, wanted: WantedSaml): Promise<OrgApp> {
  return add(org, "custom_saml_app", label, await samlSignOn(org.name, wanted));
}

function add({ store }: Org, name: string, label: string, signOn: OrgApp["signOn"]): OrgApp {
  const app: OrgApp = {
    id: newId("0oa"),
    name,
    label: checkedLabel(label),
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
