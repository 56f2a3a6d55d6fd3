import assert from "node:assert/strict";
import type { Express, RequestHandler } from "express";
import { paths } from "../../src/endpoints.ts";

interface Layer {
  /** Mounted at "/". */
  slash: boolean;
  name: string;
  handle: { stack?: Layer[] };
  route?: { path: string; methods: Record<string, boolean>; stack: Step[] };
}

interface Step {
  name: string;
  method: string;
  handle: RequestHandler;
}

/** A route of an Express application. */
export interface Route {
  method: string;
  path: string;
  /** The names of its middleware and handlers, in order. */
  handlers: string[];
}

/** All routes of all routers, in order, without those of SCIM, which browsers' forms do not reach (endpoints.ts). */
export function routesOf(app: Express): Route[] {
  return found(app).flatMap(({ route, folder }) => (folder === "" ? routesIn(route, folder) : []));
}

/** All routes of the application, each once, SCIM's included. */
export function everyRoute(app: Express): Route[] {
  const routes = found(app).flatMap(({ route, folder }) => routesIn(route, folder));
  const named = new Map(routes.map((route) => [`${route.method} ${route.path}`, route]));
  // SCIM refuses the other methods of a path by a route for all of them.
  return [...named.values()].filter(({ method }) => method !== "_ALL");
}

/** Makes `probe` the last handler of each route: what comes before decides which requests reach it. */
export function probeRoutes(app: Express, probe: RequestHandler): void {
  for (const { route } of found(app)) {
    for (const method of Object.keys(route.methods)) {
      const last = route.stack.findLast((step) => step.method === method);
      if (last) last.handle = probe;
    }
  }
}

interface Found {
  route: NonNullable<Layer["route"]>;
  /** Where its router is mounted; empty at the root. */
  folder: string;
}

function found(app: Express): Found[] {
  return collect((app.router as unknown as { stack: Layer[] }).stack);
}

/** Routers must be mounted at the root, except the one of SCIM. */
function collect(layers: Layer[]): Found[] {
  return layers.flatMap((layer) => {
    if (layer.route) return [{ route: layer.route, folder: "" }];
    const inner = collect(layer.handle.stack ?? []);
    if (layer.slash || inner.length === 0) return inner;
    const isScim = inner.some(({ route }) => route.path === "/ServiceProviderConfig");
    assert.ok(isScim, `routes of an unknown router with a path: ${JSON.stringify(inner)}`);
    return inner.map(({ route }) => ({ route, folder: paths.scim }));
  });
}

function routesIn(route: Found["route"], folder: string): Route[] {
  return Object.keys(route.methods).map((method) => ({
    method: method.toUpperCase(),
    path: folder + route.path,
    handlers: route.stack.filter((one) => one.method === method).map(({ name }) => name),
  }));
}

/** A path that matches a route, with `value` for each parameter. */
export function pathOf(route: Pick<Route, "path">, value: string): string {
  return route.path.replace(/:\w+/g, value);
}
