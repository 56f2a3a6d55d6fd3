import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { exportJWK, type JWK } from "jose";
import type { Context, default as Provider } from "oidc-provider";
import { answerLikeOkta, loadProviders, type ProviderParts, webClient } from "okta-stand-in/openid-provider";
import { providerMemory } from "okta-stand-in/provider-memory";
import { type LeasedKey, leaseKey } from "./leased-keys.ts";

/** A person at the provider. */
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

/** A certified OpenID provider, configured like an Okta org. */
export interface OpenIdProvider {
  issuer: string;
  /** Where it listens; differs from the issuer behind a proxy. */
  address: string;
  accounts: Map<string, ProviderAccount>;
  clients: Map<string, ProviderClient>;
  /** The `sub` of the person at the browser. */
  person: string;
  /** Shows a page with one button instead of signing `person` in at once. */
  showsButton: boolean;
  /** Whether responses name their issuer (RFC 9207). Okta's do not. */
  namesIssuer: boolean;
  /** The parameters of each authorization request, in order. */
  requests: Record<string, string | undefined>[];
  /** The requested paths, in order. */
  calls: string[];
  /** Happens before the provider answers the token request. */
  beforeTokens: (() => Promise<unknown>) | null;
  /** Replaces the provider's response if it returns true. */
  intercept: ((req: IncomingMessage, res: ServerResponse) => boolean) | null;
  define(account: Partial<ProviderAccount> & { sub: string; email: string }): ProviderAccount;
  register(client: ProviderClient): void;
  /** Its private keys; the first one signs. */
  keys: readonly JWK[];
  /** Changes the clients' secret. */
  changeSecret(secret: string): void;
  /** Signs with another key from now on: the announced one, or otherwise a new one. Earlier keys stay published. */
  rotateKeys(options?: { announceNext: boolean }): Promise<void>;
  close(): Promise<void>;
}

interface State extends Pick<OpenIdProvider, "accounts" | "clients" | "person" | "showsButton" | "requests"> {
  keys: JWK[];
  announced: JWK | null;
  leased: LeasedKey[];
  memory: ReturnType<typeof providerMemory>;
}

/** @param issuer its name behind a proxy. It listens on 127.0.0.1. */
export async function startOpenIdProvider(issuer?: string): Promise<OpenIdProvider> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const own = issuer ?? address;
  const create = await loadProviders();
  const state: State = { accounts: new Map(), person: "", showsButton: false, requests: [], ...empty() };
  state.keys.push(await newKey(state));
  let provider = create(partsOf(own, state));
  const op: OpenIdProvider = Object.assign(state, {
    issuer: own,
    address,
    namesIssuer: false,
    calls: [] as string[],
    beforeTokens: null,
    intercept: null,
    define: (account: Partial<ProviderAccount> & { sub: string; email: string }) => define(state, account),
    register(client: ProviderClient) {
      state.clients.set(client.clientId, client);
    },
    changeSecret(secret: string) {
      for (const client of state.clients.values()) client.secret = secret;
    },
    async rotateKeys({ announceNext } = { announceNext: false }) {
      const [fresh, next] = [await newKey(state), await newKey(state)];
      const signing = state.announced ?? fresh;
      state.announced = announceNext ? next : null;
      const before = state.keys.filter((key) => key !== signing);
      state.keys = [signing, ...(state.announced ? [state.announced] : []), ...before];
      provider = create(partsOf(own, state));
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      for (const { giveBack } of state.leased) giveBack();
    },
  });
  const answer = (req: IncomingMessage, res: ServerResponse) => {
    if (req.url?.startsWith("/interaction/")) void interact(provider, state, req, res);
    else if (op.namesIssuer) provider.callback()(req, res);
    else answerLikeOkta(provider, own, req, res);
  };
  server.on("request", (req, res) => {
    const { pathname } = new URL(req.url ?? "/", own);
    op.calls.push(pathname);
    if (op.intercept?.(req, res)) return;
    if (op.beforeTokens && pathname.endsWith("/token")) void op.beforeTokens().then(() => answer(req, res));
    else answer(req, res);
  });
  return op;
}

function empty() {
  const clients = new Map<string, ProviderClient>();
  const findClient = (id: string) => {
    const client = clients.get(id);
    return client && webClient(client);
  };
  return {
    clients,
    keys: [] as JWK[],
    announced: null,
    leased: [] as LeasedKey[],
    memory: providerMemory(findClient),
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

async function newKey({ leased }: Pick<State, "leased">): Promise<JWK> {
  const key = leaseKey();
  leased.push(key);
  return { ...(await exportJWK(key.privateKey)), alg: "RS256", use: "sig", kid: `key-${keyCount++}` };
}
let keyCount = 1;

function partsOf(issuer: string, state: State): ProviderParts {
  const claimsOf = (sub: string) => state.accounts.get(sub);
  const rpInitiatedLogout = { enabled: true, logoutSource };
  return { issuer, keys: state.keys, memory: state.memory, claimsOf, features: { rpInitiatedLogout } };
}

function logoutSource(ctx: Context, form: string): void {
  ctx.body = `<!doctype html><title>Org</title>${form}<button form="op.logoutForm" name="logout" value="yes">Sign out of the org</button>`;
}

/** Signs `person` in: at once, or by a page's button. */
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
