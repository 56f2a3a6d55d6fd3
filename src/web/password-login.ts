import { type Request, type Response, Router } from "express";
import { signInWithPassword } from "../directory/local-accounts.ts";
import type { Mails } from "../directory/mails.ts";
import type { PasswordHasher } from "../directory/password-hash.ts";
import type { RefusalRecorder } from "../directory/sign-in-activity.ts";
import { urlNamePattern } from "../directory/tenants.ts";
import { paths } from "../endpoints.ts";
import { RefusedError } from "../errors.ts";
import type { Database } from "../store/database.ts";
import { systemStore } from "../store/system-store.ts";
import { forTenant } from "../store/tenant-store.ts";
import { forgottenPasswordRoutes } from "./forgotten-password.ts";
import { landingPath } from "./home.ts";
import type { LocalSignIns } from "./local-sign-in.ts";
import type { PasswordLimits } from "./password-limits.ts";
import { formField, safePath, withReturnTo } from "./request.ts";

export interface PasswordLoginDeps {
  database: Database;
  baseUrl: string;
  passwords: PasswordHasher;
  refusals: RefusalRecorder;
  limits: PasswordLimits;
  mails: Mails;
  signIns: LocalSignIns;
}

const title = "Sign in with a password";

/**
 * The password form of each tenant, at /login/password/{tenant}: for local accounts, and the way in when single sign-on
 * is broken. Neither its answers nor their timing reveal whether a tenant or an account exists: it shows the tenant's name
 * only with an address of one of the tenant's domains, for which the sign-in page shows it to anyone.
 */
export function passwordLoginRoutes(deps: PasswordLoginDeps): Router {
  const { database, baseUrl, passwords, refusals, limits, mails, signIns } = deps;
  const router = Router();
  const system = systemStore(database);

  router.get(paths.passwordLogin, (req, res) => {
    res.render("login-tenant", { title, returnTo: returnToOf(req), problem: null });
  });

  router.post(paths.passwordLogin, (req, res) => {
    const slug = formField(req, "tenant").trim().toLowerCase();
    if (urlNamePattern.test(slug))
      return res.redirect(303, withReturnTo(paths.passwordLoginOf(slug), returnToOf(req)));
    const problem = "An organisation's name has only lower-case letters, digits and hyphens.";
    res.status(400).render("login-tenant", { title, returnTo: returnToOf(req), problem });
  });

  /** The name of the tenant with this slug, if the login name is an address of one of its domains. */
  const nameOf = async (slug: string, loginName: string) => {
    const tenants = await system.tenantsOfDomain(loginName.split("@")[1] ?? "");
    return tenants.find((tenant) => tenant.slug === slug)?.name ?? null;
  };

  router.get(`${paths.passwordLogin}/:tenant`, async (req, res) => {
    const slug = req.params.tenant;
    const hint = req.query.login_hint;
    const loginName = typeof hint === "string" ? hint : "";
    const tenantName = await nameOf(slug, loginName);
    showPasswordForm(res, { slug, tenantName, returnTo: returnToOf(req), loginName });
  });

  router.post(`${paths.passwordLogin}/:tenant`, async (req, res) => {
    const slug = req.params.tenant;
    const loginName = formField(req, "loginName").trim();
    const attempt = await limits.signIn(req, res, slug, loginName);
    const tenant = urlNamePattern.test(slug) ? await system.tenants.bySlug(slug) : null;
    // A tenant that does not exist has no people, but costs the same statements.
    const store = forTenant(database, tenant?.id ?? "");
    const isNewBrowser = !attempt.isKnownDevice;
    const entered = { loginName, password: formField(req, "password"), isNewBrowser };
    try {
      const user = await signInWithPassword(store, passwords, entered, req.id);
      const tenantId = tenant?.id as string;
      const returnTo = safePath(formField(req, "returnTo"), baseUrl, landingPath);
      const proven = { tenantId, user, isKnownDevice: attempt.isKnownDevice, returnTo };
      const isComplete = await signIns.afterPassword(req, res, proven);
      // A password alone must not make the device known: that would raise the limit of the second step.
      if (isComplete) await attempt.succeeded(tenantId, user.id);
      res.redirect(303, isComplete ? returnTo : paths.secondStep);
    } catch (error) {
      const isWrong = error instanceof RefusedError && error.reason === "bad-credentials";
      if (!isWrong) throw error;
      req.log.warn({ tenantId: tenant?.id ?? null, reason: error.reason }, "sign_in.refused");
      if (tenant) {
        // After responding, to avoid a timing oracle on tenant names.
        res.once("finish", () => {
          refusals
            .atPasswordForm(tenant.id, loginName, error, req.id)
            .catch((failure: unknown) => req.log.warn({ err: failure }, "refusal.not_recorded"));
        });
      }
      const tenantName = await nameOf(slug, loginName);
      const page = { slug, tenantName, returnTo: returnToOf(req), loginName, refused: true };
      showPasswordForm(res.status(403), page);
    }
  });

  return router.use(forgottenPasswordRoutes({ database, limits, mails }));
}

interface PasswordForm {
  slug: string;
  /** Null if the page must not say it. */
  tenantName: string | null;
  returnTo: string | null;
  loginName?: string;
  refused?: boolean;
}

export function showPasswordForm(
  res: Response,
  { slug, tenantName, returnTo, loginName = "", refused = false }: PasswordForm,
): void {
  const heading = tenantName === null ? title : `Sign in to ${tenantName}`;
  res.render("login-password", { title: heading, slug, tenantName, returnTo, loginName, refused });
}

/** The page to return to after the sign-in, as the browser sent it; null if there is none. Not checked yet: see safePath. */
export function returnToOf(req: Request): string | null {
  const returnTo = req.method === "GET" ? req.query.returnTo : formField(req, "returnTo");
  return typeof returnTo === "string" && returnTo !== "" ? returnTo : null;
}
