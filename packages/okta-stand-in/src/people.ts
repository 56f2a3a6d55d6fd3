import { okta } from "okta-labels/labels";
import { OrgRefusal, personByLogin, personOf } from "./org.ts";
import { groupsWith, type OrgAdmin } from "./provisioner.ts";
import { syncPassword } from "./provisioning.ts";
import type { SignalCause } from "./shared-signals/causes.ts";
import { newId, type OrgApp, type OrgPerson } from "./state.ts";
import { universalLogout } from "./universal-logout.ts";

/** The profile that an administrator enters. */
export interface PersonForm {
  login: string;
  email: string;
  firstName: string;
  middleName: string;
  lastName: string;
}

/** "Add person". Throws OrgRefusal. */
export function addPerson(org: OrgAdmin, form: PersonForm): OrgPerson {
  const person: OrgPerson = { id: newId("00u"), ...checked(org, form, null), status: "ACTIVE" };
  org.store.state.people[person.id] = person;
  org.store.changed();
  return person;
}

/** "Profile > Edit": pushed to every app that knows the person. Throws OrgRefusal. */
export function editPerson(org: OrgAdmin, id: string, form: PersonForm): Promise<unknown> {
  const person = Object.assign(personOf(org, id), checked(org, form, id));
  return tellApps(org, person, (app) => app.provisioning?.updateAttributes === true);
}

/** "Suspend": the person cannot sign in, but no application is told (Okta: "Suspended users"). */
export function suspendPerson(org: OrgAdmin, id: string): void {
  const person = personOf(org, id);
  if (person.status !== "ACTIVE") throw new OrgRefusal("Only an active person can be suspended.");
  setStatus(org, person, "SUSPENDED");
}

/** "Unsuspend" and "Activate". Activating does not restore the assignments that a deactivation removed. */
export function activatePerson(org: OrgAdmin, id: string): void {
  setStatus(org, personOf(org, id), "ACTIVE");
}

/** "Deactivate": unassigns the person from every application, and tells each one. */
export function deactivatePerson(org: OrgAdmin, id: string): Promise<unknown> {
  const person = personOf(org, id);
  setStatus(org, person, "DEPROVISIONED");
  return Promise.all(Object.values(org.store.state.apps).map((app) => unassign(org, app, [id])));
}

/** "Delete", for deactivated people only. No application is told: Okta never sends DELETE /Users. */
export function deletePerson(org: OrgAdmin, id: string): void {
  if (personOf(org, id).status !== "DEPROVISIONED") throw new OrgRefusal("Deactivate the person first.");
  for (const group of Object.values(org.store.state.groups))
    group.memberIds = group.memberIds.filter((member) => member !== id);
  delete org.store.state.people[id];
  org.store.changed();
}

/** "Clear User Sessions". Returns a sentence for each application that got a Universal Logout. */
export async function clearSessions(org: OrgAdmin, id: string, includeApps: boolean): Promise<string[]> {
  const person = personOf(org, id);
  org.sessions.endOf(id);
  await org.signals.tell(person, "user.session.end");
  if (!includeApps) return [];
  const apps = Object.values(org.store.state.apps).filter(
    (app) => app.universalLogout && app.assignments[id],
  );
  return await Promise.all(apps.map((app) => universalLogout(org, app, person)));
}

/**
 * Sets a password, which the stand-in itself does not need, and sends it to every app that syncs passwords. Returns their
 * labels. Throws OrgRefusal and ScimFailure.
 */
export async function setPassword(org: OrgAdmin, id: string, password: string): Promise<string[]> {
  const person = personOf(org, id);
  if (password.length < 8) throw new OrgRefusal("A password has at least 8 characters.");
  await org.signals.tell(person, "user.account.update_password");
  const told: string[] = [];
  for (const app of Object.values(org.store.state.apps)) {
    const remoteId = app.assignments[id]?.remoteId;
    if (!app.provisioning?.syncPassword || typeof remoteId !== "string") continue;
    await syncPassword(org.provisioner.sender(app, okta.provisioning.syncPassword), remoteId, password);
    told.push(app.label);
  }
  return told;
}

/** "Reset Password", "Reset Multifactor" and the enrolment of a factor: the receivers of signals are told. */
export async function changeCredential(
  org: OrgAdmin,
  id: string,
  cause: Exclude<SignalCause, "user.session.end" | "user.account.update_password">,
): Promise<void> {
  const person = personOf(org, id);
  await org.signals.tell(person, cause, cause === "user.mfa.factor.activate" ? "user" : "admin");
  org.events.add({ type: cause, what: `A credential of ${person.login} changed` });
}

/** "Assign". Links the person to their account if the application already has one. Throws OrgRefusal. */
export async function assign(org: OrgAdmin, app: OrgApp, ids: readonly string[]): Promise<void> {
  const told: string[] = [];
  for (const id of ids) {
    const person = personOf(org, id);
    if (person.status !== "ACTIVE") throw new OrgRefusal(`${person.login} is not active.`);
    const before = app.assignments[id];
    if (before && before.state !== "removing") continue;
    app.assignments[id] = {
      remoteId: null,
      state: app.provisioning ? "pending" : "waiting",
      problem: null,
    };
    told.push(id);
  }
  org.store.changed();
  // Both go into one queue, so the application knows the people before it gets the groups.
  await Promise.all([
    org.provisioner.people(app, told),
    org.provisioner.groups(app, groupsWith(org, app, new Set(told))),
  ]);
}

/** "Unassign": the application deactivates the person. */
export function unassign(org: OrgAdmin, app: OrgApp, ids: readonly string[]): Promise<void> {
  const told = ids.filter((id) => {
    const assignment = app.assignments[id];
    if (!assignment) return false;
    if (assignment.remoteId === null || !app.provisioning) {
      delete app.assignments[id];
      return false;
    }
    assignment.state = "removing";
    return true;
  });
  org.store.changed();
  return org.provisioner.people(app, told);
}

/** "Provision Users": pushes the people who were assigned before provisioning was set up, and all pending ones. */
export function provisionAll(org: OrgAdmin, app: OrgApp): Promise<void> {
  for (const assignment of Object.values(app.assignments))
    if (assignment.state === "waiting") assignment.state = "pending";
  return org.provisioner.resume(app);
}

async function tellApps(org: OrgAdmin, { id }: OrgPerson, wants: (app: OrgApp) => boolean): Promise<void> {
  org.store.changed();
  const apps = Object.values(org.store.state.apps).filter(
    (app) => wants(app) && typeof app.assignments[id]?.remoteId === "string",
  );
  for (const app of apps) Object.assign(app.assignments[id] ?? {}, { state: "pending" });
  await Promise.all(apps.map((app) => org.provisioner.people(app, [id])));
}

function setStatus(org: OrgAdmin, person: OrgPerson, status: OrgPerson["status"]): void {
  person.status = status;
  if (status !== "ACTIVE") org.sessions.endOf(person.id);
  org.store.changed();
}

/** Okta: a username has the form of an e-mail address and is unique. Throws OrgRefusal. */
function checked(org: OrgAdmin, form: PersonForm, ownId: string | null): PersonForm {
  const login = form.login.trim();
  const email = form.email.trim();
  const firstName = form.firstName.trim();
  const middleName = form.middleName.trim();
  const lastName = form.lastName.trim();
  const isAddress = (text: string) => text.length <= 100 && /^[^\s@]+@[^\s@]+$/.test(text);
  if (!isAddress(login)) throw new OrgRefusal("The username must have the form of an e-mail address.");
  if (!isAddress(email)) throw new OrgRefusal("The primary email must be an e-mail address.");
  if (firstName === "" || lastName === "") throw new OrgRefusal("First name and last name are required.");
  if ([firstName, middleName, lastName].some((name) => name.length > 50))
    throw new OrgRefusal("A name has at most 50 characters.");
  const holder = personByLogin(org, login);
  if (holder && holder.id !== ownId) throw new OrgRefusal(`Another person has the username ${login}.`);
  return { login, email, firstName, middleName, lastName };
}
