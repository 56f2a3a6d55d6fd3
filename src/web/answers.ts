/**
 * One contract for the forms of people with a session: POST, 303, GET (docs/decisions/0045). The page that the browser is
 * led to shows the answer once, at the form that asked, and puts the focus there. A reload never sends a form again.
 *
 * The sign-in forms and the password's set-up link answer directly: an anonymous request must not create a session.
 */
import type { Request, Response } from "express";
import { isSpeculative } from "./request.ts";
import { saveSession } from "./sessions.ts";

/** A form as a person submitted it, to show it again. It never contains passwords or secrets. */
export interface SubmittedForm {
  values: Readonly<Record<string, string>>;
  /** By the field's name. */
  problems: Readonly<Record<string, string>>;
  notes: Readonly<Record<string, string>>;
}

/** The answer to a form. The session keeps it sealed until its page shows it. */
export interface FormAnswer {
  kind: "done" | "problem";
  text: string;
  /** The id of the form or section that shows it; null for the top of the page. */
  at: string | null;
  /** Shown again if it was not saved, or if it was filled in from elsewhere. */
  form?: SubmittedForm;
  /** Secrets that the page shows this once: a new token, a link. */
  secrets?: Readonly<Record<string, string>>;
}

/** An answer on its way to the page with this path. */
export interface PendingAnswer extends FormAnswer {
  /** Null for the next page that is shown, whichever it is. */
  page: string | null;
}

declare module "express-session" {
  interface SessionData {
    answer?: PendingAnswer;
  }
}

/** Shows a message at the top of the next page. */
export async function flash(req: Request, kind: FormAnswer["kind"], text: string): Promise<void> {
  req.session.answer = { kind, text, at: null, page: null };
  await saveSession(req);
}

/**
 * Answers a form: leads the browser to a page, which shows the answer. Saves the session first, because a browser may
 * follow a redirect before its response has ended.
 * @param page the path, with a query if need be.
 */
export async function answerForm(
  req: Request,
  res: Response,
  page: string,
  answer: FormAnswer,
): Promise<void> {
  const [path = page] = page.split("?");
  req.session.answer = { ...answer, page: path };
  await saveSession(req);
  res.redirect(303, page);
}

/**
 * The answer that this page has to show, or null. Reading it consumes it, so call it only for a page that is rendered. A
 * page that is loaded in advance leaves it where it is.
 */
export function takeAnswer(req: Request): PendingAnswer | null {
  // An error page is also rendered if the session could not be loaded.
  const answer = req.session?.answer;
  if (!answer || (answer.page !== null && answer.page !== req.path)) return null;
  if (req.method !== "HEAD" && !isSpeculative(req)) delete req.session.answer;
  return answer;
}

/** The form that the pending answer brings back to the place `at`, or null. The page's template still shows the answer. */
export function submittedForm(res: Response, at: string): SubmittedForm | null {
  const answer = res.locals.answer as PendingAnswer | null;
  return answer?.at === at ? (answer.form ?? null) : null;
}
