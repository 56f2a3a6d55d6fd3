import { type Request, type Response, Router } from "express";
import type { Mails } from "../directory/mails.ts";
import {
  enrolAtSignIn,
  type LocalSignIn,
  secondStepNeed,
  signInWithCode,
  signInWithPasskey,
} from "../directory/second-steps.ts";
import { recordRefusal } from "../directory/sign-in-activity.ts";
import { paths } from "../endpoints.ts";
import { InvalidError, RefusedError } from "../errors.ts";
import type { User } from "../model.ts";
import type { Database } from "../store/database.ts";
import type { Sealer } from "../store/secrets.ts";
import { systemStore } from "../store/system-store.ts";
import type { Passkey } from "../store/tenant/passkeys.ts";
import { forTenant, type TenantStore } from "../store/tenant-store.ts";
import { answerForm } from "./answers.ts";
import { type OfferedKey, offerKey, openKey } from "./authenticator-key.ts";
import { landingPath } from "./home.ts";
import type { LocalSignIns, PendingLocalSignIn } from "./local-sign-in.ts";
import type { PasswordLimits } from "./password-limits.ts";
import { formField, navigationOnly, safePath } from "./request.ts";
import { noTransform } from "./views.ts";
import type { WebAuthn } from "./webauthn.ts";

export interface SecondStepDeps {
  database: Database;
  sealer: Sealer;
  baseUrl: string;
  limits: PasswordLimits;
  mails: Mails;
  signIns: LocalSignIns;
  webAuthn: WebAuthn;
}

/** A pending sign-in, its person, and what they have to do. */
interface Opened {
  pending: PendingLocalSignIn;
  store: TenantStore;
  user: User;
}

const problemText = "That was not right. Try again, with the code that the app shows now.";

/** The second page of a sign-in with a password, the set-up of a second step there, and the sign-in by a passkey alone. */
export function secondStepRoutes(deps: SecondStepDeps): Router {
  const router = Router();
  addQuestion(router, deps);
  addSetUp(router, deps);
  addPasskeyLogin(router, deps);
  return router;
}

/** The pending sign-in of this browser if `need` is what it still needs. Otherwise leads to where it goes on, and gives null. */
async function openPending(
  { database, signIns }: SecondStepDeps,
  { req, res }: { req: Request; res: Response },
  need: "ask" | "enrol",
): Promise<Opened | null> {
  const pending = signIns.pending.of(req);
  const store = pending && forTenant(database, pending.tenantId);
  const user = pending && store ? await store.users.byId(pending.userId) : null;
  const needed = store && user ? await secondStepNeed(store, user.id) : "none";
  if (pending && store && user && needed === need) return { pending, store, user };
  const page = { ask: paths.secondStep, enrol: paths.secondStepSetUp, none: paths.login };
  res.redirect(303, page[needed]);
  return null;
}

const signInOf = (
  { userId, accessEpoch, isKnownDevice }: Omit<PendingLocalSignIn, "tenantId" | "returnTo">,
  { mails }: SecondStepDeps,
  req: Request,
): LocalSignIn => ({ userId, accessEpoch, isNewBrowser: !isKnownDevice, requestId: req.id, mails });

/**
 * Does the last part of a pending sign-in in one transaction with its end: it works once. Throws RefusedError
 * `sign-in-not-started-here` if it was completed before.
 */
async function completeOnce<T>(
  { database, signIns }: SecondStepDeps,
  req: Request,
  { tenantId }: PendingLocalSignIn,
  work: (store: TenantStore) => Promise<T>,
): Promise<T> {
  return await database.transaction(async (joined) => {
    const result = await work(forTenant(joined, tenantId));
    if (!(await signIns.pending.finish(req, joined))) throw new RefusedError("sign-in-not-started-here");
    return result;
  });
}

function addQuestion(router: Router, deps: SecondStepDeps): void {
  const { limits, signIns, sealer, webAuthn } = deps;

  const show = async (res: Response, { user, store }: Opened, problem: string | null) => {
    const { authenticatorAt } = await store.secondSteps.ofUser(user.id);
    const passkeys = await store.passkeys.ofUser(user.id);
    const options =
      passkeys.length > 0 ? await webAuthn.requestOptions(res, { userId: user.id, passkeys }) : null;
    const hasApp = authenticatorAt !== null;
    res.set("Cache-Control", "no-store");
    res.render("second-step", { title: "Confirm that it is you", problem, options, hasApp, user });
  };

  router.get(paths.secondStep, navigationOnly, async (req, res) => {
    const opened = await openPending(deps, { req, res }, "ask");
    if (opened) await show(res, opened, null);
  });

  router.post(paths.secondStep, async (req, res) => {
    const opened = await openPending(deps, { req, res }, "ask");
    if (!opened) return;
    const { pending, store, user } = opened;
    const attempt = await limits.secondStep(req, res, pending.tenantId, user.id);
    try {
      const passkey = formField(req, "credential");
      const used =
        passkey === ""
          ? null
          : await webAuthn.verifyUse(req, user.id, passkey, (id) => store.passkeys.find(id));
      const signedIn = await completeOnce(deps, req, pending, (inside) => {
        const signIn = signInOf(pending, deps, req);
        if (used) return signInWithPasskey(inside, signIn, used);
        return signInWithCode(inside, sealer, signIn, formField(req, "code").slice(0, 100));
      });
      await attempt.succeeded(pending.tenantId, user.id);
      signIns.pending.forget(res);
      await signIns.complete(req, { ...pending, user: signedIn });
      res.redirect(303, pending.returnTo);
    } catch (error) {
      if (!(await isWrongAnswer(error, { req, store, user }))) throw error;
      await show(res.status(403), opened, problemText);
    }
  });
}

/**
 * Whether an error is about what the person entered. It is logged and recorded in the activity then, and also if the person's
 * domain enforces single sign-on.
 */
async function isWrongAnswer(
  error: unknown,
  { req, store, user }: { req: Request; store: TenantStore; user: User },
): Promise<boolean> {
  if (!(error instanceof RefusedError)) return false;
  const { reason, cause: err } = error;
  const isWrong = reason === "second-step-not-valid";
  if (!isWrong && reason !== "single-sign-on-required") return false;
  req.log.warn({ tenantId: store.tenantId, userId: user.id, reason, err }, "sign_in.refused");
  await recordRefusal(store, error, { connectionId: null, requestId: req.id }, user);
  return isWrong;
}

function addSetUp(router: Router, deps: SecondStepDeps): void {
  const { database, sealer, limits, signIns } = deps;
  const holderOf = async ({ pending, user }: Opened) => {
    const tenant = await systemStore(database).tenants.byId(pending.tenantId);
    const { id: userId, loginName } = user;
    return { tenantId: pending.tenantId, tenantName: tenant?.name ?? "", userId, loginName };
  };
  const show = (res: Response, offered: OfferedKey, problem: string | null) => {
    res.set("Cache-Control", noTransform);
    const page = { title: "Set up your second step", offered, problem, action: paths.secondStepSetUp };
    res.render("second-step-set-up", { ...page, stylesheets: ["lists.css", "admin.css"] });
  };

  router.get(paths.secondStepSetUp, async (req, res) => {
    const opened = await openPending(deps, { req, res }, "enrol");
    if (opened) show(res, offerKey(sealer, await holderOf(opened)), null);
  });

  router.post(paths.secondStepSetUp, async (req, res) => {
    const opened = await openPending(deps, { req, res }, "enrol");
    if (!opened) return;
    const { pending } = opened;
    const [holder, sealed] = [await holderOf(opened), formField(req, "sealed")];
    const key = openKey(sealer, holder, sealed);
    if (!key) return show(res.status(400), offerKey(sealer, holder), "Scan this new code, please.");
    const attempt = await limits.secondStep(req, res, pending.tenantId, pending.userId);
    try {
      const code = formField(req, "code");
      const { user, codes } = await completeOnce(deps, req, pending, (inside) =>
        enrolAtSignIn(inside, sealer, signInOf(pending, deps, req), { key, code }),
      );
      await attempt.succeeded(pending.tenantId, user.id);
      signIns.pending.forget(res);
      await signIns.complete(req, { ...pending, user });
      const secrets = { recoveryCodes: (codes ?? []).join("\n"), next: pending.returnTo };
      const text = "Your second step is set up, and you are signed in.";
      await answerForm(req, res, paths.account, { kind: "done", text, at: null, secrets });
    } catch (error) {
      if (!(error instanceof InvalidError)) throw error;
      show(res.status(400), offerKey(sealer, holder, sealed), error.message);
    }
  });
}

function addPasskeyLogin(router: Router, deps: SecondStepDeps): void {
  const { database, baseUrl, limits, signIns, webAuthn } = deps;
  const system = systemStore(database);

  const show = async (res: Response, returnTo: string, problem: string | null) => {
    const options = await webAuthn.requestOptions(res, null);
    res.set("Cache-Control", "no-store");
    res.render("login-passkey", { title: "Sign in with a passkey", options, returnTo, problem });
  };

  /** The passkey with this credential ID, which is unique, and its tenant. */
  async function findPasskey(id: string): Promise<TenantPasskey | null> {
    const tenantId = await system.tenantOfPasskey(id);
    const passkey = tenantId === null ? null : await forTenant(database, tenantId).passkeys.find(id);
    return passkey && tenantId !== null ? { ...passkey, tenantId } : null;
  }

  /** Records the refusal in the tenant of the passkey, if it is known. */
  async function isRefused(error: unknown, req: Request, found: TenantPasskey | null): Promise<boolean> {
    const store = found && forTenant(database, found.tenantId);
    const user = found && store ? await store.users.byId(found.userId) : null;
    if (store && user) return await isWrongAnswer(error, { req, store, user });
    return error instanceof RefusedError && error.reason === "second-step-not-valid";
  }

  router.get(paths.passkeyLogin, navigationOnly, async (req, res) => {
    await show(res, safePath(req.query.returnTo, baseUrl, landingPath), null);
  });

  router.post(paths.passkeyLogin, async (req, res) => {
    await limits.passkey(req);
    const returnTo = safePath(formField(req, "returnTo"), baseUrl, landingPath);
    let found: TenantPasskey | null = null;
    const find = async (id: string) => {
      found = await findPasskey(id);
      return found;
    };
    try {
      const used = await webAuthn.verifyUse(req, null, formField(req, "credential"), find);
      const store = forTenant(database, used.tenantId);
      const { accessEpoch = Number.NaN } = (await store.users.byId(used.userId)) ?? {};
      // The passkey is on a device that the person chose before.
      const proven = { userId: used.userId, accessEpoch, isKnownDevice: true };
      const user = await signInWithPasskey(store, signInOf(proven, deps, req), used);
      await signIns.complete(req, { tenantId: used.tenantId, user, isKnownDevice: true });
      res.redirect(303, returnTo);
    } catch (error) {
      if (!(await isRefused(error, req, found))) throw error;
      const text = "The passkey did not sign you in. Try again, or sign in another way.";
      await show(res.status(403), returnTo, text);
    }
  });
}

/** A passkey, and the tenant of its person. */
interface TenantPasskey extends Passkey {
  tenantId: string;
}
