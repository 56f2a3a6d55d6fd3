import { notFound } from "./errors.ts";
import { listResponse, readPage } from "./lists.ts";
import type { ScimCall, ScimRequest, ScimResponse } from "./operation.ts";
import { type AssignableValue, type ScimSchemas, urns } from "./schema.ts";

/** Okta reads these lists to offer its administrators what they can assign (Okta: "SCIM 2.0 with entitlements"). */
const kinds = {
  Roles: { type: "Role", urn: urns.oktaRole, values: ({ roles }: ScimSchemas) => roles },
  Entitlements: {
    type: "Entitlement",
    urn: urns.oktaEntitlement,
    values: ({ entitlements }: ScimSchemas) => entitlements,
  },
} as const;

type AssignableKind = keyof typeof kinds;

/** GET /Roles and GET /Entitlements, by index. */
export const listAssignable =
  (kind: AssignableKind) =>
  (call: ScimCall, { query }: ScimRequest): ScimResponse => {
    const page = readPage(query);
    const startIndex = page.by === "index" ? page.startIndex : page.after + 1;
    const all = kinds[kind].values(call.schemas);
    const resources = all
      .slice(startIndex - 1, startIndex - 1 + page.count)
      .map((value) => toResource(call, kind, value));
    return { status: 200, body: listResponse(resources, all.length, { startIndex }) };
  };

/** GET /Roles/{id} and GET /Entitlements/{id}. */
export const readAssignable =
  (kind: AssignableKind) =>
  (call: ScimCall, { id }: ScimRequest): ScimResponse => {
    const found = kinds[kind].values(call.schemas).find((value) => value.id === id);
    if (!found) throw notFound(`There is no such ${kinds[kind].type.toLowerCase()}.`);
    return { status: 200, body: toResource(call, kind, found) };
  };

function toResource(
  { baseUrl }: ScimCall,
  kind: AssignableKind,
  { id, displayName, description }: AssignableValue,
) {
  const { type, urn } = kinds[kind];
  return {
    schemas: [urn],
    id,
    displayName,
    description,
    ...(kind === "Entitlements" ? { type } : {}),
    meta: { resourceType: type, location: `${baseUrl}/${kind}/${id}` },
  };
}
