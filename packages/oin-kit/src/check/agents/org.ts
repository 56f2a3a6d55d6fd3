import { generateKeyPairSync, type KeyObject, randomUUID } from "node:crypto";
import { createServer } from "node:http";
import { SignJWT } from "jose";
import { isLoopback } from "../web.ts";

/**
 * The org that the check plays: it publishes one key, and signs with it. A connection of the deployment has to name it as
 * its issuer.
 */
export interface CheckOrg {
  /** Its address, without a trailing slash. */
  issuer: string;
  kid: string;
  publicKey: KeyObject;
  /** Signs with the published key, by RS256. */
  sign(header: SigningHeader, claims: object): Promise<string>;
  close(): Promise<void>;
}

/** The header of a JWT but for alg, and kid where it is the org's. */
interface SigningHeader {
  typ: string;
  kid?: string;
}

/**
 * Starts to serve the org's metadata and keys.
 * @param issuer the public address.
 * @param port where this machine listens if a proxy answers at that address; null to listen at the address itself, which has
 * to be on this machine. Throws the error of the server if the port is not free.
 */
export async function openOrg(issuer: string, port: number | null): Promise<CheckOrg> {
  signingKey ??= newSigningKey();
  const { privateKey, publicKey, kid } = signingKey;
  const documents: Record<string, object> = {
    "/.well-known/openid-configuration": metadataOf(issuer),
    "/oauth2/v1/keys": {
      keys: [{ ...publicKey.export({ format: "jwk" }), kid, use: "sig", alg: "RS256" }],
    },
  };
  const server = createServer((req, res) => {
    const document = documents[(req.url ?? "").split("?")[0] ?? ""];
    res.writeHead(document ? 200 : 404, { "content-type": "application/json" });
    res.end(JSON.stringify(document ?? { error: "not found" }));
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject).listen(port ?? portOf(issuer), "127.0.0.1", resolve);
  });
  return {
    issuer,
    kid,
    publicKey,
    sign: (header, claims) =>
      new SignJWT({ ...claims }).setProtectedHeader({ kid, ...header, alg: "RS256" }).sign(privateKey),
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** One for each run of the program: a server fetches an org's keys only so often. */
let signingKey: ReturnType<typeof newSigningKey> | undefined;

function newSigningKey() {
  const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  return { privateKey, publicKey, kid: `oincheck-${randomUUID()}` };
}

/** Whether the check can answer at the org's address without a proxy. */
export function answersAt(issuer: string): boolean {
  return isLoopback(issuer) && issuer.startsWith("http:");
}

function portOf(issuer: string): number {
  return Number(new URL(issuer).port || 80);
}

/** As an org authorization server of Okta's publishes it (OpenID Connect Discovery §3). */
function metadataOf(issuer: string): object {
  const at = `${issuer}/oauth2/v1`;
  return {
    issuer,
    authorization_endpoint: `${at}/authorize`,
    token_endpoint: `${at}/token`,
    userinfo_endpoint: `${at}/userinfo`,
    jwks_uri: `${at}/keys`,
    end_session_endpoint: `${at}/logout`,
    response_types_supported: ["code"],
    response_modes_supported: ["query", "form_post"],
    grant_types_supported: ["authorization_code"],
    subject_types_supported: ["public"],
    id_token_signing_alg_values_supported: ["RS256"],
    scopes_supported: ["openid", "profile", "email"],
    token_endpoint_auth_methods_supported: ["client_secret_basic", "client_secret_post"],
    code_challenge_methods_supported: ["S256"],
  };
}
