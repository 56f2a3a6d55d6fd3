import { setTimeout as sleep } from "node:timers/promises";
import type { Request, RequestHandler, Response } from "express";
import { entryOf } from "../catalog.ts";
import { withNotice } from "../notices.ts";
import { appOf, type Org, OrgRefusal } from "../org.ts";
import { ScimFailure } from "../scim-failure.ts";
import type { OrgApp } from "../state.ts";

/** How long a page waits for the work of its form. Longer work continues in the background. */
const patienceMs = 5_000;

/** The result of a form: a sentence, and optionally another page to show it on, with the form still filled in. */
type FormResult = string | { text: string; to: string; keepsEntered?: boolean };

/**
 * Handles a form. Redirects to a page with the result of `work`. If `work` throws an OrgRefusal or a ScimFailure, the page
 * shows its message and the values that were entered.
 * @param back the page of the form; `work` may return another one.
 */
export function act(
  back: (req: Request) => string,
  work: (req: Request) => Promise<FormResult> | FormResult,
): RequestHandler {
  return orBack(back, async (req, res) => {
    const result = await work(req);
    const outcome = typeof result === "string" ? { text: result, to: back(req) } : result;
    const values = outcome.keepsEntered ? valuesOf(req) : {};
    res.redirect(303, withNotice(outcome.to, { kind: "done", text: outcome.text, values }));
  });
}

/** Handles a form by a response of its own. An OrgRefusal or a ScimFailure leads back, as in `act`. */
export function orBack(
  back: (req: Request) => string,
  handle: (req: Request, res: Response) => Promise<void>,
): RequestHandler {
  return async (req, res) => {
    try {
      await handle(req, res);
    } catch (error) {
      if (!(error instanceof OrgRefusal) && !(error instanceof ScimFailure)) throw error;
      res.redirect(
        303,
        withNotice(back(req), { kind: "problem", text: error.message, values: valuesOf(req) }),
      );
    }
  };
}

/** Waits for work, but for five seconds at most. */
export async function waitBriefly(work: Promise<unknown>): Promise<void> {
  await Promise.race([work, sleep(patienceMs)]);
}

/** A field of a form; empty if it is absent. */
export function field(req: Request, name: string): string {
  const value = (req.body as Record<string, unknown> | undefined)?.[name];
  return typeof value === "string" ? value : "";
}

/** All values of a field that a form may send several times. */
export function fields(req: Request, name: string): string[] {
  const value = (req.body as Record<string, unknown> | undefined)?.[name];
  return [value ?? []].flat().filter((one) => typeof one === "string");
}

/** The fields whose name starts with `prefix`, by the rest of their name. */
export function fieldsStartingWith(req: Request, prefix: string): Record<string, string> {
  const found = Object.entries(valuesOf(req)).filter(([name]) => name.startsWith(prefix));
  return Object.fromEntries(found.map(([name, value]) => [name.slice(prefix.length), value]));
}

function valuesOf(req: Request): Record<string, string> {
  const entries = Object.entries((req.body ?? {}) as Record<string, unknown>);
  return Object.fromEntries(
    entries.filter((entry): entry is [string, string] => typeof entry[1] === "string"),
  );
}

/** A path parameter of a matched route. Express's type allows it to be absent. */
export function idIn(req: Request, name = "id"): string {
  return String(req.params[name]);
}

/** The address of an app's page, in Okta's form. @param tab begins with a slash. */
export function appPath({ name, id }: OrgApp, tab = ""): string {
  return `/admin/app/${encodeURIComponent(name)}/instance/${id}${tab}`;
}

/** Requests of Okta's address of an app reach the routes, which have the short address `/admin/apps/:id`. */
export const shortenAppPath: RequestHandler = (req, _res, next) => {
  req.url = req.url.replace(/^\/admin\/app\/[^/?]+\/instance\/([^/?]+)/, "/admin/apps/$1");
  next();
};

/** The page of the app that the form belongs to. Throws OrgNotFoundError. */
export function backTo(org: Org, tab = ""): (req: Request) => string {
  return (req) => appPath(appOf(org, idIn(req)), tab);
}

/**
 * The values that every tab of an app needs. Throws OrgNotFoundError.
 * @param tab its name, which the tabs mark as current.
 */
export function appPage(org: Org, req: Request, tab: string) {
  const app = appOf(org, idIn(req));
  const edit = typeof req.query.edit === "string" ? req.query.edit : "";
  return { title: app.label, app, entry: entryOf(org, app), base: appPath(app), tab, edit };
}

/** One page of a list. */
export interface OrgListPage<T> {
  rows: T[];
  page: number;
  pages: number;
  total: number;
  query: string;
}

const perPage = 25;

/** The page of the list that the query string asks for, with only the rows whose text contains the search term. */
export function pageOf<T>(req: Request, all: readonly T[], textOf: (one: T) => string): OrgListPage<T> {
  const query = typeof req.query.q === "string" ? req.query.q.trim() : "";
  const found =
    query === "" ? all : all.filter((one) => textOf(one).toLowerCase().includes(query.toLowerCase()));
  const pages = Math.max(1, Math.ceil(found.length / perPage));
  const page = Math.min(Math.max(1, Number(req.query.page) || 1), pages);
  return { rows: found.slice((page - 1) * perPage, page * perPage), page, pages, total: found.length, query };
}
