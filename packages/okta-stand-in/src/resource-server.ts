import { okta } from "okta-labels/labels";
import { agentsOf } from "./agents.ts";
import { type Org, OrgRefusal } from "./org.ts";
import type { OrgApp, ResourceServer } from "./state.ts";
import { isWebAddress } from "./web-address.ts";

/**
 * "Resource Server > Cross App Access (XAA) > Edit". Okta refuses another Issuer URL, and to disable it, while an agent has a
 * connection to the app. @param wanted null disables it. Throws OrgRefusal, and then changes nothing.
 */
export function changeResourceServer(org: Org, app: OrgApp, wanted: ResourceServer | null): void {
  const isConnected = agentsOf(org).some(({ connections }) =>
    connections.some(({ appId }) => appId === app.id),
  );
  if (isConnected && wanted?.issuerUrl !== app.resourceServer?.issuerUrl)
    throw new OrgRefusal(
      `An AI agent has a connection to ${app.label}. Delete it before you change the ${okta.resourceServer.issuerUrl}.`,
    );
  if (wanted === null) delete app.resourceServer;
  else {
    if (!isWebAddress(wanted.issuerUrl))
      throw new OrgRefusal(`The ${okta.resourceServer.issuerUrl} must be a web address.`);
    app.resourceServer = wanted;
  }
  org.store.changed();
}
