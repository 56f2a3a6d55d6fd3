import type { CallLog } from "./calls.ts";
import type { EventLog } from "./events.ts";
import { newSigningKey } from "./keys.ts";
import type { OrgSessions } from "./sessions.ts";
import type { OrgTransmitter } from "./shared-signals/transmitter.ts";
import type { OrgApp, OrgPerson, OrgStore } from "./state.ts";

/** The context of every part of the stand-in. */
export interface Org {
  store: OrgStore;
  /** Its public origin, and the issuer of its tokens. */
  url: string;
  name: string;
  /** The origin of the redirect URIs of provisioning. Okta's own is that of all orgs of a cell. */
  callbackOrigin: string;
  sessions: OrgSessions;
  /** The calls that the org made to applications. */
  calls: CallLog;
  /** The events of AI agents and their tokens, and received signals. */
  events: EventLog;
  /** Tells the receivers of the org's streams. */
  signals: OrgTransmitter;
}

/** A person, a group, an app or a page does not exist. */
export class OrgNotFoundError extends Error {
  override name = "OrgNotFoundError";
}

/** The org refuses to do something. The message is for the person at the browser. */
export class OrgRefusal extends Error {
  override name = "OrgRefusal";
}

/** Throws OrgNotFoundError. */
export function appOf({ store }: Org, id: string): OrgApp {
  const app = Object.hasOwn(store.state.apps, id) ? store.state.apps[id] : undefined;
  if (!app) throw new OrgNotFoundError("There is no such application.");
  return app;
}

/** Throws OrgNotFoundError. */
export function personOf({ store }: Org, id: string): OrgPerson {
  const person = Object.hasOwn(store.state.people, id) ? store.state.people[id] : undefined;
  if (!person) throw new OrgNotFoundError("There is no such person.");
  return person;
}

export function personByLogin({ store }: Org, login: string): OrgPerson | undefined {
  const wanted = login.trim().toLowerCase();
  return Object.values(store.state.people).find((person) => person.login.toLowerCase() === wanted);
}

export function displayNameOf({ firstName, lastName }: OrgPerson): string {
  return `${firstName} ${lastName}`.trim();
}

/** Whether the person may use the app now. */
export function mayUse(app: OrgApp, person: OrgPerson): boolean {
  const assignment = app.assignments[person.id];
  return (
    app.active && person.status === "ACTIVE" && assignment !== undefined && assignment.state !== "removing"
  );
}

/** Starts to sign with a new key. Two earlier keys stay published, as Okta's do for a while. */
export async function rotateKeys({ store }: Org): Promise<void> {
  store.state.keys = [await newSigningKey(), ...store.state.keys].slice(0, 3);
  store.changed();
}
