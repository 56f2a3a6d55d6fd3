import { type Request, type RequestHandler, Router } from "express";
import {
  blockPerson,
  deletePerson,
  endSessionOf,
  giveRole,
  revokeAgentOf,
  signOutPerson,
  unblockPerson,
  unlinkIdentity,
} from "../directory/administration.ts";
import { requiredConnection } from "../directory/domains.ts";
import type { Mails } from "../directory/mails.ts";
import { approvableConnections, approveOwner } from "../directory/owners.ts";
import { usablePasswordHash } from "../directory/synced-passwords.ts";
import { agentsActingFor } from "../directory/tenant-agents.ts";
import { paths } from "../endpoints.ts";
import { InvalidError, NotFoundError } from "../errors.ts";
import { roles, type User } from "../model.ts";
import type { TenantStore } from "../store/tenant-store.ts";
import { submittedForm } from "../web/answers.ts";
import { requireAdmin, requireOwner, storeOf } from "../web/guards.ts";
import { formField } from "../web/request.ts";
import { listedSessions, ownSessionId } from "../web/sessions.ts";
import { readable } from "./activity-entries.ts";
import { adminEntry, administrator, makeChange, pathParameter } from "./change.ts";
import type { AdminDeps } from "./deps.ts";
import { entitlementNames, otherAttributes, personFacts, personName } from "./person-facts.ts";
import { checkShown, shownValue } from "./shown.ts";

/** A button on a person's page. */
interface PersonAction {
  /** The section of the page that has the button, and shows the answer. */
  at: string;
  /** The activity entry. */
  action: string;
  changed?: readonly string[];
  apply(store: TenantStore, userId: string, req: Request, mails: Mails): Promise<void>;
  /** The message after success. */
  done(user: User, req: Request): string;
  /** The page after success, unless it is the person's. */
  donePage?: string;
  /** Restricts the action. Administrators may use it unless this is set. */
  guard?: RequestHandler;
  /** Safe even if the person has changed since the page was rendered. */
  ignoresChanges?: boolean;
}

/** By the last segment of the form's path. */
const actions: Record<string, PersonAction> = {
  block: {
    at: "access",
    action: "user.blocked",
    apply: (store, userId, req) => blockPerson(store, administrator(req), userId),
    done: (user) => `${personName(user)} is blocked and signed out everywhere.`,
  },
  unblock: {
    at: "access",
    action: "user.unblocked",
    apply: (store, userId, req) => unblockPerson(store, administrator(req), userId),
    done: (user) => `${personName(user)} is no longer blocked.`,
  },
  "sign-out": {
    at: "access",
    action: "user.signed_out",
    apply: (store, userId, req) => signOutPerson(store, administrator(req), userId),
    done: (user) => `${personName(user)} is signed out everywhere.`,
    ignoresChanges: true,
  },
  "end-session": {
    at: "access",
    action: "user.session_ended",
    apply: (store, userId, req) =>
      endSessionOf(store, administrator(req), { userId, sessionId: formField(req, "session") }),
    done: (user) => `One session of ${personName(user)} has ended.`,
    ignoresChanges: true,
  },
  "revoke-agent": {
    at: "agents",
    action: "user.agent_revoked",
    apply: (store, userId, req) => revokeAgentOf(store, administrator(req), userId, formField(req, "agent")),
    done: (user) => `The agent no longer acts for ${personName(user)}.`,
    ignoresChanges: true,
  },
  role: {
    at: "role",
    action: "user.role_changed",
    changed: ["role"],
    apply: (store, userId, req, mails) =>
      giveRole(store, { ...administrator(req), mails }, userId, roleIn(req)),
    done: (user, req) => `The role given to ${personName(user)} by hand is: ${roleIn(req)}.`,
  },
  unlink: {
    at: "identities",
    action: "user.identity_unlinked",
    apply: (store, userId, req) => unlinkIdentity(store, administrator(req), userId, identityIn(req)),
    done: () => "The identity is unlinked, and its sessions have ended.",
  },
  approve: {
    at: "identities",
    action: "user.sign_in_approved",
    guard: requireOwner,
    apply: (store, userId, req) => approveOwner(store, formField(req, "connection"), userId),
    done: (user) => `${personName(user)} is linked at their next sign-in with this connection.`,
  },
  delete: {
    at: "delete",
    action: "user.deleted",
    apply: (store, userId, req) => deletePerson(store, administrator(req), userId, keepsOut(req)),
    done: (user, req) =>
      keepsOut(req)
        ? `${personName(user)} is deleted, and kept out until an administrator lets them in again.`
        : `${personName(user)} is deleted. They can sign in again with a new account.`,
    donePage: paths.admin.people,
  },
};

/** The page of a person: where they came from, their role and the reasons for it, and how they sign in. */
export function personRoutes({ database, activityTargets, mails }: AdminDeps): Router {
  const router = Router();

  router.get(paths.admin.person(":user"), async (req, res) => {
    const store = storeOf(req, database);
    const user = await userOf(store, req);
    const [details, agents] = [
      await loadDetails(store, user),
      await agentsActingFor(database, store, user.id),
    ];
    const activity = await readable(store, details.activity, activityTargets);
    const shown = shownValue(await personFacts(store, user));
    const title = personName(user);
    const forms = { role: submittedForm(res, "role"), delete: submittedForm(res, "delete") };
    const [summary] = await store.people.ofIds([user.id]);
    const lastSignInAt = summary?.lastSignInAt ?? null;
    const stylesheets = ["lists.css"];
    res.render("admin/person", {
      title,
      stylesheets,
      user,
      forms,
      lastSignInAt,
      own: ownSessionId(req),
      ...details,
      agents,
      activity,
      roles,
      shown,
    });
  });

  for (const [name, personAction] of Object.entries(actions)) {
    const { action, changed, at, donePage, guard = requireAdmin, ignoresChanges } = personAction;
    router.post(`${paths.admin.person(":user")}/${name}`, guard, async (req, res) => {
      const user = await userOf(storeOf(req, database), req);
      const personPage = paths.admin.person(user.id);
      await makeChange(
        { req, res, database },
        {
          entry: adminEntry(req, action, user.id, changed),
          done: personAction.done(user, req),
          ...(donePage === undefined ? {} : { donePage }),
          page: personPage,
          at,
          entered: { role: formField(req, "role"), keepOut: formField(req, "keepOut") },
          async apply(store) {
            const now = await store.users.lock(user.id);
            if (now && !ignoresChanges) checkShown(req, await personFacts(store, now), personPage);
            await personAction.apply(store, user.id, req, mails);
          },
        },
      );
    });
  }

  return router;
}

/** The user that the path names. Throws NotFoundError. */
async function userOf(store: TenantStore, req: Request): Promise<User> {
  const user = await store.users.byId(pathParameter(req, "user"));
  if (!user) throw new NotFoundError("There is no such person.");
  return user;
}

async function loadDetails(store: TenantStore, user: User) {
  const [
    identities,
    connections,
    groups,
    grants,
    role,
    listed,
    sources,
    passwordHash,
    activity,
    required,
    approved,
  ] = await Promise.all([
    store.identities.ofUser(user.id),
    store.connections.list(),
    store.groups.ofUser(user.id),
    store.roles.grantsOf(user.id),
    store.roles.effective(user.id),
    listedSessions(store, user.id),
    store.sources.list(),
    usablePasswordHash(store, user),
    store.activity.page({ person: user.id }, null, 10),
    requiredConnection(store, user),
    store.ownerApprovals.ofUser(user.id),
  ]);
  return {
    identities,
    groups,
    grants,
    role,
    ...listed,
    activity,
    others: otherAttributes(user.attributes),
    entitlements: entitlementNames(user),
    hasPassword: passwordHash !== null,
    approved: connections.filter(({ id }) => approved.includes(id)),
    approvable: role === "owner" ? await approvableConnections(store, user) : [],
    // Has only a password, and their domain accepts passwords from owners only.
    shutOut:
      identities.length === 0 && ["local", "invited"].includes(user.origin) && role !== "owner"
        ? required
        : null,
    connectionOf: new Map(connections.map((connection) => [connection.id, connection])),
    sourceName: sources.find(({ id }) => id === user.sourceId)?.name ?? null,
  };
}

function roleIn(req: Request) {
  const role = roles.find((name) => name === formField(req, "role"));
  if (!role) throw new InvalidError("Choose one of the roles.");
  return role;
}

function identityIn(req: Request) {
  return { connectionId: formField(req, "connection"), subject: formField(req, "subject") };
}

const keepsOut = (req: Request) => formField(req, "keepOut") === "yes";
