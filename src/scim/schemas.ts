import { defineSchemas } from "scim-server/schema";
import { type AttributeEntry, attributes, customExtension } from "../../config/attributes.ts";
import { entitlements } from "../../config/entitlements.ts";
import type { AssignableRole, Tenant } from "../model.ts";

/** The roles that a client may give. `owner` is not among them: only the application itself grants it. */
const roles: Record<AssignableRole, { displayName: string; description: string }> = {
  member: { displayName: "Member", description: "Works with the product." },
  admin: { displayName: "Admin", description: "Also manages the organisation's people and connections." },
};

/**
 * The schemas that config/attributes.ts and config/entitlements.ts describe. A tenant that accepts incomplete people
 * requires the login name alone, and the attributes of our own extension that say so.
 */
export function scimSchemas(incompletePeople: Tenant["incompletePeople"]) {
  const isRequired = ({ field, custom, required }: AttributeEntry) =>
    required && (incompletePeople === "refuse" || field === "loginName" || custom !== undefined);
  return defineSchemas({
    attributes: attributes.map((entry) => ({ ...entry, required: isRequired(entry) })),
    extension: customExtension,
    roles: Object.entries(roles).map(([id, role]) => ({ id, ...role })),
    entitlements,
  });
}
