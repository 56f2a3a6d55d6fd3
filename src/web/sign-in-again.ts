import { Router } from "express";
import { paths } from "../endpoints.ts";
import { freshMinutes, isFresh } from "./fresh-sign-in.ts";
import { requireSignIn, signedIn } from "./guards.ts";
import { landingPath } from "./home.ts";
import { navigationOnly, safePath } from "./request.ts";
import { signInPath } from "./sign-in-options.ts";

/** Hidden fields that mean nothing to a person. */
const unshown = new Set(["shown", "version", "sealed", "credential"]);

/** "idleUnit" → "Idle unit". */
function inWords(name: string): string {
  const words = name.replaceAll(/([A-Z])/g, " $1").toLowerCase();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** The page that asks an administrator to sign in again, and then for the form that waited. */
export function signInAgainRoutes({ baseUrl }: { baseUrl: string }): Router {
  const router = Router();
  router.get(paths.signInAgain, navigationOnly, requireSignIn, (req, res) => {
    const { connection, tenant, user } = signedIn(req);
    const { heldForm } = req.session;
    const returnTo = heldForm ? paths.signInAgain : safePath(req.query.returnTo, baseUrl, landingPath);
    const minutes = heldForm
      ? freshMinutes(req, "POST", heldForm.action)
      : freshMinutes(req, "GET", returnTo);
    if (!isFresh(req, minutes)) {
      const query = new URLSearchParams({ again: "1", returnTo });
      const url = connection && `${signInPath(connection)}?${query}`;
      const isOfConsole = minutes === req.session.adminFreshMinutes;
      const person = { slug: tenant.slug, loginName: user.loginName };
      const page = { title: "Sign in again", minutes, isOfConsole, url, ...person };
      return res.render("sign-in-again", { ...page, returnTo, landingPath, isHolding: Boolean(heldForm) });
    }
    if (!heldForm) return res.redirect(303, returnTo);
    const entered = (heldForm.fields ?? [])
      .filter(([name, value]) => !unshown.has(name) && value !== "")
      .map(([name, value]) => [inWords(name), value]);
    res.render("held-form", { title: "Send the form now?", ...heldForm, entered, inWords });
  });
  return router;
}
