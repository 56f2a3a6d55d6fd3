import { calculateJwkThumbprint, EmbeddedJWK, type JWK, jwtVerify } from "jose";
import type { Database } from "../store/database.ts";
import { onceOnly } from "../store/rate-limits.ts";
import { hashToken } from "../store/secrets.ts";

/** Asymmetric algorithms only (RFC 9449 §4.2). */
export const proofAlgorithms: string[] = ["ES256", "RS256", "PS256", "EdDSA"];

/** How old a proof may be, on clocks that differ by a minute. */
const maxAgeSeconds = 300;
const toleranceSeconds = 60;

/** The request that a proof has to be made for. */
interface ProvedRequest {
  method: string;
  /** The request's URL, without a query. */
  url: string;
  /** The access token that comes with the proof; absent at the token endpoint. */
  token?: string;
}

/** The thumbprint of the key that a proof was signed with, or what is wrong with the proof. */
type ProofResult = { thumbprint: string; problem: null } | { thumbprint: null; problem: string };

export type ProofVerifier = (proof: string, request: ProvedRequest) => Promise<ProofResult>;

/** Verifies proofs of possession (RFC 9449 §4.3). Each proof is accepted once, on all replicas together. */
export function proofVerifier(database: Database): ProofVerifier {
  const isNew = onceOnly(database, { name: "dpop-proof", seconds: maxAgeSeconds + 2 * toleranceSeconds });
  return async (proof, { method, url, token }) => {
    // The key comes with the proof, so any failure is a fault of the proof.
    const verified = await verify(proof).catch((error: Error) => broken(error.message));
    if ("problem" in verified) return verified;
    const { thumbprint, claims } = verified;
    if (typeof claims.jti !== "string") return broken("jti is not a text");
    if (claims.htm !== method) return broken("htm is another method");
    if (withoutQuery(claims.htu) !== url) return broken("htu is another address");
    // SHA-256 in base64url, which is also how we store a token (RFC 9449 §4.2).
    if (token !== undefined && claims.ath !== hashToken(token)) return broken("ath is another access token");
    const isUsed = !(await isNew(hashToken(`${thumbprint}/${claims.jti}`)));
    return isUsed ? broken("the proof was used before") : { thumbprint, problem: null };
  };
}

async function verify(proof: string): Promise<{ thumbprint: string; claims: Record<string, unknown> }> {
  const { payload, protectedHeader } = await jwtVerify(proof, EmbeddedJWK, {
    typ: "dpop+jwt",
    algorithms: proofAlgorithms,
    maxTokenAge: maxAgeSeconds,
    clockTolerance: toleranceSeconds,
    requiredClaims: ["jti", "htm", "htu"],
  });
  return { thumbprint: await calculateJwkThumbprint(protectedHeader.jwk as JWK), claims: payload };
}

function broken(problem: string): ProofResult & { thumbprint: null } {
  return { thumbprint: null, problem };
}

/** Query and fragment do not count (RFC 9449 §4.3). */
function withoutQuery(address: unknown): string | null {
  if (typeof address !== "string" || !URL.canParse(address)) return null;
  const { origin, pathname } = new URL(address);
  return origin + pathname;
}
