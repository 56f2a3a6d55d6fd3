import type { WebAnswer } from "./web.ts";

/** Redirects that browsers keep although nothing says so (RFC 9110 §15.1). */
const keptByDefault = new Set([301, 308]);

/**
 * Why a browser may answer the next sign-in from its cache; null if it may not. A kept redirect repeats state, nonce or
 * the ID of an AuthnRequest, which works only once (RFC 9111 §4.2).
 */
export function cachingProblem({ status, headers }: WebAnswer): string | null {
  const directives = headers.get("cache-control")?.toLowerCase() ?? "";
  if (/\bno-(store|cache)\b/.test(directives)) return null;
  // max-age wins over Expires and over the default of the status (RFC 9111 §4.2.1).
  const age = /\bmax-age="?(\d+)/.exec(directives)?.[1];
  if (age !== undefined) return Number(age) > 0 ? `Cache-Control: ${directives}` : null;
  const expires = Date.parse(headers.get("expires") ?? "");
  if (expires > Date.now()) return `Expires: ${headers.get("expires")}`;
  return keptByDefault.has(status) ? `${status} without Cache-Control: no-store` : null;
}
