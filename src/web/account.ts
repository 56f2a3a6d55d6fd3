import { type Request, Router } from "express";
import { apiScopes } from "../../config/integration.ts";
import { endOneSession, endOtherSessions } from "../directory/access.ts";
import { revokeAgentGrant } from "../directory/agents.ts";
import { changePassword } from "../directory/local-accounts.ts";
import type { Mails } from "../directory/mails.ts";
import type { PasswordHasher } from "../directory/password-hash.ts";
import { passwordLength, wordsOf } from "../directory/password-rules.ts";
import { usablePasswordHash } from "../directory/synced-passwords.ts";
import { agentsActingFor } from "../directory/tenant-agents.ts";
import { paths } from "../endpoints.ts";
import { ConflictError, RefusedError } from "../errors.ts";
import type { Group } from "../model.ts";
import type { Database } from "../store/database.ts";
import type { SignedInPerson } from "../store/session-store.ts";
import { answerForm, answerProblems, leave, submittedForm } from "./answers.ts";
import { requireFreshSignIn } from "./fresh-sign-in.ts";
import { requireSignIn, signedIn, storeOf } from "./guards.ts";
import type { PasswordLimits } from "./password-limits.ts";
import { formField, organisationField, withReturnTo } from "./request.ts";
import { secondStepsOf } from "./second-step-account.ts";
import { endSession, listedSessions, ownSessionId, startSession } from "./sessions.ts";
import { contextWords, passwordProblem } from "./setup.ts";

export interface AccountDeps {
  database: Database;
  passwords: PasswordHasher;
  /**
   * The provider's sign-out URL, for a browser to sign out there as well; null if it need not. Reads the session before it
   * waits for anything, and never rejects.
   */
  signOutUrl(req: Request): Promise<string | null>;
  limits: PasswordLimits;
  mails: Mails;
}

/** The account page, /me, and sign-out. */
export function accountRoutes({ database, passwords, signOutUrl, limits, mails }: AccountDeps): Router {
  const router = Router();

  router.get(paths.account, requireSignIn, async (req, res) => {
    const { user } = signedIn(req);
    const store = storeOf(req, database);
    const [listed, groups, passwordHash, agents] = await Promise.all([
      listedSessions(store, user.id),
      store.groups.ofUser(user.id),
      usablePasswordHash(store, user),
      agentsActingFor(database, store, user.id),
    ]);
    const own = ownSessionId(req);
    const hasPassword = passwordHash !== null;
    const passwordForm = submittedForm(res, passwordPlace.at);
    const secondSteps = await secondStepsOf(store, user, hasPassword);
    const details = {
      passwordForm,
      secondSteps,
      ...listed,
      own,
      groups,
      agents,
      hasPassword,
      passwordLength,
      apiScopes,
    };
    res.render("account", { title: "Your account", stylesheets: ["lists.css"], ...details });
  });

  router.post("/account/sessions/end-others", requireSignIn, async (req, res) => {
    await endOtherSessions(storeOf(req, database), signedIn(req).user.id, ownSessionId(req));
    const text = "You are signed out everywhere else.";
    await answerForm(req, res, paths.account, { kind: "done", text, at: "sessions" });
  });

  router.post("/account/sessions/end", requireSignIn, async (req, res) => {
    const { user } = signedIn(req);
    const hasEnded = await endOneSession(storeOf(req, database), user.id, formField(req, "session"));
    const text = hasEnded ? "The session has ended." : "This session had ended already.";
    await answerForm(req, res, paths.account, { kind: "done", text, at: "sessions" });
  });

  addAgentChoices(router, database);
  addPasswordChange(router, { database, passwords, limits, mails });

  router.get(paths.me, async (req, res) => {
    res.set("Cache-Control", "no-store");
    if (!req.person) return void res.status(401).json({ error: "Not signed in" });
    res.json(toJson(req.person, await storeOf(req, database).groups.ofUser(req.person.user.id)));
  });

  // A POST, so that a link or an image on another page cannot sign a person out.
  router.post(paths.logout, async (req, res) => {
    if (await endParked(req)) return res.redirect(303, paths.signedOut);
    // Start before the session ends, because signOutUrl reads it; the session ends even if the provider fails.
    const pendingUrl = req.person ? signOutUrl(req) : null;
    if (req.person)
      req.log.info({ tenantId: req.person.tenant.id, userId: req.person.user.id }, "sign_out.succeeded");
    await endSession(req);
    const providerUrl = await pendingUrl;
    if (providerUrl === null) res.redirect(303, paths.signedOut);
    else leave(res, providerUrl, { title: "Signing out", action: "Continue to sign out" });
  });

  router.get(paths.signedOut, (_req, res) => {
    res.render("signed-out", { title: "Signed out" });
  });

  return router;
}

function addPasswordChange(
  router: Router,
  { database, passwords, limits, mails }: Omit<AccountDeps, "signOutUrl">,
): void {
  router.post(paths.changePassword, requireSignIn, requireFreshSignIn, async (req, res) => {
    const { tenant, user } = signedIn(req);
    // The form keeps no values: they are passwords.
    const reject = (problems: Record<string, string>) =>
      answerProblems({ req, res }, passwordPlace, { values: {}, problems, notes: {} });
    const words = contextWords(tenant);
    const problem = passwordProblem(req, [...words, ...wordsOf(user)]);
    if (problem !== null) return await reject({ [problem.field]: problem.text });
    // A stolen session or an unattended screen must not allow guessing the password.
    const attempt = await limits.change(req, res);
    const store = storeOf(req, database);
    try {
      const [current, wanted] = [formField(req, "current"), formField(req, "password")];
      const change = { sessionId: ownSessionId(req), current, wanted, words, mails, requestId: req.id };
      const changed = await changePassword(store, passwords, user, change);
      await attempt.succeeded(tenant.id, user.id);
      await startSession(req, { tenantId: tenant.id, user: changed, connectionId: null });
      const text = "Your password is changed. You are signed out everywhere else.";
      await answerForm(req, res, passwordPlace.page, { kind: "done", text, at: passwordPlace.at });
    } catch (error) {
      if (error instanceof RefusedError)
        return await reject({ current: "The current password is not right." });
      if (!(error instanceof ConflictError)) throw error;
      req.log.warn({ tenantId: tenant.id, userId: user.id, reason: error.code }, "request.refused");
      // The session has usually ended, so no page of it could show the answer.
      await endSession(req);
      res.redirect(303, withReturnTo(paths.login, paths.account, { ended: "changed" }));
    }
  });
}

function addAgentChoices(router: Router, database: Database): void {
  for (const { end, revoked, done } of agentChoices) {
    router.post(`/account/agents/${end}`, requireSignIn, async (req, res) => {
      const { user } = signedIn(req);
      const clientId = formField(req, "agent");
      await storeOf(req, database).transaction(async (store) => {
        await revokeAgentGrant(store, user.id, clientId, revoked);
        await store.activity.record({
          actorKind: "person",
          actor: user.loginName,
          actorId: user.id,
          action: revoked ? "agent.access_revoked" : "agent.access_allowed",
          targetId: clientId,
          changed: [],
          requestId: req.id,
        });
      });
      await answerForm(req, res, paths.account, { kind: "done", text: done, at: "agents" });
    });
  }
}

/**
 * Ends the parked sessions that the form means: all, or that of its page's organisation if it is not the current one. Returns
 * whether the current session stays.
 */
async function endParked(req: Request): Promise<boolean> {
  const [parked, person] = [req.parkedSessions?.(), req.person];
  if (!parked) return false;
  if (formField(req, "all") === "on") {
    await parked.end(req, parked.ids());
    return false;
  }
  const named = formField(req, organisationField);
  if (!person || named === "" || named === person.tenant.id) return false;
  const meant = (await parked.active()).filter(({ tenant }) => tenant.id === named);
  const ids = meant.map(({ id }) => id);
  await parked.end(req, ids);
  return true;
}

/** The form that changes the password. */
const passwordPlace = { page: paths.account, at: "change-password" };

/** A person's choices about an agent that acted for them. */
const agentChoices = [
  { end: "revoke", revoked: true, done: "The agent has no access to your account any more." },
  { end: "allow", revoked: false, done: "The agent may act for you again." },
] as const;

function toJson({ tenant, user, role, connection }: SignedInPerson, groups: readonly Group[]) {
  const { id, loginName, email, givenName, familyName, entitlements } = user;
  return {
    tenant: { id: tenant.id, slug: tenant.slug, name: tenant.name },
    user: { id, loginName, email, givenName, familyName, role },
    groups: groups.map((group) => ({ id: group.id, displayName: group.displayName })),
    entitlements,
    connection: connection && { key: connection.key, type: connection.type },
  };
}
