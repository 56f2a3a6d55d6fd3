import { type Request, Router } from "express";
import { brand } from "../../config/brand.ts";
import type { PersonalNames } from "../directory/attributes.ts";
import { redeemPasswordLink } from "../directory/local-accounts.ts";
import { checkPasswordAccess, type Mails } from "../directory/mails.ts";
import { checkPersonalNames, longestPersonalName } from "../directory/names.ts";
import type { PasswordHasher } from "../directory/password-hash.ts";
import { checkPassword, passwordLength, wordsOf } from "../directory/password-rules.ts";
import { paths } from "../endpoints.ts";
import { InvalidError, RefusedError } from "../errors.ts";
import type { Tenant, User } from "../model.ts";
import type { Database } from "../store/database.ts";
import { hashToken } from "../store/secrets.ts";
import { systemStore } from "../store/system-store.ts";
import { forTenant } from "../store/tenant-store.ts";
import { answerForm } from "./answers.ts";
import { landingPath } from "./home.ts";
import type { LocalSignIns } from "./local-sign-in.ts";
import type { PasswordLimits } from "./password-limits.ts";
import { formField, noPrefetch } from "./request.ts";
import { noTransform } from "./views.ts";

export interface SetupDeps {
  database: Database;
  passwords: PasswordHasher;
  limits: PasswordLimits;
  mails: Mails;
  signIns: LocalSignIns;
}

/** The account of a link, and whether it has a password already: then the form asks for nothing else. */
interface LinkAccount {
  user: User;
  isReset: boolean;
  /** The words that the password must not consist of. */
  words: readonly string[];
}

/**
 * One-time links for setting a password. Opening a link changes nothing, so a mail scanner that follows it does no harm;
 * submitting its form consumes it.
 */
export function setupRoutes({ database, passwords, limits, mails, signIns }: SetupDeps): Router {
  const router = Router();
  const system = systemStore(database);
  const { links } = system;

  /** The link's account. Throws RefusedError for an invalid link, before a password is hashed at a cost. */
  async function accountOf(token: string): Promise<LinkAccount> {
    const link = await links.peek(hashToken(token));
    if (link?.purpose.kind !== "set-password") throw new RefusedError("link-not-valid");
    const store = forTenant(database, link.tenantId);
    const user = await store.users.byId(link.purpose.userId);
    if (!user) throw new RefusedError("link-not-valid");
    await checkPasswordAccess(store, user);
    const isReset = (await store.credentials.passwordHash(user.id)) !== null;
    const tenant = await system.tenants.byId(link.tenantId);
    const words = [...wordsOf(user), ...(tenant ? contextWords(tenant) : [])];
    return { user, isReset, words };
  }

  // Links that set up a connection belong to admin/set-up-links.ts.
  router.use(paths.setup(":token"), async (req, _res, next) => {
    const link = await links.peek(hashToken(String(req.params.token)));
    next(link?.purpose.kind === "set-up-connection" ? "router" : undefined);
  });

  router.get(paths.setup(":token"), noPrefetch, async (req, res) => {
    // The URL contains the token: keep it out of Referer headers and caches.
    res.set({ "Referrer-Policy": "no-referrer", "Cache-Control": noTransform });
    res.render("set-password", formPage(null, await accountOf(String(req.params.token))));
  });

  router.post(paths.setup(":token"), async (req, res) => {
    res.set({ "Referrer-Policy": "no-referrer", "Cache-Control": noTransform });
    const token = String(req.params.token);
    const account = await accountOf(token);
    const names = namesIn(req);
    const problem = (names && namesProblem(names)) ?? passwordProblem(req, account.words)?.text ?? null;
    if (problem !== null) {
      const user = { ...account.user, ...names };
      res.status(400).render("set-password", formPage(problem, { ...account, user }));
      return;
    }
    const setup = { token, password: formField(req, "password"), names, mails };
    const { tenantId, user } = await redeemPasswordLink(database, passwords, setup, req.id);
    // The link's mail tells the person already.
    const proven = { tenantId, user, isKnownDevice: true, returnTo: landingPath };
    const isComplete = await signIns.afterPassword(req, res, proven);
    await limits.setByLink(req, res, { tenantId, user, isComplete });
    if (!isComplete) return res.redirect(303, paths.secondStep);
    const text = "Your password is set, and you are signed in.";
    await answerForm(req, res, landingPath, { kind: "done", text, at: null });
  });

  return router;
}

/** The login name is for password managers, so that they store the password under the right name. */
function formPage(problem: string | null, { user, isReset }: LinkAccount) {
  const { loginName, givenName, familyName } = user;
  const title = isReset ? "Set a new password" : "Set your password";
  const limits = { passwordLength, longestPersonalName };
  return { title, problem, isReset, ...limits, loginName, givenName, familyName };
}

/** The names that the person entered; null if the form has no fields for them. */
function namesIn(req: Request): PersonalNames | null {
  const { givenName, familyName } = (req.body ?? {}) as Record<string, unknown>;
  if (givenName === undefined && familyName === undefined) return null;
  return {
    givenName: formField(req, "givenName").trim() || null,
    familyName: formField(req, "familyName").trim() || null,
  };
}

/** Returns a sentence for the person; null if the names can be stored. A person may have no last name. */
function namesProblem({ givenName, familyName }: PersonalNames): string | null {
  if (givenName === null) return "Enter your first name.";
  return problemOf(() => checkPersonalNames({ givenName, familyName }));
}

/** The words of the product and a tenant, which passwords must not consist of. */
export function contextWords({ slug, name }: Pick<Tenant, "slug" | "name">): string[] {
  return [brand.productName, brand.slug, slug, name];
}

/** Checks a form that asks for a new password twice. Returns the wrong field and a sentence; null if the form is fine. */
export function passwordProblem(
  req: Request,
  words: readonly string[],
): { field: "password" | "repeated"; text: string } | null {
  const password = formField(req, "password");
  if (password !== formField(req, "repeated"))
    return { field: "repeated", text: "The two passwords are not the same." };
  const text = problemOf(() => checkPassword(password, words));
  return text === null ? null : { field: "password", text };
}

/** Returns the message of an InvalidError. */
function problemOf(check: () => void): string | null {
  try {
    check();
    return null;
  } catch (error) {
    if (error instanceof InvalidError) return error.message;
    throw error;
  }
}
