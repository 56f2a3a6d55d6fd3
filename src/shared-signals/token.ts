import { decodeJwt } from "jose";
import { UnavailableError } from "../errors.ts";
import type { SignalTransmitter } from "../model.ts";
import type { KeyStore } from "../trust/jwks.ts";
import { findingOf, type TokenFinding } from "../trust/org-tokens.ts";

/**
 * Verifies the type and the signature of a SET with the transmitter's keys: null if they are valid, otherwise the rule that
 * it breaks.
 */
export type SetVerifier = (set: string, transmitter: SignalTransmitter) => Promise<TokenFinding | null>;

/** Okta signs with RS256, which CAEP Interop §2.6 demands of all. Others may use a stronger one; all are asymmetric. */
const algorithms = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"];

export function setVerifier(keys: KeyStore): SetVerifier {
  return async (set, { jwksUri }) => {
    let isWeak = false;
    const verify = async () => {
      try {
        await keys.verify(set, jwksUri, { algorithms, typ: "secevent+jwt" });
      } catch (error) {
        // jose's error for a key that is too short, or of another kind than the algorithm's.
        if (!(error instanceof TypeError)) throw error;
        isWeak = true;
      }
    };
    const finding = await findingOf(verify, ruleIdOf).catch(unavailableKeys);
    return isWeak ? { ruleId: "set-key", found: "the key is too weak for its algorithm" } : finding;
  };
}

/**
 * The claims of a SET whose signature was verified. Of a duplicate claim, the last one counts, here as in the verification
 * (RFC 7519 §4).
 */
export function verifiedClaims(set: string): Record<string, unknown> {
  return decodeJwt(set);
}

function unavailableKeys(error: unknown): TokenFinding {
  if (!(error instanceof UnavailableError)) throw error;
  return { ruleId: "keys-available", found: String(error.cause) };
}

const ruleOfCode: Record<string, string> = {
  ERR_JOSE_ALG_NOT_ALLOWED: "set-algorithm",
  ERR_JWKS_INVALID: "keys-available",
  ERR_JWKS_NO_MATCHING_KEY: "set-key",
  ERR_JWKS_MULTIPLE_MATCHING_KEYS: "set-key",
  ERR_JWS_SIGNATURE_VERIFICATION_FAILED: "set-signature",
};

/** Other claims than the type are the policy's own, because some of them must be absent. */
function ruleIdOf(claim: string | null, code: string): string {
  if (claim !== null) return claim === "typ" ? "set-type" : claim;
  return ruleOfCode[code] ?? "set-readable";
}
