import { entitlements as knownEntitlements } from "../../config/entitlements.ts";
import type { ProvisionedUser } from "../directory/provisioning.ts";
import type { AssignableRole, AttributeDocument } from "../model.ts";
import type { Affiliations } from "../store/tenant/affiliations.ts";
import type { ShownUser } from "../store/tenant/user-rows.ts";
import type { ScimContext } from "./context.ts";
import { badRequest } from "./errors.ts";
import { checkKeyValue } from "./key-values.ts";
import type { Projection } from "./projection.ts";
import { scimRoles } from "./roles.ts";
import { urns, userSchema } from "./schema.ts";

/** A resource of ours as clients see it. */
export type ScimResource = Record<string, unknown>;

/** What is stored beside the document, and so never in it. */
const besideDocument = new Set([
  ...[
    "schemas",
    "id",
    "externalId",
    "meta",
    "userName",
    "active",
    "password",
    "groups",
    "roles",
    "entitlements",
  ],
]);

const extensionUrns = userSchema.extensions.map(({ id }) => id);

/** The weak entity tag of a version (RFC 7644 §3.14). */
export function versionTag(version: number): string {
  return `W/"${version}"`;
}

/** A user as SCIM shows them. Another source's externalId is not this client's business. */
export function toScimUser(
  context: ScimContext,
  user: ShownUser,
  affiliations: Affiliations | undefined,
): ScimResource {
  const extensions = extensionUrns.filter((urn) => user.attributes[urn] !== undefined);
  const ownKey = user.sourceId === context.writer.source.id ? user.sourceKey : null;
  const { baseUrl } = context;
  const resource: ScimResource = {
    schemas: [urns.user, ...extensions],
    id: user.id,
    userName: user.loginName,
    ...user.attributes,
    active: user.active,
  };
  if (ownKey !== null) resource.externalId = ownKey;
  if (affiliations) Object.assign(resource, affiliationAttributes(context, affiliations));
  if (user.entitlements.length > 0) resource.entitlements = user.entitlements.map(entitlementValue);
  resource.meta = {
    resourceType: "User",
    created: new Date(user.createdAt).toISOString(),
    lastModified: new Date(user.updatedAt).toISOString(),
    location: `${baseUrl}/Users/${user.id}`,
    version: versionTag(user.version),
  };
  return resource;
}

/** Which affiliations an answer shows: the others are not looked up. */
export function affiliationsIn(project: Projection): readonly (keyof Affiliations)[] {
  return (["groups", "roles"] as const).filter((kind) => project.wants(kind));
}

function affiliationAttributes({ baseUrl }: ScimContext, { groups, roles }: Affiliations): ScimResource {
  return {
    groups: groups.map(({ id, displayName }) => ({
      value: id,
      $ref: `${baseUrl}/Groups/${id}`,
      display: displayName,
      type: "direct",
    })),
    ...(roles.length > 0
      ? { roles: roles.map((role) => ({ value: role, display: scimRoles[role].displayName })) }
      : {}),
  };
}

function entitlementValue(id: string) {
  const display = knownEntitlements.find((entitlement) => entitlement.id === id)?.displayName ?? id;
  return { value: id, display, type: "Entitlement" };
}

/** A resource that a client sent, cleaned by resource-input.ts, in the words of the directory. */
export interface UserInput {
  user: ProvisionedUser;
  roles: AssignableRole[];
  password: string | null;
}

/** Throws badRequest when userName is missing or a role or entitlement does not exist. */
export function toUserInput(resource: ScimResource): UserInput {
  const loginName = resource.userName;
  if (typeof loginName !== "string" || loginName.trim() === "") {
    throw badRequest("invalidValue", "userName is required.");
  }
  const sourceKey = text(resource.externalId);
  checkKeyValue("userName", loginName);
  checkKeyValue("externalId", sourceKey);
  const attributes: AttributeDocument = Object.fromEntries(
    Object.entries(resource).filter(([name]) => !besideDocument.has(name)),
  );
  return {
    user: {
      ...profileOf(attributes),
      attributes,
      loginName,
      sourceKey,
      active: resource.active !== false,
      entitlements: values(resource.entitlements, "entitlement", (id) =>
        knownEntitlements.some((one) => one.id === id),
      ),
    },
    roles: values(resource.roles, "role", (id) => Object.hasOwn(scimRoles, id)) as AssignableRole[],
    password: typeof resource.password === "string" ? resource.password : null,
  };
}

/** What the application itself uses of a document: config/attributes.ts says where each of these comes from. */
function profileOf(attributes: AttributeDocument) {
  const name = (attributes.name ?? {}) as Record<string, unknown>;
  const emails = (attributes.emails ?? []) as { value?: unknown; primary?: unknown }[];
  const email = emails.find(({ primary }) => primary === true) ?? emails[0];
  return {
    givenName: text(name.givenName),
    familyName: text(name.familyName),
    displayName: text(attributes.displayName) ?? text(name.formatted),
    email: text(email?.value),
  };
}

function text(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}

function values(list: unknown, what: string, exists: (id: string) => boolean): string[] {
  const ids = ((list ?? []) as { value?: unknown }[]).map(({ value }) => String(value));
  const unknown = ids.filter((id) => !exists(id));
  if (unknown.length > 0) throw badRequest("invalidValue", `There is no ${what} "${unknown.join('", "')}".`);
  return [...new Set(ids)];
}
