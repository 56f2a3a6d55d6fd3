/**
 * A permission that a customer's Okta admin can assign in addition to a role (Okta: "SCIM 2.0 with entitlements"). The
 * product checks it by its id: docs/how-to/check-entitlements.md.
 */
export interface Entitlement {
  id: string;
  displayName: string;
  description: string;
}

const all = [
  { id: "task-export", displayName: "Task export", description: "May export the team's tasks." },
  {
    id: "task-deletion",
    displayName: "Task deletion",
    description: "May delete every task of the team.",
  },
] as const satisfies readonly Entitlement[];

/** The ids that the product may check. */
export type EntitlementId = (typeof all)[number]["id"];

export const entitlements: readonly Entitlement[] = all;
