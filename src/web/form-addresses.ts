import type { ErrorRequestHandler, Express } from "express";
import { acceptsCrossSite } from "../endpoints.ts";
import { NotFoundError } from "../errors.ts";

/** The parts of Express's routers that this file reads. */
interface Layer {
  /** Mounted at "/". The routers of protocols have a path of their own, and no forms. */
  slash: boolean;
  handle: { stack?: Layer[] };
  route?: { path: string; methods: Readonly<Record<string, boolean>> };
}

/** The paths of an application's routes, with parameters. */
interface RoutePaths {
  pages: readonly string[];
  forms: readonly string[];
}

/**
 * Leads a GET of an address to which only forms are sent to the page of the form: the nearest one above it. A person opens
 * such an address from their history, or by a reload after an error. Mount it after all routes.
 */
export function leadToForm(app: Express): ErrorRequestHandler {
  let paths: RoutePaths | null = null;
  return (error: unknown, req, res, next) => {
    if (!(error instanceof NotFoundError) || req.method !== "GET" || acceptsCrossSite(req.path))
      return next(error);
    paths ??= routePaths((app.router as unknown as { stack: Layer[] }).stack);
    const page = pageOfForm(req.path, paths);
    if (page === null) return next(error);
    res.redirect(303, page);
  };
}

/** The path of the page that has the form with this address; null if no form has it. */
function pageOfForm(address: string, { pages, forms }: RoutePaths): string | null {
  const isOf = (path: string) => (route: string) => matches(route, path);
  const form = forms.find(isOf(address));
  // Where a page has the address as well, it is the page that is missing.
  if (form === undefined || pages.includes(form)) return null;
  const segments = address.split("/");
  for (let length = segments.length - 1; length > 0; length--) {
    const above = segments.slice(0, length).join("/") || "/";
    if (pages.some(isOf(above))) return above;
  }
  return null;
}

function matches(route: string, path: string): boolean {
  const [wanted, given] = [route, path].map((one) => one.split("/"));
  return (
    wanted?.length === given?.length &&
    (wanted ?? []).every((part, at) => part.startsWith(":") || part === given?.[at])
  );
}

function routePaths(stack: readonly Layer[]): RoutePaths {
  const routes = routesIn(stack);
  const of = (method: string) => routes.filter(({ methods }) => methods[method]).map(({ path }) => path);
  return { pages: of("get"), forms: of("post") };
}

function routesIn(stack: readonly Layer[]): NonNullable<Layer["route"]>[] {
  return stack.flatMap(({ route, slash, handle }) => {
    if (route) return [route];
    return slash ? routesIn(handle.stack ?? []) : [];
  });
}
