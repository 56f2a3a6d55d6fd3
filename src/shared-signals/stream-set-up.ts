/**
 * Shared signals, where we call the org: an administrator's consent, and the stream of events that we manage with it.
 *
 * Owns: the authorization at the customer's org (this file), its transmitter's API (transmitter.ts), the stream from its
 * creation to its end (streams.ts), and every rule of this (stream-policy.ts). The console has the forms and the callback.
 * May import: the ground floor, trust, directory, store and sso.
 */
import { randomUUID } from "node:crypto";
import type { Request } from "express";
import { judge, RuleBrokenError } from "policy-list/policy";
import { paths } from "../endpoints.ts";
import { type BrokenRule, ConflictError, NotFoundError } from "../errors.ts";
import type { Connection, SignalStream } from "../model.ts";
import { pendingRows } from "../sso/sign-in.ts";
import { randomToken, type Sealer } from "../store/secrets.ts";
import type { ActivityEntry } from "../store/tenant/activity.ts";
import type { TenantStore } from "../store/tenant-store.ts";
import type { FetchLimits } from "../trust/guarded-fetch.ts";
import { orgNames } from "../trust/issuer-names.ts";
import type { ProviderExchange, Providers } from "../trust/openid-providers.ts";
import {
  newCodeVerifier,
  type OrgClient,
  OrgRefusedError,
  type OrgTokens,
  orgClient,
} from "../trust/org-clients.ts";
import {
  callbackRules,
  consentRules,
  grantRules,
  type OrgGrantFacts,
  pendingRules,
  streamScopes,
} from "./stream-policy.ts";
import { type AuthorizedCalls, discoverTransmitter } from "./transmitter.ts";

export interface StreamDeps {
  sealer: Sealer;
  baseUrl: string;
  limits: FetchLimits;
  providers: Providers;
}

/** An administrator's request about the stream of a connection: `req.streamAction`. The inspector reads it at the end. */
export interface StreamAction {
  readonly store: TenantStore;
  readonly connection: Connection;
  /** An activity entry about something that the administrator does. */
  entry(action: string, changed?: readonly string[]): ActivityEntry;
  readonly exchanges: ProviderExchange[];
  /** Values that no record may hold: codes, verifiers, tokens. */
  readonly secrets: string[];
  /** Ties the messages of an authorization to one flow; null for any other action. */
  state: string | null;
  /** The rule that ended the action; null if none did. */
  broken: BrokenRule | null;
}

declare module "express-serve-static-core" {
  interface Request {
    streamAction?: StreamAction;
  }
}

/** The data that stays with us while the browser is at the org. */
interface PendingConsent {
  streamId: string;
  codeVerifier: string;
}

const consentsOf = ({ sealer }: StreamDeps, action: StreamAction) =>
  pendingRows<PendingConsent>(sealer, action, "shared-signals");

/** The origins of the org that signs a connection's tokens: its API has no path of its own. Empty if none is known. */
export function orgsOf({ settings }: Connection): string[] {
  return [...new Set(orgNames(settings).map((name) => new URL(name).origin))];
}

export function callbackUrl(baseUrl: string, key: string): string {
  return baseUrl + paths.sharedSignalsCallback(key);
}

/** The stream of the action's connection. Throws NotFoundError. */
export async function streamOf({ store, connection }: Pick<StreamAction, "store" | "connection">) {
  const stream = await store.signalStreams.ofConnection(connection.id);
  if (!stream) throw new NotFoundError("This connection has no stream.");
  return stream;
}

/**
 * Keeps the client that the customer registered for us, and returns where to send the browser for consent. The state is
 * bound to the administrator's session and to the connection.
 * @param secret null keeps the stored one.
 * @param sessionId the id of the administrator's session.
 * Throws RuleBrokenError, and ConflictError `stream-exists`, or `stale` if there is neither a new nor a stored secret.
 */
export async function beginConsent(
  deps: StreamDeps,
  action: StreamAction,
  { clientId, secret, sessionId }: { clientId: string; secret: string | null; sessionId: string },
): Promise<string> {
  const { store, connection } = action;
  const stream = await store.transaction((inside) =>
    saveClient(deps, { ...action, store: inside }, clientId, secret),
  );
  const client = await connectClient(deps, action, stream);
  const [state, codeVerifier] = [randomToken(), newCodeVerifier()];
  action.secrets.push(state, codeVerifier);
  action.state = state;
  await consentsOf(deps, action).begin(state, sessionId, { streamId: stream.id, codeVerifier }, null);
  const redirectUri = callbackUrl(deps.baseUrl, connection.key);
  const request = { redirectUri, scopes: streamScopes, state, codeVerifier };
  return await judgeRefusal(async () => client.authorizationUrl(request));
}

async function saveClient(
  deps: StreamDeps,
  { store, connection, entry }: StreamAction,
  clientId: string,
  secret: string | null,
): Promise<SignalStream> {
  await store.connections.lock(connection.id);
  const sealed = secret === null ? null : deps.sealer.seal(secret, sealingContext({ store, connection }));
  const before = await store.signalStreams.ofConnection(connection.id);
  const changes = { clientId, ...(sealed === null ? {} : { sealedClientSecret: sealed }) };
  if (before) await store.signalStreams.update(before.id, changes);
  else if (sealed === null) throw new ConflictError("stale", "The client secret is missing.");
  else await store.signalStreams.create(newStreamOf(connection, clientId, sealed));
  await store.activity.record(entry("stream.client_entered"));
  return await streamOf({ store, connection });
}

function newStreamOf({ id: connectionId, key: connectionKey }: Connection, clientId: string, secret: string) {
  const rest = { eventsRequested: [], credentialChangeEndsSessions: false };
  return { id: randomUUID(), connectionId, connectionKey, clientId, sealedClientSecret: secret, ...rest };
}

/**
 * Judges the org's answer that the browser brought, redeems its code, and keeps the refresh token. Returns the calls that
 * the access token allows. Throws RuleBrokenError.
 * @param query of the callback address.
 */
export async function finishConsent(
  deps: StreamDeps,
  action: StreamAction,
  { query, sessionId }: { query: URLSearchParams; sessionId: string },
): Promise<AuthorizedCalls> {
  const { store, connection } = action;
  const state = onlyOne(query, "state");
  action.state = state;
  action.secrets.push(...["state", "code"].flatMap((name) => query.getAll(name)));
  const consents = consentsOf(deps, action);
  const pending = state === null ? null : await consents.resume(state, sessionId);
  const stream = await store.signalStreams.ofConnection(connection.id);
  // The stream may have been removed since, and another one begun.
  judge(pendingRules, { isPending: stream !== null && stream.id === pending?.streamId });
  return await redeemConsent(deps, action, {
    query,
    stream: stream as SignalStream,
    pending: pending as PendingConsent,
  });
}

interface Consent {
  query: URLSearchParams;
  stream: SignalStream;
  pending: PendingConsent;
}

async function redeemConsent(
  deps: StreamDeps,
  action: StreamAction,
  { query, stream, pending: { codeVerifier } }: Consent,
): Promise<AuthorizedCalls> {
  const { store, connection } = action;
  action.secrets.push(codeVerifier);
  const client = await connectClient(deps, action, stream);
  const [state, iss, error] = ["state", "iss", "error"].map((name) => onlyOne(query, name));
  const org = orgsOf(connection)[0] ?? "";
  judge(callbackRules, { org, iss: iss ?? null, error: error ?? null, namesIssuer: client.namesIssuer });
  const url = new URL(callbackUrl(deps.baseUrl, connection.key));
  url.search = query.toString();
  const request = { state: String(state), codeVerifier, scopes: streamScopes };
  const tokens = await requestTokens(action, () => client.redeem(url, request));
  judge(consentRules, { code: null, found: null, tokens });
  await saveRefreshToken(deps, action, stream.id, tokens);
  await store.activity.record(action.entry("stream.authorized"));
  return await authorizeCalls(deps, action, stream, tokens);
}

/** A parameter that an attacker repeats counts as missing. */
function onlyOne(query: URLSearchParams, name: string): string | null {
  const values = query.getAll(name);
  return values.length === 1 ? (values[0] ?? null) : null;
}

/**
 * The calls that the stored refresh token allows. A rotated refresh token is stored before it is used. If another request
 * rotated it in the meantime, its token is tried, too. An authorization that the org has ended is forgotten. Throws
 * RuleBrokenError.
 */
export async function authorizeByRefresh(
  deps: StreamDeps,
  action: StreamAction,
  stream: SignalStream,
): Promise<AuthorizedCalls> {
  const client = await connectClient(deps, action, stream);
  const tokens = await refreshTokens(deps, action, { stream, client, refused: null });
  return await authorizeCalls(deps, action, stream, tokens);
}

interface Refresh {
  stream: SignalStream;
  client: OrgClient;
  /** The sealed refresh token that the org has refused. */
  refused: string | null;
}

async function refreshTokens(deps: StreamDeps, action: StreamAction, refresh: Refresh): Promise<OrgTokens> {
  const { stream, client, refused } = refresh;
  const sealed = (await action.store.signalStreams.sealedSecrets(stream.id))?.sealedRefreshToken ?? null;
  if (sealed === null || sealed === refused) judge(grantRules, authorizationEnded);
  try {
    const refreshToken = deps.sealer.open(String(sealed), sealingContext(action));
    action.secrets.push(refreshToken);
    const tokens = await requestTokens(action, () => client.refresh(refreshToken, streamScopes));
    if (tokens.refreshToken !== null) await saveRefreshToken(deps, action, stream.id, tokens);
    return tokens;
  } catch (error) {
    if (!isAuthorizationEnded(error)) throw error;
    if (await forgetRefreshToken(action, stream.id, String(sealed))) throw error;
    return await refreshTokens(deps, action, { ...refresh, refused: sealed });
  }
}

const authorizationEnded: OrgGrantFacts = { code: "invalid_grant", found: null, tokens: null };

function isAuthorizationEnded(error: unknown): boolean {
  return error instanceof RuleBrokenError && error.rule.reason === "authorization-ended";
}

/** Forgets a refresh token that the org refused, unless another request has rotated it. Returns whether it did. */
async function forgetRefreshToken(
  { store, connection, entry }: StreamAction,
  streamId: string,
  refused: string,
): Promise<boolean> {
  return await store.transaction(async (inside) => {
    await inside.connections.lock(connection.id);
    const secrets = await inside.signalStreams.sealedSecrets(streamId);
    if (secrets?.sealedRefreshToken !== refused) return false;
    await inside.signalStreams.update(streamId, { sealedRefreshToken: null });
    await inside.activity.record(entry("stream.authorization_ended"));
    return true;
  });
}

async function saveRefreshToken(
  { sealer }: StreamDeps,
  action: StreamAction,
  streamId: string,
  { refreshToken }: OrgTokens,
): Promise<void> {
  const sealedRefreshToken = sealer.seal(String(refreshToken), sealingContext(action));
  await action.store.transaction(async (inside) => {
    await inside.connections.lock(action.connection.id);
    await inside.signalStreams.update(streamId, { sealedRefreshToken });
  });
}

/** Revokes the refresh token at the org, if the org has an endpoint for it. Throws RuleBrokenError. */
export async function revokeAuthorization(
  deps: StreamDeps,
  action: StreamAction,
  stream: SignalStream,
): Promise<void> {
  const secrets = await action.store.signalStreams.sealedSecrets(stream.id);
  if (!secrets?.sealedRefreshToken) return;
  const refreshToken = deps.sealer.open(secrets.sealedRefreshToken, sealingContext(action));
  const client = await connectClient(deps, action, stream);
  await judgeRefusal(() => client.revoke(refreshToken));
}

async function authorizeCalls(
  { limits }: StreamDeps,
  action: StreamAction,
  stream: SignalStream,
  { accessToken }: OrgTokens,
): Promise<AuthorizedCalls> {
  const calls = { limits, exchanges: action.exchanges };
  const transmitter = stream.transmitter ?? (await discoverTransmitter(orgsOf(action.connection), calls));
  return { ...calls, transmitter, accessToken };
}

async function connectClient(
  deps: StreamDeps,
  action: StreamAction,
  stream: SignalStream,
): Promise<OrgClient> {
  const secrets = await action.store.signalStreams.sealedSecrets(stream.id);
  const secret = deps.sealer.open(secrets?.sealedClientSecret ?? "", sealingContext(action));
  action.secrets.push(secret);
  const registration = { org: orgsOf(action.connection)[0] ?? "", clientId: stream.clientId, secret };
  return await judgeRefusal(() => orgClient(deps.providers, registration, action.exchanges));
}

/** Requests tokens, and judges them by grantRules. */
async function requestTokens(action: StreamAction, work: () => Promise<OrgTokens>): Promise<OrgTokens> {
  const tokens = await judgeRefusal(work);
  const { accessToken, refreshToken } = tokens;
  action.secrets.push(accessToken, ...(refreshToken === null ? [] : [refreshToken]));
  judge(grantRules, { code: null, found: null, tokens });
  return tokens;
}

/** Judges the org's refusal of a call by grantRules. */
async function judgeRefusal<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof OrgRefusedError)) throw error;
    judge(grantRules, { code: error.code, found: `${error.code}: ${error.message}`, tokens: null });
    throw error;
  }
}

function sealingContext({ store, connection }: Pick<StreamAction, "store" | "connection">): string {
  return `${store.tenantId}/${connection.id}/shared-signals`;
}

/** The stream action that an earlier step of the request made. */
export function streamActionOf({ streamAction }: Request): StreamAction {
  if (!streamAction) throw new Error("the connection has to be found before this step");
  return streamAction;
}
