import { randomBytes } from "node:crypto";
import type { Request, Response } from "express";

/** A person who is signed in to the org in one browser. */
export interface OrgSession {
  personId: string;
  signedInAt: number;
  /** The URL that asked for this sign-in. It does not ask again. */
  provedFor: string;
}

const cookieName = "org-session";
const maxAgeMs = 8 * 3_600_000;

export type OrgSessions = ReturnType<typeof orgSessions>;

/** The org's sessions, in memory: a restart ends them all. */
export function orgSessions(isHttps: boolean) {
  const sessions = new Map<string, OrgSession>();
  const idOf = (req: Request) =>
    new RegExp(`(?:^|; *)${cookieName}=([\\w-]+)`).exec(req.headers.cookie ?? "")?.[1] ?? "";
  const of = (req: Request): OrgSession | null => {
    const session = sessions.get(idOf(req));
    return session && session.signedInAt + maxAgeMs > Date.now() ? session : null;
  };
  return {
    of,
    start(req: Request, res: Response, personId: string, provedFor: string): void {
      sessions.delete(idOf(req));
      const id = randomBytes(32).toString("base64url");
      sessions.set(id, { personId, signedInAt: Date.now(), provedFor });
      res.cookie(cookieName, id, { httpOnly: true, sameSite: "lax", secure: isHttps });
    },
    end(req: Request, res: Response): void {
      sessions.delete(idOf(req));
      res.clearCookie(cookieName);
    },
    /** Ends every session of a person. Returns their number. */
    endOf(personId: string): number {
      const ended = [...sessions].filter(([, session]) => session.personId === personId);
      for (const [id] of ended) sessions.delete(id);
      return ended.length;
    },
    endAll: () => sessions.clear(),
  };
}
