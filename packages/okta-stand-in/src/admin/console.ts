import { setTimeout as sleep } from "node:timers/promises";
import type { Request, RequestHandler } from "express";
import { withNotice } from "../notices.ts";
import { OrgRefusal } from "../org.ts";
import { ScimFailure } from "../scim-client.ts";

/** So long a page waits for what its form has caused; what takes longer goes on by itself. */
const patienceMs = 5_000;

/** What came of a form: a sentence, and where it differs the page that says it, and whether the form stays filled in. */
type FormResult = string | { text: string; to: string; keepsEntered?: boolean };

/**
 * Does what a form asks for, and says on the page where it stood what came of it: what `work` returns, or why it could
 * not be done, with what was entered.
 * @param back the page; `work` may name another one.
 */
export function act(
  back: (req: Request) => string,
  work: (req: Request) => Promise<FormResult> | FormResult,
): RequestHandler {
  return async (req, res) => {
    try {
      const result = await work(req);
      const outcome = typeof result === "string" ? { text: result, to: back(req) } : result;
      const values = outcome.keepsEntered ? valuesOf(req) : {};
      res.redirect(303, withNotice(outcome.to, { kind: "done", text: outcome.text, values }));
    } catch (error) {
      if (!(error instanceof OrgRefusal) && !(error instanceof ScimFailure)) throw error;
      res.redirect(
        303,
        withNotice(back(req), { kind: "problem", text: error.message, values: valuesOf(req) }),
      );
    }
  };
}

/** Waits for what was caused, but not for long. */
export async function aMoment(caused: Promise<unknown>): Promise<void> {
  await Promise.race([caused, sleep(patienceMs)]);
}

/** A field of a form; empty when it is absent. */
export function field(req: Request, name: string): string {
  const value = (req.body as Record<string, unknown> | undefined)?.[name];
  return typeof value === "string" ? value : "";
}

/** The values of a field that a form may send several times. */
export function fields(req: Request, name: string): string[] {
  const value = (req.body as Record<string, unknown> | undefined)?.[name];
  return [value ?? []].flat().filter((one) => typeof one === "string");
}

function valuesOf(req: Request): Record<string, string> {
  const entries = Object.entries((req.body ?? {}) as Record<string, unknown>);
  return Object.fromEntries(
    entries.filter((entry): entry is [string, string] => typeof entry[1] === "string"),
  );
}

/** The path parameter; express types it as perhaps absent. */
export function idIn(req: Request, name = "id"): string {
  return String(req.params[name]);
}

export interface ListPage<T> {
  rows: T[];
  page: number;
  pages: number;
  total: number;
  query: string;
}

const perPage = 25;

/** What a list shows: those whose text contains what was searched for, a page at a time. */
export function pageOf<T>(req: Request, all: readonly T[], textOf: (one: T) => string): ListPage<T> {
  const query = typeof req.query.q === "string" ? req.query.q.trim() : "";
  const found =
    query === "" ? all : all.filter((one) => textOf(one).toLowerCase().includes(query.toLowerCase()));
  const pages = Math.max(1, Math.ceil(found.length / perPage));
  const page = Math.min(Math.max(1, Number(req.query.page) || 1), pages);
  return { rows: found.slice((page - 1) * perPage, page * perPage), page, pages, total: found.length, query };
}
