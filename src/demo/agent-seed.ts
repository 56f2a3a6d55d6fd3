import { newConnection } from "okta-stand-in/agents";
import { newId, type OrgApp, type OrgSeed } from "okta-stand-in/state";
import { apiScopes } from "../../config/integration.ts";
import { crossAppAccessUrls } from "../endpoints.ts";
import { agentName } from "./agent.ts";
import { orgIdOf } from "./tenants.ts";

/**
 * Adds the agent as the org's administrator would have set it up: an OIDC app that everyone is assigned to, the agent that
 * is linked to it, and a resource connection to each customer's app. Returns the credentials of the app.
 */
export function addAgent(
  seed: OrgSeed,
  baseUrl: string,
  agent: { url: string; clientId: string },
): { clientId: string; clientSecret: string } {
  const { apiResource, mcpResource } = crossAppAccessUrls(baseUrl);
  const connections = Object.values(seed.apps).map((app) =>
    newConnection({
      appId: app.id,
      resources: [mcpResource, apiResource],
      clientId: agent.clientId,
      scopes: apiScopes.map(({ name }) => name),
    }),
  );
  const clientSecret = newId("");
  const app = linkedApp(seed, agent.url, clientSecret);
  seed.apps[app.id] = app;
  const id = orgIdOf("wlp", agentName);
  const registration = { method: "secret", secret: clientSecret } as const;
  const base = { id, name: agentName, status: "ACTIVE", linkedAppId: app.id, registration } as const;
  seed.agents = { [id]: { ...base, connections } };
  return { clientId: app.id, clientSecret };
}

function linkedApp(seed: OrgSeed, url: string, clientSecret: string): OrgApp {
  const assignment = () => ({ remoteId: null, state: "waiting" as const, problem: null });
  return {
    id: newId("0oa"),
    name: "task_helper",
    label: agentName,
    active: true,
    signOn: {
      kind: "oidc",
      clientSecret,
      redirectUris: [`${url}/callback`],
      postLogoutRedirectUris: [],
      initiateLoginUri: `${url}/sign-in`,
      refreshTokens: true,
    },
    provisioning: null,
    universalLogout: null,
    assignments: Object.fromEntries(Object.keys(seed.people).map((id) => [id, assignment()])),
    pushGroups: {},
  };
}
