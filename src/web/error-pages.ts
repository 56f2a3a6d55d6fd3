import type { ErrorRequestHandler, Request, RequestHandler, Response } from "express";
import { paths } from "../endpoints.ts";
import {
  ConflictError,
  ForbiddenError,
  InvalidError,
  NotFoundError,
  RefusedError,
  UnavailableError,
} from "../errors.ts";
import { parserStatus } from "../parser-errors.ts";
import { connectionInPath } from "../sign-in-protocols.ts";
import { isUnavailable } from "../store/sql-errors.ts";
import { signInAgainPath } from "./fresh-sign-in.ts";
import { answerProblem, prefersJson } from "./problems.ts";
import { goBack, refusals } from "./refusals.ts";
import { CrossSiteError, OtherOrganisationError, TooManyRequestsError } from "./request.ts";
import { signInPath } from "./sign-in-options.ts";

/** The page for a person: what happened, and what to do next. */
interface ErrorPage {
  status: number;
  title: string;
  text: string;
  next: string;
  /** Further reading. */
  link?: { label: string; href: string };
  /** Where trying again can help; the page offers it first. */
  tryAgain?: string;
  retryAfter?: number;
}

export const pageNotFound: RequestHandler = () => {
  throw new NotFoundError("There is no such page.");
};

/**
 * Turns errors into answers: a page, or a problem (RFC 9457) for clients that prefer JSON. The reason goes to the log, under the reference
 * that the page shows.
 */
export const errorPages: ErrorRequestHandler = (error: unknown, req, res, _next) => {
  const page = pageFor(error, req);
  if (page.status >= 500) req.log.error({ err: error }, "request.failed");
  else req.log.info({ reason: reasonOf(error), status: page.status, ...causeOf(error) }, "request.refused");
  if (res.headersSent) {
    // Do not pass late errors to Express: it would write them to standard error, past the log and its redaction. Break off
    // an incomplete answer, so that no client takes it for a complete one.
    if (!res.writableEnded) res.destroy();
    return;
  }
  if (page.retryAfter !== undefined) res.set("Retry-After", String(page.retryAfter));
  res.status(page.status);
  answer(req, res, page);
};

function answer(req: Request, res: Response, page: ErrorPage): void {
  if (prefersJson(req)) {
    const { status, text, next } = page;
    answerProblem(req, res, { status, detail: `${text} ${next}` });
    return;
  }
  res.render("error", { title: page.title, page, reference: req.id, person: req.person }, (failure, html) => {
    // If the error page itself fails, log that as well, and answer in plain text instead of Express's own page.
    if (failure) req.log.error({ err: failure }, "error_page.failed");
    res.send(failure ? `${page.title}. Reference: ${req.id}` : html);
  });
}

function reasonOf(error: unknown): string {
  if (error instanceof RefusedError) return error.reason;
  return error instanceof Error ? error.name : "unknown";
}

/** The cause, for the operator who looks up the reference; log.ts removes personal data. */
function causeOf(error: unknown): { err?: unknown; detail?: string; rule?: string } {
  if (!(error instanceof RefusedError) || error.cause === undefined) return {};
  const rule = error.broken ? { rule: error.broken.ruleId } : {};
  return typeof error.cause === "string" ? { detail: error.cause, ...rule } : { err: error.cause, ...rule };
}

function pageFor(error: unknown, req: Request): ErrorPage {
  // To a browser, "//host" and "/\\host" are addresses at another host.
  const isLocal = /^\/(?![/\\])/.test(req.originalUrl);
  const again = req.method === "GET" && isLocal ? { tryAgain: req.originalUrl } : {};
  if (error instanceof NotFoundError) return notFound;
  if (error instanceof RefusedError) return refusalPage(error, req);
  if (error instanceof CrossSiteError) return crossSite;
  if (error instanceof OtherOrganisationError) return { ...otherOrganisation, text: whereTheyAre(req) };
  if (error instanceof ForbiddenError)
    return { status: 403, title: "You may not do this yet", text: error.message, next: error.next, ...again };
  if (error instanceof InvalidError)
    return { status: 400, title: "That did not work", text: error.message, next: goBack };
  if (error instanceof ConflictError)
    return { status: 409, title: "That did not work", text: error.message, next: goBack };
  if (error instanceof TooManyRequestsError) return { ...rateLimitPage(error), ...again };
  if (error instanceof UnavailableError || isUnavailable(error)) return { ...unavailable, ...again };
  return clientErrorPage(error) ?? { ...broken, ...again };
}

/** Express and its body parsers give an error its status; 4xx is the client's fault, anything else is ours. */
function clientErrorPage(error: unknown): ErrorPage | null {
  const status = parserStatus(error);
  if (status === 413)
    return { status, title: "That was too much", text: "The request is too large.", next: goBack };
  if (status === 408)
    return { status, title: "That took too long", text: "The form did not arrive in time.", next: goBack };
  if (status === null) return null;
  return { status, title: "That did not work", text: "The request could not be understood.", next: goBack };
}

const notFound: ErrorPage = {
  status: 404,
  title: "Page not found",
  text: "There is no such page, or it is not yours to see.",
  next: "Check the address, or start again from the front page.",
};

const crossSite: ErrorPage = {
  status: 403,
  title: "That came from another site",
  text: "For your safety this can only be done from our own pages.",
  next: "Open the page here and do it again.",
};

const otherOrganisation: Omit<ErrorPage, "text"> = {
  status: 409,
  title: "That page is of another organisation",
  next: "If you mean the page’s organisation, switch to it in the account menu, go back, and do it again.",
};

function whereTheyAre({ person }: Request): string {
  return `Nothing was changed: you are in ${person?.tenant.name} now, and this page was not opened there.`;
}

const unavailable: ErrorPage = {
  status: 503,
  title: "We cannot answer right now",
  // A connection that broke in a commit does not tell whether it was made.
  text: "A part of the service is not reachable.",
  next: "Try again in a minute. If you were saving something, look first whether it is there.",
  retryAfter: 30,
};

const broken: ErrorPage = {
  status: 500,
  title: "Something went wrong on our side",
  text: "We could not finish what you asked for.",
  next: "Try again. If it happens again, tell us the reference below.",
};

function rateLimitPage({ retryAfter, advice }: TooManyRequestsError): ErrorPage {
  const minutes = Math.ceil(retryAfter / 60);
  return {
    status: 429,
    title: "Too many attempts",
    text: "There were too many attempts in a short time.",
    next: `Wait ${minutes === 1 ? "a minute" : `${minutes} minutes`}, ${advice}.`,
    retryAfter,
  };
}

function refusalPage({ reason, detail }: RefusedError, req: Request): ErrorPage {
  const { title = "You could not be signed in", text, next, link } = refusals[reason];
  return {
    status: 403,
    title,
    text: detail === null ? text : `${text} ${detail}`,
    next,
    ...(link ? { link } : {}),
    // A link that has ended never works again.
    ...(reason === "link-not-valid" ? {} : { tryAgain: signInFor(reason, req) }),
  };
}

/**
 * Where a refused person tries again: on the page that asked for a recent sign-in, through the connection in the request's
 * path if it is on, or else on the sign-in page.
 */
function signInFor(reason: RefusedError["reason"], { originalUrl, signInAgain }: Request): string {
  if (signInAgain) return signInAgainPath(signInAgain.returnTo);
  const connection = connectionInPath(originalUrl);
  const isOn = reason !== "connection-not-active";
  return isOn && connection ? signInPath(connection) : paths.login;
}
