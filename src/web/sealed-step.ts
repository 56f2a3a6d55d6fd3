import { randomUUID } from "node:crypto";
import type { Request, Response } from "express";
import type { Database } from "../store/database.ts";
import { onceOnly } from "../store/rate-limits.ts";
import type { Sealer } from "../store/secrets.ts";
import { cookieOf } from "./request.ts";

/** Facts that one browser carries from the first request of a step to the last: of a sign-in, or of a new passkey. */
export interface SealedStep<Facts> {
  /** Gives the facts to the browser. An earlier step of the same name ends. */
  begin(res: Response, facts: Facts): void;
  /** The facts that this browser has; null without any, or if they are too old. */
  of(req: Request): Facts | null;
  /** Ends the step. Returns false if it ended before, on any replica: then it must have no effect. */
  finish(req: Request, database: Database): Promise<boolean>;
  /** Takes the facts from the browser. */
  forget(res: Response): void;
}

export interface SealedStepDeps {
  sealer: Sealer;
  baseUrl: string;
}

const lifeSeconds = 600;

interface Sealed<Facts> {
  id: string;
  expiresAt: number;
  facts: Facts;
}

/**
 * A step of a sign-in, sealed with DATA_KEY in a cookie: an anonymous request stores no row. The cookie binds the step to
 * its browser. It lasts ten minutes and works once, by its id (docs/decisions/0065).
 */
export function sealedStep<Facts>(name: string, { sealer, baseUrl }: SealedStepDeps): SealedStep<Facts> {
  const secure = baseUrl.startsWith("https:");
  const cookie = secure ? `__Host-${name}` : name;
  const options = { httpOnly: true, sameSite: "lax", path: "/", secure } as const;

  const open = (req: Request): Sealed<Facts> | null => {
    const sealed = cookieOf(req, cookie);
    if (sealed === null) return null;
    try {
      const step = JSON.parse(sealer.open(sealed, name)) as Sealed<Facts>;
      return step.expiresAt > Date.now() ? step : null;
    } catch {
      return null;
    }
  };

  return {
    begin(res, facts) {
      const step = { id: randomUUID(), expiresAt: Date.now() + lifeSeconds * 1000, facts };
      res.cookie(cookie, sealer.seal(JSON.stringify(step), name), options);
    },
    of: (req) => open(req)?.facts ?? null,
    async finish(req, database) {
      const step = open(req);
      return step !== null && (await onceOnly(database, { name, seconds: lifeSeconds })(step.id));
    },
    forget: (res) => void res.clearCookie(cookie, options),
  };
}
