import SCIMMY from "scimmy";

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

/** Every attribute that a resource of one type may have. */
export interface ResourceSchema {
  core: Schema;
  extensions: Schema[];
}

/** A role or an entitlement that a client may give to a user. */
export interface AssignableValue {
  id: string;
  displayName: string;
  description: string;
}

/** The schemas of one router, made by defineSchemas(). */
export interface ScimSchemas {
  user: ResourceSchema;
  group: ResourceSchema;
  roles: readonly AssignableValue[];
  entitlements: readonly AssignableValue[];
}

/** A user attribute that the application stores. */
interface StoredAttribute {
  /**
   * The attribute's path: "title", "name.givenName", "emails", or the URN of an extension, a colon and a name
   * (RFC 7644 §3.10).
   */
  scim: string;
  /** Whether a new user has to have it. An attribute with a required part is required, too. */
  required?: boolean;
  /** The definition of an attribute of the application's own extension. RFC 7643 defines all others. */
  custom?: Pick<Attribute, "type" | "multiValued" | "description"> & { caseExact: boolean };
}

/** The attributes that an application stores of a user. `userName`, `active`, `password` and `groups` are always there. */
export interface SchemaTable {
  attributes: readonly StoredAttribute[];
  /** The application's own extension of User; it needs at least one attribute with `custom`. */
  extension?: { urn: string; name: string; description: string };
  /** The roles that clients may give. Without any, users have no roles. */
  roles?: readonly AssignableValue[];
  /** As `roles`, for Okta's entitlements. */
  entitlements?: readonly AssignableValue[];
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

/**
 * Narrows the definitions of RFC 7643, which come from scimmy, to the attributes that an application stores, and says
 * exactly what the engine keeps of them.
 */
export function defineSchemas(table: SchemaTable): ScimSchemas {
  const { roles = [], entitlements = [] } = table;
  const required = new Set(table.attributes.flatMap((one) => (one.required ? [one.scim] : [])));
  const stored = new Set(table.attributes.map(({ scim }) => scim));
  for (const name of ["userName", "active", "password", "groups"]) stored.add(name);
  if (roles.length > 0) stored.add("roles");
  if (entitlements.length > 0) stored.add("entitlements");
  const extensions = [
    exact(
      marked(
        narrowed(describe(SCIMMY.Schemas.EnterpriseUser), (path) => stored.has(`${urns.enterprise}:${path}`)),
        (path) => required.has(`${urns.enterprise}:${path}`),
      ),
      enterpriseFacts,
    ),
    ownExtension(table),
  ];
  const userCore = narrowed(describe(SCIMMY.Schemas.User), (path) => stored.has(path));
  return {
    user: {
      core: exact(
        marked(userCore, (path) => required.has(path)),
        userFacts(roles, entitlements),
      ),
      extensions: extensions.filter((schema) => schema !== null && schema.attributes.length > 0) as Schema[],
    },
    group: { core: exact(describe(SCIMMY.Schemas.Group), groupFacts), extensions: [] },
    roles,
    entitlements,
  };
}

/** A copy of scimmy's description as plain data: its types promise less than it returns, and the objects are shared. */
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

/** Marks the attributes that the application requires in addition to RFC 7643. */
function marked({ attributes, ...schema }: Schema, isRequired: (path: string) => boolean): Schema {
  const mark = (attribute: Attribute, path: string): Attribute => {
    const subAttributes = attribute.subAttributes?.map((sub) => mark(sub, `${path}.${sub.name}`));
    const isPartRequired = subAttributes?.some(({ name }) => isRequired(`${path}.${name}`)) ?? false;
    const required = attribute.required || isRequired(path) || isPartRequired;
    return { ...attribute, required, ...(subAttributes ? { subAttributes } : {}) };
  };
  return { ...schema, attributes: attributes.map((attribute) => mark(attribute, attribute.name)) };
}

/** By path: what differs from the definitions of RFC 7643, or is said more exactly. Null for what is never there. */
type Facts = Record<string, Partial<Attribute> | null>;

/** The values that clients may give are the ids of the application, in any case. */
const assignable = (values: readonly AssignableValue[]) => ({
  required: true,
  canonicalValues: values.map(({ id }) => id),
});

const userFacts = (roles: readonly AssignableValue[], entitlements: readonly AssignableValue[]): Facts => ({
  // An id in another case is another id (RFC 7643 §3.1).
  "groups.value": { caseExact: true },
  "groups.$ref": { referenceTypes: ["Group"] },
  "groups.type": { canonicalValues: ["direct"] },
  "roles.value": assignable(roles),
  "entitlements.value": assignable(entitlements),
});

// The engine knows the id of a manager, not their name.
const enterpriseFacts: Facts = { "manager.displayName": null };

const groupFacts: Facts = {
  displayName: { uniqueness: "server" },
  "members.value": { caseExact: true, required: true },
  // Computed from the user that is the member.
  "members.display": { mutability: "readOnly" },
  "members.$ref": { referenceTypes: ["User"] },
  "members.type": { canonicalValues: ["User"] },
};

function exact(schema: Schema, facts: Facts): Schema {
  const corrected = (attributes: readonly Attribute[], prefix: string): Attribute[] =>
    attributes.flatMap((attribute) => {
      const path = prefix + attribute.name;
      const fact = facts[path];
      if (fact === null) return [];
      const { subAttributes } = attribute;
      const parts = subAttributes && { subAttributes: corrected(subAttributes, `${path}.`) };
      const { canonicalValues = [], ...rest } = { ...attribute, ...parts, ...fact };
      return [canonicalValues.length > 0 ? { ...rest, canonicalValues } : rest];
    });
  return { ...schema, attributes: corrected(schema.attributes, "") };
}

function ownExtension({ attributes, extension }: SchemaTable): Schema | null {
  if (!extension) return null;
  const { urn: id, name, description } = extension;
  const own = attributes.filter(({ scim, custom }) => custom && scim.startsWith(`${id}:`));
  return {
    id,
    name,
    description,
    attributes: own.map(({ scim, custom, required = false }) => ({
      ...plain(scim.slice(id.length + 1), {}),
      ...custom,
      required,
    })),
  };
}

/** An attribute of type string; `more` changes the rest. */
export function plain(name: string, more: Partial<Attribute>): Attribute {
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
