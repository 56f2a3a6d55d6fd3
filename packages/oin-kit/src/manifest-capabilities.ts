import type { Integration } from "./integration.ts";
import { limits } from "./limits.ts";
import { must, type Problem, should, text, url } from "./manifest-rules.ts";
import type { Product } from "./product.ts";
import { wizardUrls } from "./wizard-urls.ts";

/** What Okta needs to know of a person before it can provision one. */
const requiredOfUsers = ["userName", "name.givenName", "name.familyName", "emails"];

/** Okta fails the whole request for any other scope in a catalog app; offline_access and groups are others. */
const allowedScopes = ["openid", "profile", "email", "address", "phone"];

/** What the names and the e-mail of a person created just in time come from: Okta's tester looks for all three. */
const requiredOfSignIn = ["givenName", "familyName", "email"];

/** The Wizard's protocol screens and the test account. */
export function capabilityProblems(product: Product): Problem[] {
  return [
    ...combinationProblems(product.manifest),
    ...scopeProblems(product.scopes),
    ...oidcProblems(product),
    ...samlProblems(product),
    ...scimProblems(product),
    ...universalLogoutProblems(product),
    ...testAccountProblems(product),
  ];
}

function combinationProblems({ oidc, saml, scim, universalLogout }: Integration): Problem[] {
  return [
    ...must(
      Boolean(oidc || saml || scim),
      "oidc",
      "capability",
      "saml or scim must be there: an integration needs one",
      "capabilities",
    ),
    ...must(
      !universalLogout || Boolean(oidc || saml),
      "universalLogout",
      "universal-logout-needs-sso",
      "needs oidc or saml beside it",
      "universalLogout",
    ),
  ];
}

function scopeProblems(scopes: readonly string[]): Problem[] {
  const refused = scopes.filter((scope) => !allowedScopes.includes(scope));
  return [
    ...must(
      scopes.includes("openid"),
      "oidcScopes",
      "scope-openid",
      "must have openid, or no sign-in is one",
      "oidc",
    ),
    ...must(
      refused.length === 0,
      "oidcScopes",
      "scope-allowed",
      `has ${refused.join(", ")}; only ${allowedScopes.join(", ")} are allowed`,
      "oidc",
    ),
  ];
}

function oidcProblems(product: Product): Problem[] {
  if (!product.manifest.oidc) return [];
  const urls = wizardUrls(product).oidc;
  return [
    ...url("oidc.redirectUri", urls.redirectUri, limits.url, "oidc"),
    ...url("oidc.initiateLoginUri", urls.initiateLoginUri, limits.url, "oidc"),
    ...url("oidc.postLogoutRedirectUri", urls.postLogoutRedirectUri, limits.url, "oidc"),
    ...url("oidc.guideUrl", urls.guideUrl, limits.url, "oidc"),
    ...url("oidc.spInitiateUrl", urls.spInitiateUrl, limits.spInitiateUrl, "oidcFlows"),
  ];
}

function samlProblems(product: Product): Problem[] {
  const { saml } = product.manifest;
  if (!saml) return [];
  const urls = wizardUrls(product).saml;
  const sent = product.attributes.filter(({ samlAttribute }) => samlAttribute !== null);
  const missing = requiredOfSignIn.filter((field) => !sent.some((entry) => entry.field === field));
  return [
    ...url("saml.acsUrl", urls.acsUrl, limits.url, "saml"),
    ...url("saml.entityId", urls.entityId, limits.url, "saml"),
    ...url("saml.guideUrl", urls.guideUrl, limits.url, "saml"),
    ...url("saml.spInitiateUrl", urls.spInitiateUrl, limits.spInitiateUrl, "samlFlows"),
    ...must(
      saml.idpInitiated || saml.spInitiated,
      "saml",
      "saml-flow",
      "supports neither flow, and one is needed",
      "samlFlows",
    ),
    ...(saml.spInitiated
      ? text("saml.spFlowDescription", saml.spFlowDescription, limits.spFlowDescription, "samlFlows")
      : []),
    ...must(
      !saml.justInTime || missing.length === 0,
      "saml.justInTime",
      "just-in-time-attributes",
      `needs a SAML attribute in config/attributes.ts for ${missing.join(", ")}`,
      "samlFlows",
    ),
    ...sent.flatMap(({ samlAttribute, oktaExpression }) =>
      must(
        /^(user|appuser)\.[A-Za-z]\w*$/.test(oktaExpression ?? ""),
        "saml.attributeStatements",
        "attribute-expression",
        `${samlAttribute} is taken from ${oktaExpression}; only user.<attribute> and appuser.<attribute> are allowed`,
        "saml",
      ),
    ),
  ];
}

function scimProblems(product: Product): Problem[] {
  const { attributes, addresses } = product;
  const { scim } = product.manifest;
  if (!scim) return [];
  const { baseUrl, guideUrl } = wizardUrls(product).scim;
  const missing = requiredOfUsers.filter((path) => !attributes.some((entry) => entry.scim === path));
  const reserved = attributes.filter(({ custom, scim: path }) => custom && /[:.]groups$/.test(path));
  return [
    ...url("scim.baseUrl", baseUrl, limits.url, "scim"),
    ...url("scim.guideUrl", guideUrl, limits.url, "scim"),
    ...must(
      !baseUrl.includes("_"),
      "scim.baseUrl",
      "no-underscore",
      `has an underscore: ${baseUrl}`,
      "scimServer",
    ),
    ...must(
      missing.length === 0,
      "scim",
      "user-attributes",
      `needs ${missing.join(", ")} in config/attributes.ts`,
      "scimServer",
    ),
    ...must(
      reserved.length === 0,
      "scim",
      "reserved-attribute",
      "may not have a custom attribute with the name groups",
      "scimAttributes",
    ),
    ...should(
      scim.users.create && scim.users.update && scim.users.deactivate,
      "scim.users",
      "lifecycle",
      "leaves out create, update or deactivate, which customers expect of provisioning",
      "scim",
    ),
    ...scim.entitlements.flatMap(({ resourceType, endpoint, description }, index) => [
      ...must(
        endpoint.startsWith("/") && endpoint.length > 1 && !endpoint.startsWith(addresses.scim),
        `scim.entitlements[${index}].endpoint`,
        "entitlement-endpoint",
        `must be a path under the base URL, like /Roles, not ${endpoint}`,
        "entitlements",
      ),
      ...must(
        resourceType.trim() !== "" && description.trim() !== "",
        `scim.entitlements[${index}]`,
        "required",
        "needs a resource type and a description",
        "entitlements",
      ),
    ]),
  ];
}

function universalLogoutProblems(product: Product): Problem[] {
  if (!product.manifest.universalLogout) return [];
  const { endpoint } = wizardUrls(product).universalLogout;
  return url("universalLogout.endpoint", endpoint, limits.url, "universalLogout");
}

function testAccountProblems(product: Product): Problem[] {
  const { tenant, username, tenantName, firstName, lastName } = product.manifest.testAccount;
  return [
    ...Object.entries({ tenantName, firstName, lastName }).flatMap(([field, name]) =>
      must(
        /^[^"$`\\]{1,100}$/.test(name) && name.trim() === name,
        `testAccount.${field}`,
        "test-names",
        `must be a name that fits into the command that creates the account, not "${name}"`,
        "testAccount",
      ),
    ),
    ...must(
      /^[a-z0-9][a-z0-9-]{0,62}$/.test(tenant),
      "testAccount.tenant",
      "test-tenant",
      `must be a tenant's slug, not "${tenant}"`,
      "testAccount",
    ),
    ...must(
      /^[^\s@]+@[^\s@]+$/.test(username),
      "testAccount.username",
      "test-username",
      `must be an e-mail address, not "${username}"`,
      "testAccount",
    ),
    ...should(
      username === "isvtest@okta.com",
      "testAccount.username",
      "test-username-preferred",
      `is ${username}; Okta prefers isvtest@okta.com`,
      "testAccount",
    ),
    ...url("testAccount.accountUrl", wizardUrls(product).accountUrl, limits.url, "testAccount"),
  ];
}
