import type { Request, RequestHandler, Response } from "express";
import session, { type SessionData, Store } from "express-session";
import { connectionChanged } from "../directory/sign-in.ts";
import { RefusedError } from "../errors.ts";
import type { Log } from "../log.ts";
import type { SignInProof, User } from "../model.ts";
import { hashToken, type Sealer } from "../store/secrets.ts";
import {
  type SessionLimits,
  type SessionStore,
  type StoredSession,
  type StoredSignIn,
  sessionEnd,
} from "../store/session-store.ts";
import type { TenantStore } from "../store/tenant-store.ts";
import { type ParkedSessions, storedSession } from "./parked-sessions.ts";
import { isSeen, mayHaveParked } from "./request.ts";

/**
 * Loads the signed-in person from the database at each request. So a person who was deactivated, blocked or signed out
 * everywhere loses access with the next request, on every replica.
 */
export function loadPerson(sessions: SessionStore): RequestHandler {
  return async (req, res, next) => {
    const { signIn } = req.session;
    if (signIn) {
      req.person = await sessions.person(signIn);
      if (!req.person) {
        req.log.info({ tenantId: signIn.tenantId, userId: signIn.userId }, "session.ended");
        // The row stays, without its sign-in: the next page that the person opens says why the session ended.
        await sessions.revoke(ownSessionId(req));
        delete req.session.signIn;
        delete req.session.answer;
        res.locals.endedByOrganisation = true;
      }
    }
    next();
  };
}

/** Opens the parked sessions of a browser when something asks for them. Few browsers have any. */
export function offerParked(open: (req: Request, res: Response) => ParkedSessions): RequestHandler {
  return (req, res, next) => {
    let opened: ParkedSessions | undefined;
    req.parkedSessions = () => {
      opened ??= open(req, res);
      return opened;
    };
    next();
  };
}

/** A sign-in that has been decided. */
export interface NewSession {
  tenantId: string;
  user: User;
  /** The connection through which the person came; null for a local password. */
  connectionId: string | null;
  /** The provider's ID token, sealed: set if signing out here is to sign out there as well. */
  sealedIdToken?: string | null;
  /** When the identity provider wants the session to end, in ms since the epoch; null if it does not say. */
  sessionEndsAt?: number | null;
  /** How the person signed in at the identity provider; null for a local password. */
  proof?: SignInProof | null;
}

/**
 * Signs a user in under a new session id, so that a planted session id is worthless (session fixation). A person who signs
 * in again keeps the form that waits for it. A session of another tenant is parked (parked-sessions.ts); the browser's
 * former session of the same tenant ends. Throws RefusedError `sign-in-not-started-here` if the connection was changed since
 * the sign-in was decided.
 */
export async function startSession(req: Request, session: NewSession): Promise<void> {
  const { tenantId, user, connectionId, sealedIdToken, sessionEndsAt, proof } = session;
  const isSamePerson = req.person?.tenant.id === tenantId && req.person.user.id === user.id;
  const heldForm = isSamePerson ? req.session.heldForm : await endParked(req, tenantId, user.id);
  await beginEmpty(req, tenantId);
  req.session.signIn = { tenantId, userId: user.id, accessEpoch: user.accessEpoch, connectionId };
  const userAgent = req.get("user-agent")?.slice(0, 256);
  if (userAgent) req.session.userAgent = userAgent;
  if (req.ip) req.session.address = req.ip;
  if (proof) req.session.proof = proof;
  if (heldForm) req.session.heldForm = heldForm;
  if (sealedIdToken) req.session.sealedIdToken = sealedIdToken;
  if (typeof sessionEndsAt === "number") req.session.endsAt = sessionEndsAt;
  try {
    await finished((done) => req.session.save(done));
  } catch (error) {
    // Otherwise express-session would send its cookie with the page that says why.
    if (error instanceof RefusedError) await endSession(req);
    throw error;
  }
  req.log.info({ tenantId, userId: user.id, connectionId }, "sign_in.succeeded");
}

/** Ends this browser's parked session of a tenant. Returns the form that waits in it, if it is the same person's. */
async function endParked(req: Request, tenantId: string, userId: string): Promise<HeldForm | undefined> {
  const parkedSessions = mayHaveParked(req) ? req.parkedSessions?.() : undefined;
  const former = (await parkedSessions?.active())?.find(({ tenant }) => tenant.id === tenantId);
  if (!parkedSessions || !former) return undefined;
  const data = await storedSession(req, former.id);
  await parkedSessions.end(req, [former.id]);
  return former.user.id === userId ? data?.heldForm : undefined;
}

/** A new id and an empty session. That of a person of another tenant stays, and waits for them. */
async function beginEmpty(req: Request, tenantId: string): Promise<void> {
  if (!req.parkedSessions || !req.person || req.person.tenant.id === tenantId)
    return await finished((done) => req.session.regenerate(done));
  await req.parkedSessions().park(req);
  req.sessionStore.generate(req);
}

/**
 * Ends this browser's session; the request continues without one. An empty one would be stored, and anyone can send the form
 * that ends it. Parked sessions stay.
 */
export async function endSession(req: Request): Promise<void> {
  req.person = null;
  await finished((done) => req.session.destroy(done));
  // Otherwise the front page would say that the session has ended.
  const name = sentCookie(req);
  if (name !== undefined) forgetCookie(req.res, name);
}

/** The name of the session cookie that the browser sent. */
function sentCookie(req: Request): string | undefined {
  return /(?:^|;\s*)((?:__Host-)?session)=/.exec(req.headers.cookie ?? "")?.[1];
}

function forgetCookie(res: Response | undefined, name: string): void {
  res?.clearCookie(name, { ...cookieOptions, secure: name.startsWith("__Host-") });
}

/** A page lists at most so many sessions of a person: a program that signs in each minute begins a thousand a day. */
const mostListed = 50;

/** The sessions of a person that a page lists: those that were used last. `isCut` says that there are more. */
export async function listedSessions(store: TenantStore, userId: string) {
  const found = await store.sessions.ofUser(userId, mostListed + 1);
  return { sessions: found.slice(0, mostListed), isCut: found.length > mostListed };
}

/** The public id of this browser's own session. */
export function ownSessionId(req: Request): string {
  return hashToken(req.sessionID);
}

/** Writes the session before the response ends. */
export async function saveSession(req: Request): Promise<void> {
  await finished((done) => req.session.save(done));
}

function finished(start: (done: (error?: unknown) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => start((error) => (error ? reject(error) : resolve())));
}

/** A form that an administrator sent after their sign-in became too old. It waits until they have signed in again. */
export interface HeldForm {
  /** Where it was sent. */
  action: string;
  /** Names and values in their order, without secrets. Null if the form was too large to keep. */
  fields: readonly (readonly [name: string, value: string])[] | null;
  /** The names of the fields that held secrets. */
  secrets: readonly string[];
}

declare module "express-session" {
  interface SessionData {
    signIn?: StoredSignIn;
    userAgent?: string;
    address?: string;
    proof?: SignInProof;
    adminFreshMinutes?: number | null;
    heldForm?: HeldForm;
    sealedIdToken?: string;
    createdAt?: number;
    seenAt?: number;
    endsAt?: number;
    limits?: SessionLimits;
  }
}

/** The time of last use is written at most this often. */
const touchMs = 60_000;

const cookieOptions = { httpOnly: true, sameSite: "lax", path: "/" } as const;

export interface SessionOptions {
  sessions: SessionStore;
  /** Seals what a session keeps for one page: it may hold what a person entered, or a new token. */
  sealer: Sealer;
  secret: string;
  baseUrl: string;
  log: Log;
  now?: () => number;
}

/**
 * The session middleware. On https the cookie's name starts with `__Host-`, so that no other host can set it
 * (RFC 6265bis §4.1.3.2). The cookie is Lax, because the identity provider leads back here by a cross-site GET.
 */
export function sessionCookie({
  sessions,
  sealer,
  secret,
  baseUrl,
  log,
  now = Date.now,
}: SessionOptions): RequestHandler {
  const secure = baseUrl.startsWith("https:");
  const handle = session({
    name: secure ? "__Host-session" : "session",
    secret,
    store: new DatabaseStore({ sessions, sealer, log, now }),
    resave: false,
    saveUninitialized: false,
    rolling: false,
    cookie: { ...cookieOptions, secure },
  });
  return (req, res, next) =>
    handle(req, res, (error?: unknown) => {
      // express-session saves changes once the page is on its way, and completes it also if that fails. Requests that
      // need a saved session save it before (saveSession); the page shows its answer once more.
      if (error && res.headersSent) req.log.error({ err: error }, "session.not_saved");
      else next(error);
    });
}

/** The cause of a session's end: the organisation, or else the person or the time. */
export type SessionEnding = "organisation" | "other";

/**
 * Returns who ended the session whose cookie the browser sent; null if it sent none, or if the session is active. Only the
 * browser that had the session learns it. Clears the cookie, so that the person is told once; not for a script of an open
 * page, whose answer no one reads.
 */
export function takeSessionEnding(req: Request, res: Response): SessionEnding | null {
  // No session was looked for (host-routers.ts): another site's request must not clear the cookie.
  if (!req.session) return null;
  const name = sentCookie(req);
  const byOrganisation = res.locals.endedByOrganisation === true;
  if (name === undefined || (req.session.createdAt !== undefined && !byOrganisation)) return null;
  if (isSeen(req)) forgetCookie(res, name);
  return byOrganisation ? "organisation" : "other";
}

/**
 * Adapts the session store to express-session. A database error fails the request that met it, except in touch: that only
 * shortens the session by a minute, and is logged.
 */
class DatabaseStore extends Store {
  readonly #sessions: SessionStore;
  readonly #sealer: Sealer;
  readonly #log: Log;
  readonly #now: () => number;

  constructor({
    sessions,
    sealer,
    log,
    now,
  }: Pick<Required<SessionOptions>, "sessions" | "sealer" | "log" | "now">) {
    super();
    this.#sessions = sessions;
    this.#sealer = sealer;
    this.#log = log;
    this.#now = now;
  }

  override get(sid: string, done: (error: unknown, session?: SessionData | null) => void): void {
    this.#sessions.load(hashToken(sid)).then(
      (stored) => done(null, stored && toSessionData(stored, this.#sealer)),
      (error) => done(error),
    );
  }

  override set(sid: string, data: SessionData, done?: (error?: unknown) => void): void {
    this.#save(hashToken(sid), data).then(
      () => done?.(),
      (error) => done?.(error),
    );
  }

  async #save(sidHash: string, data: SessionData): Promise<void> {
    const now = this.#now();
    const isNew = data.createdAt === undefined;
    data.createdAt ??= now;
    if (isNew && data.signIn) {
      const limits = await this.#sessions.limitsOf(data.signIn.tenantId);
      if (limits) data.limits = limits;
    }
    const stored = toStored(sidHash, { ...data, createdAt: data.createdAt, seenAt: now }, this.#sealer);
    const { signIn } = stored;
    if (!isNew) await this.#sessions.update(stored);
    else if (!signIn) await this.#sessions.create(stored);
    else if (signIn.connectionId === null) {
      if (!(await this.#sessions.createLocal(stored, signIn))) throw new RefusedError("bad-credentials");
    } else if (!(await this.#sessions.createThrough(stored, signIn)))
      throw new RefusedError("sign-in-not-started-here", connectionChanged);
  }

  override touch(sid: string, data: SessionData, done?: () => void): void {
    const seenAt = this.#now();
    if (data.createdAt === undefined || seenAt - (data.seenAt ?? 0) < touchMs) {
      done?.();
      return;
    }
    this.#sessions
      .touch(hashToken(sid), seenAt, sessionEnd({ ...data, createdAt: data.createdAt, seenAt }))
      .catch((error: unknown) => this.#log.warn({ err: error }, "session.touch_failed"))
      .finally(() => done?.());
  }

  override destroy(sid: string, done?: (error?: unknown) => void): void {
    this.#sessions.remove(hashToken(sid)).then(
      () => done?.(),
      (error) => done?.(error),
    );
  }
}

/** The part of a session that only this file reads. */
interface SessionExtras {
  userAgent?: string | undefined;
  address?: string | undefined;
  proof?: SignInProof | undefined;
  sealedIdToken?: string | undefined;
  sealedAnswer?: string | undefined;
  sealedForm?: string | undefined;
}

function toSessionData(stored: StoredSession, sealer: Sealer): SessionData {
  const { userAgent, address, proof, sealedIdToken, sealedAnswer, sealedForm } = stored.data as SessionExtras;
  const open = <Kept>(sealed: string | undefined, part: KeptPart) =>
    sealed === undefined ? null : openPart<Kept>(sealed, sealingContext(stored.sidHash, part), sealer);
  const answer = open<SessionData["answer"]>(sealedAnswer, "answer");
  const heldForm = open<HeldForm>(sealedForm, "form");
  return {
    cookie: { originalMaxAge: null } as SessionData["cookie"],
    ...(stored.signIn ? { signIn: stored.signIn } : {}),
    ...(answer ? { answer } : {}),
    ...(heldForm ? { heldForm } : {}),
    ...(userAgent ? { userAgent } : {}),
    ...(address ? { address } : {}),
    ...(proof ? { proof } : {}),
    adminFreshMinutes: stored.adminFreshMinutes ?? null,
    ...(sealedIdToken ? { sealedIdToken } : {}),
    createdAt: stored.createdAt,
    seenAt: stored.seenAt,
    ...limitsIn(stored),
  };
}

/** Parts of a session that are sealed, because they hold what a person entered. */
type KeptPart = "answer" | "form";

/** Null for a part that another DATA_KEY sealed. */
function openPart<Kept>(sealed: string, context: string, sealer: Sealer): Kept | null {
  try {
    return JSON.parse(sealer.open(sealed, context)) as Kept;
  } catch {
    return null;
  }
}

const sealingContext = (sidHash: string, part: KeptPart) => `session/${sidHash}/${part}`;

/** The parts of a session that limit it. */
function limitsIn({ endsAt, limits }: Pick<SessionData, "endsAt" | "limits">) {
  return { ...(endsAt === undefined ? {} : { endsAt }), ...(limits ? { limits } : {}) };
}

type TimedSession = SessionData & Required<Pick<SessionData, "createdAt" | "seenAt">>;

function toStored(sidHash: string, data: TimedSession, sealer: Sealer): StoredSession {
  const { createdAt, seenAt, answer, heldForm, userAgent, address, proof, sealedIdToken } = data;
  const times = { createdAt, seenAt, ...limitsIn(data) };
  const seal = (kept: object | undefined, part: KeptPart) =>
    kept && sealer.seal(JSON.stringify(kept), sealingContext(sidHash, part));
  const [sealedAnswer, sealedForm] = [seal(answer, "answer"), seal(heldForm, "form")];
  const extras: SessionExtras = { userAgent, address, proof, sealedIdToken, sealedAnswer, sealedForm };
  return {
    sidHash,
    signIn: data.signIn ?? null,
    ...times,
    expiresAt: sessionEnd(times),
    data: { ...extras },
  };
}
