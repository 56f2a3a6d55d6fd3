import type { OrgAdmin } from "./provisioner.ts";
import { discover } from "./provisioning.ts";
import type { OrgApp } from "./state.ts";

/** Reads the roles and entitlements that the application offers. The Governance tab shows them. Throws ScimFailure. */
export async function readEntitlements(org: OrgAdmin, app: OrgApp): Promise<void> {
  const resourceTypes = await discover(org.provisioner.sender(app, "Discover entitlements and schema"));
  if (app.governance) app.governance.resourceTypes = resourceTypes;
  org.store.changed();
}

/**
 * Unticks "Enable API integration": nothing is sent any more, and the org forgets the links to accounts and groups. Okta warns
 * of that loss, too.
 */
export function disableProvisioning({ provisioner, store }: OrgAdmin, app: OrgApp): void {
  provisioner.stop(app.id);
  app.provisioning = null;
  app.pushGroups = {};
  for (const [id, { custom }] of Object.entries(app.assignments))
    app.assignments[id] = {
      remoteId: null,
      state: "waiting",
      problem: null,
      ...(custom === undefined ? {} : { custom }),
    };
  store.changed();
}
