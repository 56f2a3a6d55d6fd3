import type { CookieOptions, Request, Response } from "express";
import { RefusedError } from "../errors.ts";
import { hashToken, randomToken, type Sealer } from "../store/secrets.ts";
import type { TenantStore } from "../store/tenant-store.ts";
import { cookieOf } from "./request.ts";

/** A sign-in that has not come back by then is over. */
const pendingMs = 10 * 60_000;

/** One of the steps at which a browser leaves us and has to come back. */
export interface PendingStep {
  /** Names the cookie, and what is sealed. */
  name: string;
  /** Whether the browser comes back by a POST from another site, with which Lax cookies do not travel. */
  byCrossSitePost: boolean;
  secure: boolean;
}

/** Sign-ins in flight of one browser, at one step; `Kept` is what was kept of each on our side. */
export interface PendingLogins<Kept> {
  /** Keeps it under `id` (random when none is given), and returns that. */
  leave(store: TenantStore, connectionId: string, kept: Kept, id?: string): Promise<string>;
  /** What was kept, once, for the browser that left. Throws RefusedError `sign-in-not-started-here`. */
  comeBack(store: TenantStore, connectionId: string, id: string): Promise<Kept>;
}

/**
 * Each sign-in has its own row, so that two tabs and two connections do not get in each other's way, and all replicas see
 * them. A cookie of this browser says that it is the one that left.
 */
export function pendingLogins<Kept>(
  req: Request,
  res: Response,
  sealer: Sealer,
  step: PendingStep,
): PendingLogins<Kept> {
  const cookies = cookiesOf(step);
  const contextOf = (store: TenantStore, connectionId: string) =>
    `${store.tenantId}/${connectionId}/${step.name}`;
  const browserOf = () => cookies.map(([name]) => cookieOf(req, name)).find((value) => value !== null);
  return {
    async leave(store, connectionId, kept, id = randomToken()) {
      const browser = browserOf() ?? randomToken();
      for (const [name, options] of cookies) res.cookie(name, browser, options);
      await store.pendingLogins.create({
        connectionId,
        stateHash: hashToken(`${step.name}/${id}`),
        browserHash: hashToken(browser),
        sealedData: sealer.seal(JSON.stringify(kept), contextOf(store, connectionId)),
        expiresAt: Date.now() + pendingMs,
      });
      return id;
    },

    async comeBack(store, connectionId, id) {
      const state = hashToken(`${step.name}/${id}`);
      const sealed = await store.pendingLogins.consume(connectionId, state, hashToken(browserOf() ?? ""));
      if (sealed === null) throw new RefusedError("sign-in-not-started-here");
      return JSON.parse(sealer.open(sealed, contextOf(store, connectionId))) as Kept;
    },
  };
}

/**
 * A cookie that a cross-site POST carries has to be `SameSite=None; Secure`. Browsers take one on http from this very
 * machine, too; for those that do not, a Lax one stands beside it, which comes back where both sites are one.
 */
function cookiesOf({ name, byCrossSitePost, secure }: PendingStep): [name: string, CookieOptions][] {
  const common = { httpOnly: true, path: "/", maxAge: pendingMs };
  const none: [string, CookieOptions] = [`__Host-${name}`, { ...common, sameSite: "none", secure: true }];
  if (byCrossSitePost && secure) return [none];
  const lax: [string, CookieOptions] = [
    secure ? `__Host-${name}` : name,
    { ...common, sameSite: "lax", secure },
  ];
  return byCrossSitePost ? [none, lax] : [lax];
}
