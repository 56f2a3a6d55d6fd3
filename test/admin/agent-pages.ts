import { issueAccessToken } from "../../src/directory/access-tokens.ts";
import { addAgentSecret, createAgent, revokeAgentGrant } from "../../src/directory/agents.ts";
import type { User } from "../../src/model.ts";
import { agentStore } from "../../src/store/agents.ts";
import { defaultSessionLimits } from "../../src/store/session-store.ts";
import { administratorWithKey, apiKeyOf } from "../helpers/api-keys.ts";
import type { TestDatabase } from "../helpers/databases.ts";
import type { PageCase } from "../helpers/every-page.ts";
import { createLocalAccount } from "../helpers/people.ts";
import { shownSaml } from "../helpers/saml-settings.ts"; // SAML
import type { Site } from "../helpers/site.ts";

/** Creates agents of every kind, and two people for whom they acted. */
async function populate(use: () => TestDatabase, { acme, owner }: Site) {
  const { database } = use();
  const { store, tenant } = acme;
  const { id: connectionId } = await acme.connection();
  await acme.connection({ type: "saml", settings: shownSaml.settings }); // SAML
  const settings = { issuer: "https://other.okta.example", clientId: "0oa9", crossAppAccess: false };
  await acme.connection({ settings });
  const register = async (name: string, tenantId: string | null) =>
    (await createAgent(database, { tenantId, name, scopes: ["tasks.read", "tasks.write"], jwksUri: null }))
      .agent;
  const [own, everyones] = [await register("Task helper", tenant.id), await register("Planner", null)];
  const gone = await register("Former helper", tenant.id);
  const assistant = { clientId: "https://assistant.example/agents/client.json", name: "Assistant" };
  const act = async (user: User, agent: { clientId: string; name: string }) => {
    const bound = { act: null, scopes: ["tasks.read"], resources: ["https://app.test/api/v1"] };
    const grant = { user, role: "member", connectionId, agent, keyThumbprint: null, ...bound } as const;
    await issueAccessToken(store, grant, defaultSessionLimits);
  };
  for (const agent of [own, everyones, gone, assistant]) await act(owner, agent);
  await revokeAgentGrant(store, owner.id, own.clientId, true);
  await agentStore(database).revoke(gone.clientId);
  await store.agents.setBlocked(everyones, true);
  await addAgentSecret(database, own.clientId);
  const { user, id } = await administratorWithKey(store, { name: "Former report" });
  await store.apiKeys.revoke(id);
  await apiKeyOf(store, user, { name: "Weekly report", days: 7 });
  const admin = await createLocalAccount(store, "agents-admin@acme.example", "admin");
  return { own, everyones, gone, assistant, admin };
}

/** The pages of agents and API keys (see pages.ts). */
export async function agentPages(use: () => TestDatabase, site: Site): Promise<PageCase[]> {
  const { own, everyones, gone, assistant, admin } = await populate(use, site);
  const page = (name: string, path: string, more: Partial<PageCase> = {}): PageCase => {
    return { name, path, status: 200, as: site.owner, ...more };
  };
  const pathOf = ({ clientId }: { clientId: string }) => `/admin/agents/${encodeURIComponent(clientId)}`;
  const encoded = (part: object) => Buffer.from(JSON.stringify(part)).toString("base64url");
  const claims = { iss: "https://unknown.okta.example", sub: "00u1", client_id: own.clientId };
  const assertion = [encoded({ alg: "RS256", typ: "oauth-id-jag+jwt" }), encoded(claims), "none"].join(".");
  const wanted = { name: "Another helper", scopes: "tasks.read", method: "secret" };
  const key = { name: "Nightly report", scopes: "tasks.read", days: "90" };
  const wrong = { name: "", method: "keys", jwksUri: "nonsense" };
  return [
    page("agents", "/admin/agents"),
    page("agents for an administrator", "/admin/agents", { as: admin }),
    page("a new agent", "/admin/agents/new"),
    page("a new agent for an administrator", "/admin/agents/new", { as: admin }),
    page("a new agent sent wrong", "/admin/agents", { status: 303, form: wrong }),
    page("an agent with its new secret", "/admin/agents", { status: 303, form: wanted }),
    page("an agent with two secrets", pathOf(own)),
    page("a blocked agent of the operator", pathOf(everyones)),
    page("a revoked agent", pathOf(gone)),
    page("an agent with a metadata document", pathOf(assistant)),
    page("the preview of an ID-JAG", "/admin/agents/preview"),
    page("the preview of no ID-JAG", "/admin/agents/preview", { status: 400, form: { assertion: "none" } }),
    page("the preview of an ID-JAG that is refused", "/admin/agents/preview", { form: { assertion } }),
    page("API keys", "/admin/api-keys"),
    page("a new API key, shown once", "/admin/api-keys", { status: 303, form: key }),
    page("a new API key sent wrong", "/admin/api-keys", { status: 303, form: { name: "", days: "0" } }),
    page("activity of agents", "/admin/activity?kind=agents"),
  ];
}
