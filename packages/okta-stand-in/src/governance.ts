import { okta } from "okta-labels/labels";
import { keyOf } from "./access.ts";
import { groupOf } from "./groups.ts";
import { type Org, OrgNotFoundError, OrgRefusal } from "./org.ts";
import type { OrgAdmin } from "./provisioner.ts";
import type { Assignment, Governance, GrantedValue, OrgApp } from "./state.ts";

/**
 * "Entitlement management > Enable" or its opposite. Okta refuses it for an instance that provisions already (Okta: "Enable
 * Entitlement management"); provisioning may be set up afterwards. Returns what happened. Throws OrgRefusal.
 */
export function enableGovernance(org: Org, app: OrgApp, enabled: boolean): string {
  if (enabled === (app.governance !== undefined)) return `${okta.entitlements.section} is as it was.`;
  if (enabled && app.provisioning)
    throw new OrgRefusal(
      `${okta.entitlements.section} cannot be enabled: provisioning is already enabled for this app instance. ` +
        `Add a new instance, enable ${okta.entitlements.section} there, and set up provisioning afterwards.`,
    );
  if (enabled) {
    app.governance = { resourceTypes: [], policy: [] };
    for (const assignment of Object.values(app.assignments)) assignment.custom = null;
  } else {
    delete app.governance;
    for (const assignment of Object.values(app.assignments)) delete assignment.custom;
  }
  org.store.changed();
  return enabled ? `${okta.entitlements.section} is enabled.` : `${okta.entitlements.section} is disabled.`;
}

/** Throws OrgRefusal. */
export function governanceOf({ governance }: OrgApp): Governance {
  if (!governance)
    throw new OrgRefusal(`Enable ${okta.entitlements.section} on the ${okta.tabs.general} tab first.`);
  return governance;
}

/** "Customize entitlements": replaces what the person gets, and tells the application. Throws OrgRefusal. */
export function customize(
  org: OrgAdmin,
  app: OrgApp,
  personId: string,
  keys: readonly string[],
): Promise<void> {
  assignmentOf(app, personId).custom = chosenValues(governanceOf(app), keys);
  return push(org, app, [personId]);
}

/** "Revert to policy". Throws OrgRefusal if there is no policy. */
export function revertToPolicy(org: OrgAdmin, app: OrgApp, personId: string): Promise<void> {
  if (governanceOf(app).policy.length === 0) throw new OrgRefusal("This application has no policy.");
  delete assignmentOf(app, personId).custom;
  return push(org, app, [personId]);
}

/** Adds a rule to the policy, and tells the application about the people to whom it applies. Throws OrgRefusal. */
export function addRule(
  org: OrgAdmin,
  app: OrgApp,
  { name, groupId, keys }: { name: string; groupId: string; keys: readonly string[] },
): Promise<void> {
  const governance = governanceOf(app);
  const values = chosenValues(governance, keys);
  if (name.trim() === "") throw new OrgRefusal("The rule name is required.");
  if (values.length === 0) throw new OrgRefusal("Choose at least one value.");
  const { memberIds } = groupOf(org, groupId);
  governance.policy.push({ name: name.trim(), groupId, values });
  return push(org, app, memberIds);
}

/**
 * Removes a rule by its place. The people to whom it applied lose its values. Throws OrgNotFoundError if there is no rule at
 * this place.
 */
export async function removeRule(org: OrgAdmin, app: OrgApp, index: number): Promise<void> {
  const governance = governanceOf(app);
  const rule = governance.policy[index];
  if (!rule) throw new OrgNotFoundError("There is no such rule.");
  // The last rule becomes empty before it goes: without a policy, the org would send nothing.
  rule.values = [];
  // The group may have been deleted in the meantime.
  await push(org, app, org.store.state.groups[rule.groupId]?.memberIds ?? []);
  governance.policy = governance.policy.filter((one) => one !== rule);
  org.store.changed();
}

/** Tells the application about people whose policy may have changed. */
export async function reevaluate(org: OrgAdmin, personIds: readonly string[]): Promise<void> {
  const governed = Object.values(org.store.state.apps).filter(
    ({ governance }) => governance && governance.policy.length > 0,
  );
  await Promise.all(governed.map((app) => push(org, app, personIds)));
}

function chosenValues({ resourceTypes }: Governance, keys: readonly string[]): GrantedValue[] {
  const all = resourceTypes.flatMap(({ name, values }) =>
    values.map(({ value, display }) => ({ resourceType: name, value, display })),
  );
  const chosen = all.filter((one) => keys.includes(keyOf(one)));
  if (chosen.length !== new Set(keys).size)
    throw new OrgRefusal("The application does not offer one of these values.");
  return chosen;
}

function assignmentOf(app: OrgApp, personId: string): Assignment {
  const assignment = app.assignments[personId];
  if (!assignment) throw new OrgNotFoundError("This person is not assigned to the application.");
  return assignment;
}

/** Pushes those of the people whom the application knows. */
async function push(org: OrgAdmin, app: OrgApp, personIds: readonly string[]): Promise<void> {
  const known = personIds.filter((id) => typeof app.assignments[id]?.remoteId === "string");
  for (const id of known) Object.assign(app.assignments[id] ?? {}, { state: "pending" });
  org.store.changed();
  await org.provisioner.people(app, known);
}
