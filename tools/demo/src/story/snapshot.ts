import { agentName } from "../../../../src/demo/agent.ts";
import { type DemoTenant, loginOf, orgIdOf } from "../../../../src/demo/tenants.ts";
import type { Role, User } from "../../../../src/model.ts";
import { agentStore } from "../../../../src/store/agents.ts";
import type { Database } from "../../../../src/store/database.ts";
import type { TenantAgent } from "../../../../src/store/tenant/agents.ts";
import type { TenantStore } from "../../../../src/store/tenant-store.ts";

/** A part of the application's state: what it is about, and facts in a row. */
export interface StoryState {
  title: string;
  facts: string[];
}

/** A person of the story, as the application knows them. */
interface KnownPerson {
  user: User;
  role: Role;
  sessions: number;
}

/** The application's view of the story's people at one moment. */
export interface StorySnapshot {
  star: KnownPerson | null;
  second: KnownPerson | null;
  guest: KnownPerson | null;
  /** The agent, as this customer knows it; null before it acted here for the first time. */
  agent: TenantAgent | null;
  /** The agent's client ID. */
  clientId: string;
}

export async function takeSnapshot(
  database: Database,
  store: TenantStore,
  tenant: DemoTenant,
): Promise<StorySnapshot> {
  const [star, second] = tenant.people;
  const client = (await agentStore(database).ofDeployment()).find(({ name }) => name === agentName);
  return {
    star: await findPerson(store, tenant, star),
    second: await findPerson(store, tenant, second),
    guest: await findPerson(store, tenant, tenant.guest),
    agent: client ? await store.agents.find(client.clientId) : null,
    clientId: client?.clientId ?? "",
  };
}

/** Finds a person by the org's key, which survives a new name; before provisioning, by the original login name. */
async function findPerson(store: TenantStore, tenant: DemoTenant, name: string): Promise<KnownPerson | null> {
  const [provisioned] = await store.users.bySourceKey(orgIdOf("00u", name));
  const user = provisioned ?? (await store.users.byLoginName(loginOf(name, tenant)));
  if (!user) return null;
  const sessions = await store.sessions.ofUser(user.id);
  return { user, role: await store.roles.effective(user.id), sessions: sessions.length };
}

const origins = {
  local: "a local account",
  "just-in-time": "came just in time",
  invited: "came by an invitation",
  scim: "managed by SCIM",
};

export function describePerson(person: KnownPerson | null, name: string): StoryState {
  if (!person) return { title: name, facts: ["not known to the application"] };
  const { user, role, sessions } = person;
  const facts = [
    user.loginName,
    ...(user.active ? [role] : ["deactivated"]),
    origins[user.origin],
    sessions === 0
      ? "signed in nowhere"
      : `signed in with ${sessions} ${sessions === 1 ? "browser" : "browsers"}`,
    `id ${user.id}`,
  ];
  return { title: user.displayName ?? user.loginName, facts };
}

/** Says which of the two people are signed in. */
export function describePresence({ star, second }: StorySnapshot): StoryState {
  const present = [star, second].flatMap((person) =>
    person && person.sessions > 0 ? [person.user.displayName ?? person.user.loginName] : [],
  );
  return { title: "Signed in", facts: present.length === 0 ? ["neither of them"] : present };
}

/** The agent's state in the application. */
export function describeAgent({ agent, clientId }: StorySnapshot): StoryState {
  const title = agentName;
  if (clientId === "") return { title, facts: ["not registered: reset the demo"] };
  if (!agent) return { title, facts: ["registered", "has not acted here yet"] };
  const last = agent.lastPerson ? [`last got a token for ${agent.lastPerson.loginName}`] : [];
  return { title, facts: [agent.blockedAt === null ? "may act here" : "blocked", ...last] };
}
