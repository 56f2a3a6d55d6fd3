import { type AttributeEntry, attributes } from "../../config/attributes.ts";
import { type Brand, brand } from "../../config/brand.ts";
import { type Entitlement, entitlements } from "../../config/entitlements.ts";
import { connectionVariable, integration, oidcScopes } from "../../config/integration.ts";
import { crossAppAccessUrls, paths } from "../endpoints.ts";
import { type ConnectionType, roles } from "../model.ts";
import { connectionTypes, signInProtocols } from "../sign-in-protocols.ts";

/** The subjects of guides; `xaa` is Cross App Access (Okta's abbreviation). */
export type Capability = ConnectionType | "scim" | "xaa";
export const capabilities: readonly Capability[] = [...connectionTypes, "scim", "xaa"];

/** The audience of a guide: all customers, or the administrators of one. */
export interface GuideReader {
  /** The public origin, without a trailing slash. */
  origin: string;
  /** The tenant's slug; null for all customers. */
  tenant: string | null;
  /** The key of the connection that the guide is about; null if the reader has none yet. */
  key: string | null;
}

/** The configuration of the ISV that guides repeat. */
export interface GuideFacts {
  brand: Brand;
  integration: typeof integration;
  attributes: readonly AttributeEntry[];
  entitlements: readonly Entitlement[];
  /** The scopes that an OIDC sign-in requests. */
  scopes: readonly string[];
}

export const configuredFacts: GuideFacts = {
  brand,
  integration,
  attributes,
  entitlements,
  scopes: oidcScopes,
};

/** The capabilities that the manifest enables: each has a guide. */
export function offeredGuides({ integration: manifest }: GuideFacts): Capability[] {
  const declared = { ...manifest, xaa: manifest.crossAppAccess };
  return capabilities.filter((capability) => declared[capability]);
}

/** All facts for the templates. A template takes every fact from here, and never repeats one by hand. */
export function guideData(facts: GuideFacts, { origin, tenant, key }: GuideReader) {
  const { integration: manifest, attributes: table } = facts;
  const variable = variableOf(manifest);
  const shownKey = key ?? `{${variable.name}}`;
  return {
    ...facts,
    product: facts.brand.productName,
    app: manifest.displayName,
    variable,
    personal: tenant !== null,
    key,
    /** The key in the URLs, or its placeholder. */
    shownKey,
    urls: {
      ...Object.fromEntries(
        connectionTypes.map((type) => [type, signInProtocols[type].urls(origin, shownKey)]),
      ),
      scim: origin + paths.scim,
      crossAppAccess: crossAppAccessUrls(origin),
      universalLogout: origin + paths.globalTokenRevocation,
      login: origin + paths.login,
      /** The password form, which works without single sign-on; without a tenant it asks for one. */
      backup: origin + (tenant === null ? paths.passwordLogin : paths.passwordLoginOf(tenant)),
      guide: (capability: Capability) => origin + paths.guide(capability),
    },
    /** The sign-in protocols of the manifest. */
    signIns: connectionTypes
      .filter((type) => manifest[type])
      .map((type) => ({ type, name: signInProtocols[type].name })),
    /** The resource type of roles, which federated claims can name; null if Okta assigns no roles. */
    roleEntitlement:
      manifest.scim?.entitlements.find(({ endpoint }) => endpoint === "/Roles")?.resourceType ?? null,
    scimType,
    /** The attributes of the app in the catalog: those that /Schemas marks as required (Okta: "Import User Schema"). */
    mapped: table.filter(({ required }) => required),
    addable: addableAttributes(table),
    assignable: (manifest.scim?.entitlements ?? []).flatMap(({ resourceType, endpoint }) =>
      assignableAt(endpoint, facts).map((value) => ({ resourceType, ...value })),
    ),
    oidcAttributes: table.filter(({ oidcClaim }) => oidcClaim !== null),
    samlAttributes: table.filter(({ samlAttribute }) => samlAttribute !== undefined), // SAML
  };
}

/** The variable that the customer's administrator fills in: the key of the connection. */
export function variableOf({ variables }: GuideFacts["integration"]) {
  return variables[0] ?? connectionVariable;
}

/** The attributes that a customer can add in Okta, by SCIM schema; null for the core schema of users. */
function addableAttributes(table: readonly AttributeEntry[]) {
  const bySchema = new Map<string | null, { label: string; name: string }[]>();
  for (const { label, scim, required, field } of table) {
    if (required || field === "active") continue;
    const [, schema = null, name = scim] = /^(urn:.*):([^:]+)$/.exec(scim) ?? [];
    bySchema.set(schema, [...(bySchema.get(schema) ?? []), { label, name }]);
  }
  return [...bySchema].map(([schema, entries]) => ({ schema, entries }));
}

/** The values that Okta may assign from one of our lists. The role `owner` is not one of them. */
function assignableAt(endpoint: string, { brand: { productName }, entitlements: known }: GuideFacts) {
  if (endpoint !== "/Roles") return known.map(({ id, description }) => ({ value: id, allows: description }));
  return roles
    .filter((role) => role !== "owner")
    .map((role) => ({ value: role, allows: `The role ${role} in ${productName}` }));
}

/** An attribute's type in words, as in RFC 7643 §4. Any attribute that is not listed there is a string. */
function scimType(path: string, custom: AttributeEntry["custom"]): string {
  if (custom) return custom.multiValued ? `List of ${custom.type}` : custom.type;
  if (path === "active") return "boolean";
  return ["emails", "phoneNumbers", "addresses"].includes(path) ? "List, one of them primary" : "string";
}
