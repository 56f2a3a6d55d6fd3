import { type Request, type RequestHandler, Router } from "express";
import {
  blockPerson,
  deletePerson,
  giveRole,
  signOutPerson,
  unblockPerson,
  unlinkIdentity,
} from "../directory/administration.ts";
import { requiredConnection } from "../directory/domains.ts";
import { approvableConnections, approveOwner } from "../directory/owners.ts";
import { usablePasswordHash } from "../directory/synced-passwords.ts";
import { paths } from "../endpoints.ts";
import { InvalidError, NotFoundError } from "../errors.ts";
import { roles, type User } from "../model.ts";
import type { TenantStore } from "../store/tenant-store.ts";
import { formField } from "../web/forms.ts";
import { requireAdmin, requireOwner } from "../web/guards.ts";
import { adminEntry, administrator, makeChange, parameter, storeOf } from "./acting.ts";
import { readable } from "./activity-words.ts";
import { entitlementNames, otherAttributes } from "./other-attributes.ts";
import { personFacts } from "./person-facts.ts";
import { personName } from "./person-names.ts";
import type { AdminDeps } from "./routes.ts";
import { checkShown, shownValue } from "./shown.ts";

/** What is done to a person: the form's place below the person's page, and what comes of it. */
interface Act {
  action: string;
  done(user: User, req: Request): string;
  work(store: TenantStore, userId: string, req: Request): Promise<void>;
  /** Where there is nobody left to show. */
  page?: string;
  /** Who may do it, where an administrator may not. */
  guard?: RequestHandler;
  /** Whether it is done however the person has changed since the page showed them: it takes nothing but sessions. */
  always?: boolean;
}

const acts: Record<string, Act> = {
  block: {
    action: "user.blocked",
    work: (store, userId, req) => blockPerson(store, administrator(req), userId),
    done: (user) => `${personName(user)} is blocked and signed out everywhere.`,
  },
  unblock: {
    action: "user.unblocked",
    work: (store, userId, req) => unblockPerson(store, administrator(req), userId),
    done: (user) => `${personName(user)} is not blocked any more.`,
  },
  "sign-out": {
    action: "user.signed_out",
    work: (store, userId, req) => signOutPerson(store, administrator(req), userId),
    done: (user) => `${personName(user)} is signed out everywhere.`,
    always: true,
  },
  role: {
    action: "user.role_changed",
    work: (store, userId, req) => giveRole(store, administrator(req), userId, roleIn(req)),
    done: (user, req) => `The role given to ${personName(user)} by hand is: ${roleIn(req)}.`,
  },
  unlink: {
    action: "user.identity_unlinked",
    work: (store, userId, req) => unlinkIdentity(store, administrator(req), userId, identityIn(req)),
    done: () => "The identity is unlinked, and whoever was signed in by it is signed out.",
  },
  approve: {
    action: "user.sign_in_approved",
    guard: requireOwner,
    work: (store, userId, req) => approveOwner(store, formField(req, "connection"), userId),
    done: (user) => `${personName(user)} becomes linked at their next sign-in with this connection.`,
  },
  delete: {
    action: "user.deleted",
    work: (store, userId, req) => deletePerson(store, administrator(req), userId, keepsOut(req)),
    done: (user, req) =>
      keepsOut(req)
        ? `${personName(user)} is deleted, and kept out until somebody lets them come again.`
        : `${personName(user)} is deleted. They can come again by signing in.`,
    page: paths.admin.people,
  },
};

/** One person: where they came from, what they may do and why, and how they come in. */
export function personRoutes({ database }: AdminDeps): Router {
  const router = Router();

  router.get(paths.admin.person(":user"), async (req, res) => {
    const store = storeOf(req, database);
    const user = await personIn(store, req);
    const facts = await factsOf(store, user);
    const activity = await readable(store, facts.activity);
    const shown = shownValue(await personFacts(store, user));
    res.render("admin/person", { title: personName(user), user, ...facts, activity, roles, shown });
  });

  for (const [name, { action, work, done, page, guard = requireAdmin, always }] of Object.entries(acts)) {
    router.post(`${paths.admin.person(":user")}/${name}`, guard, async (req, res) => {
      const user = await personIn(storeOf(req, database), req);
      const change = {
        entry: adminEntry(req, action, user.id, name === "role" ? ["role"] : []),
        done: done(user, req),
        page: page ?? paths.admin.person(user.id),
      };
      await makeChange(req, res, database, change, async (store) => {
        const now = await store.users.lock(user.id);
        if (now && !always) checkShown(req, await personFacts(store, now), paths.admin.person(user.id));
        await work(store, user.id, req);
      });
    });
  }

  return router;
}

/** The person whom the address names. Throws NotFoundError. */
async function personIn(store: TenantStore, req: Request): Promise<User> {
  const user = await store.users.byId(parameter(req, "user"));
  if (!user) throw new NotFoundError("There is no such person.");
  return user;
}

async function factsOf(store: TenantStore, user: User) {
  const [
    identities,
    connections,
    groups,
    grants,
    role,
    sessions,
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
    store.sessions.ofUser(user.id, user.accessEpoch),
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
    sessions,
    activity,
    others: otherAttributes(user.attributes),
    entitlements: entitlementNames(user),
    hasPassword: passwordHash !== null,
    approved: connections.filter(({ id }) => approved.includes(id)),
    approvable: role === "owner" ? await approvableConnections(store, user) : [],
    // Somebody with a password only, where passwords are refused to all but owners.
    shutOut: identities.length === 0 && user.origin === "local" && role !== "owner" ? required : null,
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
