import { type Request, type Response, Router } from "express";
import { paths } from "../endpoints.ts";
import { systemStore } from "../store/system-store.ts";
import { leave } from "./answers.ts";
import { landingPath } from "./home.ts";
import {
  type PasswordLoginDeps,
  passwordLoginRoutes,
  returnToOf,
  showPasswordForm,
} from "./password-login.ts";
import { formField, safePath, withReturnTo } from "./request.ts";
import { signInAgainRoutes } from "./sign-in-again.ts";
import {
  forgetConnection,
  rememberConnection,
  rememberedConnection,
  signInOptions,
  signInPath,
} from "./sign-in-options.ts";

/**
 * The sign-in page. A person enters an e-mail address, and its domain decides which tenant's sign-in options they get.
 * This reveals whether a domain belongs to a tenant, and the tenant's name, which are not secrets: single sign-on must begin
 * for anyone with such an address. It never reveals whether an account exists.
 */
export function loginRoutes(deps: PasswordLoginDeps): Router {
  const router = Router();
  const { database, baseUrl } = deps;
  const system = systemStore(database);

  router.get(paths.login, (req, res) => {
    if (req.person && req.query.another !== "1")
      return res.redirect(303, safePath(req.query.returnTo, baseUrl, landingPath));
    showLogin(req, res, "", null);
  });

  router.post(paths.login, async (req, res) => {
    const email = formField(req, "email").trim();
    const returnTo = returnToOf(req);
    const domain = email.split("@")[1] ?? "";
    if (domain === "") {
      const text = "Enter your e-mail address, like you@company.com.";
      return showLogin(req, res.status(400), email, { text, isUnknown: false });
    }
    const tenants = await system.tenantsOfDomain(domain);
    const options = await signInOptions(database, tenants, domain);
    if (options.length === 0) {
      const text = `We don’t know ${domain}.`;
      return showLogin(req, res.status(404), email, { text, isUnknown: true });
    }
    const remember = formField(req, "remember") === "on";
    const chosen =
      options.length > 1 ? options.find(({ url }) => url === formField(req, "option")) : options[0];
    if (!chosen) {
      const page = { title: "Choose how to sign in", options, email, returnTo, remember };
      return res.render("choose-tenant", page);
    }
    const { connection, tenantName } = chosen;
    if (connection === null)
      return showPasswordForm(res, { slug: chosen.label, tenantName, returnTo, loginName: email });
    if (remember) rememberConnection(res, { ...connection, tenantName }, baseUrl.startsWith("https:"));
    const url = chosen.url + signInQuery(returnTo, email);
    leave(res, url, { title: `Signing in to ${tenantName}`, action: "Continue to your organisation" });
  });

  router.post("/login/forget", (req, res) => {
    forgetConnection(res);
    res.redirect(303, withReturnTo(paths.login, returnToOf(req)));
  });

  return router.use(signInAgainRoutes({ baseUrl }), passwordLoginRoutes(deps));
}

interface LoginProblem {
  text: string;
  /** Whether no tenant has the address's domain. */
  isUnknown: boolean;
}

function showLogin(req: Request, res: Response, email: string, problem: LoginProblem | null): void {
  const connection = rememberedConnection(req);
  const returnTo = returnToOf(req);
  res.render("login", {
    title: "Sign in",
    returnTo,
    ended: endings.get(req.query.ended) ?? null,
    problem,
    email,
    remembered: connection && (connection.tenantName ?? "your organisation"),
    rememberedUrl: connection && signInPath(connection) + signInQuery(returnTo, null),
  });
}

/** By the query's `ended` (guards.ts, account.ts): why the person has to sign in again. Anyone can send it, so it names no one. */
const endings = new Map<unknown, string>([
  ["1", "Your session has ended. Sign in again."],
  ["organisation", "Your organisation ended your session. Sign in again, or ask your IT why."],
  ["changed", "Your account was changed in the meantime, so your new password was not set. Sign in again."],
]);

/** The query of a sign-in: the page to return to, and the person's e-mail address as a hint for the provider. */
function signInQuery(returnTo: string | null, email: string | null): string {
  const query = new URLSearchParams();
  if (returnTo !== null) query.set("returnTo", returnTo);
  if (email !== null) query.set("login_hint", email);
  return query.size > 0 ? `?${query}` : "";
}
