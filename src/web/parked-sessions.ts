/**
 * The further sessions of a browser, one for each other tenant in which it is signed in (docs/decisions/0075). They are
 * parked: no request has their rights until the person switches.
 */
import { createHmac, hkdfSync } from "node:crypto";
import type { Request, Response } from "express";
import type { SessionData } from "express-session";
import { equalsSecret, hashToken } from "../store/secrets.ts";
import type { SessionStore, SignedInPerson } from "../store/session-store.ts";
import { cookieOf, parkedCookie } from "./request.ts";

/** A parked session that gives access, as the database knows it now. */
interface ParkedSession extends Pick<SignedInPerson, "tenant" | "user"> {
  /** The session's id: a secret of this browser. */
  id: string;
}

export interface ParkedSessions {
  /** The ids, the last one that was parked first. Needs no database. */
  ids(): readonly string[];
  /** Those whose sessions are active, by the rules for the current session. */
  active(): Promise<ParkedSession[]>;
  /** Adds the current session; the one that was parked first ends if too many are active. */
  park(req: Request): Promise<void>;
  /** Parks the current session, if it is a person's, in place of a parked one. Returns false if that one has ended. */
  makeCurrent(req: Request, id: string): Promise<boolean>;
  /** Ends parked sessions. */
  end(req: Request, ids: readonly string[]): Promise<void>;
}

declare module "express-serve-static-core" {
  interface Request {
    /** Opens the parked sessions of this browser. Absent where no session is loaded. */
    parkedSessions?: () => ParkedSessions;
  }
}

/** A page asks the database for each. */
const mostParked = 4;

/**
 * Returns what opens the parked sessions of a browser (sessions.ts): it reads their cookie. Its ids are as secret as that of
 * the session's cookie, and it has the same attributes. The MAC keeps made-up ids from the database. Its key is derived from
 * SESSION_SECRET for this use alone.
 */
export function parkedSessions({
  sessions,
  secret,
  baseUrl,
}: {
  sessions: SessionStore;
  secret: string;
  baseUrl: string;
}): (req: Request, res: Response) => ParkedSessions {
  const secure = baseUrl.startsWith("https:");
  const name = secure ? `__Host-${parkedCookie}` : parkedCookie;
  const attributes = { httpOnly: true, sameSite: "lax", secure, path: "/" } as const;
  const key = Buffer.from(hkdfSync("sha256", secret, "", "parked-sessions", 32));

  const signed = (ids: readonly string[]) => {
    const text = ids.join("~");
    return `${text}.${createHmac("sha256", key).update(text).digest("base64url")}`;
  };
  const read = (req: Request): readonly string[] => {
    const value = cookieOf(req, name) ?? "";
    const ids = value.slice(0, value.lastIndexOf(".")).split("~");
    return equalsSecret(value, signed(ids)) ? ids : [];
  };

  return (req, res) => {
    let ids = read(req);
    /** Replaces the ids, in the browser's cookie as well. */
    const keep = (wanted: readonly string[]) => {
      ids = wanted;
      // Like express-session: never send a secure cookie over http.
      if (secure && !req.secure) return;
      if (ids.length > 0) res.cookie(name, signed(ids), attributes);
      else res.clearCookie(name, attributes);
    };
    const active = async (): Promise<ParkedSession[]> => {
      const found = await Promise.all(
        ids.map(async (id) => {
          const stored = await sessions.load(hashToken(id));
          const person = stored?.signIn ? await sessions.person(stored.signIn) : null;
          return person ? [{ id, tenant: person.tenant, user: person.user }] : [];
        }),
      );
      return found.flat();
    };
    return {
      ids: () => ids,
      active,

      async park({ sessionID, sessionStore }) {
        // An ended session must not push out an active one.
        const others = ids.length < mostParked ? ids : (await active()).map(({ id }) => id);
        const all = [sessionID, ...others.filter((id) => id !== sessionID)];
        await destroyAll(sessionStore, all.slice(mostParked));
        keep(all.slice(0, mostParked));
      },

      async makeCurrent(request, id) {
        const data = await storedSession(request, id);
        if (!data) return false;
        const others = ids.filter((one) => one !== id);
        keep(request.person ? [request.sessionID, ...others] : others);
        request.sessionID = id;
        request.sessionStore.createSession(request, data);
        // The cookie of the session gets this id, with the attributes of any other.
        Object.assign(request.session.cookie, attributes);
        return true;
      },

      async end({ sessionStore }, ended) {
        await destroyAll(sessionStore, ended);
        keep(ids.filter((id) => !ended.includes(id)));
      },
    };
  };
}

async function destroyAll(sessionStore: Request["sessionStore"], ids: readonly string[]): Promise<void> {
  for (const id of ids)
    await new Promise<void>((resolve, reject) =>
      sessionStore.destroy(id, (error) => (error ? reject(error) : resolve())),
    );
}

/** The data of a session of this browser that is not the current one; null if it has ended. */
export async function storedSession({ sessionStore }: Request, id: string): Promise<SessionData | null> {
  return await new Promise((resolve, reject) =>
    sessionStore.get(id, (error, found) => (error ? reject(error) : resolve(found ?? null))),
  );
}
