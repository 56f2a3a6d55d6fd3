import assert from "node:assert/strict";
import { revokeUserAccess } from "../../src/directory/access.ts";
import {
  blockPerson,
  deletePerson,
  giveGroupRole,
  giveRole,
  signOutPerson,
  unblockPerson,
  unlinkIdentity,
} from "../../src/directory/administration.ts";
import {
  changeSettings,
  disableConnectionUnguarded,
  enableConnection,
  removeConnection,
} from "../../src/directory/connections.ts";
import { enforceConnection } from "../../src/directory/domains.ts";
import { inviteOwner, redeemPasswordLink } from "../../src/directory/local-accounts.ts";
import { noMails } from "../../src/directory/mails.ts";
import { deleteProvisionedUser, updateProvisionedUser } from "../../src/directory/provisioning.ts";
import { resetSecondSteps } from "../../src/directory/second-steps.ts";
import { changeSessionPolicy } from "../../src/directory/session-policy.ts";
import { deleteTenant } from "../../src/directory/tenants.ts";
import type { Connection, OidcSettings, User } from "../../src/model.ts";
import type { Database } from "../../src/store/database.ts";
import type { Client } from "../helpers/client.ts";
import { submit } from "../helpers/forms.ts";
import { assertRedirect } from "../helpers/pages.ts";
import { type TestTenant, testPassword, testPasswords } from "../helpers/people.ts";

/** A person with every kind of access, of a tenant with one connection. */
export interface Someone extends TestTenant {
  database: Database;
  used: Connection;
  settings: OidcSettings;
  user: User;
  subject: string;
  /** An owner who acts. */
  by: { userId: string };
  groupId: string;
  domain: string;
  /** The browser in which the person acts, if they do. */
  own: Client;
}

/** The access that a person can have. */
export const kinds = [
  "the session that acts",
  "another session",
  "a session by single sign-on",
  "a password, before its second step",
  "single sign-on, under way",
  "an agent's token",
  "an API key",
] as const;
export type Kind = (typeof kinds)[number];

/** A change, the access that it ends, and why. */
export interface Change {
  name: string;
  ends: readonly Kind[];
  why: string;
  /** The person is a provisioned one, without a password of their own. */
  ofProvisioned?: true;
  happen(to: Someone): Promise<unknown>;
  /** Reverses the change: ended access stays ended, but a sign-in may end at the provider after that, as a new proof. */
  undo?(to: Someone): Promise<unknown>;
  /** The access that is still ended then; `ends`, if absent. */
  endsForGood?: readonly Kind[];
}

const [acting, another, sso, secondStep, underWay, agent, apiKey] = kinds;
/** The access that an advanced access epoch ends. A sign-in at the provider proves the person anew, after the change. */
const byEpoch = [another, sso, secondStep, agent, apiKey];
const everything = [...kinds];

/** Each change after which a session may be wrong. Add a row for a new one: docs/explanation/sessions.md. */
export const changes: readonly Change[] = [
  {
    name: "the person changes their password",
    ends: byEpoch,
    why: "someone else may know the old one; the browser that changed it gets a new session",
    async happen({ own }) {
      const wanted = "four other words here";
      const form = { current: testPassword, password: wanted, repeated: wanted };
      assertRedirect(await own.post("/account/password", form), "/account");
    },
  },
  {
    name: "a link sets a new password",
    ends: [acting, ...byEpoch],
    why: "the account was recovered: everything from before is suspect",
    async happen({ database, store, user }) {
      const token = await inviteOwner(store, user.loginName);
      await redeemPasswordLink(database, testPasswords, { token, password: "four other words here" });
    },
  },
  {
    name: "the person signs out of all other browsers",
    ends: [another, sso],
    why: "they end browsers. Agents and keys have their own ends, on the same page and under Admin",
    async happen({ own }) {
      assertRedirect(await submit(own, "/account", "/sessions/end-others"), "/account");
    },
  },
  {
    name: "the person signs out",
    ends: [acting],
    why: "it is about this browser",
    happen: ({ own }) => own.post("/logout"),
  },
  {
    name: "an administrator signs the person out",
    ends: [acting, ...byEpoch],
    why: "as Universal Logout. The person may come back by a new sign-in",
    happen: ({ store, by, user }) => signOutPerson(store, by, user.id),
  },
  {
    name: "Universal Logout, or an event of shared signals, revokes their access",
    ends: [acting, ...byEpoch],
    why: "the organisation ends everything. A sign-in that is under way needs the provider's consent, which comes after",
    happen: ({ store, user }) => store.transaction((inside) => revokeUserAccess(inside, user.id)),
  },
  {
    name: "an administrator blocks the person",
    ends: everything,
    why: "no one lets them in until they are unblocked, and then by a new sign-in",
    endsForGood: [acting, ...byEpoch],
    happen: ({ store, by, user }) => blockPerson(store, by, user.id),
    undo: ({ store, by, user }) => unblockPerson(store, by, user.id),
  },
  {
    name: "provisioning deactivates the person",
    ofProvisioned: true,
    ends: everything,
    why: "deactivation is always obeyed, and reactivation revives nothing",
    endsForGood: [acting, ...byEpoch],
    happen: ({ store, writer, user }) => updateProvisionedUser(store, writer, user.id, { active: false }),
    undo: ({ store, writer, user }) => updateProvisionedUser(store, writer, user.id, { active: true }),
  },
  {
    name: "provisioning deletes the person",
    ofProvisioned: true,
    ends: everything,
    why: "there is no one any more; a tombstone refuses the sign-in that is under way",
    happen: ({ store, writer, user }) => deleteProvisionedUser(store, writer, user.id),
  },
  {
    name: "an administrator deletes the person",
    ends: everything,
    why: "there is no one any more; a tombstone refuses the sign-in that is under way",
    async happen({ store, by, user }) {
      await store.users.update(user.id, { origin: "just-in-time" });
      await deletePerson(store, by, user.id, true);
    },
  },
  {
    name: "the person gets a higher role",
    ends: [],
    why: "the role is read at each request; what a token or key may do was agreed with the lower one",
    happen: ({ store, by, user }) => giveRole(store, by, user.id, "owner"),
  },
  {
    name: "the person loses their role",
    ends: [agent, apiKey],
    why: "sessions read the role at each request. Tokens and keys were issued to someone with the role",
    happen: ({ store, by, user }) => giveRole(store, by, user.id, "member"),
  },
  {
    name: "the person's group loses its role",
    ends: [agent, apiKey],
    why: "as if the role had been given by hand",
    async happen({ store, by, user, groupId }) {
      await store.groupMembers.add(groupId, [user.id]);
      await giveGroupRole(store, groupId, "admin");
      await giveRole(store, by, user.id, "member");
      await giveGroupRole(store, groupId, "member");
    },
  },
  {
    name: "the connection is switched off",
    ends: [sso, underWay, agent],
    why: "it keeps people out who come through it. A password and a key do not",
    happen: ({ store, used }) => disableConnectionUnguarded(store, used.id),
    undo: ({ store, used }) => enableConnection(store, used.id),
  },
  {
    name: "the connection leads to another provider",
    ends: [sso, underWay, agent],
    why: "the subjects of the other provider are other people",
    happen: ({ store, used, settings }) =>
      changeSettings(store, used.id, { ...settings, issuer: "https://other.okta.example" }),
    undo: ({ store, used, settings }) => changeSettings(store, used.id, settings),
  },
  {
    name: "another setting of the connection changes",
    ends: [],
    why: "it has the same people",
    happen: ({ store, used, settings }) => changeSettings(store, used.id, { ...settings, maxAgeMinutes: 60 }),
  },
  {
    name: "the connection is deleted",
    ends: [sso, underWay, agent],
    why: "there is no provider any more who vouches for them",
    happen: ({ store, used }) => removeConnection(store, used.id),
  },
  {
    name: "the person's identity at the provider is unlinked",
    ends: [acting, ...byEpoch, underWay],
    why: "the identity may have been someone else's, so no session of the person is trusted; and it leads to no account",
    async happen({ store, by, user, used, subject }) {
      await unlinkIdentity(store, by, user.id, { connectionId: used.id, subject });
      assert.equal((await store.identities.ofUser(user.id)).length, 0);
    },
  },
  {
    name: "the domain is removed",
    ends: [],
    why: "a domain leads to a sign-in option, and proves no one",
    happen: ({ store, domain }) => store.domains.remove(domain),
  },
  {
    name: "single sign-on is required",
    ends: [secondStep],
    why: "it is a rule for sign-ins, also for one under way. An owner ends sessions under Admin, Sessions",
    async happen({ store, domain, used }) {
      await store.domains.markVerified(domain);
      await store.connections.update(used.id, { testedAt: Date.now(), admittedAt: Date.now() });
      await enforceConnection(store, domain, used.id);
    },
  },
  {
    name: "a second step is required",
    ends: [],
    why: "it is a rule for sign-ins, as the page says",
    happen: ({ store }) => changeSessionPolicy(store, { secondStep: "everyone" }),
  },
  {
    name: "an operator removes the person's second step",
    ends: [acting, ...byEpoch],
    why: "the account is being recovered",
    happen: ({ store, user }) => resetSecondSteps(store, noMails, user),
  },
  {
    name: "the tenant's limits become shorter than the sessions are old",
    ends: [acting, another, sso],
    why: "a shorter limit counts at once. Tokens have a limit of their own",
    async happen({ database, store, user }) {
      await database
        .sql()("sessions")
        .where("user_id", user.id)
        .update({ created_at: Date.now() - 600_000 });
      await changeSessionPolicy(store, { idleMinutes: 5, absoluteMinutes: 5 });
    },
  },
  {
    name: "the tenant is deleted",
    ends: everything,
    why: "nothing of it is left",
    happen: ({ database, tenant }) => deleteTenant(database, tenant),
  },
];
