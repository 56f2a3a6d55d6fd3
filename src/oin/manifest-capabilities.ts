import type { AttributeEntry } from "../../config/attributes.ts";
import { type Integration, oidcScopes } from "../../config/integration.ts";
import { paths } from "../endpoints.ts";
import { limits } from "./limits.ts";
import { must, type Problem, should, text, url } from "./manifest-rules.ts";
import { wizardUrls } from "./wizard-urls.ts";

/** What Okta needs to know of a person before it can provision one. */
const requiredOfUsers = ["userName", "name.givenName", "name.familyName", "emails"];

/** Okta fails the whole request for any other scope in a catalog app; offline_access and groups are others. */
const allowedScopes = ["openid", "profile", "email", "address", "phone"];

/** What the names and the e-mail of a person created just in time come from: Okta's tester looks for all three. */
const requiredOfSignIn = ["givenName", "familyName", "email"];

/** The Wizard's protocol screens and the test account. */
export function capabilityProblems(
  manifest: Integration,
  table: readonly AttributeEntry[],
  scopes: readonly string[] = oidcScopes,
): Problem[] {
  return [
    ...combinationProblems(manifest),
    ...scopeProblems(scopes),
    ...oidcProblems(manifest),
    ...samlProblems(manifest, table),
    ...scimProblems(manifest, table),
    ...universalLogoutProblems(manifest),
    ...testAccountProblems(manifest),
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

function oidcProblems(manifest: Integration): Problem[] {
  if (!manifest.oidc) return [];
  const urls = wizardUrls(manifest).oidc;
  return [
    ...url("oidc.redirectUri", urls.redirectUri, limits.url, "oidc"),
    ...url("oidc.initiateLoginUri", urls.initiateLoginUri, limits.url, "oidc"),
    ...url("oidc.postLogoutRedirectUri", urls.postLogoutRedirectUri, limits.url, "oidc"),
    ...url("oidc.guideUrl", urls.guideUrl, limits.url, "oidc"),
    ...url("oidc.spInitiateUrl", urls.spInitiateUrl, limits.spInitiateUrl, "oidcFlows"),
  ];
}

function samlProblems(manifest: Integration, table: readonly AttributeEntry[]): Problem[] {
  const { saml } = manifest;
  if (!saml) return [];
  const urls = wizardUrls(manifest).saml;
  const sent = table.filter(({ samlAttribute }) => samlAttribute !== null);
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

function scimProblems(manifest: Integration, table: readonly AttributeEntry[]): Problem[] {
  const { scim } = manifest;
  if (!scim) return [];
  const { baseUrl, guideUrl } = wizardUrls(manifest).scim;
  const missing = requiredOfUsers.filter((path) => !table.some((entry) => entry.scim === path));
  const reserved = table.filter(({ custom, scim: path }) => custom && /[:.]groups$/.test(path));
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
        endpoint.startsWith("/") && endpoint.length > 1 && !endpoint.startsWith(paths.scim),
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

function universalLogoutProblems(manifest: Integration): Problem[] {
  if (!manifest.universalLogout) return [];
  const { endpoint } = wizardUrls(manifest).universalLogout;
  return url("universalLogout.endpoint", endpoint, limits.url, "universalLogout");
}

function testAccountProblems(manifest: Integration): Problem[] {
  const { tenant, username, tenantName, firstName, lastName } = manifest.testAccount;
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
    ...url("testAccount.accountUrl", wizardUrls(manifest).accountUrl, limits.url, "testAccount"),
  ];
}
