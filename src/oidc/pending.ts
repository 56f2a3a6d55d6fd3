import type { Request, Response } from "express";
import { RefusedError } from "../errors.ts";
import { hashToken, randomToken, type Sealer } from "../store/secrets.ts";
import type { TenantStore } from "../store/tenant-store.ts";
import { cookieOf } from "../web/cookies.ts";
import type { Expectations } from "./strategy.ts";

/** A sign-in that has not come back by then is over. */
const pendingMs = 10 * 60_000;

export interface PendingLogins {
  leave(store: TenantStore, connectionId: string, expectations: Expectations): Promise<string>;
  comeBack(store: TenantStore, connectionId: string, state: string): Promise<Expectations>;
}

/**
 * Sign-ins in flight, of one browser: each has its own row, so that two tabs and two connections do not get in each
 * other's way, and all replicas see them. A cookie of this browser says that it is the one that left.
 */
export function pendingLogins(req: Request, res: Response, sealer: Sealer, secure: boolean): PendingLogins {
  const cookie = secure ? "__Host-signing-in" : "signing-in";
  const contextOf = (store: TenantStore, connectionId: string) => `${store.tenantId}/${connectionId}/login`;
  return {
    async leave(store, connectionId, expectations) {
      const browser = cookieOf(req, cookie) ?? randomToken();
      // Lax: the provider sends the browser back by a GET at the top level.
      res.cookie(cookie, browser, { httpOnly: true, sameSite: "lax", secure, path: "/", maxAge: pendingMs });
      const state = randomToken();
      await store.pendingLogins.create({
        connectionId,
        stateHash: hashToken(state),
        browserHash: hashToken(browser),
        sealedData: sealer.seal(JSON.stringify(expectations), contextOf(store, connectionId)),
        expiresAt: Date.now() + pendingMs,
      });
      return state;
    },

    async comeBack(store, connectionId, state) {
      const browser = cookieOf(req, cookie) ?? "";
      const sealed = await store.pendingLogins.consume(connectionId, hashToken(state), hashToken(browser));
      if (sealed === null) throw new RefusedError("sign-in-not-started-here");
      return JSON.parse(sealer.open(sealed, contextOf(store, connectionId))) as Expectations;
    },
  };
}
