import { ResponseBodyError, WWWAuthenticateChallengeError } from "openid-client";
import { mismatch } from "../checks.ts";
import { InvalidError } from "../errors.ts";

/**
 * What openid-client and jose check for us, in their order, and which of it an error of theirs is about: the inspector
 * shows it (docs/explanation/inspector.md). Nothing here decides anything.
 */
const granted = "The provider gives tokens for the code, the client's secret and PKCE's verifier";
const readable = "The answer holds an ID token, signed by RS256, with every claim that must be there";

const byClaim: Record<string, string> = {
  exp: "The ID token has not expired",
  iss: "The ID token's issuer is the connection's",
  aud: "The ID token's audience is this client",
  nonce: "The ID token has the nonce of this sign-in",
};
const signed = "A key that the issuer publishes verifies the ID token's signature";
const recent = "The ID token was made just now";
const sameSubject = "UserInfo is about the subject of the ID token";

export const discoveryChecks: readonly string[] = ["The provider's discovery document names its issuer"];
export const grantChecks: readonly string[] = [granted, readable, ...Object.values(byClaim)];
export const signatureChecks: readonly string[] = [signed, recent];
export const userInfoChecks: readonly string[] = ["The provider gives the claims of /userinfo", sameSubject];

/** What the libraries attach to their errors. */
interface Cause {
  claim?: unknown;
  expected?: unknown;
  claims?: Record<string, unknown>;
  attribute?: unknown;
}

/** Says which of the checks an error of openid-client, jose or the network is about, and what it found. */
export function failureAmong(names: readonly string[]) {
  const [first = ""] = names;
  return (error: unknown): { name: string; detail: string } => {
    const chain = chainOf(error);
    const said = String(Object(chain.findLast((one) => one instanceof Error)).message ?? error);
    if (error instanceof ResponseBodyError) {
      const { status, error: code, error_description: description } = error;
      return { name: first, detail: [status, code, description].filter(Boolean).join(" ") };
    }
    if (error instanceof WWWAuthenticateChallengeError) return { name: first, detail: `${error.status}` };
    if (chain.some((one) => one instanceof InvalidError)) return { name: first, detail: said };
    return claimFailure(chain, said) ?? { name: names.includes(readable) ? readable : first, detail: said };
  };
}

/** For an error that names a claim. */
function claimFailure(chain: unknown[], said: string): { name: string; detail: string } | null {
  const causes: Cause[] = chain.map(Object);
  const cause = causes.find(({ claim, attribute }) => claim !== undefined || attribute !== undefined);
  const claim = String(cause?.claim ?? cause?.attribute ?? /"(\w+)" (?:\(|claim)/.exec(said)?.[1]);
  if (claim === "sub" && cause?.attribute) return { name: sameSubject, detail: said };
  if (claim === "iat") return { name: recent, detail: said };
  const name = Object.hasOwn(byClaim, claim) ? byClaim[claim] : undefined;
  if (!name) return null;
  // Which nonce was expected is nobody's business.
  if (claim === "nonce" || cause?.expected === undefined) return { name, detail: said };
  const found = cause.claims?.[claim];
  return { name, detail: mismatch(String(cause.expected), found === undefined ? null : String(found)) };
}

function chainOf(error: unknown): unknown[] {
  const chain: unknown[] = [];
  for (let current = error; current && chain.length < 5; current = Object(current).cause) chain.push(current);
  return chain;
}
