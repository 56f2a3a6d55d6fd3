import { errors } from "jose";
import { UnavailableError } from "../errors.ts";
import type { ConnectionSettings, OidcSettings } from "../model.ts";
import { providerIn } from "../sign-in-protocols.ts";

/** A fault that jose found in a token, or a failure to read the keys; and the policy rule that it is about. */
export interface TokenFinding {
  ruleId: string;
  found: string | null;
}

/** Where the org of a connection publishes the keys of the tokens that it signs for us. */
export async function orgKeysUri(
  settings: ConnectionSettings,
  jwksUriOf: (settings: OidcSettings) => Promise<string>,
): Promise<string> {
  const { keys } = providerIn(settings);
  return typeof keys === "string" ? keys : await jwksUriOf(keys);
}

/**
 * Verifies a token: null if it is valid, otherwise the first fault. Any defect means that the token is invalid. A failure to
 * fetch the keys is not a defect: it throws UnavailableError, because the caller may try again.
 * @param ruleIdOf the rule about a claim that jose names; for null, about the signature and everything else by jose's code.
 */
export async function findingOf(
  verify: () => Promise<unknown>,
  ruleIdOf: (claim: string | null, code: string) => string,
): Promise<TokenFinding | null> {
  try {
    await verify();
    return null;
  } catch (error) {
    if (!(error instanceof errors.JOSEError))
      throw new UnavailableError("the provider's keys cannot be read", { cause: error });
    const { claim } = error as { claim?: unknown };
    // jose's messages name the check and the claim, and no value.
    return { ruleId: ruleIdOf(typeof claim === "string" ? claim : null, error.code), found: error.message };
  }
}
