import { randomBytes } from "node:crypto";
import type { Request, Response } from "express";
import type { Access } from "./access.ts";
import type { Answer, Topic } from "./questions.ts";
import type { Refusal } from "./refusals.ts";
import type { PendingSignIn, SignedInAtOrg } from "./sign-in.ts";
import type { Exchange } from "./wire-trace.ts";

/** A sign-in or a question, with its messages. */
export interface AgentRound {
  title: string;
  answer: Answer | null;
  refusal: Refusal | null;
  exchanges: readonly Exchange[];
}

/** A browser's session with the agent. */
export interface AgentSession {
  pending: PendingSignIn | null;
  user: SignedInAtOrg | null;
  access: Access | null;
  topic: Topic;
  rounds: AgentRound[];
}

// Cookies do not differ by port: the org on the same host has another name for its own.
const cookieName = "task-helper-session";

/** The agent's sessions, in memory: a restart ends them all. */
export function agentSessions(isHttps: boolean) {
  const sessions = new Map<string, AgentSession>();
  const find = (req: Request) => {
    const [, id = ""] = new RegExp(`(?:^|; *)${cookieName}=([\\w-]+)`).exec(req.headers.cookie ?? "") ?? [];
    return sessions.get(id);
  };
  return {
    /** The session of a browser; a new one, not stored yet, if it has none. */
    of: (req: Request): AgentSession => find(req) ?? emptySession(),
    /** The stored session of a browser. Starts one if it has none. */
    start(req: Request, res: Response): AgentSession {
      const existing = find(req);
      if (existing) return existing;
      const session = emptySession();
      const id = randomBytes(32).toString("base64url");
      sessions.set(id, session);
      res.cookie(cookieName, id, { httpOnly: true, sameSite: "lax", secure: isHttps });
      return session;
    },
    endAll: () => sessions.clear(),
  };
}

function emptySession(): AgentSession {
  return { pending: null, user: null, access: null, topic: { task: null }, rounds: [] };
}
