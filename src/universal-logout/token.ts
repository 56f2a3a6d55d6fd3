import { X509Certificate } from "node:crypto";
import { decodeJwt, decodeProtectedHeader, jwtVerify } from "jose";
import { z } from "zod";
import type { Connection, ConnectionSettings, OidcSettings } from "../model.ts";
import { providerIn } from "../sign-in-protocols.ts";
import { claimText } from "../trust/claim-text.ts";
import { orgNames } from "../trust/issuer-names.ts";
import type { KeyStore } from "../trust/jwks.ts";
import { findingOf, orgKeysUri, type TokenFinding } from "../trust/org-tokens.ts";

/**
 * The claims of a revocation token. They are trusted only after a connection's keys have verified them. `sub` is the
 * application and not the person: the org's id of it.
 */
const claimsShape = z.object({ iss: claimText, sub: claimText, jti: claimText, exp: z.number() });
export type RevocationClaims = z.infer<typeof claimsShape>;

/**
 * Verifies a token with a connection's keys: null if it is valid, otherwise the rule that it breaks. Throws
 * UnavailableError if the keys cannot be read at the moment.
 */
export type TokenVerifier = (
  token: string,
  connection: Connection,
  audience: string,
) => Promise<TokenFinding | null>;

const tokenType = "global-token-revocation+jwt";

/** Reads a token without verifying it, to find the connections that it names. Null if it is not a revocation token. */
export function readClaims(token: string): RevocationClaims | null {
  try {
    const { typ } = decodeProtectedHeader(token);
    return isTokenType(typ) ? (claimsShape.safeParse(decodeJwt(token)).data ?? null) : null;
  } catch {
    return null;
  }
}

/** A media type: it ignores case, and "application/" may be left out (RFC 7515 §4.1.9). jose compares likewise. */
function isTokenType(typ: unknown): boolean {
  return typeof typ === "string" && typ.toLowerCase().replace(/^application\//, "") === tokenType;
}

/**
 * Verifies tokens with the key that signs the connection's sign-ins: the org's published keys, or those of the connection's
 * certificates.
 */
export function tokenVerifier(
  keys: KeyStore,
  jwksUriOf: (settings: OidcSettings) => Promise<string>,
): TokenVerifier {
  return async (token, connection, audience) => {
    const { settings } = connection;
    const expected = settings && expectedIn(settings);
    if (!expected) return { ruleId: "connection-complete", found: null };
    const options = {
      ...expected,
      typ: tokenType,
      audience,
      clockTolerance: 60,
      requiredClaims: ["jti", "exp"],
      maxTokenAge: "15 minutes",
    };
    const { certificates } = providerIn(settings);
    if (await isSignedByOneOf(certificates ?? [], token, options)) return null;
    const verify = async () => keys.verify(token, await orgKeysUri(settings, jwksUriOf), options);
    return await findingOf(verify, ruleIdOf);
  };
}

/** Issuer and application of the connection's tokens. Null while they are unknown, because jose would then check neither. */
function expectedIn(settings: ConnectionSettings): { issuer: string[]; subject: string } | null {
  const names = orgNames(settings);
  const { appId: subject } = providerIn(settings);
  if (names.length === 0 || !subject) return null;
  return { issuer: names.flatMap((name) => [name, `${name}/`]), subject };
}

async function isSignedByOneOf(
  certificates: readonly string[],
  token: string,
  options: object,
): Promise<boolean> {
  for (const certificate of certificates) {
    const { publicKey } = new X509Certificate(Buffer.from(certificate, "base64"));
    // RS256 needs an RSA key; the error for another kind depends on the version of Node.
    if (publicKey.asymmetricKeyType !== "rsa") continue;
    const verify = () => jwtVerify(token, publicKey, { ...options, algorithms: ["RS256"] });
    if ((await findingOf(verify, ruleIdOf)) === null) return true;
  }
  return false;
}

/** The rules about a claim, by the claim that jose names in its errors. */
const claimRuleIds: Record<string, string> = {
  typ: "token-type",
  jti: "token-id",
  iss: "token-issuer",
  sub: "token-application",
  aud: "token-audience",
  nbf: "token-not-before",
  exp: "token-expiry",
  iat: "token-fresh",
};

function ruleIdOf(claim: string | null): string {
  return claimRuleIds[claim ?? ""] ?? "token-signature";
}
