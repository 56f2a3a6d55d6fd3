import type { CookieOptions, Request, Response } from "express";
import type { Rule } from "policy-list/policy";
import { signIn } from "../directory/sign-in.ts";
import type { MappedField } from "../directory/sign-in-tests.ts";
import { judgeSignIn, type RefusalReason, RefusedError } from "../errors.ts";
import type {
  AssignableRole,
  Connection,
  ExternalIdentity,
  Profile,
  SignInProof,
  VerifiedIdentity,
} from "../model.ts";
import { hashToken, randomToken, type Sealer } from "../store/secrets.ts";
import { subjectKey } from "../store/tenant/identities.ts";
import type { TenantStore } from "../store/tenant-store.ts";
import { hidden } from "../visible.ts";
import { landingPath } from "../web/home.ts";
import { cookieOf, safePath } from "../web/request.ts";
import { startSession } from "../web/sessions.ts";
import { type ConfiguredConnection, ssoOf } from "./connection.ts";

/** A browser that leaves has to come back within this time. */
const pendingMs = 10 * 60_000;

/**
 * Rows of one step, with the data that waits for a browser to come back. A row is consumed at most once, within ten minutes.
 * `browser` is a secret of a cookie or a session: it ties the row to the browser that left.
 * @param name the purpose of what is sealed.
 */
export function pendingRows<Kept>(
  sealer: Sealer,
  { store, connection }: { store: TenantStore; connection: Connection },
  name: string,
) {
  const stateHash = (id: string) => hashToken(`${name}/${id}`);
  const sealingContext = `${store.tenantId}/${connection.id}/${name}`;
  return {
    async begin(id: string, browser: string, kept: Kept, networkHash: string | null): Promise<void> {
      await store.pendingLogins.create({
        connectionId: connection.id,
        stateHash: stateHash(id),
        browserHash: hashToken(browser),
        sealedData: sealer.seal(JSON.stringify(kept), sealingContext),
        expiresAt: Date.now() + pendingMs,
        networkHash,
      });
    },
    /** null if this browser began nothing under `id`, or it is too old. */
    async resume(id: string, browser: string): Promise<Kept | null> {
      const sealed = await store.pendingLogins.consume(connection.id, stateHash(id), hashToken(browser));
      return sealed === null ? null : (JSON.parse(sealer.open(sealed, sealingContext)) as Kept);
    },
  };
}

/** A point of a protocol at which the browser leaves and has to come back. */
export interface PendingStep {
  /** Names the cookie, and the purpose of what is sealed. */
  name: string;
  /** Whether the browser comes back by a POST from another site. Lax cookies do not travel with such a POST. */
  byCrossSitePost: boolean;
}

/**
 * Pending sign-ins of one step; `Kept` is the data that stays with us. `store` is for a caller that runs inside a
 * transaction; it defaults to the store of `req.sso`.
 */
export interface PendingSignIns<Kept> {
  /** Keeps the data under `id` (random by default) for this browser, and returns the id. */
  begin(req: Request, kept: Kept, options?: { id?: string; store?: TenantStore }): Promise<string>;
  /**
   * Consumes what this browser began under `id`; null if there is nothing, or it is too old. Throws if the request is not a
   * POST and navigationOnly did not run before.
   */
  resume(req: Request, id: string, store?: TenantStore): Promise<Kept | null>;
}

/**
 * Each sign-in has its own database row, so that two tabs or two connections do not interfere and every replica can go
 * on with it. A cookie ties the row to the browser that left.
 */
export function pendingSignIns<Kept>(
  { sealer, baseUrl }: { sealer: Sealer; baseUrl: string },
  step: PendingStep,
): PendingSignIns<Kept> {
  const cookies = cookiesOf(step, baseUrl.startsWith("https:"));
  const browserOf = (req: Request) =>
    cookies.map(([name]) => cookieOf(req, name)).find((value) => value !== null);
  const rowsOf = (req: Request, store = ssoOf(req).store) =>
    pendingRows<Kept>(sealer, { store, connection: ssoOf(req).connection }, step.name);
  return {
    async begin(req, kept, { id = randomToken(), store } = {}) {
      const rows = rowsOf(req, store);
      const browser = browserOf(req) ?? randomToken();
      for (const [name, options] of cookies) req.res?.cookie(name, browser, options);
      await rows.begin(id, browser, kept, hashToken(`${ssoOf(req).connection.id}/${req.network}`));
      return id;
    },

    async resume(req, id, store) {
      if (req.method !== "POST" && !req.isNavigation)
        throw new Error("navigationOnly has to run before a GET that consumes a sign-in");
      const rows = rowsOf(req, store);
      return await rows.resume(id, browserOf(req) ?? "");
    },
  };
}

/**
 * A cookie that a cross-site POST carries has to be `SameSite=None; Secure`. Most browsers accept such a cookie from
 * http://localhost; a second, Lax cookie serves those that do not, where both sites are the same.
 */
function cookiesOf({ name, byCrossSitePost }: PendingStep, secure: boolean): [name: string, CookieOptions][] {
  const common = { httpOnly: true, path: "/", maxAge: pendingMs };
  const none: [string, CookieOptions] = [`__Host-${name}`, { ...common, sameSite: "none", secure: true }];
  if (byCrossSitePost && secure) return [none];
  const lax: [string, CookieOptions] = [
    secure ? `__Host-${name}` : name,
    { ...common, sameSite: "lax", secure },
  ];
  return byCrossSitePost ? [none, lax] : [lax];
}

/** A character that a person sees. */
const shown = new RegExp(`(?!${hidden.source})\\S`, "u");

/**
 * The name in what an identity provider sent: the first text of a value or a list that has a character to see, as it came.
 * A sign-in must not fail for a name, so anything else is null: no name.
 */
export function firstText(sent: unknown): string | null {
  return [sent].flat().find((one): one is string => typeof one === "string" && shown.test(one)) ?? null;
}

/** The claim or attribute that fills a field, and its value; null if none was sent. */
export type SentField = Pick<MappedField, "name" | "value">;

/** The fields of a person as a protocol room reads them: a sign-in and its test use the same values. */
export type SentFields = Readonly<Record<"loginName" | keyof Profile, SentField>>;

/**
 * The person whom the claims or attributes of an answer describe. Judge the protocol's rules first: they demand a login name.
 * @param valuesOf the values of a claim or attribute by its name; undefined if none was sent.
 */
export function identityOf(
  { id, settings }: ConfiguredConnection,
  subject: string,
  sent: SentFields,
  valuesOf: (name: string) => unknown,
): VerifiedIdentity {
  const person = {
    connectionId: id,
    subject,
    loginName: String(sent.loginName.value),
    profile: {
      givenName: sent.givenName.value,
      familyName: sent.familyName.value,
      displayName: sent.displayName.value,
      email: sent.email.value,
    },
    verifiedBy: settings,
  };
  // Without a mapping, roles stay as they are.
  if (!settings.roleMapping) return person;
  const { name, adminValues } = settings.roleMapping;
  const isAdmin = [valuesOf(name) ?? []].flat().some((value) => adminValues.includes(String(value)));
  const roles: AssignableRole[] = isAdmin ? ["admin"] : [];
  return { ...person, roles };
}

/** A sign-in that the protocol room has verified. */
export interface IdentifiedLogin {
  identity: VerifiedIdentity;
  /** Where the person wanted to go; followed only within our origin. */
  returnTo: string | null;
  /** For signing out of the provider later. */
  sealedIdToken?: string | null;
  /** When the provider wants the session to end at the latest, in ms since the epoch; absent or null if it does not say. */
  sessionEndsAt?: number | null;
  /** How the person proved to the provider who they are. Absent if the former release began the sign-in. */
  proof?: SignInProof | null;
  /** The user who had to sign in again; absent or null for an ordinary sign-in. */
  againFor?: string | null;
  /** The access epoch of the identity's user when the sign-in was accepted; absent or null if there was no such user. */
  accessEpoch?: number | null;
}

/** The user of this browser, if the request asks to sign them in again through their connection; else null. */
export function signsInAgain(req: Request): string | null {
  const { store, connection, testId } = ssoOf(req);
  const { person } = req;
  const isOwn = person?.tenant.id === store.tenantId && person.connection?.id === connection.id;
  return req.query.again === "1" && isOwn && testId === null ? person.user.id : null;
}

/** Notes that a pending sign-in is one again, so that a refusal leads back to the page that asked. Returns what it was given. */
export function noteAgain<Pending extends Pick<IdentifiedLogin, "returnTo" | "againFor"> | null>(
  req: Request,
  pending: Pending,
): Pending {
  if (pending?.againFor) req.signInAgain = { returnTo: pending.returnTo };
  return pending;
}

/** The policy of a sign-in that an administrator repeats, after the rules of its protocol. */
export const repeatedSignInRules: readonly Rule<
  { againFor: string | null; found: string | null },
  RefusalReason
>[] = [
  {
    id: "same-person",
    name: "A person who had to sign in again is the same as before",
    citation: "Step-up: another person must not continue their work",
    reason: "signed-in-as-another",
    holds: ({ againFor, found }) => againFor === null || againFor === found,
  },
];

/** The id of the user who has this identity; null if there is none yet. */
export async function userOfIdentity(req: Request, { subject }: ExternalIdentity): Promise<string | null> {
  const { store, connection } = ssoOf(req);
  const known = await store.identities.find(connection.id, subjectKey(connection, subject));
  return known?.userId ?? null;
}

/**
 * Signs the person in: the directory decides who that is, a session starts, and the browser goes to where it wanted to.
 * Throws RefusedError if the directory does not let the person in.
 */
export async function finishSignIn(
  req: Request,
  res: Response,
  {
    identity,
    returnTo,
    sealedIdToken = null,
    sessionEndsAt = null,
    proof = null,
    againFor = null,
  }: IdentifiedLogin,
  baseUrl: string,
): Promise<void> {
  const sso = ssoOf(req);
  const { store, connection } = sso;
  // A pending sign-in can outlast the session that the provider allowed.
  if (sessionEndsAt !== null && !(sessionEndsAt > Date.now()))
    throw new RefusedError("provider-session-ended");
  const found = againFor === null ? null : await userOfIdentity(req, identity);
  judgeSignIn(repeatedSignInRules, { againFor, found });
  const { user, by, changed } = await signIn(store, identity, req.id);
  sso.decision = { by, changed, roles: identity.roles ?? null };
  const { tenantId } = store;
  const session = { tenantId, user, connectionId: connection.id, sealedIdToken, sessionEndsAt, proof };
  await startSession(req, session);
  req.log.info({ tenantId, connectionId: connection.id, by }, `${connection.type}.signed_in`);
  res.redirect(303, safePath(returnTo, baseUrl, landingPath));
}
