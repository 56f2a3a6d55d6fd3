/**
 * The web room: everything in the browser outside the protocols and the product.
 *
 * Owns: what every request gets (this file: its id, its log, its form and the same-origin check), sessions and the signed-in
 * person (sessions.ts), the guards of pages (guards.ts), security headers, error pages, and /, /login, /setup, /account,
 * /logout, /me, /healthz, /readyz and /metrics.
 * May import: the ground floor, directory, store and config.
 */
import { randomUUID } from "node:crypto";
import { isIPv6 } from "node:net";
import express, { type Request, type RequestHandler } from "express";
import { acceptsCrossSite, carriesDocument, paths } from "../endpoints.ts";
import { InvalidError, NotFoundError } from "../errors.ts";
import type { Log } from "../log.ts";
import type { RateLimiter } from "../store/rate-limits.ts";
import type { SignedInPerson } from "../store/session-store.ts";

declare module "express-serve-static-core" {
  interface Request {
    /** Identifies this request in the log, in answers and on error pages. */
    id: string;
    log: Log;
    /** When it arrived, in ms since 1970. */
    receivedAt: number;
    /** By which limits count anonymous requests: see networkOf(). */
    network: string;
    /** The signed-in person, loaded anew for each request (sessions.ts). */
    person: SignedInPerson | null;
    /** Whether navigationOnly let the request pass. */
    isNavigation: boolean;
  }
}

/**
 * Gives each request an id and a log, and logs one line when the answer ends. The line has the path without its query,
 * because queries carry authorization codes and names.
 */
export function requestContext(log: Log): RequestHandler {
  return (req, res, next) => {
    const started = process.hrtime.bigint();
    req.id = randomUUID();
    req.receivedAt = Date.now();
    req.network = networkOf(req.ip);
    req.log = log.child({ requestId: req.id });
    req.person = null;
    req.isNavigation = false;
    if (URL.canParse(req.url)) toOriginForm(req);
    res.set("X-Request-Id", req.id);
    res.on("close", () => {
      const durationMs = Math.round(Number(process.hrtime.bigint() - started) / 1e4) / 100;
      const { statusCode: status } = res;
      const fields = { method: req.method, path: loggedPath(req.originalUrl), status, durationMs };
      const person = req.person && { tenantId: req.person.tenant.id, userId: req.person.user.id };
      req.log.info(
        { ...fields, ...person, ...(res.writableFinished ? {} : { aborted: true }) },
        "request.answered",
      );
    });
    next();
  };
}

/**
 * A client may name our origin, or any other, in the first line of a request (RFC 9112 §3.2.2). Only the path counts here:
 * the other origin must not get into a page, a command or a check of the address.
 */
function toOriginForm(req: Request): void {
  const { pathname, search } = new URL(req.url);
  req.url = pathname + search;
  req.originalUrl = req.url;
}

/**
 * Refuses URLs with a NUL: none of our URLs has one, and PostgreSQL rejects it even as a parameter. formField() does the
 * same for forms.
 */
export const refuseNul: RequestHandler = (req, _res, next) => {
  next(/%00/.test(req.originalUrl) ? new NotFoundError("No URL of this site contains a NUL.") : undefined);
};

/**
 * Refuses a page that a browser or a link preview loads in advance, and that the person may never open. A status other than
 * 2xx makes a browser discard such a copy and send a real request when the person opens the page.
 */
export const noPrefetch: RequestHandler = (req, res, next) => {
  if (!isSpeculative(req)) return next();
  logUnread(req);
  const text = "This page is not loaded in advance.\n";
  res.status(503).set("Cache-Control", "no-store").type("text").send(text);
};

/**
 * Mount it first in the chain of a GET that consumes or records something: refuses HEAD and pages that are loaded in
 * advance. HEAD must be safe (RFC 9110 §9.2.1), but Express routes it to the handler of GET.
 */
export const navigationOnly: RequestHandler = (req, res, next) => {
  if (req.method === "HEAD") {
    logUnread(req);
    res.status(405).set({ Allow: "GET", "Cache-Control": "no-store" }).end();
    return;
  }
  noPrefetch(req, res, () => {
    req.isNavigation = true;
    next();
  });
};

function logUnread(req: Request): void {
  req.log.info({ method: req.method, path: loggedPath(req.originalUrl) }, "request.not_a_navigation");
}

/** The headers of requests that a browser makes before a person asks for the page. Sec-Purpose is the standard one. */
const purposeHeaders = ["sec-purpose", "purpose", "x-purpose", "x-moz"];
const speculativePurposes = new Set(["prefetch", "prerender", "preview", "instant"]);

/** Whether a browser loads the page in advance: `Sec-Purpose: prefetch;prerender` (Fetch), or an older header. */
export function isSpeculative(req: Request): boolean {
  return purposeHeaders.some((name) =>
    (req.get(name) ?? "").split(/[;,\s]+/).some((word) => speculativePurposes.has(word.toLowerCase())),
  );
}

/** Whether a person sees the answer: not if a script loads it, and not yet if the browser loads it in advance. */
export function isSeen(req: Request): boolean {
  return (req.get("sec-fetch-dest") ?? "document") === "document" && !isSpeculative(req);
}

/** The path of a URL, without the secret token of a one-time link. Case-insensitive, as routes are. */
function loggedPath(url: string): string {
  const path = url.split("?")[0] ?? "";
  return /^\/setup\//i.test(path) ? "/setup/[redacted]" : path;
}

/** The value of a cookie that the browser sent; null if there is none of this name. */
export function cookieOf(req: Request, name: string): string | null {
  const pairs = (req.headers.cookie ?? "").split(/;\s*/).map((pair) => pair.split(/=(.*)/s));
  return pairs.find(([key]) => key === name)?.[1] ?? null;
}

/** The cookie with the parked sessions of a browser (parked-sessions.ts). On https its name starts with `__Host-`. */
export const parkedCookie = "parked-sessions";

/** Whether the request has that cookie. parked-sessions.ts checks it. */
export function mayHaveParked(req: Request): boolean {
  return (cookieOf(req, `__Host-${parkedCookie}`) ?? cookieOf(req, parkedCookie)) !== null;
}

/**
 * Prevents cross-site request forgery without tokens in forms: refuses state-changing requests that another site made the
 * browser send. Fetch metadata (Sec-Fetch-Site) names the sending site; browsers without it send Origin with every POST.
 * A client that sends neither is not a browser with our cookie; it can use the protocol endpoints (`acceptsCrossSite`),
 * which read no session. Webhooks are mounted before (webhooks.ts).
 */
export function sameOrigin(baseUrl: string): RequestHandler {
  return (req, _res, next) => {
    if (acceptsCrossSite(req.path) || isFromOwnPages(req, baseUrl)) return next();
    const site = req.get("sec-fetch-site");
    req.log.warn({ site, path: loggedPath(req.originalUrl) }, "request.cross_site_refused");
    next(new CrossSiteError());
  };
}

/** Whether a request changes nothing, or comes from a page of this origin. */
export function isFromOwnPages(req: Request, baseUrl: string): boolean {
  if (["GET", "HEAD", "OPTIONS"].includes(req.method)) return true;
  const site = req.get("sec-fetch-site");
  return site === undefined ? req.get("origin") === baseUrl : site === "same-origin";
}

export class CrossSiteError extends Error {
  override name = "CrossSiteError";
}

/**
 * A rate limit was exceeded. `retryAfter` is in whole seconds; `advice` ends the sentence that tells the person how long
 * to wait.
 */
export class TooManyRequestsError extends Error {
  override name = "TooManyRequestsError";
  readonly retryAfter: number;
  readonly advice: string;
  constructor(retryAfter: number, advice = "then try again") {
    super("too many requests");
    this.retryAfter = retryAfter;
    this.advice = advice;
  }
}

/** Counts a use of a rate limit. Throws TooManyRequestsError if it is not allowed. */
export async function countUse(limiter: RateLimiter, key: string, advice?: string): Promise<void> {
  const retryAfter = await limiter.use(key);
  if (retryAfter > 0) throw new TooManyRequestsError(retryAfter, advice);
}

/** Parses posted forms, except large ones with a document: their own route parses those. */
export function formBodies(): RequestHandler {
  const read = express.urlencoded({ extended: false, limit: "32kb" });
  return (req, res, next) => (carriesDocument(req.path) ? next() : read(req, res, next));
}

const readDocument = express.urlencoded({ extended: false, limit: "4mb" });

/**
 * Parses large forms; mount it after the permission check. The limit is far above any valid document, because the form's
 * own page explains a document that is too long better than an error page does.
 */
export const documentForm: RequestHandler = (req, res, next) => {
  readDocument(req, res, (error?: unknown) => {
    try {
      if (!error) checkOrganisation(req);
      next(error);
    } catch (refusal) {
      next(refusal);
    }
  });
};

/** The hidden field with the id of the tenant whose page has the form (organisations.ts). Scripts may send it as a header. */
export const organisationField = "of-organisation";

/** A request from a page of another organisation than the one in which the browser is now. */
export class OtherOrganisationError extends Error {
  override name = "OtherOrganisationError";
}

/**
 * Keeps a page of one organisation from acting in another one, to which the browser was switched in another tab. A browser
 * with several organisations has to name one. Throws OtherOrganisationError.
 */
function checkOrganisation(req: Request): void {
  if (!req.person || ["GET", "HEAD", "OPTIONS"].includes(req.method) || carriesUnreadDocument(req)) return;
  const named = req.get(organisationField) ?? formField(req, organisationField);
  const isAmbiguous = mayHaveParked(req) && (req.parkedSessions?.().ids().length ?? 0) > 0;
  if (named === "" ? isAmbiguous : named !== req.person.tenant.id)
    throw new OtherOrganisationError("the page belongs to another organisation");
}

/** Forms that do not act in the current session: they begin another one, or name the one that they mean. */
const choosesItself = new RegExp(`^(${paths.login}(/.*)?|${paths.switchOrganisation}|${paths.logout})$`, "i");

/** Refuses a form of a page of another organisation. Throws OtherOrganisationError. */
export const ownOrganisation: RequestHandler = (req, _res, next) => {
  if (!choosesItself.test(req.path)) checkOrganisation(req);
  next();
};

/** Its route reads it, and checks it then. */
function carriesUnreadDocument({ path, originalUrl, body }: Request): boolean {
  return body === undefined && carriesDocument(originalUrl.split("?")[0] ?? path);
}

/**
 * A text field of a posted form; empty if it is absent or not a single text. Throws InvalidError for text with a NUL:
 * a person cannot type one, and PostgreSQL cannot store it.
 */
export function formField(req: Request, name: string): string {
  const values = formFields(req, name);
  return values.length === 1 ? (values[0] ?? "") : "";
}

/** All values of a field: those of ticked boxes, for example. Throws InvalidError as formField does. */
export function formFields(req: Request, name: string): string[] {
  // Express creates the body without a prototype, so `name` cannot reach an inherited member.
  const value = (req.body as Record<string, unknown> | undefined)?.[name];
  const values = [value].flat().filter((one) => typeof one === "string");
  if (values.some((one) => one.includes("\0")))
    throw new InvalidError("The form contains a character that is not text.");
  return values;
}

/** Longer paths are not followed. So they are not sent either: clients and proxies limit the header of a response. */
const longestPath = 2_000;

/** The address of a page that leads on to `returnTo`. */
export function withReturnTo(page: string, returnTo: string | null, more: Record<string, string> = {}) {
  const isSent = returnTo !== null && returnTo.length <= longestPath;
  const query = new URLSearchParams({ ...more, ...(isSent ? { returnTo } : {}) });
  return query.size > 0 ? `${page}?${query}` : page;
}

/**
 * Returns `wanted` if it is a path of this site, else `fallback`. Prevents open redirects: a query or an identity provider
 * can only choose a destination within our origin.
 */
export function safePath(wanted: unknown, baseUrl: string, fallback: string): string {
  if (typeof wanted !== "string" || !wanted.startsWith("/") || wanted.length > longestPath) return fallback;
  if (!URL.canParse(wanted, baseUrl)) return fallback;
  const url = new URL(wanted, baseUrl);
  // "/.//host" has our origin, but its path "//host" alone would name another host.
  if (url.origin !== baseUrl || url.pathname.startsWith("//")) return fallback;
  return url.pathname + url.search;
}

/** The path of a URL or a path within our origin; null for anything else. */
export function localPath(wanted: unknown, baseUrl: string): string | null {
  if (typeof wanted !== "string" || wanted === "" || wanted.length > longestPath) return null;
  if (wanted.startsWith("/")) return safePath(wanted, baseUrl, "") || null;
  if (!URL.canParse(wanted)) return null;
  const url = new URL(wanted);
  return url.origin === baseUrl ? safePath(url.pathname + url.search, baseUrl, "") || null : null;
}

/**
 * The network of an address, by which limits count anonymous requests: an IPv4 address, or the first 64 bits of an IPv6
 * address. A subscriber has at least a /64 (RFC 6177), which must not count as 2^64 visitors.
 */
export function networkOf(ip = ""): string {
  const address = ip.replace(/%.*$/, "").replace(/^::ffff:(?=\d+\.)/i, "");
  if (!isIPv6(address)) return address;
  // The URL parser normalises the address (RFC 5952); "::" abbreviates zeros.
  const [head = "", tail] = new URL(`http://[${address}]`).hostname.slice(1, -1).split("::");
  const [before, after] = [head, tail ?? ""].map((part) => part.split(":").filter((group) => group !== ""));
  const zeros = Array<string>(8 - (before?.length ?? 0) - (after?.length ?? 0)).fill("0");
  return [...(before ?? []), ...zeros, ...(after ?? [])].slice(0, 4).join(":");
}
