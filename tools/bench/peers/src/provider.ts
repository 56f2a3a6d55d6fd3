import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { exportJWK, generateKeyPair, SignJWT } from "jose";

/** The wish of a program, as in its authorization request. */
export interface Asked {
  nonce: string | null;
  email: string;
}

/**
 * An OpenID provider with one client, which everyone is signed in at. It does as little as possible, because it shares
 * the machine with what is measured.
 */
export interface Provider {
  issuer: string;
  clientId: string;
  clientSecret: string;
  /** A code for a sign-in, as the provider would send it to the callback. */
  issue(asked: Asked): string;
  close(): Promise<void>;
}

const clientId = "bench-client";

export async function startProvider(): Promise<Provider> {
  const { privateKey, publicKey } = await generateKeyPair("RS256");
  const jwk = { ...(await exportJWK(publicKey)), kid: "bench", use: "sig", alg: "RS256" };
  const codes = new Map<string, Asked>();
  const tokens = new Map<string, Asked>();
  const server = createServer((req, res) => void answer(req, res));
  server.listen(0, "localhost");
  await once(server, "listening");
  const issuer = `http://localhost:${(server.address() as AddressInfo).port}`;
  const metadata = {
    issuer,
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: `${issuer}/token`,
    userinfo_endpoint: `${issuer}/userinfo`,
    jwks_uri: `${issuer}/keys`,
    response_types_supported: ["code"],
    subject_types_supported: ["public"],
    id_token_signing_alg_values_supported: ["RS256"],
    scopes_supported: ["openid", "email", "profile"],
    token_endpoint_auth_methods_supported: ["client_secret_basic", "client_secret_post"],
    code_challenge_methods_supported: ["S256"],
    claims_supported: ["sub", "email", "name", "given_name", "family_name"],
  };

  async function answer(req: IncomingMessage, res: ServerResponse) {
    const path = req.url?.split("?")[0];
    if (path === "/.well-known/openid-configuration") send(res, metadata);
    else if (path === "/keys") send(res, { keys: [jwk] });
    else if (path === "/token") send(res, await redeem(await textOf(req)));
    else if (path === "/userinfo") {
      const asked = tokens.get(req.headers.authorization?.replace("Bearer ", "") ?? "");
      if (asked) send(res, claimsOf(asked));
      else res.writeHead(401).end();
    } else res.writeHead(404).end();
  }

  async function redeem(form: string): Promise<object> {
    const code = new URLSearchParams(form).get("code") ?? "";
    const asked = codes.get(code);
    if (!asked || !codes.delete(code)) return { error: "invalid_grant" };
    const accessToken = randomBytes(24).toString("base64url");
    tokens.set(accessToken, asked);
    const idToken = await new SignJWT({ ...claimsOf(asked), ...(asked.nonce && { nonce: asked.nonce }) })
      .setProtectedHeader({ alg: "RS256", kid: "bench" })
      .setIssuer(issuer)
      .setAudience(clientId)
      .setIssuedAt()
      .setExpirationTime("1h")
      .sign(privateKey);
    return {
      access_token: accessToken,
      id_token: idToken,
      token_type: "Bearer",
      expires_in: 3600,
      scope: "openid email profile",
    };
  }

  return {
    issuer,
    clientId,
    clientSecret: "a-secret-of-the-bench-client-0123456789",
    issue(asked) {
      const code = randomBytes(24).toString("base64url");
      codes.set(code, asked);
      return code;
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

function claimsOf({ email }: Asked) {
  return {
    sub: `sub-of-${email}`,
    email,
    email_verified: true,
    preferred_username: email,
    name: "Ada Lovelace",
    given_name: "Ada",
    family_name: "Lovelace",
  };
}

function send(res: ServerResponse, body: object): void {
  const isError = "error" in body;
  res.writeHead(isError ? 400 : 200, { "content-type": "application/json" }).end(JSON.stringify(body));
}

async function textOf(req: IncomingMessage): Promise<string> {
  let text = "";
  for await (const chunk of req) text += chunk;
  return text;
}
