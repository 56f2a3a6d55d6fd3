/**
 * One contract for the forms of people with a session: POST, 303, GET (docs/decisions/0045). The page that the browser is
 * led to shows the answer once, at the form that asked, and puts the focus there. A reload never sends a form again.
 *
 * The sign-in forms and the password's set-up link answer directly: an anonymous request must not create a session.
 */
import type { ErrorRequestHandler, Request, Response } from "express";
import { ConflictError, InvalidError } from "../errors.ts";
import { isSpeculative } from "./request.ts";
import { saveSession } from "./sessions.ts";

/** A form as a person submitted it, to show it again. It never contains passwords or secrets. */
export interface SubmittedForm {
  values: Readonly<Record<string, string>>;
  /** By the id of the field. */
  problems: Readonly<Record<string, string>>;
  notes: Readonly<Record<string, string>>;
}

/** A fact of a form's page that has changed since the page was loaded; null where it did not exist. */
export interface Difference {
  label: string;
  was: string | null;
  is: string | null;
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
  /** The changes of others that prevented this one. Empty if the form did not contain the facts. */
  differences?: readonly Difference[];
}

/** An answer on its way to the page with this path. */
export interface PendingAnswer extends FormAnswer {
  page: string;
  /** Whether a template has shown it. If its place is gone, the end of the page shows it. */
  isShown?: boolean;
}

declare module "express-session" {
  interface SessionData {
    answer?: PendingAnswer;
  }
}

/**
 * A person acts on a page that is out of date: another person or a machine has changed what it shows. `differences` is
 * empty if the form did not contain the facts.
 */
export class ChangedError extends Error {
  override name = "ChangedError";
  readonly differences: readonly Difference[];
  /** The page to look at again. */
  readonly page: string;
  constructor(differences: readonly Difference[], page: string) {
    super("the page is out of date");
    this.differences = differences;
    this.page = page;
  }
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

/** Where a form is, and what a person entered in it. */
export interface FormPlace {
  /** The path of its page, with a query if need be. */
  page: string;
  /** See FormAnswer. */
  at: string | null;
  /** Shown again if the change is refused. */
  entered?: SubmittedForm["values"];
  /** The id of the field that an InvalidError is about, if there is only one. */
  field?: string;
}

/** A form that did its work: the message, and another page than the form's that shows it at its top. */
export interface FormSuccess extends Pick<FormAnswer, "text" | "secrets"> {
  page?: string;
}

/**
 * Does what a form asks for, and answers it. If the domain refuses it, or others have changed what the page showed, the
 * form's page says why and has the values that were entered.
 */
export async function answerChange(
  { req, res }: { req: Request; res: Response },
  place: FormPlace,
  work: () => Promise<FormSuccess>,
): Promise<void> {
  try {
    const { page, ...done } = await work();
    const at = page === undefined ? place.at : null;
    await answerForm(req, res, page ?? place.page, { ...done, kind: "done", at });
  } catch (error) {
    const refusal = refusalOf(error, place);
    if (error instanceof ChangedError) logChanged(req);
    await answerForm(req, res, place.page, { ...refusal, kind: "problem", at: place.at });
  }
}

/** Answers a form with wrong fields: shows it again, with its problems. */
export async function answerProblems(
  { req, res }: { req: Request; res: Response },
  { page, at }: Pick<FormPlace, "page" | "at">,
  { values, problems, notes }: SubmittedForm,
): Promise<void> {
  const form = { values, problems, notes };
  await answerForm(req, res, page, { kind: "problem", text: problemText(problems), at, form });
}

/** The sentence above the problems of a form. */
function problemText(problems: SubmittedForm["problems"]): string {
  const fields = Object.keys(problems).length === 1 ? "this field" : "these fields";
  return `Nothing was changed. Correct ${fields}:`;
}

export const changedText =
  "Nothing was changed: another person or a machine has made changes since you opened the page.";

/** Why a change was refused, for the person. Throws any error that is not about the change. */
function refusalOf(error: unknown, { entered = {}, field }: FormPlace): Omit<FormAnswer, "kind" | "at"> {
  const form = { values: entered, problems: {}, notes: {} };
  if (error instanceof ChangedError) return { text: changedText, form, differences: error.differences };
  if (error instanceof InvalidError && field !== undefined) {
    const problems = { [field]: error.message };
    return { text: problemText(problems), form: { ...form, problems } };
  }
  if (!(error instanceof ConflictError || error instanceof InvalidError)) throw error;
  return { text: `${error.message} Nothing was changed.`, form };
}

/** Answers a ChangedError that no form has answered: its page shows the differences at the top. */
export const changedPage: ErrorRequestHandler = async (error: unknown, req, res, next) => {
  if (!(error instanceof ChangedError)) return next(error);
  logChanged(req);
  const { differences, page } = error;
  // A fragment would take the focus from the message.
  await answerForm(req, res, page.replace(/#.*$/, ""), {
    kind: "problem",
    text: changedText,
    at: null,
    differences,
  });
};

function logChanged(req: Request): void {
  req.log.info({ reason: ChangedError.name }, "request.refused");
}

/**
 * The answer that this page has to show, or null. Reading it consumes it, so call it only for a page that is rendered. A
 * page that is loaded in advance, or by a script, leaves it where it is.
 */
export function takeAnswer(req: Request): PendingAnswer | null {
  // An error page is also rendered if the session could not be loaded.
  const answer = req.session?.answer;
  if (answer?.page !== req.path) return null;
  // A script that updates a page loads it again, and shows only parts of it.
  if ((req.get("sec-fetch-dest") ?? "document") !== "document") return null;
  if (req.method !== "HEAD" && !isSpeculative(req)) delete req.session.answer;
  return answer;
}

/** The form that the pending answer brings back to the place `at`, or null. The page's template still shows the answer. */
export function submittedForm(res: Response, at: string): SubmittedForm | null {
  const answer = res.locals.answer as PendingAnswer | null;
  return answer?.at === at ? (answer.form ?? null) : null;
}

/**
 * Navigates a browser to another address after a form. Not a redirect: form-action forbids a form to end at another origin
 * (security-headers.ts), so a page navigates there.
 * @param page its title, and the words of its link.
 */
export function leave(res: Response, url: string, page: { title: string; action: string }): void {
  // For the inspector.
  res.locals.leavesFor = url;
  res.render("leaving", { ...page, url });
}
