import { randomBytes } from "node:crypto";
import { type Org, OrgNotFoundError, OrgRefusal } from "./org.ts";
import { samlSignOn } from "./saml-app.ts";
import { type CatalogApp, newId, type OAuthSettings, type OrgApp, type UniversalLogout } from "./state.ts";
import { isWebAddress } from "./web-address.ts";

/** The values of an integration's variables, by name. */
type Variables = Record<string, string>;

/** The input of General Settings. */
export interface WantedInstance {
  label: string;
  variables: Variables;
}

/** Throws OrgNotFoundError. */
export function catalogAppOf({ store }: Org, name: string): CatalogApp {
  const { catalog = {} } = store.state;
  const found = Object.hasOwn(catalog, name) ? catalog[name] : undefined;
  if (!found) throw new OrgNotFoundError("The app catalog has no such integration.");
  return found;
}

/** The catalog entry of an app instance; null for a private app. */
export function entryOf(org: Org, app: OrgApp): CatalogApp | null {
  return app.variables ? catalogAppOf(org, app.name) : null;
}

/**
 * "Add Integration": adds an instance whose URLs follow from the variables. It signs on with OpenID Connect if the vendor
 * supports both protocols; the Sign On tab changes that. Throws OrgRefusal.
 */
export async function addInstance(org: Org, entry: CatalogApp, wanted: WantedInstance): Promise<OrgApp> {
  const variables = checkedVariables(entry, wanted.variables);
  const app: OrgApp = {
    id: newId("0oa"),
    name: entry.name,
    label: checkedLabel(wanted.label),
    variables,
    active: true,
    signOn: await signOnOf(org, entry, variables, entry.oidc ? "oidc" : "saml"),
    provisioning: null,
    universalLogout: null,
    assignments: {},
    pushGroups: {},
  };
  org.store.state.apps[app.id] = app;
  org.store.changed();
  return app;
}

/**
 * "App Settings > Save": changes label and variables, and with them the URLs. The credentials stay. Throws OrgRefusal, and
 * then changes nothing.
 */
export function changeInstance(org: Org, app: OrgApp, wanted: WantedInstance): void {
  const entry = entryOf(org, app);
  const label = checkedLabel(wanted.label);
  const changes = entry ? changesOf(app, entry, checkedVariables(entry, wanted.variables)) : {};
  Object.assign(app, { label, ...changes });
  org.store.changed();
}

/** The changes of an instance whose variables get these values. Throws OrgRefusal. */
function changesOf(
  { signOn, universalLogout, provisioning }: OrgApp,
  entry: CatalogApp,
  variables: Variables,
): Partial<OrgApp> {
  const { oidc, saml } = entry;
  return {
    variables,
    ...(signOn.kind === "oidc" && oidc ? { signOn: { ...signOn, ...oidcUrls(oidc, variables) } } : {}),
    ...(signOn.kind === "saml" && saml ? { signOn: { ...signOn, ...samlUrls(saml, variables) } } : {}),
    ...(universalLogout ? { universalLogout: logoutOf(entry, variables) } : {}),
    ...(provisioning ? { provisioning: { ...provisioning, baseUrl: baseUrlOf(entry, variables) } } : {}),
  };
}

/** "Sign on methods": the protocol of an instance. It gets new credentials. Throws OrgRefusal. */
export async function changeSignOn(org: Org, app: OrgApp, kind: "oidc" | "saml"): Promise<void> {
  const entry = entryOf(org, app);
  if (!entry?.[kind]) throw new OrgRefusal("The integration does not support this sign-on method.");
  if (app.signOn.kind === kind) return;
  app.signOn = await signOnOf(org, entry, app.variables ?? {}, kind);
  org.store.changed();
}

/** The Universal Logout endpoint of an instance. Throws OrgRefusal if the integration has none. */
export function logoutOf(entry: CatalogApp, variables: Variables): UniversalLogout {
  if (!entry.universalLogout) throw new OrgRefusal("The integration does not support Universal Logout.");
  return { ...entry.universalLogout, url: addressOf(entry.universalLogout.url, variables) };
}

/** The SCIM base URL of an instance. Throws OrgRefusal if the integration does not provision. */
export function baseUrlOf(entry: CatalogApp, variables: Variables): string {
  if (!entry.scim) throw new OrgRefusal("The integration does not support provisioning.");
  return addressOf(entry.scim.baseUrl, variables);
}

/** The authorization server of an instance whose provisioning authenticates by OAuth 2. Throws OrgRefusal. */
export function oauthOf({ scim }: CatalogApp, variables: Variables): OAuthSettings {
  if (!scim?.oauth) throw new OrgRefusal("The integration does not authenticate by OAuth 2.");
  const { authorizeUrl, tokenUrl } = scim.oauth;
  return {
    ...scim.oauth,
    authorizeUrl: addressOf(authorizeUrl, variables),
    tokenUrl: addressOf(tokenUrl, variables),
  };
}

/** The guide that "View Setup Instructions" opens; null for a private app. */
export function guideOf(org: Org, app: OrgApp): string | null {
  return entryOf(org, app)?.[app.signOn.kind]?.guideUrl ?? null;
}

async function signOnOf(
  org: Org,
  { label, oidc, saml }: CatalogApp,
  variables: Variables,
  kind: "oidc" | "saml",
): Promise<OrgApp["signOn"]> {
  if (kind === "saml" && saml) {
    const { attributeStatements } = saml;
    return await samlSignOn(org.name, { ...samlUrls(saml, variables), attributeStatements });
  }
  if (!oidc) throw new OrgRefusal(`${label} does not support single sign-on.`);
  const clientSecret = randomBytes(48).toString("base64url");
  return { kind: "oidc", clientSecret, ...oidcUrls(oidc, variables) };
}

function oidcUrls(
  { redirectUris, postLogoutRedirectUris, initiateLoginUri }: NonNullable<CatalogApp["oidc"]>,
  variables: Variables,
) {
  const of = (expression: string) => addressOf(expression, variables);
  return {
    redirectUris: redirectUris.map(of),
    postLogoutRedirectUris: postLogoutRedirectUris.map(of),
    initiateLoginUri: initiateLoginUri === null ? null : of(initiateLoginUri),
  };
}

function samlUrls({ acsUrl, audience }: NonNullable<CatalogApp["saml"]>, variables: Variables) {
  return { acsUrl: addressOf(acsUrl, variables), audience: evaluated(audience, variables) };
}

/** The URL that an expression gives. Throws OrgRefusal. */
function addressOf(expression: string, variables: Variables): string {
  const address = evaluated(expression, variables);
  if (!isWebAddress(address))
    throw new OrgRefusal(`With these settings, ${expression} is "${address}", which is not a web address.`);
  return address;
}

/**
 * Evaluates an expression of any of the three dialects. The stand-in knows texts and variables, but none of Okta's functions.
 * Throws OrgRefusal.
 */
function evaluated(expression: string, variables: Variables): string {
  const variableOf = (name: string) => {
    const value = variables[name];
    if (value === undefined) throw new OrgRefusal(`The expression ${expression} has an unknown variable.`);
    return value;
  };
  const parts = expression.startsWith("'") || expression.startsWith("app.") ? expression.split(" + ") : null;
  const text = parts
    ? parts.map((part) => literalOf(part) ?? variableOf(/^app\.(\w+)$/.exec(part)?.[1] ?? "")).join("")
    : expression.replaceAll(/\$\{org\.(\w+)\}|\{app\.(\w+)\}/g, (_whole, org, app) => variableOf(org ?? app));
  if (/[{}]/.test(text)) throw new OrgRefusal(`The stand-in cannot evaluate the expression ${expression}.`);
  return text;
}

function literalOf(part: string): string | undefined {
  return /^'([^']*)'$/.exec(part)?.[1];
}

function checkedVariables({ variables }: CatalogApp, given: Variables): Variables {
  return Object.fromEntries(
    variables.map(({ name, label }) => {
      const value = (given[name] ?? "").trim();
      if (value === "" || value.length > 1024) throw new OrgRefusal(`${label} is required.`);
      return [name, value];
    }),
  );
}

/** Throws OrgRefusal. */
export function checkedLabel(label: string): string {
  const wanted = label.trim();
  if (wanted === "" || wanted.length > 100)
    throw new OrgRefusal("The name of an application has 1 to 100 characters.");
  return wanted;
}
