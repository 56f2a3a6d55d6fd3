/**
 * Task helper, the AI agent of the demo: a product of another company, as far as the story goes. People sign in to it with
 * their org, and it works for them at the application, by Cross App Access and MCP. Scripts replace a model. It shows every
 * message that it sent.
 */
import { fileURLToPath } from "node:url";
import express, { type ErrorRequestHandler, type Express, type RequestHandler } from "express";
import { type AgentSettings, agentName } from "../../../../src/demo/agent.ts";
import { AccessEndedError, withTools } from "./access.ts";
import type { Parties } from "./messages.ts";
import { questionsWith, type ScriptedQuestion } from "./questions.ts";
import { explain } from "./refusals.ts";
import { type AgentRound, type AgentSession, agentSessions } from "./sessions.ts";
import { beginSignIn, endSignIn } from "./sign-in.ts";
import { lastRefused, showMessages } from "./view.ts";
import { WireTrace } from "./wire-trace.ts";

const folder = (name: string) => fileURLToPath(new URL(`${name}/`, import.meta.url));
const maxRounds = 30;

interface AgentOptions {
  /** Its public origin. */
  url: string;
  /** The page that leads through the demo; null without one. */
  storyUrl: string | null;
  /** null until the demo has registered it. */
  settings(): AgentSettings | null;
}

export interface RunningAgent {
  app: Express;
  /** Ends all sessions. */
  forget(): void;
}

export function createAgent({ url, storyUrl, settings }: AgentOptions): RunningAgent {
  const sessions = agentSessions(url.startsWith("https:"));
  const redirectUri = `${url}/callback`;
  const app = express();
  app.disable("x-powered-by");
  app.set("views", folder("views"));
  app.set("view engine", "ejs");
  app.locals.storyUrl = storyUrl;
  app.use(ownRequests(url), headers);
  app.use("/assets", express.static(folder("public"), { index: false, redirect: false }));
  app.use(express.urlencoded({ extended: false, limit: "10kb" }));

  app.get("/", (req, res) => {
    const session = sessions.of(req);
    const known = settings();
    if (!known) return void res.status(503).render("page", { ...emptyPage, name: agentName });
    const asked = Number(req.query.round);
    const number = session.rounds[asked - 1] ? asked : session.rounds.length;
    const round = session.rounds[number - 1] ?? null;
    const parties = partiesOf(url, known);
    const messages = showMessages(round?.exchanges ?? [], parties);
    res.render("page", {
      ...pageOf(session, parties),
      questions: questionsOf(session, known),
      isReady: true,
      name: agentName,
      number,
      round,
      messages,
    });
  });

  app.get("/sign-in", async (req, res) => {
    const known = required(settings());
    const session = sessions.start(req, res);
    const hint = typeof req.query.login_hint === "string" ? req.query.login_hint : undefined;
    const started = await beginSignIn(known, redirectUri, hint, new WireTrace());
    session.pending = started.pending;
    res.redirect(303, started.url);
  });

  app.get("/callback", async (req, res) => {
    const known = required(settings());
    const session = sessions.of(req);
    const { pending } = session;
    if (!pending) return res.redirect(303, "/");
    session.pending = null;
    const failure = await attempt(async () => {
      Object.assign(session, { user: null, access: null, topic: { task: null } });
      Object.assign(session, await endSignIn(pending, new URL(req.originalUrl, url)));
    });
    await finish(session, pending.trace, partiesOf(url, known), {
      title: "Sign in",
      answer: { text: `You are signed in${session.user ? ` as ${session.user.name}` : ""}.`, items: [] },
      failure,
    });
    res.redirect(303, "/#answer");
  });

  app.post("/ask", async (req, res) => {
    const known = required(settings());
    const session = sessions.of(req);
    const question = questionsOf(session, known).find(({ id }) => id === req.body?.question);
    if (question) await ask(session, question, known, partiesOf(url, known));
    res.redirect(303, "/#answer");
  });

  app.post("/forget", (req, res) => {
    const { access } = sessions.of(req);
    if (access) access.accessToken = null;
    res.redirect(303, "/#holds");
  });

  app.post("/sign-out", (req, res) => {
    Object.assign(sessions.of(req), { user: null, access: null, rounds: [], topic: { task: null } });
    res.redirect(303, "/");
  });

  app.use(errorPage);
  return { app, forget: () => sessions.endAll() };
}

const emptyPage = {
  isReady: false,
  user: null,
  access: null,
  rounds: [],
  questions: [],
  round: null,
  messages: [],
  number: 0,
};

function pageOf({ user, access, rounds }: AgentSession, parties: Parties) {
  const token = access?.accessToken;
  const minutes = token ? Math.ceil((token.until - Date.now()) / 60_000) : 0;
  return { user, access, rounds, parties, token: minutes > 0 ? { ...token, minutes } : null };
}

/** The questions of the session's person; none without access. */
function questionsOf(
  { user, access }: AgentSession,
  { colleagues }: AgentSettings,
): readonly ScriptedQuestion[] {
  if (!user || !access) return [];
  return questionsWith(colleagues[user.login.split("@")[1] ?? ""] ?? { name: "Someone else", login: "" });
}

/** Throws an error for the page of errors. */
function required(settings: AgentSettings | null): AgentSettings {
  if (!settings) throw new Error(notConfigured);
  return settings;
}
const notConfigured = "The demo has not registered this agent yet. Reset the demo, and load this page again.";

function partiesOf(url: string, { org, product }: AgentSettings): Parties {
  return {
    agent: { name: agentName, origin: url },
    org: { name: "Demo org", origin: new URL(org.url).origin },
    product: { name: product.name, origin: new URL(product.mcpUrl).origin },
  };
}

async function ask(
  session: AgentSession,
  question: ScriptedQuestion,
  settings: AgentSettings,
  parties: Parties,
): Promise<void> {
  const { access, topic } = session;
  if (!access) return;
  const trace = new WireTrace();
  let answer: AgentRound["answer"] = null;
  const failure = await attempt(async () => {
    answer = await withTools(settings, access, trace.fetch, (callTool) => question.answer(callTool, topic));
  });
  // A revoked token means that someone ended the access: the agent asks the person to sign in again.
  if (failure instanceof AccessEndedError) session.access = null;
  await finish(session, trace, parties, { title: question.text, answer, failure });
}

/** The error of a failed attempt, which the page explains; null if it succeeded. */
async function attempt(action: () => Promise<void>): Promise<unknown> {
  try {
    await action();
    return null;
  } catch (error) {
    return error;
  }
}

interface Outcome {
  title: string;
  answer: AgentRound["answer"];
  failure: unknown;
}

async function finish(
  session: AgentSession,
  trace: WireTrace,
  parties: Parties,
  { title, answer, failure }: Outcome,
): Promise<void> {
  await trace.complete();
  const { exchanges } = trace;
  const refusal = failure === null ? null : explain(lastRefused({ exchanges }, parties), failure);
  session.rounds.push({ title, exchanges, refusal, answer: refusal ? null : answer });
  session.rounds.splice(0, session.rounds.length - maxRounds);
}

/** Refuses other host names (DNS rebinding) and forms of other sites. */
function ownRequests(url: string): RequestHandler {
  const { host } = new URL(url);
  return (req, res, next) => {
    if (req.headers.host !== host) return void res.status(421).type("text").send(`This server is ${url}.\n`);
    if (req.method === "GET" || req.headers.origin === url) return next();
    res.status(403).type("text").send("This form was sent from another site.\n");
  };
}

const headers: RequestHandler = (_req, res, next) => {
  res.set({
    "Content-Security-Policy":
      "default-src 'self'; base-uri 'none'; frame-ancestors 'none'; object-src 'none'",
    "X-Content-Type-Options": "nosniff",
    // no-referrer would make the Origin of forms null.
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
  });
  next();
};

const errorPage: ErrorRequestHandler = (error, _req, res, _next) => {
  const text = error instanceof Error ? error.message : "";
  res.status(500).render("error", { name: agentName, text });
};
