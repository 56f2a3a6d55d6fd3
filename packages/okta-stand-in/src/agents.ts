import { randomBytes } from "node:crypto";
import { okta } from "okta-labels/labels";
import { appOf, type Org, OrgNotFoundError, OrgRefusal } from "./org.ts";
import {
  type AiAgent,
  type ClientRegistration,
  newId,
  type OrgApp,
  type ResourceConnection,
} from "./state.ts";
import { isWebAddress } from "./web-address.ts";

/** Throws OrgNotFoundError. */
export function agentOf(org: Org, id: string): AiAgent {
  const agent = agentsOf(org).find((one) => one.id === id);
  if (!agent) throw new OrgNotFoundError("There is no such AI agent.");
  return agent;
}

export function agentsOf({ store }: Org): AiAgent[] {
  return Object.values(store.state.agents ?? {});
}

/** The agent that is linked to the app, if there is one. */
export function agentOfApp(org: Org, appId: string): AiAgent | undefined {
  return agentsOf(org).find(({ linkedAppId }) => linkedAppId === appId);
}

/** The agent that authenticates at the org with this client ID. */
export function agentOfClient(org: Org, clientId: string): AiAgent | undefined {
  return agentsOf(org).find((agent) => clientIdOf(org, agent) === clientId);
}

/** Okta: an agent shares the client ID of its OIDC app. With a SAML app, it has its own. */
export function clientIdOf(org: Org, { id, linkedAppId }: AiAgent): string {
  const app = org.store.state.apps[linkedAppId ?? ""];
  return app?.signOn.kind === "oidc" ? app.id : id;
}

/** An agent as it is before anything is configured. */
export function newAgent(name: string): AiAgent {
  return {
    id: newId("wlp"),
    name,
    status: "STAGED",
    linkedAppId: null,
    registration: null,
    connections: [],
  };
}

/** "Register AI agent > Register manually". Throws OrgRefusal. */
export function registerAgent(org: Org, name: string): AiAgent {
  const wanted = name.trim();
  if (wanted.length < 3 || wanted.length > 100)
    throw new OrgRefusal("The name of an AI agent has 3 to 100 characters.");
  const agent = newAgent(wanted);
  org.store.state.agents = { ...org.store.state.agents, [agent.id]: agent };
  changed(org, agent, "register", "is registered");
  return agent;
}

/**
 * "User access": links the app that people sign in to. Okta: the link to an OIDC app is permanent, and the agent shares its
 * client ID and secret. Throws OrgRefusal.
 */
export function linkApp(org: Org, agent: AiAgent, app: OrgApp): void {
  if (agent.linkedAppId !== null && clientIdOf(org, agent) === agent.linkedAppId)
    throw new OrgRefusal("The link to an OIDC app is permanent. Register another AI agent instead.");
  const holder = agentOfApp(org, app.id);
  if (holder && holder !== agent) throw new OrgRefusal(`${app.label} is linked to ${holder.name}.`);
  agent.linkedAppId = app.id;
  if (app.signOn.kind === "oidc") {
    app.signOn.refreshTokens = true;
    agent.registration = { method: "secret", secret: app.signOn.clientSecret };
  }
  changed(org, agent, "sign_on_provider.add", `is linked to ${app.label}`);
}

/** "Client registration": replaces how the agent authenticates. Throws OrgRefusal. */
export function registerClient(org: Org, agent: AiAgent, wanted: ClientRegistration): void {
  if (wanted.method === "jwks-uri" && !isWebAddress(wanted.jwksUri))
    throw new OrgRefusal(`The ${okta.agents.jwksUri} must be a web address.`);
  if (wanted.method === "keys" && wanted.keys.some(({ kty, d }) => !["RSA", "EC"].includes(kty ?? "") || d))
    throw new OrgRefusal("A public key is a JWK with the type RSA or EC, without its private part.");
  agent.registration = wanted;
  const signOn = org.store.state.apps[agent.linkedAppId ?? ""]?.signOn;
  if (wanted.method === "secret" && signOn?.kind === "oidc") signOn.clientSecret = wanted.secret;
  changed(org, agent, "ai_agent.credential.create", "has a new client registration");
}

export function newSecret(): string {
  return randomBytes(48).toString("base64url");
}

/** "Resource connections > Add". Throws OrgRefusal. */
export function addConnection(
  org: Org,
  agent: AiAgent,
  wanted: Omit<ResourceConnection, "id">,
): ResourceConnection {
  const app = appOf(org, wanted.appId);
  if (!app.resourceServer)
    throw new OrgRefusal(`Enable ${okta.resourceServer.section} on the tab of ${app.label} first.`);
  if (agent.connections.some(({ appId }) => appId === app.id))
    throw new OrgRefusal(`There is already a connection to ${app.label}.`);
  if (wanted.clientId === "") throw new OrgRefusal(`${okta.agents.clientIdInApp} is required.`);
  if (wanted.resources.length === 0) throw new OrgRefusal(`${okta.agents.resourceIndicator} is required.`);
  const wrong = wanted.resources.find((resource) => !isWebAddress(resource));
  if (wrong !== undefined) throw new OrgRefusal(`"${wrong}" is not a web address.`);
  if (wanted.scopes?.length === 0)
    throw new OrgRefusal(`Enter a scope, or choose “${okta.agents.allowAnyScope}”.`);
  const connection = newConnection(wanted);
  agent.connections.push(connection);
  changed(org, agent, "resource_connection.create", `may access ${app.label}`);
  return connection;
}

/**
 * A connection for a seed, which has not been checked.
 * @public
 */
export function newConnection(wanted: Omit<ResourceConnection, "id">): ResourceConnection {
  return { id: newId("mcn"), ...wanted };
}

/** Deletes a resource connection: the agent gets no more ID-JAGs for its app. Throws OrgNotFoundError. */
export function deleteConnection(org: Org, agent: AiAgent, id: string): void {
  const connection = agent.connections.find((one) => one.id === id);
  if (!connection) throw new OrgNotFoundError("There is no such resource connection.");
  agent.connections = agent.connections.filter((one) => one !== connection);
  const label = org.store.state.apps[connection.appId]?.label ?? "a deleted application";
  changed(org, agent, "resource_connection.delete", `may no longer access ${label}`);
}

/** "Actions > Activate". Okta activates the linked OIDC app, too. Throws OrgRefusal. */
export function activateAgent(org: Org, agent: AiAgent): void {
  if (agent.linkedAppId === null)
    throw new OrgRefusal(`Link an application under ${okta.agents.userAccess}.`);
  if (!agent.registration) throw new OrgRefusal(`${okta.agents.clientRegistration} is missing.`);
  setStatus(org, agent, "ACTIVE");
  changed(org, agent, "activate", "is active");
}

/** "Actions > Deactivate". Okta deactivates the linked OIDC app, too. */
export function deactivateAgent(org: Org, agent: AiAgent): void {
  setStatus(org, agent, "INACTIVE");
  changed(org, agent, "deactivate", "is inactive");
}

/** Throws OrgRefusal while the agent is active. */
export function deleteAgent(org: Org, agent: AiAgent): void {
  if (agent.status === "ACTIVE") throw new OrgRefusal("Deactivate the AI agent first.");
  delete org.store.state.agents?.[agent.id];
  changed(org, agent, "delete", "is deleted");
}

/** Activates or deactivates an app, and with an OIDC app the agent that is linked to it. */
export function setAppActive(org: Org, app: OrgApp, active: boolean): void {
  app.active = active;
  org.store.changed();
  const agent = agentOfApp(org, app.id);
  if (!agent || app.signOn.kind !== "oidc") return;
  if (active) activateAgent(org, agent);
  else deactivateAgent(org, agent);
}

function setStatus(org: Org, agent: AiAgent, status: AiAgent["status"]): void {
  agent.status = status;
  const app = org.store.state.apps[agent.linkedAppId ?? ""];
  if (app?.signOn.kind === "oidc") app.active = status === "ACTIVE";
}

/** @param event the end of Okta's event type. */
function changed(org: Org, agent: AiAgent, event: string, what: string): void {
  org.store.changed();
  org.events.add({
    type: `workload_principal.${event}`,
    what: `AI agent ${agent.name} ${what}`,
    details: { agent: agent.id, status: agent.status },
  });
}
