/**
 * Step-up: administrators' pages may demand a recent sign-in (docs/decisions/0054), and dangerous acts always do
 * (dangerous-acts.ts). The tenant's policy says how recent for the console. The clock starts when the person proved to the
 * identity provider who they are, if it says when; else when they signed in here.
 */
import type { Request, RequestHandler } from "express";
import { paths } from "../endpoints.ts";
import { isDangerousAct, recentSignInMinutes } from "./dangerous-acts.ts";
import { documentForm, isSeen, organisationField, withReturnTo } from "./request.ts";
import { type HeldForm, saveSession } from "./sessions.ts";

declare module "express-serve-static-core" {
  interface Request {
    /** Set if the request is a part of a sign-in that was asked for again: the page that waits for it, null for none. */
    signInAgain?: { returnTo: string | null };
  }
}

/** The page that asks for a recent sign-in, and leads on afterwards. */
export function signInAgainPath(returnTo: string | null): string {
  return withReturnTo(paths.signInAgain, returnTo);
}

/** A form that is larger is not kept: it would make each request of the session slow. */
const longestHeld = 64 * 1024;

/** How long ago a person may have signed in for a page or a form, in minutes; null if that does not matter. */
export function freshMinutes({ session }: Request, method: string, url: string): number | null {
  const limits = [session.adminFreshMinutes, isDangerousAct(method, url) ? recentSignInMinutes : null];
  const shortest = Math.min(...limits.map((minutes) => minutes ?? Number.POSITIVE_INFINITY));
  return Number.isFinite(shortest) ? shortest : null;
}

/** Whether the person signed in at most so many minutes ago. */
export function isFresh({ session }: Request, minutes: number | null): boolean {
  const { proof, createdAt = 0 } = session;
  return minutes === null || (proof?.at ?? createdAt) + minutes * 60_000 > Date.now();
}

/**
 * Lets a sign-in pass that is recent enough for this request, and sends others to a page that asks for a new one. A form that
 * was sent waits in the session until then. Mount it after the permission check, because it reads large forms.
 */
export const requireFreshSignIn: RequestHandler = (req, res, next) => {
  // The path as the router reads it: the raw address may have a fragment or backslashes, which the router takes.
  if (isFresh(req, freshMinutes(req, req.method, req.baseUrl + req.path))) {
    if (isSeen(req)) delete req.session.heldForm;
    return next();
  }
  req.log.info({ tenantId: req.person?.tenant.id }, "sign_in.too_old");
  if (req.method !== "POST") return res.redirect(303, signInAgainPath(req.originalUrl));
  documentForm(req, res, async (error?: unknown) => {
    if (error) return next(error);
    try {
      if (isSeen(req)) {
        req.session.heldForm = heldForm(req);
        await saveSession(req);
      }
      res.redirect(303, paths.signInAgain);
    } catch (failure) {
      next(failure);
    }
  });
};

/** Fields whose values a session must not keep, even sealed, and no page may show again. */
const secretFields: ReadonlySet<string> = new Set([
  "clientSecret",
  "password",
  "current",
  "repeated",
  "assertion",
  "code",
]);

function heldForm({ body, originalUrl: action }: Request): HeldForm {
  // The page that shows the form again names the organisation itself.
  const { [organisationField]: _organisation, ...own } = (body ?? {}) as Record<string, unknown>;
  const sent = Object.entries(own).flatMap(([name, value]) =>
    [value].flat().map((one) => [name, String(one)] as const),
  );
  const isSecret = ([name]: readonly [string, string]) => secretFields.has(name);
  const secrets = sent.filter((field) => isSecret(field) && field[1] !== "").map(([name]) => name);
  const fields = sent.filter((field) => !isSecret(field));
  const isLarge = JSON.stringify(fields).length > longestHeld;
  return { action, fields: isLarge ? null : fields, secrets };
}
