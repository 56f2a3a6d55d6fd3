import SCIMMY from "scimmy";
import { customExtension, attributes as table } from "../../config/attributes.ts";

/** An attribute's definition, as /Schemas shows it (RFC 7643 §7). */
export interface Attribute {
  name: string;
  type: "string" | "boolean" | "decimal" | "integer" | "dateTime" | "reference" | "binary" | "complex";
  multiValued: boolean;
  description: string;
  required: boolean;
  caseExact?: boolean;
  canonicalValues?: string[];
  referenceTypes?: string[];
  mutability: "readOnly" | "readWrite" | "immutable" | "writeOnly";
  returned: "always" | "never" | "default" | "request";
  uniqueness?: "none" | "server" | "global";
  subAttributes?: Attribute[];
}

export interface Schema {
  id: string;
  name: string;
  description: string;
  attributes: Attribute[];
}

/** Everything that a resource of one type may carry. */
export interface ResourceSchema {
  core: Schema;
  extensions: Schema[];
}

export const urns = {
  user: "urn:ietf:params:scim:schemas:core:2.0:User",
  group: "urn:ietf:params:scim:schemas:core:2.0:Group",
  enterprise: "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User",
  listResponse: "urn:ietf:params:scim:api:messages:2.0:ListResponse",
  searchRequest: "urn:ietf:params:scim:api:messages:2.0:SearchRequest",
  patchOp: "urn:ietf:params:scim:api:messages:2.0:PatchOp",
  bulkRequest: "urn:ietf:params:scim:api:messages:2.0:BulkRequest",
  bulkResponse: "urn:ietf:params:scim:api:messages:2.0:BulkResponse",
  oktaRole: "urn:okta:scim:schemas:core:1.0:Role",
  oktaEntitlement: "urn:okta:scim:schemas:core:1.0:Entitlement",
} as const;

/** What no configuration adds or takes away: who someone is in a group, and what they may do. */
const builtIn = new Set(["userName", "active", "password", "groups", "roles", "entitlements"]);

/** scimmy's definitions narrowed to what config/attributes.ts says that we store. */
export const userSchema: ResourceSchema = {
  core: narrowed(
    describe(SCIMMY.Schemas.User),
    (path) => builtIn.has(path) || table.some(({ scim }) => scim === path),
  ),
  extensions: [
    narrowed(describe(SCIMMY.Schemas.EnterpriseUser), (path) =>
      table.some(({ scim }) => scim === `${urns.enterprise}:${path}`),
    ),
    customSchema(),
  ].filter(({ attributes }) => attributes.length > 0),
};

export const groupSchema: ResourceSchema = { core: describe(SCIMMY.Schemas.Group), extensions: [] };

/** Attributes that every resource has and no schema lists (RFC 7643 §3.1). */
const common: Attribute[] = [
  plain("id", { caseExact: true, mutability: "readOnly", returned: "always", uniqueness: "global" }),
  plain("externalId", { caseExact: true }),
  {
    ...plain("meta", { mutability: "readOnly" }),
    type: "complex",
    subAttributes: [
      plain("resourceType", { caseExact: true, mutability: "readOnly" }),
      { ...plain("created", { mutability: "readOnly" }), type: "dateTime" },
      { ...plain("lastModified", { mutability: "readOnly" }), type: "dateTime" },
      plain("location", { caseExact: true, mutability: "readOnly" }),
      plain("version", { caseExact: true, mutability: "readOnly" }),
    ],
  },
];

/** A path resolved against a schema: the names as the schema spells them. */
export interface ResolvedPath {
  /** Null for the core schema and the common attributes. */
  extension: string | null;
  attribute: Attribute;
  subAttribute: Attribute | null;
}

/**
 * Finds an attribute by the names that a request used: ignoring case (RFC 7643 §2.1), with or without its schema's URN.
 * Null when there is no such attribute.
 */
export function resolveAttribute(
  schema: ResourceSchema,
  path: { schema: string | null; attribute: string; subAttribute: string | null },
): ResolvedPath | null {
  const urn = path.schema?.toLowerCase() ?? null;
  const isCore = urn === null || urn === schema.core.id.toLowerCase();
  const extension = isCore ? null : (schema.extensions.find(({ id }) => id.toLowerCase() === urn) ?? null);
  if (!isCore && !extension) return null;
  const attribute = byName(
    extension ? extension.attributes : [...common, ...schema.core.attributes],
    path.attribute,
  );
  if (!attribute) return null;
  const subAttribute =
    path.subAttribute === null ? null : byName(attribute.subAttributes ?? [], path.subAttribute);
  if (path.subAttribute !== null && !subAttribute) return null;
  return { extension: extension?.id ?? null, attribute, subAttribute };
}

function byName(attributes: readonly Attribute[], name: string): Attribute | null {
  return attributes.find((attribute) => attribute.name.toLowerCase() === name.toLowerCase()) ?? null;
}

/** scimmy's own description, as plain data: its types say less than it returns, and it hands out live objects. */
function describe(schema: { definition: { describe(): unknown } }): Schema {
  return JSON.parse(JSON.stringify(schema.definition.describe())) as Schema;
}

function narrowed({ id, name, description, attributes }: Schema, keep: (path: string) => boolean): Schema {
  const kept = attributes.flatMap((attribute) => {
    if (attribute.type !== "complex" || attribute.multiValued || keep(attribute.name)) {
      return keep(attribute.name) ? [attribute] : [];
    }
    const subAttributes = (attribute.subAttributes ?? []).filter((sub) =>
      keep(`${attribute.name}.${sub.name}`),
    );
    return subAttributes.length > 0 ? [{ ...attribute, subAttributes }] : [];
  });
  return { id, name, description, attributes: kept };
}

function customSchema(): Schema {
  const { urn: id, name, description } = customExtension;
  const own = table.filter(({ scim, custom }) => custom && scim.startsWith(`${id}:`));
  const attributes = own.map(({ scim, custom, required }) => ({
    ...plain(scim.slice(id.length + 1), {}),
    ...custom,
    required,
  }));
  return { id, name, description, attributes };
}

function plain(name: string, more: Partial<Attribute>): Attribute {
  return {
    name,
    type: "string",
    multiValued: false,
    description: "",
    required: false,
    caseExact: false,
    mutability: "readWrite",
    returned: "default",
    uniqueness: "none",
    ...more,
  };
}
