import { okta } from "okta-labels/labels";
import { displayNameOf, OrgRefusal, personByLogin } from "./org.ts";
import { addPerson } from "./people.ts";
import type { OrgAdmin } from "./provisioner.ts";
import { idOf, importAll } from "./provisioning.ts";
import type { ScimBody } from "./scim-client.ts";
import type { OrgApp, OrgPerson } from "./state.ts";

/** The result of okta.provisioning.importNow. */
export interface ImportResult {
  /** The active users, each with the person that it matches; null if there is none. */
  users: { remoteId: string; name: string; login: string; match: string | null; isLinked: boolean }[];
  /** Okta does not import users who are deactivated in the application. */
  inactive: number;
  groups: string[];
}

/** okta.provisioning.importNow: reads all users and groups, and matches the active users with people. Throws ScimFailure. */
export async function importUsers(org: OrgAdmin, app: OrgApp): Promise<ImportResult> {
  const { users, groups } = await importAll(org.provisioner.sender(app, okta.provisioning.importNow));
  const active = users.filter((user) => user.active === true);
  const linked = new Set(Object.values(app.assignments).map(({ remoteId }) => remoteId));
  return {
    users: active.map((user) => {
      const match = matchOf(org, app, user);
      const remoteId = idOf(user);
      const login = String(user.userName);
      const isLinked = linked.has(remoteId);
      return { remoteId, name: nameOf(user), login, match: match && displayNameOf(match), isLinked };
    }),
    inactive: users.length - active.length,
    groups: groups.map(({ displayName }) => String(displayName)),
  };
}

/**
 * okta.provisioning.confirmAssignments: links each user to the person that it matches, or adds a new person. Returns their numbers. Throws
 * ScimFailure, and OrgRefusal if a user does not have what a person needs.
 */
export async function confirmImport(
  org: OrgAdmin,
  app: OrgApp,
  remoteIds: readonly string[],
): Promise<{ linked: number; created: number }> {
  const send = org.provisioner.sender(app, okta.provisioning.confirmAssignments);
  const counts = { linked: 0, created: 0 };
  for (const remoteId of remoteIds) {
    const { body } = await send("GET", `/Users/${encodeURIComponent(remoteId)}`);
    const match = matchOf(org, app, body);
    const person = match ?? addPerson(org, formOf(body));
    if (app.assignments[person.id]?.remoteId) throw new OrgRefusal(`${person.login} is linked already.`);
    const linked = { remoteId, state: "provisioned", problem: null } as const;
    app.assignments[person.id] = { ...app.assignments[person.id], ...linked };
    org.store.changed();
    if (match) counts.linked++;
    else counts.created++;
  }
  return counts;
}

/** "Okta username format": the e-mail address or the user name of the application is the person's username in the org. */
function matchOf(org: OrgAdmin, { provisioning }: OrgApp, user: ScimBody): OrgPerson | null {
  const isEmail = provisioning?.importFormat === "email";
  return personByLogin(org, isEmail ? emailOf(user) : String(user.userName)) ?? null;
}

function formOf(user: ScimBody) {
  const { givenName = "", familyName = "", middleName = "" } = (user.name ?? {}) as Record<string, string>;
  const email = emailOf(user);
  return { login: email, email, firstName: givenName, lastName: familyName, middleName };
}

function nameOf(user: ScimBody): string {
  const { firstName, lastName } = formOf(user);
  return `${firstName} ${lastName}`.trim() || String(user.displayName ?? user.userName);
}

function emailOf({ emails, userName }: ScimBody): string {
  const all = Array.isArray(emails) ? (emails as { value?: unknown; primary?: unknown }[]) : [];
  const found = all.find(({ primary }) => primary === true) ?? all[0];
  return typeof found?.value === "string" ? found.value : String(userName);
}
