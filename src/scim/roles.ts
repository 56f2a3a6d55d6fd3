import { entitlements } from "../../config/entitlements.ts";
import type { AssignableRole } from "../model.ts";
import type { ScimAnswer, ScimContext } from "./context.ts";
import { ScimError } from "./errors.ts";
import { listResponse, readWindow } from "./list-query.ts";
import { urns } from "./schema.ts";

/** The roles that a client may grant. `owner` is not among them: it is granted in the application alone. */
export const scimRoles: Record<AssignableRole, { displayName: string; description: string }> = {
  member: { displayName: "Member", description: "Works with the product." },
  admin: { displayName: "Admin", description: "Also manages the organisation's people and connections." },
};

/** Okta reads these lists to offer what its admins can assign (Okta: "SCIM 2.0 with entitlements"). */
const lists = {
  Roles: Object.entries(scimRoles).map(([id, role]) => ({ schemas: [urns.oktaRole], id, ...role })),
  Entitlements: entitlements.map((entitlement) => ({
    schemas: [urns.oktaEntitlement],
    ...entitlement,
    type: "Entitlement",
  })),
};

export type AssignableList = keyof typeof lists;

/** GET /Roles and GET /Entitlements, by index. */
export function listAssignable(
  context: ScimContext,
  list: AssignableList,
  query: Record<string, unknown>,
): ScimAnswer {
  const window = readWindow(query);
  const startIndex = window.by === "index" ? window.startIndex : window.after + 1;
  const page = lists[list].slice(startIndex - 1, startIndex - 1 + window.count);
  const resources = page.map((resource) => withMeta(context, list, resource));
  return { status: 200, body: listResponse(resources, lists[list].length, { startIndex }) };
}

/** GET /Roles/{id} and GET /Entitlements/{id}. */
export function readAssignable(context: ScimContext, list: AssignableList, id: string): ScimAnswer {
  const found = lists[list].find((resource) => resource.id === id);
  if (!found)
    throw new ScimError(404, null, `There is no such ${list === "Roles" ? "role" : "entitlement"}.`);
  return { status: 200, body: withMeta(context, list, found) };
}

function withMeta({ baseUrl }: ScimContext, list: AssignableList, resource: { id: string }) {
  const resourceType = list === "Roles" ? "Role" : "Entitlement";
  return { ...resource, meta: { resourceType, location: `${baseUrl}/${list}/${resource.id}` } };
}
