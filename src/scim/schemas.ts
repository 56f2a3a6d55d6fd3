import { defineSchemas } from "scim-server/schema";
import { attributes, customExtension } from "../../config/attributes.ts";
import { entitlements } from "../../config/entitlements.ts";
import type { AssignableRole } from "../model.ts";

/** The roles that a client may give. `owner` is not among them: only the application itself grants it. */
const roles: Record<AssignableRole, { displayName: string; description: string }> = {
  member: { displayName: "Member", description: "Works with the product." },
  admin: { displayName: "Admin", description: "Also manages the organisation's people and connections." },
};

/** The schemas that config/attributes.ts and config/entitlements.ts describe. */
export function scimSchemas() {
  return defineSchemas({
    attributes,
    extension: customExtension,
    roles: Object.entries(roles).map(([id, role]) => ({ id, ...role })),
    entitlements,
  });
}
