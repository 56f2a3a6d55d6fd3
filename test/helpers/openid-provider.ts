import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { exportJWK, generateKeyPair, type JWK } from "jose";
import type { Account, Context, default as Provider } from "oidc-provider";
import { providerMemory } from "./openid-provider-memory.ts";

/** Somebody at the provider. */
interface ProviderAccount {
  sub: string;
  email: string;
  preferred_username: string;
  name: string;
  given_name: string;
  family_name: string;
  [claim: string]: unknown;
}

interface ProviderClient {
  clientId: string;
  secret: string;
  redirectUris: string[];
  postLogoutRedirectUris: string[];
}

/** A certified OpenID provider that is set up as an Okta org is. */
export interface OpenIdProvider {
  issuer: string;
  /** Where it listens, which differs from the issuer behind a proxy. */
  address: string;
  accounts: Map<string, ProviderAccount>;
  clients: Map<string, ProviderClient>;
  /** Who is in front of the browser, by `sub`. */
  person: string;
  /** Shows a page with one button in place of signing `person` in at once. */
  showsButton: boolean;
  /** Whether answers name their issuer (RFC 9207), which those of Okta do not. */
  namesIssuer: boolean;
  /** The parameters of each request to sign in, in order. */
  requests: Record<string, string | undefined>[];
  /** Paths that were called, in order. */
  calls: string[];
  /** Answers a request in the provider's place when it returns true. */
  intercept: ((req: IncomingMessage, res: ServerResponse) => boolean) | null;
  define(account: Partial<ProviderAccount> & { sub: string; email: string }): ProviderAccount;
  register(client: ProviderClient): void;
  /** Gives the clients another secret. */
  changeSecret(secret: string): void;
  /**
   * Signs with another key from now on: the one that was announced, or else one that nobody has seen. Those before stay
   * published.
   */
  rotateKeys(options?: { announceNext: boolean }): Promise<void>;
  close(): Promise<void>;
}

interface State extends Pick<OpenIdProvider, "accounts" | "clients" | "person" | "showsButton" | "requests"> {
  keys: JWK[];
  announced: JWK | null;
  memory: ReturnType<typeof providerMemory>;
}

/** What stands in the claims, by scope: the ID token has those of `openid` alone, /userinfo has them all. */
const claims = {
  openid: ["sub", "email", "name", "preferred_username", "groups"],
  profile: ["given_name", "family_name"],
};

/** @param issuer what it calls itself when a proxy stands before it; it listens on 127.0.0.1. */
export async function startOpenIdProvider(issuer?: string): Promise<OpenIdProvider> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const own = issuer ?? address;
  const create = await providerClass();
  const state: State = { accounts: new Map(), person: "", showsButton: false, requests: [], ...empty() };
  state.keys.push(await newKey());
  let provider = create(own, state);
  const op: OpenIdProvider = Object.assign(state, {
    issuer: own,
    address,
    namesIssuer: false,
    calls: [] as string[],
    intercept: null,
    define: (account: Partial<ProviderAccount> & { sub: string; email: string }) => define(state, account),
    register(client: ProviderClient) {
      state.clients.set(client.clientId, client);
      provider = create(own, state);
    },
    changeSecret(secret: string) {
      for (const client of state.clients.values()) client.secret = secret;
      provider = create(own, state);
    },
    async rotateKeys({ announceNext } = { announceNext: false }) {
      const [fresh, next] = [await newKey(), await newKey()];
      const signing = state.announced ?? fresh;
      state.announced = announceNext ? next : null;
      const before = state.keys.filter((key) => key !== signing);
      state.keys = [signing, ...(state.announced ? [state.announced] : []), ...before];
      provider = create(own, state);
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  });
  server.on("request", (req, res) => {
    op.calls.push(new URL(req.url ?? "/", own).pathname);
    if (op.intercept?.(req, res)) return;
    if (!op.namesIssuer) hideIssuer(req, res);
    if (req.url?.startsWith("/interaction/")) void interact(provider, state, req, res);
    else provider.callback()(req, res);
  });
  return op;
}

function empty() {
  return {
    clients: new Map<string, ProviderClient>(),
    keys: [] as JWK[],
    announced: null,
    memory: providerMemory(),
  };
}

function define(state: State, account: Partial<ProviderAccount> & { sub: string; email: string }) {
  const [given_name, family_name] = ["Ada", "Lovelace"];
  const names = { given_name, family_name, name: "Ada Lovelace", preferred_username: account.email };
  const full: ProviderAccount = { ...names, ...account };
  state.accounts.set(full.sub, full);
  state.person = full.sub;
  return full;
}

async function newKey(): Promise<JWK> {
  const { privateKey } = await generateKeyPair("RS256", { extractable: true });
  return { ...(await exportJWK(privateKey)), alg: "RS256", use: "sig", kid: `key-${keyCount++}` };
}
let keyCount = 1;

/** Loads oidc-provider and makes providers of it, without the advice for production that it gives on the console. */
async function providerClass(): Promise<(issuer: string, state: State) => Provider> {
  const unsilence = silence();
  const { default: ProviderOf } = await import("oidc-provider").finally(unsilence);
  return (issuer, state) => {
    const restore = silence();
    try {
      const provider = new ProviderOf(issuer, configuration(state));
      provider.proxy = true;
      return provider;
    } finally {
      restore();
    }
  };
}

function silence(): () => void {
  const { info, warn, error } = console;
  Object.assign(console, { info: () => {}, warn: () => {}, error: () => {} });
  return () => void Object.assign(console, { info, warn, error });
}

function configuration(state: State): Record<string, unknown> {
  const v1 = "/oauth2/v1";
  return {
    adapter: state.memory,
    clients: [...state.clients.values()].map(clientMetadata),
    routes: {
      ...{ authorization: `${v1}/authorize`, token: `${v1}/token`, userinfo: `${v1}/userinfo` },
      ...{ jwks: `${v1}/keys`, end_session: `${v1}/logout` },
    },
    claims,
    conformIdTokenClaims: true,
    pkce: { required: () => true },
    features: {
      devInteractions: { enabled: false },
      rpInitiatedLogout: { enabled: true, logoutSource },
    },
    renderError: (ctx: Context, problem: Record<string, string>) => {
      ctx.body = JSON.stringify(problem);
    },
    interactions: { url: (_ctx: unknown, { uid }: { uid: string }) => `/interaction/${uid}` },
    jwks: { keys: state.keys },
    cookies: { keys: ["of the tests"] },
    ttl: {
      AccessToken: 600,
      AuthorizationCode: 60,
      IdToken: 3600,
      Interaction: 600,
      Session: 3600,
      Grant: 3600,
    },
    clientBasedCORS: () => false,
    findAccount: (_ctx: unknown, sub: string): Account | undefined => {
      const account = state.accounts.get(sub);
      return account && { accountId: sub, claims: () => ({ ...account }) };
    },
    async loadExistingGrant(this: unknown, ctx: Context & { oidc: { provider: Provider } }) {
      const { client, session, provider } = ctx.oidc;
      const grant = new provider.Grant({ clientId: client.clientId, accountId: session.accountId });
      grant.addOIDCScope("openid profile email");
      await grant.save();
      return grant;
    },
  };
}

function clientMetadata({ clientId, secret, redirectUris, postLogoutRedirectUris }: ProviderClient) {
  return {
    client_id: clientId,
    client_secret: secret,
    redirect_uris: redirectUris,
    post_logout_redirect_uris: postLogoutRedirectUris,
    grant_types: ["authorization_code"],
    response_types: ["code"],
    token_endpoint_auth_method: "client_secret_basic",
    id_token_signed_response_alg: "RS256",
  };
}

function logoutSource(ctx: Context, form: string): void {
  ctx.body = `<!doctype html><title>Org</title>${form}<button form="op.logoutForm" name="logout" value="yes">Sign out of the org</button>`;
}

/** Signs `person` in: at once, or by the button of a page. */
async function interact(provider: Provider, state: State, req: IncomingMessage, res: ServerResponse) {
  const { params } = await provider.interactionDetails(req, res);
  if (state.showsButton && req.method === "GET") {
    state.requests.push(params);
    res.setHeader("content-type", "text/html");
    res.end("<!doctype html><title>Org</title><form method=post><button>Sign in to the org</button></form>");
    return;
  }
  if (!state.showsButton) state.requests.push(params);
  const result = state.accounts.has(state.person)
    ? { login: { accountId: state.person } }
    : { error: "access_denied", error_description: "User is not assigned to the client application." };
  await provider.interactionFinished(req, res, result);
}

/** Takes `iss` out of answers, and out of what discovery promises. */
function hideIssuer(req: IncomingMessage, res: ServerResponse): void {
  const setHeader = res.setHeader.bind(res);
  res.setHeader = (name, value) => {
    const isAnswer = name.toLowerCase() === "location" && /[?&](code|error)=/.test(String(value));
    return setHeader(name, isAnswer ? String(value).replace(/&iss=[^&]*/, "") : value);
  };
  if (req.url !== "/.well-known/openid-configuration") return;
  const end = res.end.bind(res) as (chunk?: string) => ServerResponse;
  res.end = ((chunk: string) => {
    const text = String(chunk).replace(/"authorization_response_iss_parameter_supported":true,?/, "");
    setHeader("content-length", Buffer.byteLength(text));
    return end(text);
  }) as typeof res.end;
}
