import { type Request, type Response, Router } from "express";
import { signInWithPassword } from "../directory/local-accounts.ts";
import type { PasswordHasher } from "../directory/password-hash.ts";
import type { RefusalRecorder } from "../directory/sign-in-activity.ts";
import { urlNamePattern } from "../directory/tenants.ts";
import { paths } from "../endpoints.ts";
import { RefusedError } from "../errors.ts";
import type { Database } from "../store/database.ts";
import { systemStore } from "../store/system-store.ts";
import { forTenant } from "../store/tenant-store.ts";
import { doorsOf, forgetConnection, rememberConnection, rememberedConnection, signInPath } from "./doors.ts";
import { formField } from "./forms.ts";
import { safePath } from "./guards.ts";
import { landingPath } from "./home.ts";
import type { PasswordLimits } from "./password-limits.ts";
import { startSession } from "./sessions.ts";

export interface LoginDeps {
  database: Database;
  baseUrl: string;
  passwords: PasswordHasher;
  refusals: RefusalRecorder;
  limits: PasswordLimits;
}

/**
 * The pages before anybody is known. A person names their e-mail address first; its verified domain says which
 * tenant's door to show. The password form at /login/password/{tenant} is the door of local accounts, and the way
 * in when single sign-on is broken. Whatever is typed there,
 * the answer never shows whether the tenant or the account exists. (That a verified domain belongs to some tenant is no
 * secret: routing by it says so.)
 */
export function loginRoutes(deps: LoginDeps): Router {
  const router = Router();
  addEmailFirst(router, deps);
  addPasswordDoor(router, deps);
  return router;
}

function addEmailFirst(router: Router, { database, baseUrl }: LoginDeps): void {
  const system = systemStore(database);
  const showLogin = (req: Request, res: Response, email: string, problem: string | null) => {
    const remembered = rememberedConnection(req);
    const query = parametersOf(returnToOf(req), null);
    const rememberedUrl = remembered && signInPath(remembered) + query;
    const page = {
      title: "Sign in",
      returnTo: returnToOf(req),
      ended: req.query.ended === "1",
      problem,
      email,
    };
    res.render("login", { ...page, remembered: remembered?.key ?? null, rememberedUrl });
  };

  router.get(paths.login, (req, res) => {
    if (req.person) return res.redirect(303, safePath(req.query.returnTo, baseUrl, landingPath));
    showLogin(req, res, "", null);
  });

  router.post(paths.login, async (req, res) => {
    const email = formField(req, "email").trim();
    const returnTo = returnToOf(req);
    const domain = email.split("@")[1] ?? "";
    if (domain === "")
      return showLogin(req, res.status(400), email, "Enter your e-mail address, like you@company.com.");
    const tenants = await system.tenantsOfDomain(domain);
    const doors = await doorsOf(database, tenants, domain);
    if (doors.length === 0) return res.redirect(303, withReturnTo(paths.passwordLogin, returnTo));
    const remember = formField(req, "remember") === "on";
    const chosen = doors.length > 1 ? doors.find(({ url }) => url === formField(req, "door")) : doors[0];
    if (!chosen) {
      const page = { title: "Choose how to sign in", doors, email, returnTo, remember };
      return res.render("choose-tenant", page);
    }
    if (chosen.connection === null)
      return showPasswordForm(res, { slug: chosen.label, returnTo, loginName: email });
    if (remember) rememberConnection(res, chosen.connection, baseUrl.startsWith("https:"));
    // Not a redirect: a form may not end at another origin (form-action), a page that navigates may.
    const url = chosen.url + parametersOf(returnTo, email);
    res.render("leaving", {
      title: `Signing in to ${chosen.tenantName}`,
      url,
      action: "Continue to your organisation",
    });
  });

  router.post("/login/forget", (req, res) => {
    forgetConnection(res);
    res.redirect(303, withReturnTo(paths.login, returnToOf(req)));
  });
}

function addPasswordDoor(router: Router, deps: LoginDeps): void {
  const { database, baseUrl, passwords, refusals, limits } = deps;
  const system = systemStore(database);

  router.get(paths.passwordLogin, (req, res) => {
    res.render("login-tenant", {
      title: "Sign in with a password",
      returnTo: returnToOf(req),
      problem: null,
    });
  });

  router.post(paths.passwordLogin, (req, res) => {
    const slug = formField(req, "tenant").trim().toLowerCase();
    if (urlNamePattern.test(slug))
      return res.redirect(303, withReturnTo(paths.passwordLoginOf(slug), returnToOf(req)));
    const problem = "An organisation's name has only lower-case letters, digits and hyphens.";
    res
      .status(400)
      .render("login-tenant", { title: "Sign in with a password", returnTo: returnToOf(req), problem });
  });

  router.get(`${paths.passwordLogin}/:tenant`, (req, res) => {
    showPasswordForm(res, { slug: req.params.tenant, returnTo: returnToOf(req) });
  });

  router.post(`${paths.passwordLogin}/:tenant`, async (req, res) => {
    const slug = req.params.tenant;
    const loginName = formField(req, "loginName").trim();
    const attempt = await limits.signIn(req, res, slug, loginName);
    const tenant = urlNamePattern.test(slug) ? await system.tenants.bySlug(slug) : null;
    const store = tenant && forTenant(database, tenant.id);
    try {
      const user = await signInWithPassword(
        store,
        passwords,
        { loginName, password: formField(req, "password") },
        req.id,
      );
      const tenantId = tenant?.id as string;
      await attempt.succeeded(tenantId, user.id);
      await startSession(req, tenantId, user, null);
      res.redirect(303, safePath(formField(req, "returnTo"), baseUrl, landingPath));
    } catch (error) {
      const isWrong = error instanceof RefusedError && error.reason === "bad-credentials";
      if (!isWrong) throw error;
      req.log.warn({ tenantId: tenant?.id ?? null, reason: error.reason }, "sign_in.refused");
      if (tenant) {
        // After the answer, whose time must not tell whether there is such an organisation.
        res.once("finish", () => {
          refusals
            .atPasswordForm(tenant.id, loginName, error, req.id)
            .catch((failure: unknown) => req.log.warn({ err: failure }, "refusal.not_recorded"));
        });
      }
      showPasswordForm(res.status(403), { slug, returnTo: returnToOf(req), loginName, refused: true });
    }
  });
}

interface PasswordForm {
  slug: string;
  returnTo: string | null;
  loginName?: string;
  refused?: boolean;
}

function showPasswordForm(
  res: Response,
  { slug, returnTo, loginName = "", refused = false }: PasswordForm,
): void {
  res.render("login-password", { title: "Sign in with a password", slug, returnTo, loginName, refused });
}

function returnToOf(req: Request): string | null {
  const returnTo = req.method === "GET" ? req.query.returnTo : formField(req, "returnTo");
  return typeof returnTo === "string" && returnTo !== "" ? returnTo : null;
}

/** What a sign-in at an identity provider is told: where to come back to, and who the person says they are. */
function parametersOf(returnTo: string | null, email: string | null): string {
  const parameters = new URLSearchParams();
  if (returnTo !== null) parameters.set("returnTo", returnTo);
  if (email !== null) parameters.set("login_hint", email);
  return parameters.size > 0 ? `?${parameters}` : "";
}

function withReturnTo(path: string, returnTo: string | null): string {
  return returnTo === null ? path : `${path}?${new URLSearchParams({ returnTo })}`;
}
