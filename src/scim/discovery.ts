import type { ScimAnswer, ScimContext } from "./context.ts";
import { ScimError } from "./errors.ts";
import { listResponse, paging } from "./list-query.ts";
import { groupSchema, type Schema, urns, userSchema } from "./schema.ts";

/** What one Bulk request may hold. */
export const bulkLimits = { maxOperations: 1000, maxPayloadSize: 10_000_000 };

const schemaUrn = "urn:ietf:params:scim:schemas:core:2.0:Schema";
const resourceTypeUrn = "urn:ietf:params:scim:schemas:core:2.0:ResourceType";

/**
 * The discovery documents (RFC 7644 §4). Okta reads /Schemas and /ResourceTypes to offer an admin exactly our
 * attributes, and to find roles and entitlements.
 */
export function serviceProviderConfig({ baseUrl }: ScimContext): ScimAnswer {
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

/** GET /ResourceTypes, whole or one. */
export function resourceTypes({ baseUrl }: ScimContext, id: string | null): ScimAnswer {
  const types = [
    {
      name: "User",
      endpoint: "/Users",
      description: "User Account",
      schema: urns.user,
      extensions: userSchema.extensions,
    },
    { name: "Group", endpoint: "/Groups", description: "Group", schema: urns.group, extensions: [] },
    { name: "Role", endpoint: "/Roles", description: "Role", schema: urns.oktaRole, extensions: [] },
    {
      name: "Entitlement",
      endpoint: "/Entitlements",
      description: "Entitlement",
      schema: urns.oktaEntitlement,
      extensions: [],
    },
  ].map(({ extensions, ...type }) => ({
    schemas: [resourceTypeUrn],
    id: type.name,
    ...type,
    ...(extensions.length > 0
      ? { schemaExtensions: extensions.map((extension) => ({ schema: extension.id, required: false })) }
      : {}),
    meta: { resourceType: "ResourceType", location: `${baseUrl}/ResourceTypes/${type.name}` },
  }));
  return whole(types, id, "resource type");
}

/** GET /Schemas, whole or one. */
export function schemas({ baseUrl }: ScimContext, id: string | null): ScimAnswer {
  const all = [userSchema.core, ...userSchema.extensions, groupSchema.core, ...oktaSchemas].map((schema) => ({
    ...schema,
    schemas: [schemaUrn],
    meta: { resourceType: "Schema", location: `${baseUrl}/Schemas/${schema.id}` },
  }));
  return whole(all, id, "schema");
}

function whole(resources: { id: string }[], id: string | null, what: string): ScimAnswer {
  if (id === null) return { status: 200, body: listResponse(resources, resources.length, { startIndex: 1 }) };
  const found = resources.find((resource) => resource.id.toLowerCase() === id.toLowerCase());
  if (!found) throw new ScimError(404, null, `There is no such ${what}.`);
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

/** Okta's own definitions of what can be assigned (Okta: "SCIM 2.0 with entitlements"). */
const oktaSchemas: Schema[] = [
  {
    id: urns.oktaRole,
    name: "Role",
    description: "A role that a user can be given",
    attributes: [
      readOnlyText("displayName", "Name of the role", true),
      readOnlyText("description", "What it allows", false),
    ],
  },
  {
    id: urns.oktaEntitlement,
    name: "Entitlement",
    description: "An entitlement that a user can be given",
    attributes: [
      readOnlyText("displayName", "Name of the entitlement", true),
      readOnlyText("type", "Name of its resource type", true),
      readOnlyText("description", "What it allows", false),
    ],
  },
];
