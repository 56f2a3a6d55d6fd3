import assert from "node:assert/strict";
import type { Express } from "express";

interface Layer {
  /** Mounted at "/". */
  slash: boolean;
  name: string;
  handle: { stack?: Layer[] };
  route?: { path: string; methods: Record<string, boolean>; stack: { name: string; method: string }[] };
}

/** A route of an Express application. */
export interface Route {
  method: string;
  path: string;
  /** The names of its middleware and handlers, in order. */
  handlers: string[];
}

/** All routes of all routers, in order. Routers must be mounted at the root, except those below. */
export function routesOf(app: Express): Route[] {
  return collect((app.router as unknown as { stack: Layer[] }).stack);
}

function collect(layers: Layer[]): Route[] {
  return layers.flatMap((layer) => {
    const { route } = layer;
    if (route) {
      return Object.keys(route.methods).map((method) => ({
        method: method.toUpperCase(),
        path: route.path,
        handlers: route.stack.filter((one) => one.method === method).map(({ name }) => name),
      }));
    }
    const inner = collect(layer.handle.stack ?? []);
    if (layer.slash || inner.length === 0) return inner;
    // A router with its own path: SCIM, which browsers' forms do not reach (endpoints.ts).
    const known = inner.some(({ path }) => path === "/ServiceProviderConfig");
    assert.ok(known, `routes of an unknown router with a path: ${JSON.stringify(inner)}`);
    return [];
  });
}

/** A path that matches a route, with `value` for each parameter. */
export function pathOf(route: Pick<Route, "path">, value: string): string {
  return route.path.replace(/:\w+/g, value);
}
