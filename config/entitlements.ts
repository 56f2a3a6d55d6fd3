/** A permission that a customer's Okta admin can assign in addition to a role (Okta: "SCIM 2.0 with entitlements"). */
export interface Entitlement {
  id: string;
  displayName: string;
  description: string;
}

export const entitlements: readonly Entitlement[] = [
  { id: "task-export", displayName: "Task export", description: "May export the team's tasks." },
  {
    id: "private-tasks",
    displayName: "Private tasks",
    description: "May keep tasks that only the assignee sees.",
  },
];
