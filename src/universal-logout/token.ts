import { X509Certificate } from "node:crypto";
import { decodeJwt, decodeProtectedHeader, errors, jwtVerify } from "jose";
import { z } from "zod";
import { UnavailableError } from "../errors.ts";
import type { Connection, OidcSettings, SamlSettings } from "../model.ts";
import type { KeyStore } from "../trust/jwks.ts";

// A NUL is in no name, and PostgreSQL cannot even be asked for one.
const text = z.string().regex(/^[^\0]{1,1000}$/);

/**
 * What a revocation token says of itself. Believed only once a connection's keys have verified it. `sub` is the OIDC client
 * id or the SAML app instance id: the application, not the person.
 */
const claimsShape = z.object({ iss: text, sub: text, jti: text, exp: z.number() });
export type Claims = z.infer<typeof claimsShape>;

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
    return typ === tokenType ? (claimsShape.safeParse(decodeJwt(token)).data ?? null) : null;
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
    const expected = settings && expectedIn(settings);
    if (!expected) return "the connection does not know the application's id and the org's address";
    const checks = {
      ...expected,
      typ: tokenType,
      audience,
      clockTolerance: 60,
      requiredClaims: ["jti", "exp"],
      maxTokenAge: "15 minutes",
    };
    if ("issuer" in settings)
      return await problemOf(async () => keys.verify(token, await jwksUriOf(settings), checks));
    if (await byCertificate(settings, token, checks)) return null;
    return await problemOf(() => keys.verify(token, `${settings.orgUrl}/oauth2/v1/keys`, checks));
  };
}

/** Who issues the connection's tokens, for which application; null while it does not know (jose then checks neither). */
function expectedIn(settings: OidcSettings | SamlSettings): { issuer: string[]; subject: string } | null {
  if ("issuer" in settings) {
    const { issuer, issuerAlias, clientId } = settings;
    return { issuer: issuerAlias ? [issuer, issuerAlias] : [issuer], subject: clientId };
  }
  const { orgUrl, appInstanceId } = settings;
  return orgUrl && appInstanceId ? { issuer: [orgUrl], subject: appInstanceId } : null;
}

async function byCertificate(settings: SamlSettings, token: string, checks: object): Promise<boolean> {
  for (const certificate of settings.certificates) {
    const { publicKey } = new X509Certificate(Buffer.from(certificate, "base64"));
    // One of another kind of key does not fit RS256; what Node says of trying depends on its version.
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
