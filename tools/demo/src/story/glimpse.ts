import { type DemoTenant, loginOf, orgIdOf } from "../../../../src/demo/cast.ts";
import type { Role, User } from "../../../../src/model.ts";
import type { TenantStore } from "../../../../src/store/tenant-store.ts";

/** Somebody of the story, as the application knows them. */
interface Known {
  user: User;
  role: Role;
  sessions: number;
}

/** What the application knows of the story's people at one moment. */
export interface Glimpse {
  star: Known | null;
  second: Known | null;
  guest: Known | null;
}

export async function glimpseOf(store: TenantStore, tenant: DemoTenant): Promise<Glimpse> {
  const [star, second] = tenant.people;
  return {
    star: await known(store, tenant, star),
    second: await known(store, tenant, second),
    guest: await known(store, tenant, tenant.guest),
  };
}

/** By the org's key, which a new name does not change, or else by the first name that they had. */
async function known(store: TenantStore, tenant: DemoTenant, name: string): Promise<Known | null> {
  const [provisioned] = await store.users.bySourceKey(orgIdOf("00u", name));
  const user = provisioned ?? (await store.users.byLoginName(loginOf(name, tenant)));
  if (!user) return null;
  const sessions = await store.sessions.ofUser(user.id, user.accessEpoch);
  return { user, role: await store.roles.effective(user.id), sessions: sessions.length };
}

const origins = { local: "a local account", "just-in-time": "came just in time", scim: "managed by SCIM" };

export function whatIsKnown(person: Known | null): string {
  if (!person) return "The application does not know this person.";
  const { user, role, sessions } = person;
  const facts = [
    user.loginName,
    ...(user.active ? [role] : ["deactivated"]),
    origins[user.origin],
    sessions === 0
      ? "signed in nowhere"
      : `signed in in ${sessions} ${sessions === 1 ? "browser" : "browsers"}`,
    `id ${user.id}`,
  ];
  return `${user.displayName ?? user.loginName}: ${facts.join(", ")}.`;
}

/** Who is signed in anywhere. */
export function presence({ star, second }: Glimpse): string {
  const present = [star, second].flatMap((person) =>
    person && person.sessions > 0 ? [person.user.displayName] : [],
  );
  return present.length === 0 ? "Neither of them is signed in." : `Signed in: ${present.join(" and ")}.`;
}
