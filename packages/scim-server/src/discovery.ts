import { notFound, ScimError } from "./errors.ts";
import { listResponse, paging } from "./lists.ts";
import type { ScimCall, ScimRequest, ScimResponse } from "./operation.ts";
import { type Schema, urns } from "./schema.ts";

/** The most that one Bulk request may hold. */
export const bulkLimits = { maxOperations: 1000, maxPayloadSize: 10_000_000 };

const schemaUrn = "urn:ietf:params:scim:schemas:core:2.0:Schema";
const resourceTypeUrn = "urn:ietf:params:scim:schemas:core:2.0:ResourceType";

/**
 * GET /ServiceProviderConfig (RFC 7644 §4). Okta reads this and the other discovery documents to offer its administrators
 * exactly the stored attributes, and to find roles and entitlements.
 */
export function serviceProviderConfig({ baseUrl }: ScimCall, { query }: ScimRequest): ScimResponse {
  refuseFilter(query);
  return {
    status: 200,
    body: {
      schemas: ["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"],
      patch: { supported: true },
      bulk: { supported: true, ...bulkLimits },
      filter: { supported: true, maxResults: paging.maxCount },
      changePassword: { supported: true },
      sort: { supported: true },
      etag: { supported: true },
      pagination: {
        cursor: true,
        index: true,
        defaultPaginationMethod: "index",
        defaultPageSize: paging.defaultCount,
        maxPageSize: paging.maxCount,
      },
      authenticationSchemes: [
        {
          type: "oauthbearertoken",
          name: "Provisioning token",
          description: "A provisioning token of the tenant, as a bearer token.",
          specUri: "https://www.rfc-editor.org/info/rfc6750",
          primary: true,
        },
      ],
      meta: { resourceType: "ServiceProviderConfig", location: `${baseUrl}/ServiceProviderConfig` },
    },
  };
}

/** GET /ResourceTypes. */
export function listResourceTypes(call: ScimCall, { query }: ScimRequest): ScimResponse {
  refuseFilter(query);
  return allOf(resourceTypes(call));
}

/** GET /ResourceTypes/{name}. */
export function readResourceType(call: ScimCall, { id, query }: ScimRequest): ScimResponse {
  refuseFilter(query);
  return oneOf(resourceTypes(call), id, "There is no such resource type.");
}

/** GET /Schemas. */
export function listSchemas(call: ScimCall, { query }: ScimRequest): ScimResponse {
  refuseFilter(query);
  return allOf(schemas(call));
}

/** GET /Schemas/{urn}. */
export function readSchema(call: ScimCall, { id, query }: ScimRequest): ScimResponse {
  refuseFilter(query);
  return oneOf(schemas(call), id, "There is no such schema.");
}

/** RFC 7644 §4: a client must not take the whole document for what its filter found. An empty filter is none. */
function refuseFilter({ filter }: ScimRequest["query"]): void {
  if (filter === undefined || filter === "") return;
  throw new ScimError(403, null, "This document cannot be filtered. Send the request without a filter.");
}

function resourceTypes({ baseUrl, schemas: { user, roles, entitlements } }: ScimCall) {
  const types: {
    name: string;
    endpoint: string;
    description: string;
    schema: string;
    extensions: Schema[];
  }[] = [
    {
      name: "User",
      endpoint: "/Users",
      description: "User Account",
      schema: urns.user,
      extensions: user.extensions,
    },
    { name: "Group", endpoint: "/Groups", description: "Group", schema: urns.group, extensions: [] },
  ];
  if (roles.length > 0) types.push(simpleType("Role", "/Roles", urns.oktaRole));
  if (entitlements.length > 0) types.push(simpleType("Entitlement", "/Entitlements", urns.oktaEntitlement));
  return types.map(({ extensions, ...type }) => ({
    schemas: [resourceTypeUrn],
    id: type.name,
    ...type,
    ...(extensions.length > 0
      ? { schemaExtensions: extensions.map((extension) => ({ schema: extension.id, required: false })) }
      : {}),
    meta: { resourceType: "ResourceType", location: `${baseUrl}/ResourceTypes/${type.name}` },
  }));
}

function simpleType(name: string, endpoint: string, schema: string) {
  return { name, endpoint, description: name, schema, extensions: [] };
}

function schemas({ baseUrl, schemas: { user, group, roles, entitlements } }: ScimCall) {
  const all = [user.core, ...user.extensions, group.core];
  if (roles.length > 0) all.push(roleSchema);
  if (entitlements.length > 0) all.push(entitlementSchema);
  return all.map((schema) => ({
    ...schema,
    schemas: [schemaUrn],
    meta: { resourceType: "Schema", location: `${baseUrl}/Schemas/${schema.id}` },
  }));
}

function allOf(resources: { id: string }[]): ScimResponse {
  return { status: 200, body: listResponse(resources, resources.length, { startIndex: 1 }) };
}

/** Ids match ignoring case: they are URNs and names of schemas. */
function oneOf(resources: { id: string }[], id: string, refusal: string): ScimResponse {
  const found = resources.find((resource) => resource.id.toLowerCase() === id.toLowerCase());
  if (!found) throw notFound(refusal);
  return { status: 200, body: { ...found } };
}

const readOnlyText = (name: string, description: string, required: boolean) => ({
  name,
  type: "string" as const,
  multiValued: false,
  description,
  required,
  caseExact: false,
  mutability: "readOnly" as const,
  returned: "default" as const,
  uniqueness: "none" as const,
});

/** Okta's own schemas of what its administrators can assign (Okta: "SCIM 2.0 with entitlements"). */
const roleSchema: Schema = {
  id: urns.oktaRole,
  name: "Role",
  description: "A role that a user can be given",
  attributes: [
    readOnlyText("displayName", "Name of the role", true),
    readOnlyText("description", "What it allows", false),
  ],
};

const entitlementSchema: Schema = {
  id: urns.oktaEntitlement,
  name: "Entitlement",
  description: "An entitlement that a user can be given",
  attributes: [
    readOnlyText("displayName", "Name of the entitlement", true),
    readOnlyText("type", "Name of its resource type", true),
    readOnlyText("description", "What it allows", false),
  ],
};
