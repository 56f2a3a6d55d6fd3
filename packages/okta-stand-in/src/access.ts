import type { Org } from "./org.ts";
import type { ScimBody } from "./scim-client.ts";
import type { AssignedValue, OrgApp } from "./state.ts";

/** The values that a person gets: their custom ones, or those of all policy rules for their groups. */
export function valuesOf({ store }: Org, app: OrgApp, personId: string): AssignedValue[] {
  const { custom } = app.assignments[personId] ?? {};
  if (custom !== undefined) return custom ?? [];
  const rules = app.governance?.policy ?? [];
  const values = rules
    .filter(({ groupId }) => store.state.groups[groupId]?.memberIds.includes(personId))
    .flatMap((rule) => rule.values);
  return [...new Map(values.map((one) => [keyOf(one), one])).values()];
}

/**
 * The attributes `roles` and `entitlements` of the user's resource, each with all its values: Okta sends whole arrays. Empty
 * if Okta does not manage the person's entitlements.
 */
export function accessOf(org: Org, app: OrgApp, personId: string): ScimBody {
  const { governance } = app;
  const { custom } = app.assignments[personId] ?? {};
  const isManaged = custom === undefined ? governance && governance.policy.length > 0 : custom !== null;
  if (!governance || !isManaged) return {};
  const values = valuesOf(org, app, personId);
  const access: Record<string, ScimBody[]> = {};
  for (const { name, attribute } of governance.resourceTypes) {
    const own = values.filter(({ resourceType }) => resourceType === name);
    access[attribute] = [
      ...(access[attribute] ?? []),
      ...own.map(({ value, display }) =>
        attribute === "roles" ? { value, display } : { value, display, type: name },
      ),
    ];
  }
  return access;
}

/** The form's name of a value. */
export function keyOf({ resourceType, value }: Pick<AssignedValue, "resourceType" | "value">): string {
  return `${resourceType}/${value}`;
}
