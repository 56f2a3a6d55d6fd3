/**
 * Step-up: administrators' pages may demand a recent sign-in (docs/decisions/0054). The tenant's policy says how recent. The
 * clock starts when the person proved to the identity provider who they are, if it says when; else when they signed in here.
 */
import type { Request, RequestHandler } from "express";
import { paths } from "../endpoints.ts";
import { documentForm, isSeen, organisationField } from "./request.ts";
import { type HeldForm, saveSession } from "./sessions.ts";

declare module "express-serve-static-core" {
  interface Request {
    /** Set if the request is a part of a sign-in that was asked for again: the page that waits for it, null for none. */
    signInAgain?: { returnTo: string | null };
  }
}

/** The page that asks for a recent sign-in, and leads on afterwards. */
export function signInAgainPath(returnTo: string | null): string {
  return returnTo === null ? paths.signInAgain : `${paths.signInAgain}?${new URLSearchParams({ returnTo })}`;
}

/** A form that is larger is not kept: it would make each request of the session slow. */
const longestHeld = 64 * 1024;

/** Whether the person signed in recently enough for administrators' pages. */
export function isFresh({ session }: Request): boolean {
  const { adminFreshMinutes, proof, createdAt = 0 } = session;
  if (adminFreshMinutes === null || adminFreshMinutes === undefined) return true;
  return (proof?.at ?? createdAt) + adminFreshMinutes * 60_000 > Date.now();
}

/**
 * Lets a recent sign-in pass, and sends others to a page that asks for a new one. A form that was sent waits in the session
 * until then. Mount it after the permission check, because it reads large forms.
 */
export const requireFreshSignIn: RequestHandler = (req, res, next) => {
  if (isFresh(req)) {
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
const secretFields: ReadonlySet<string> = new Set(["clientSecret", "password", "assertion"]);

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
