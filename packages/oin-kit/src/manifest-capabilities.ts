import type { Integration } from "./integration.ts";
import { limits } from "./limits.ts";
import { httpsRules, type ManifestRule, textRules, urlRules } from "./manifest-rules.ts";
import { statementRules } from "./manifest-statements.ts";
import type { Product } from "./product.ts";
import { wizardUrls } from "./wizard-urls.ts";

/** Attributes without which Okta cannot provision a person. */
const requiredOfUsers = ["userName", "name.givenName", "name.familyName", "emails"];

/** In a catalog app Okta rejects a request with any other scope, for example offline_access or groups. */
const allowedScopes = ["openid", "profile", "email", "address", "phone"];

/** Okta's tester expects these three for a person created just in time. */
const requiredOfSignIn = ["givenName", "familyName", "email"];

/** Rules about the Wizard's protocol screens and the test account. */
export function capabilityRules(product: Product): ManifestRule[] {
  return [
    ...combinationRules(product.manifest),
    ...guideRules(product),
    ...scopeRules(product.scopes),
    ...oidcRules(product),
    ...samlRules(product),
    ...scimRules(product),
    ...universalLogoutRules(product),
    ...crossAppAccessRules(product.manifest),
    ...testAccountRules(product),
  ];
}

function combinationRules({
  oidc,
  saml,
  scim,
  universalLogout,
  crossAppAccess,
}: Integration): ManifestRule[] {
  return [
    {
      field: "oidc",
      rule: "capability",
      must: Boolean(oidc || saml || scim),
      otherwise: "(or saml, or scim) must be set: an integration needs one",
      source: "capabilities",
    },
    {
      field: "universalLogout",
      rule: "universal-logout-needs-sso",
      must: !universalLogout || Boolean(oidc || saml),
      otherwise: "needs oidc or saml as well",
      source: "universalLogout",
    },
    {
      field: "crossAppAccess",
      rule: "cross-app-access-needs-sso",
      must: !crossAppAccess || Boolean(oidc || saml),
      otherwise: "needs oidc or saml as well",
      source: "crossAppAccess",
    },
  ];
}

/** A scope is a token of RFC 6749 §3.3: visible ASCII without quotes and backslash. */
function crossAppAccessRules({ crossAppAccess }: Integration): ManifestRule[] {
  if (!crossAppAccess) return [];
  const names = crossAppAccess.scopes.map(({ name }) => name);
  return [
    {
      field: "crossAppAccess.scopes",
      rule: "scopes",
      must: names.length > 0 && new Set(names).size === names.length && names.every(isScope),
      otherwise: "needs at least one scope, each once, without spaces, quotes and backslashes",
      source: "crossAppAccess",
    },
  ];
}

function isScope(name: string): boolean {
  return /^[\x21\x23-\x5b\x5d-\x7e]+$/.test(name);
}

/** Each kind of integration has a guide of its own. */
function guideRules(product: Product): ManifestRule[] {
  const { oidc, saml, scim } = product.manifest;
  const urls = wizardUrls(product);
  const guides = [oidc && urls.oidc, saml && urls.saml, scim && urls.scim].flatMap((one) =>
    one ? [one.guideUrl] : [],
  );
  return [
    {
      field: "guides.guideUrl",
      rule: "guide-separate",
      must: new Set(guides).size === guides.length,
      otherwise: `is the same for two kinds of integration: ${guides.join(", ")}`,
      source: "guides",
    },
  ];
}

function scopeRules(scopes: readonly string[]): ManifestRule[] {
  const refused = scopes.filter((scope) => !allowedScopes.includes(scope));
  return [
    {
      field: "oidcScopes",
      rule: "scope-openid",
      must: scopes.includes("openid"),
      otherwise: "must include openid: without it a request is not OpenID Connect",
      source: "oidc",
    },
    {
      field: "oidcScopes",
      rule: "scope-allowed",
      must: refused.length === 0,
      otherwise: `has ${refused.join(", ")}; only ${allowedScopes.join(", ")} are allowed`,
      source: "oidc",
    },
  ];
}

function oidcRules(product: Product): ManifestRule[] {
  if (!product.manifest.oidc) return [];
  const urls = wizardUrls(product).oidc;
  return [
    ...urlRules("oidc.redirectUri", urls.redirectUri, limits.url, "oidc"),
    ...httpsRules("oidc.initiateLoginUri", urls.initiateLoginUri, "oidc"),
    ...httpsRules("oidc.postLogoutRedirectUri", urls.postLogoutRedirectUri, "oidc"),
    ...httpsRules("oidc.guideUrl", urls.guideUrl, "guides"),
    ...urlRules("oidc.spInitiateUrl", urls.spInitiateUrl, limits.spInitiateUrl, "oidcFlows"),
  ];
}

function samlRules(product: Product): ManifestRule[] {
  const { saml } = product.manifest;
  if (!saml) return [];
  const urls = wizardUrls(product).saml;
  const sent = product.attributes.filter(({ samlAttribute }) => samlAttribute != null);
  const missing = requiredOfSignIn.filter((field) => !sent.some((entry) => entry.field === field));
  return [
    ...urlRules("saml.acsUrl", urls.acsUrl, limits.url, "saml"),
    {
      field: "saml.entityId",
      rule: "required",
      must: urls.entityId.trim() !== "",
      otherwise: "is required",
      source: "saml",
    },
    ...httpsRules("saml.guideUrl", urls.guideUrl, "guides"),
    ...urlRules("saml.spInitiateUrl", urls.spInitiateUrl, limits.spInitiateUrl, "samlFlows"),
    {
      field: "saml",
      rule: "saml-flow",
      must: saml.idpInitiated || saml.spInitiated,
      otherwise: "supports neither flow, and one is needed",
      source: "samlFlows",
    },
    ...(saml.spInitiated
      ? textRules("saml.spFlowDescription", saml.spFlowDescription, limits.spFlowDescription, "samlFlows")
      : []),
    {
      field: "saml.justInTime",
      rule: "just-in-time-attributes",
      must: !saml.justInTime || missing.length === 0,
      otherwise: `needs a SAML attribute in config/attributes.ts for ${missing.join(", ")}`,
      source: "samlFlows",
    },
    ...statementRules(product),
  ];
}

function scimRules(product: Product): ManifestRule[] {
  const { attributes, addresses } = product;
  const { scim } = product.manifest;
  if (!scim) return [];
  const { baseUrl, guideUrl } = wizardUrls(product).scim;
  const missing = requiredOfUsers.filter((path) => !attributes.some((entry) => entry.scim === path));
  const reserved = attributes.filter(({ custom, scim: path }) => custom && /[:.]groups$/.test(path));
  const types = scim.entitlements.map(({ resourceType }) => resourceType);
  const endpoints = scim.entitlements.map(({ endpoint }) => endpoint);
  return [
    ...urlRules("scim.baseUrl", baseUrl, limits.url, "scim"),
    ...httpsRules("scim.guideUrl", guideUrl, "guides"),
    {
      field: "scim.baseUrl",
      rule: "no-underscore",
      must: !baseUrl.includes("_"),
      otherwise: `has an underscore: ${baseUrl}`,
      source: "scimServer",
    },
    {
      field: "scim",
      rule: "user-attributes",
      must: missing.length === 0,
      otherwise: `needs ${missing.join(", ")} in config/attributes.ts`,
      source: "scimServer",
    },
    {
      field: "scim",
      rule: "reserved-attribute",
      must: reserved.length === 0,
      otherwise: "may not have a custom attribute with the name groups",
      source: "scimAttributes",
    },
    {
      field: "scim.users",
      rule: "lifecycle",
      should: scim.users.create && scim.users.update && scim.users.deactivate,
      otherwise: "leaves out create, update or deactivate, which customers expect of provisioning",
      source: "scim",
    },
    {
      field: "scim.entitlements",
      rule: "entitlements-need-lifecycle",
      must: scim.entitlements.length === 0 || (scim.users.create && scim.users.update),
      otherwise: "needs users.create and users.update: Okta enables Entitlement Management only with both",
      source: "entitlements",
    },
    {
      field: "scim.entitlements",
      rule: "entitlement-once",
      must: [types, endpoints].every((names) => new Set(names).size === names.length),
      otherwise: "has a resource type or an endpoint twice",
      source: "entitlements",
    },
    ...scim.entitlements.flatMap(({ resourceType, endpoint, description }, index): ManifestRule[] => [
      {
        field: `scim.entitlements[${index}].endpoint`,
        rule: "entitlement-endpoint",
        must: endpoint.startsWith("/") && endpoint.length > 1 && !endpoint.startsWith(addresses.scim),
        otherwise: `must be a path under the base URL, like /Roles, not ${endpoint}`,
        source: "entitlements",
      },
      {
        field: `scim.entitlements[${index}]`,
        rule: "required",
        must: resourceType.trim() !== "" && description.trim() !== "",
        otherwise: "needs a resource type and a description",
        source: "entitlements",
      },
    ]),
  ];
}

function universalLogoutRules(product: Product): ManifestRule[] {
  if (!product.manifest.universalLogout) return [];
  const { endpoint } = wizardUrls(product).universalLogout;
  return urlRules("universalLogout.endpoint", endpoint, limits.url, "universalLogout");
}

function testAccountRules(product: Product): ManifestRule[] {
  const { tenant, username, tenantName, firstName, lastName } = product.manifest.testAccount;
  return [
    ...Object.entries({ tenantName, firstName, lastName }).map(
      ([field, name]): ManifestRule => ({
        field: `testAccount.${field}`,
        rule: "test-names",
        must: /^[^"$`\\]{1,100}$/.test(name) && name.trim() === name,
        otherwise: `must be a name that fits into the command that creates the account, not "${name}"`,
        source: "testAccount",
      }),
    ),
    {
      field: "testAccount.tenant",
      rule: "test-tenant",
      must: /^[a-z0-9][a-z0-9-]{0,62}$/.test(tenant),
      otherwise: `must be a tenant's slug, not "${tenant}"`,
      source: "testAccount",
    },
    {
      field: "testAccount.username",
      rule: "test-username",
      must: /^[^\s@]+@[^\s@]+$/.test(username),
      otherwise: `must be an e-mail address, not "${username}"`,
      source: "testAccount",
    },
    {
      field: "testAccount.username",
      rule: "test-username-preferred",
      should: username === "isvtest@okta.com",
      otherwise: `is ${username}; Okta prefers isvtest@okta.com`,
      source: "testAccount",
    },
    ...httpsRules("testAccount.accountUrl", wizardUrls(product).accountUrl, "testAccount"),
  ];
}
