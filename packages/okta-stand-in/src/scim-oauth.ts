import { randomBytes } from "node:crypto";
import type { CallLog } from "./calls.ts";
import { type Org, OrgRefusal } from "./org.ts";
import { ScimFailure } from "./scim-failure.ts";
import type { OAuthGrant, OAuthSettings, OrgApp } from "./state.ts";

/** An administrator's visit to the application's authorization endpoint. */
interface Visit {
  appId: string;
  settings: OAuthSettings;
  redirectUri: string;
  /** The other fields of the form, shown again afterwards. */
  entered: Record<string, string>;
  until: number;
}

const visitMs = 10 * 60_000;
const timeoutMs = 15_000;
/** A token is replaced this long before its end. */
const marginMs = 60_000;

/** The redirect URI of an app (Okta: "Authentication settings"). The app's name is the one part that varies. */
function callbackOf({ callbackOrigin }: Org, { name }: OrgApp): string {
  return `${callbackOrigin}/admin/app/cpc/${encodeURIComponent(name)}/oauth/callback`;
}

/** "Authenticate with {app}": the authorization code grant of provisioning (RFC 6749 §4.1), with the org as the client. */
export function scimOAuth(org: Org) {
  const visits = new Map<string, Visit>();
  return {
    /** The address that the administrator's browser opens. */
    begin(app: OrgApp, settings: OAuthSettings, entered: Record<string, string>): string {
      const state = randomBytes(24).toString("base64url");
      const redirectUri = callbackOf(org, app);
      for (const [key, { until }] of visits) if (until < Date.now()) visits.delete(key);
      visits.set(state, { appId: app.id, settings, redirectUri, entered, until: Date.now() + visitMs });
      const target = new URL(settings.authorizeUrl);
      target.searchParams.set("response_type", "code");
      target.searchParams.set("client_id", settings.clientId);
      target.searchParams.set("redirect_uri", redirectUri);
      target.searchParams.set("state", state);
      if (settings.scopes) target.searchParams.set("scope", settings.scopes);
      return target.href;
    },

    /** The visit that an answer belongs to. Each state is good once. Throws OrgRefusal. */
    take(state: unknown): Visit {
      const visit = typeof state === "string" ? visits.get(state) : undefined;
      visits.delete(String(state));
      if (!visit || visit.until < Date.now()) throw new OrgRefusal("The state of this answer is not known.");
      return visit;
    },

    /** Exchanges the code of an answer. Throws ScimFailure with the error that the application named. */
    async finish(visit: Visit, answer: Record<string, unknown>): Promise<OAuthGrant> {
      const { appId, settings, redirectUri } = visit;
      if (typeof answer.error === "string") throw new ScimFailure(null, problemOf(answer));
      const form = { grant_type: "authorization_code", code: String(answer.code), redirect_uri: redirectUri };
      return await requestToken(org.calls, appId, settings, form);
    },
  };
}

/** Whether the access token has to be replaced before the next call. */
export function isNearEnd({ refreshToken, expiresAt }: OAuthGrant): boolean {
  return refreshToken !== null && expiresAt !== null && expiresAt - marginMs < Date.now();
}

/** Replaces the tokens in `grant` (RFC 6749 §6). An answer without a refresh token keeps the old one. Throws ScimFailure. */
export async function renew(calls: CallLog, appId: string, grant: OAuthGrant): Promise<void> {
  if (grant.refreshToken === null)
    throw new ScimFailure(401, "The access token is no longer valid, and there is no refresh token.");
  const form = { grant_type: "refresh_token", refresh_token: grant.refreshToken };
  const next = await requestToken(calls, appId, grant.settings, form);
  Object.assign(grant, next, { refreshToken: next.refreshToken ?? grant.refreshToken });
}

/** Calls the token endpoint. The client's credentials are parameters of the body. Throws ScimFailure. */
async function requestToken(
  calls: CallLog,
  appId: string,
  settings: OAuthSettings,
  form: Record<string, string>,
): Promise<OAuthGrant> {
  const { tokenUrl: url, clientId: client_id, clientSecret: client_secret } = settings;
  const started = performance.now();
  const { grant_type } = form;
  const requestHeaders = {
    "Content-Type": "application/x-www-form-urlencoded",
    Accept: "application/json",
  };
  const about = { appId, why: `OAuth 2.0: ${grant_type}`, method: "POST", url, requestHeaders };
  // The log has neither codes nor tokens.
  const entry = { ...about, at: Date.now(), requestBody: { grant_type, client_id } };
  const durationMs = () => Math.round(performance.now() - started);
  try {
    const response = await fetch(url, {
      method: "POST",
      headers: requestHeaders,
      body: new URLSearchParams({ ...form, client_id, client_secret }),
      redirect: "manual",
      signal: AbortSignal.timeout(timeoutMs),
    });
    const body = objectIn(await response.text());
    const problem = response.ok ? null : problemOf(body);
    const answer = problem ?? `expires_in ${body.expires_in}, scope ${body.scope}`;
    calls.add({ ...entry, status: response.status, answer, problem, durationMs: durationMs() });
    if (problem !== null) throw new ScimFailure(response.status, problem);
    return grantIn(settings, body);
  } catch (error) {
    if (error instanceof ScimFailure) throw error;
    const problem = `No answer from the token endpoint: ${error instanceof Error ? error.message : String(error)}.`;
    calls.add({ ...entry, status: null, answer: "", problem, durationMs: durationMs() });
    throw new ScimFailure(null, problem);
  }
}

/** Throws ScimFailure if the answer has no bearer token (RFC 6749 §5.1). */
function grantIn(settings: OAuthSettings, body: Record<string, unknown>): OAuthGrant {
  const { access_token: accessToken, refresh_token: refreshToken, expires_in: seconds, token_type } = body;
  if (typeof accessToken !== "string" || String(token_type).toLowerCase() !== "bearer")
    throw new ScimFailure(null, "The token endpoint answered without a bearer token.");
  return {
    settings,
    accessToken,
    refreshToken: typeof refreshToken === "string" ? refreshToken : null,
    expiresAt: typeof seconds === "number" ? Date.now() + seconds * 1000 : null,
  };
}

/** The error of an authorization or token response (RFC 6749 §4.1.2.1 and §5.2). */
function problemOf({ error, error_description: description }: Record<string, unknown>): string {
  return `Error authenticating: ${error ?? "unknown"}${description ? `: ${description}` : ""}`;
}

function objectIn(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}
