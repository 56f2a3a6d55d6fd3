import { createHash, randomBytes } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import {
  type CryptoKey,
  exportJWK,
  type GenerateKeyPairResult,
  generateKeyPair,
  type JWK,
  SignJWT,
} from "jose";

type Fields = Record<string, unknown>;

/** An answer as it goes over the wire; "hang" is none at all. */
type Raw = { status?: number; headers?: Record<string, string>; body?: string } | "hang";

/** The deviation of a provider that is correct in every other way. */
export interface Deviation {
  discovery?: (metadata: Fields) => void;
  keys?: (set: { keys: JWK[] }) => void;
  /** Of the redirect back to us. */
  callback?: (url: URL) => void;
  header?: (header: Fields) => void;
  claims?: (claims: Fields) => void;
  /** Makes another token of the header and the claims. */
  token?: (header: Fields, claims: Fields, provider: HostileProvider) => string | Promise<string>;
  /** Of the token endpoint's answer. */
  answer?: (answer: Fields) => void;
  userInfo?: (claims: Fields) => void;
  /** Answers to send instead, by endpoint. */
  raw?: Partial<Record<Endpoint, Raw>>;
}

type Endpoint = "discovery" | "keys" | "token" | "userInfo";

export interface HostileProvider {
  issuer: string;
  clientId: string;
  clientSecret: string;
  keys: Keys;
  /** How often each endpoint was asked. */
  asked: Record<Endpoint | "elsewhere", number>;
  /** May be changed between two sign-ins. */
  deviation: Deviation;
  /** Codes work again and again. */
  codesLast: boolean;
  /** Where the provider sends a browser that came with this address. */
  authorize(address: string, subject?: string): URL;
  close(): Promise<void>;
}

export interface Keys {
  own: GenerateKeyPairResult;
  foreign: GenerateKeyPairResult;
  elliptic: GenerateKeyPairResult;
}

let sharedKeys: Promise<Keys> | undefined;

/** Made once for the whole process: keys are slow to make. */
export function hostileKeys(): Promise<Keys> {
  sharedKeys ??= newHostileKeys();
  return sharedKeys;
}

export async function newHostileKeys(): Promise<Keys> {
  const make = (alg: string) => generateKeyPair(alg, { extractable: true });
  const [own, foreign, elliptic] = await Promise.all([make("RS256"), make("RS256"), make("ES256")]);
  return { own, foreign, elliptic };
}

interface Grant {
  query: URLSearchParams;
  subject: string;
}

/**
 * An OpenID provider in the small, on a port of its own: code flow with PKCE and client_secret_basic, RS256, a thin ID
 * token and /userinfo. It keeps the rules strictly, but for the one that a case makes it break.
 */
export async function startHostileProvider(keys: Keys, deviation: Deviation = {}): Promise<HostileProvider> {
  const grants = new Map<string, Grant>();
  const server = createServer((req, res) => {
    serve(provider, grants, req, res).catch((error: unknown) => res.writeHead(500).end(String(error)));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const provider: HostileProvider = {
    issuer: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    clientId: "0oa-client",
    clientSecret: "a client secret of forty characters or so",
    keys,
    asked: { discovery: 0, keys: 0, token: 0, userInfo: 0, elsewhere: 0 },
    deviation,
    codesLast: false,
    authorize(address, subject = "00u-ada") {
      const { searchParams: query } = new URL(address);
      const code = randomBytes(16).toString("hex");
      grants.set(code, { query, subject });
      const url = new URL(query.get("redirect_uri") ?? "");
      url.search = new URLSearchParams({ code, state: query.get("state") ?? "" }).toString();
      provider.deviation.callback?.(url);
      return url;
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return provider;
}

const endpoints: Record<string, Endpoint> = {
  "/.well-known/openid-configuration": "discovery",
  "/oauth2/v1/keys": "keys",
  "/oauth2/v1/token": "token",
  "/oauth2/v1/userinfo": "userInfo",
};

async function serve(
  provider: HostileProvider,
  grants: Map<string, Grant>,
  req: IncomingMessage,
  res: ServerResponse,
): Promise<void> {
  const endpoint = endpoints[req.url ?? ""];
  provider.asked[endpoint ?? "elsewhere"]++;
  const raw = endpoint && provider.deviation.raw?.[endpoint];
  if (raw === "hang") return;
  if (raw) {
    const headers = { "content-type": "application/json", ...raw.headers };
    res.writeHead(raw.status ?? 200, headers).end(raw.body ?? "");
    return;
  }
  const [status, body] = await answers[endpoint ?? "elsewhere"](provider, grants, req);
  res.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}

type Answers = (
  provider: HostileProvider,
  grants: Map<string, Grant>,
  req: IncomingMessage,
) => [number, unknown] | Promise<[number, unknown]>;

const answers: Record<Endpoint | "elsewhere", Answers> = {
  elsewhere: () => [404, {}],

  discovery({ issuer, deviation }) {
    const metadata = {
      issuer,
      authorization_endpoint: `${issuer}/oauth2/v1/authorize`,
      token_endpoint: `${issuer}/oauth2/v1/token`,
      userinfo_endpoint: `${issuer}/oauth2/v1/userinfo`,
      jwks_uri: `${issuer}/oauth2/v1/keys`,
      response_types_supported: ["code"],
      subject_types_supported: ["public"],
      id_token_signing_alg_values_supported: ["RS256"],
      code_challenge_methods_supported: ["S256"],
    };
    deviation.discovery?.(metadata);
    return [200, metadata];
  },

  async keys({ keys, deviation }) {
    const set = { keys: [{ ...(await exportJWK(keys.own.publicKey)), kid: "own", use: "sig" } as JWK] };
    deviation.keys?.(set);
    return [200, set];
  },

  async token(provider, grants, req) {
    const form = new URLSearchParams(await bodyOf(req));
    const grant = grants.get(form.get("code") ?? "");
    if (!provider.codesLast) grants.delete(form.get("code") ?? "");
    const basic = [provider.clientId, provider.clientSecret].map((text) =>
      encodeURIComponent(text).replaceAll("%20", "+").replaceAll("-", "%2D"),
    );
    if (req.headers.authorization !== `Basic ${Buffer.from(basic.join(":")).toString("base64")}`)
      return [401, { error: "invalid_client" }];
    const challenge = createHash("sha256")
      .update(form.get("code_verifier") ?? "")
      .digest("base64url");
    // Codes that last belong to a provider that checks nothing about them.
    const isRight =
      provider.codesLast ||
      (grant?.query.get("code_challenge") === challenge &&
        grant.query.get("code_challenge_method") === "S256" &&
        grant.query.get("redirect_uri") === form.get("redirect_uri"));
    if (!grant || !isRight) return [400, { error: "invalid_grant" }];
    const answer: Fields = { token_type: "Bearer", expires_in: 3600, access_token: grant.subject };
    answer.id_token = await idToken(provider, grant);
    provider.deviation.answer?.(answer);
    return [200, answer];
  },

  userInfo({ deviation }, _grants, req) {
    const sub = req.headers.authorization?.replace("Bearer ", "");
    const names = { given_name: "Ada", family_name: "Lovelace", name: "Ada Lovelace" };
    const email = `${sub}@acme.example`;
    const claims = { sub, ...names, email, preferred_username: email };
    deviation.userInfo?.(claims);
    return [200, claims];
  },
};

async function idToken(provider: HostileProvider, { query, subject }: Grant): Promise<string> {
  const { issuer, clientId, deviation, keys } = provider;
  const now = Math.floor(Date.now() / 1000);
  const header: Fields = { alg: "RS256", kid: "own" };
  const nonce = query.get("nonce");
  const claims: Fields = { iss: issuer, aud: clientId, sub: subject, iat: now, exp: now + 3600, nonce };
  deviation.header?.(header);
  deviation.claims?.(claims);
  if (deviation.token) return await deviation.token(header, claims, provider);
  return await signed(header, claims, keys.own.privateKey);
}

export async function signed(header: Fields, claims: Fields, key: CryptoKey | Uint8Array): Promise<string> {
  return await new SignJWT(claims).setProtectedHeader(header as { alg: string }).sign(key);
}

async function bodyOf(req: IncomingMessage): Promise<string> {
  let text = "";
  for await (const chunk of req) text += chunk;
  return text;
}
