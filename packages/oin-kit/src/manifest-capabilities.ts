import type { Integration } from "./integration.ts";
import { limits } from "./limits.ts";
import { type ManifestRule, textRules, urlRules } from "./manifest-rules.ts";
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
    ...scopeRules(product.scopes),
    ...oidcRules(product),
    ...samlRules(product),
    ...scimRules(product),
    ...universalLogoutRules(product),
    ...testAccountRules(product),
  ];
}

function combinationRules({ oidc, saml, scim, universalLogout }: Integration): ManifestRule[] {
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
    ...urlRules("oidc.initiateLoginUri", urls.initiateLoginUri, limits.url, "oidc"),
    ...urlRules("oidc.postLogoutRedirectUri", urls.postLogoutRedirectUri, limits.url, "oidc"),
    ...urlRules("oidc.guideUrl", urls.guideUrl, limits.url, "oidc"),
    ...urlRules("oidc.spInitiateUrl", urls.spInitiateUrl, limits.spInitiateUrl, "oidcFlows"),
  ];
}

function samlRules(product: Product): ManifestRule[] {
  const { saml } = product.manifest;
  if (!saml) return [];
  const urls = wizardUrls(product).saml;
  const sent = product.attributes.filter(({ samlAttribute }) => samlAttribute !== null);
  const missing = requiredOfSignIn.filter((field) => !sent.some((entry) => entry.field === field));
  return [
    ...urlRules("saml.acsUrl", urls.acsUrl, limits.url, "saml"),
    ...urlRules("saml.entityId", urls.entityId, limits.url, "saml"),
    ...urlRules("saml.guideUrl", urls.guideUrl, limits.url, "saml"),
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
    ...sent.map(
      ({ samlAttribute, oktaExpression }): ManifestRule => ({
        field: "saml.attributeStatements",
        rule: "attribute-expression",
        must: /^(user|appuser)\.[A-Za-z]\w*$/.test(oktaExpression ?? ""),
        otherwise: `${samlAttribute} is taken from ${oktaExpression}; only user.<attribute> and appuser.<attribute> are allowed`,
        source: "saml",
      }),
    ),
  ];
}

function scimRules(product: Product): ManifestRule[] {
  const { attributes, addresses } = product;
  const { scim } = product.manifest;
  if (!scim) return [];
  const { baseUrl, guideUrl } = wizardUrls(product).scim;
  const missing = requiredOfUsers.filter((path) => !attributes.some((entry) => entry.scim === path));
  const reserved = attributes.filter(({ custom, scim: path }) => custom && /[:.]groups$/.test(path));
  return [
    ...urlRules("scim.baseUrl", baseUrl, limits.url, "scim"),
    ...urlRules("scim.guideUrl", guideUrl, limits.url, "scim"),
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
    ...urlRules("testAccount.accountUrl", wizardUrls(product).accountUrl, limits.url, "testAccount"),
  ];
}
