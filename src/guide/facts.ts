import { type AttributeEntry, attributes } from "../../config/attributes.ts";
import { type Brand, brand } from "../../config/brand.ts";
import { type Entitlement, entitlements } from "../../config/entitlements.ts";
import { connectionVariable, integration, oidcScopes } from "../../config/integration.ts";
import { oidcUrls, paths, samlUrls } from "../endpoints.ts";
import { roles } from "../model.ts";

export const capabilities = ["oidc", "saml", "scim"] as const;
export type Capability = (typeof capabilities)[number];

/** Whom a guide is written for: every customer, or the administrators of one. */
export interface GuideReader {
  /** The public origin, without a trailing slash. */
  origin: string;
  /** The tenant's slug; null for every customer. */
  tenant: string | null;
  /** The key of the connection that the guide is about; null where the reader has none yet. */
  key: string | null;
}

/** What an ISV configures, and guides repeat. */
export interface GuideFacts {
  brand: Brand;
  integration: typeof integration;
  attributes: readonly AttributeEntry[];
  entitlements: readonly Entitlement[];
  /** What is asked of Okta at an OIDC sign-in. */
  scopes: readonly string[];
}

export const configuredFacts: GuideFacts = {
  brand,
  integration,
  attributes,
  entitlements,
  scopes: oidcScopes,
};

/** The capabilities that the manifest switches on: the guides there are. */
export function offeredGuides({ integration: manifest }: GuideFacts): Capability[] {
  return capabilities.filter((capability) => manifest[capability] !== null);
}

/** Everything that a template may say which is a fact: no text of a guide repeats one by hand. */
export function guideData(facts: GuideFacts, { origin, tenant, key }: GuideReader) {
  const { integration: manifest, attributes: table } = facts;
  const shownKey = key ?? `{${connectionVariable.name}}`;
  return {
    ...facts,
    product: facts.brand.productName,
    app: manifest.displayName,
    variable: manifest.variables[0] ?? connectionVariable,
    personal: tenant !== null,
    key,
    urls: {
      oidc: oidcUrls(origin, shownKey),
      saml: samlUrls(origin, shownKey),
      scim: origin + paths.scim,
      universalLogout: origin + paths.globalTokenRevocation,
      login: origin + paths.login,
      account: origin + paths.account,
      /** The way in past single sign-on; without a tenant it asks for one. */
      backup: origin + (tenant === null ? paths.passwordLogin : paths.passwordLoginOf(tenant)),
      guide: (capability: Capability) => origin + paths.guide(capability),
    },
    scimType,
    assignable: (manifest.scim?.entitlements ?? []).flatMap(({ resourceType, endpoint }) =>
      assignableAt(endpoint, facts).map((value) => ({ resourceType, ...value })),
    ),
    oidcAttributes: table.filter(({ oidcClaim }) => oidcClaim !== null),
    samlAttributes: table.filter(({ samlAttribute }) => samlAttribute !== null),
  };
}

/** What Okta may assign from one of our lists; `owner` is not in it. */
function assignableAt(endpoint: string, { brand: { productName }, entitlements: known }: GuideFacts) {
  if (endpoint !== "/Roles") return known.map(({ id, description }) => ({ value: id, allows: description }));
  return roles
    .filter((role) => role !== "owner")
    .map((role) => ({ value: role, allows: `The role ${role} in ${productName}` }));
}

/** Types as RFC 7643 §4 gives them, in words; what is not named there is text. */
function scimType(path: string, custom: AttributeEntry["custom"]): string {
  if (custom) return custom.multiValued ? `List of ${custom.type}` : custom.type;
  if (path === "active") return "boolean";
  return ["emails", "phoneNumbers", "addresses"].includes(path) ? "List, one of them primary" : "string";
}
