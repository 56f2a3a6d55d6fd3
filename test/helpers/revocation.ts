import { type KeyObject, randomUUID } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { exportJWK, SignJWT } from "jose";
import { leaseKey } from "./leased-keys.ts";

/** A minimal org that signs revocation tokens and ID-JAGs, and publishes its key. */
export interface RevokingOrg {
  issuer: string;
  privateKey: KeyObject;
  /** More documents that it serves, by path. */
  documents: Map<string, unknown>;
  /** Makes the org respond to everything with 500. */
  down: boolean;
  /** Runs before the org publishes its keys. */
  beforeKeys: (() => Promise<void>) | null;
  close(): Promise<void>;
}

export async function startRevokingOrg(): Promise<RevokingOrg> {
  const { privateKey, publicKey, giveBack } = leaseKey();
  const key = { ...(await exportJWK(publicKey)), kid: "k1", alg: "RS256", use: "sig" };
  const server = createServer(async (req, res) => {
    const { issuer } = org;
    const documents: Record<string, object> = {
      "/oauth2/v1/keys": { keys: [key] },
      "/.well-known/openid-configuration": {
        issuer,
        jwks_uri: `${issuer}/oauth2/v1/keys`,
        authorization_endpoint: `${issuer}/authorize`,
        token_endpoint: `${issuer}/token`,
        response_types_supported: ["code"],
      },
    };
    const path = req.url ?? "";
    if (path === "/oauth2/v1/keys") await org.beforeKeys?.();
    const document = org.down ? undefined : (org.documents.get(path) ?? documents[path]);
    res.writeHead(document ? 200 : 500, { "content-type": "application/json" });
    res.end(JSON.stringify(document ?? {}));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const org: RevokingOrg = {
    issuer: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    privateKey,
    documents: new Map(),
    down: false,
    beforeKeys: null,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      giveBack();
    },
  };
  return org;
}

export const strangersKey = leaseKey().privateKey;

/** Changed claims of a token; undefined removes a claim. */
export interface TokenParts {
  header?: Record<string, unknown>;
  claims?: Record<string, unknown>;
  key?: KeyObject | Uint8Array;
}

/** A token as Okta makes it: issued by the org for the application `sub`. */
export async function revocationToken(
  org: Pick<RevokingOrg, "issuer" | "privateKey">,
  sub: string,
  aud: string,
  { header = {}, claims = {}, key = org.privateKey }: TokenParts = {},
): Promise<string> {
  const now = Math.floor(Date.now() / 1000);
  const times = { iat: now, nbf: now - 10, exp: now + 300 };
  return await new SignJWT({ jti: randomUUID(), iss: org.issuer, sub, aud, ...times, ...claims })
    .setProtectedHeader({ typ: "global-token-revocation+jwt", alg: "RS256", kid: "k1", ...header })
    .sign(key);
}
