import { type Request, Router } from "express";
import { apiScopes } from "../../config/integration.ts";
import { revokeAgentGrant } from "../directory/agents.ts";
import { changePassword } from "../directory/local-accounts.ts";
import type { PasswordHasher } from "../directory/password-hash.ts";
import { passwordLength } from "../directory/password-rules.ts";
import { usablePasswordHash } from "../directory/synced-passwords.ts";
import { agentsActingFor } from "../directory/tenant-agents.ts";
import { paths } from "../endpoints.ts";
import { RefusedError } from "../errors.ts";
import type { Database } from "../store/database.ts";
import type { SignedInPerson } from "../store/session-store.ts";
import { forTenant } from "../store/tenant-store.ts";
import { flash } from "./answers.ts";
import { requireSignIn, signedIn } from "./guards.ts";
import type { PasswordLimits } from "./password-limits.ts";
import { formField } from "./request.ts";
import { endSession, ownSessionId, startSession, takeSessionEnding } from "./sessions.ts";
import { passwordProblem } from "./setup.ts";

export interface AccountDeps {
  database: Database;
  passwords: PasswordHasher;
  /**
   * The provider's sign-out URL, for a browser to sign out there as well; null if it need not. Reads the session before it
   * waits for anything, and never rejects.
   */
  signOutUrl(req: Request): Promise<string | null>;
  limits: PasswordLimits;
}

/** The account page, /me, and sign-out. */
export function accountRoutes({ database, passwords, signOutUrl, limits }: AccountDeps): Router {
  const router = Router();

  router.get(paths.account, requireSignIn, async (req, res) => {
    const { tenant, user } = signedIn(req);
    const store = forTenant(database, tenant.id);
    const [sessions, groups, passwordHash, agents] = await Promise.all([
      store.sessions.ofUser(user.id, user.accessEpoch),
      store.groups.ofUser(user.id),
      usablePasswordHash(store, user),
      agentsActingFor(database, store, user.id),
    ]);
    const own = ownSessionId(req);
    const hasPassword = passwordHash !== null;
    const details = { sessions, own, groups, agents, hasPassword, passwordLength, apiScopes };
    res.render("account", { title: "Your account", ...details });
  });

  router.post("/account/sessions/end-others", requireSignIn, async (req, res) => {
    const { tenant, user } = signedIn(req);
    await forTenant(database, tenant.id).sessions.end(user.id, ownSessionId(req));
    await flash(req, "done", "You are signed out everywhere else.");
    res.redirect(303, paths.account);
  });

  for (const { end, revoked, done } of agentChoices) {
    router.post(`/account/agents/${end}`, requireSignIn, async (req, res) => {
      const { tenant, user } = signedIn(req);
      const clientId = formField(req, "agent");
      await forTenant(database, tenant.id).transaction(async (store) => {
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
      await flash(req, "done", done);
      res.redirect(303, paths.account);
    });
  }

  router.post("/account/password", requireSignIn, async (req, res) => {
    const { tenant, user } = signedIn(req);
    const problem = passwordProblem(req);
    if (problem !== null) {
      await flash(req, "problem", `${problem} Nothing was changed.`);
      return res.redirect(303, paths.account);
    }
    // A stolen session or an unattended screen must not allow guessing the password.
    const attempt = await limits.change(req, res);
    const store = forTenant(database, tenant.id);
    try {
      const change = { current: formField(req, "current"), wanted: formField(req, "password") };
      const changed = await changePassword(store, passwords, user.id, change);
      await attempt.succeeded(tenant.id, user.id);
      await startSession(req, { tenantId: tenant.id, user: changed, connectionId: null });
      await flash(req, "done", "Your password is changed. You are signed out everywhere else.");
    } catch (error) {
      if (!(error instanceof RefusedError)) throw error;
      await flash(req, "problem", "The current password is not right. Nothing was changed.");
    }
    res.redirect(303, paths.account);
  });

  router.get(paths.me, (req, res) => {
    res.set("Cache-Control", "no-store");
    if (req.person) res.json(toJson(req.person));
    else res.status(401).json({ error: "Not signed in" });
  });

  // A POST, so that a link or an image on another page cannot sign a person out.
  router.post(paths.logout, async (req, res) => {
    // Start before the session ends, because signOutUrl reads it; the session ends even if the provider fails.
    const pendingUrl = req.person ? signOutUrl(req) : null;
    if (req.person)
      req.log.info({ tenantId: req.person.tenant.id, userId: req.person.user.id }, "sign_out.succeeded");
    await endSession(req);
    // Without it, the front page would say that the session has ended.
    takeSessionEnding(req, res);
    const providerUrl = await pendingUrl;
    // Not a redirect: form-action forbids a form to end at another origin, so a page navigates there.
    if (providerUrl === null) res.redirect(303, paths.signedOut);
    else res.render("leaving", { title: "Signing out", url: providerUrl, action: "Continue to sign out" });
  });

  router.get(paths.signedOut, (_req, res) => {
    res.render("signed-out", { title: "Signed out" });
  });

  return router;
}

/** A person's choices about an agent that acted for them. */
const agentChoices = [
  { end: "revoke", revoked: true, done: "The agent has no access to your account any more." },
  { end: "allow", revoked: false, done: "The agent may act for you again." },
] as const;

function toJson({ tenant, user, role, connection }: SignedInPerson) {
  const { id, loginName, email, givenName, familyName } = user;
  return {
    tenant: { slug: tenant.slug, name: tenant.name },
    user: { id, loginName, email, givenName, familyName, role },
    connection: connection && { key: connection.key, type: connection.type },
  };
}
