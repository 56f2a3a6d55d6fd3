import { X509Certificate } from "node:crypto";
import { decodeJwt, decodeProtectedHeader, errors, jwtVerify } from "jose";
import { UnavailableError } from "../errors.ts";
import type { Connection, OidcSettings, SamlSettings } from "../model.ts";
import type { KeyStore } from "../trust/jwks.ts";

/** What a revocation token says of itself. Believed only once a connection's keys have verified it. */
export interface Claims {
  iss: string;
  /** The OIDC client id or the SAML app instance id: the application, not the person. */
  sub: string;
  jti: string;
  exp: number;
}

/**
 * Verifies a token with a connection's keys: null when it holds, else what is wrong with it, in words for the log.
 * Throws UnavailableError when the keys cannot be read at the moment.
 */
export type TokenVerifier = (
  token: string,
  connection: Connection,
  audience: string,
) => Promise<string | null>;

const tokenType = "global-token-revocation+jwt";

/** Reads a token without verifying it, to find the connections that it may be about. Null when it is no such token. */
export function readClaims(token: string): Claims | null {
  try {
    const { typ } = decodeProtectedHeader(token);
    const { iss, sub, jti, exp } = decodeJwt(token);
    if (typ !== tokenType || !iss || !sub || !jti || !exp) return null;
    return { iss, sub, jti, exp };
  } catch {
    return null;
  }
}

/**
 * Verifies tokens with the key that signs the connection's sign-ins: the org's published keys, and for SAML also those of
 * its certificates. Checks the type, the audience (without query), the issuer, the application and the times.
 */
export function tokenVerifier(
  keys: KeyStore,
  jwksUriOf: (settings: OidcSettings) => Promise<string>,
): TokenVerifier {
  return async (token, connection, audience) => {
    const { settings } = connection;
    if (!settings) return "the connection is not complete";
    const issuer =
      "issuer" in settings
        ? [settings.issuer, settings.issuerAlias ?? settings.issuer]
        : [settings.orgUrl ?? ""];
    const checks = {
      ...{ typ: tokenType, audience, issuer, clockTolerance: 60 },
      subject: "clientId" in settings ? settings.clientId : (settings.appInstanceId ?? ""),
      requiredClaims: ["jti", "exp", "iat"],
      maxTokenAge: "15 minutes",
    };
    if ("issuer" in settings)
      return await problemOf(async () => keys.verify(token, await jwksUriOf(settings), checks));
    if (await byCertificate(settings, token, checks)) return null;
    return await problemOf(() => keys.verify(token, `${settings.orgUrl}/oauth2/v1/keys`, checks));
  };
}

async function byCertificate(settings: SamlSettings, token: string, checks: object): Promise<boolean> {
  for (const certificate of settings.certificates) {
    const { publicKey } = new X509Certificate(Buffer.from(certificate, "base64"));
    // A certificate of another kind of key verifies nothing.
    if (publicKey.asymmetricKeyType !== "rsa") continue;
    const verify = () => jwtVerify(token, publicKey, { ...checks, algorithms: ["RS256"] });
    if ((await problemOf(verify)) === null) return true;
  }
  return false;
}

/**
 * Whatever is wrong with a token, it does not hold. That the keys cannot be read is another matter: an outage must not
 * look like a refusal, or the org would not try again.
 */
async function problemOf(verify: () => Promise<unknown>): Promise<string | null> {
  try {
    await verify();
    return null;
  } catch (error) {
    // Its messages name the check and the claim, and no value.
    if (error instanceof errors.JOSEError) return error.message;
    throw new UnavailableError("the provider's keys cannot be read", { cause: error });
  }
}
