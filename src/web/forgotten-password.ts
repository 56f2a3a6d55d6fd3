import { Router } from "express";
import { requestPasswordReset } from "../directory/forgotten-passwords.ts";
import { type Mails, resetLinkHours } from "../directory/mails.ts";
import { urlNamePattern } from "../directory/tenants.ts";
import { paths } from "../endpoints.ts";
import type { Database } from "../store/database.ts";
import { systemStore } from "../store/system-store.ts";
import { forTenant } from "../store/tenant-store.ts";
import type { PasswordLimits } from "./password-limits.ts";
import { formField } from "./request.ts";

interface ForgottenPasswordDeps {
  database: Database;
  mails: Mails;
  limits: PasswordLimits;
}

const title = "Forgotten password";

/**
 * The page for people who forgot their password, at /login/password/{tenant}/forgotten. As with the password form, neither
 * its answer nor its timing reveals whether a tenant or an account exists: it looks for them after it has answered. A
 * process that ends in between forgets the request, and the person asks again. Without mail it only says who can help.
 */
export function forgottenPasswordRoutes({ database, mails, limits }: ForgottenPasswordDeps): Router {
  const router = Router();
  const pattern = `${paths.passwordLogin}/:tenant/forgotten`;
  const page = { title, isOn: mails.isOn, resetLinkHours };

  router.get(pattern, (req, res) => {
    const hint = req.query.login_hint;
    const loginName = typeof hint === "string" ? hint : "";
    res.render("forgotten-password", { ...page, slug: String(req.params.tenant), loginName, isSent: false });
  });

  router.post(pattern, async (req, res) => {
    const slug = String(req.params.tenant);
    const loginName = formField(req, "loginName").trim();
    if (!mails.isOn || loginName === "") return res.redirect(303, paths.forgottenPassword(slug));
    await limits.forgotten(req, slug, loginName);
    res.once("finish", () => {
      requestReset(slug, loginName, req.id).then(
        (isSent) => req.log.info({ isSent }, "password_reset.requested"),
        (error: unknown) => req.log.warn({ err: error }, "password_reset.not_requested"),
      );
    });
    res.render("forgotten-password", { ...page, slug, loginName, isSent: true });
  });

  async function requestReset(slug: string, loginName: string, requestId: string): Promise<boolean> {
    const tenant = urlNamePattern.test(slug) ? await systemStore(database).tenants.bySlug(slug) : null;
    if (!tenant) return false;
    return await requestPasswordReset(forTenant(database, tenant.id), mails, loginName, requestId);
  }

  return router;
}
