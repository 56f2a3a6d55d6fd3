import { decodeJwt, decodeProtectedHeader } from "jose";
import { z } from "zod";
import type { Connection, ConnectionSettings, OidcSettings } from "../model.ts";
import { toleranceSeconds } from "../oauth/policy.ts";
import { claimText } from "../trust/claim-text.ts";
import { orgNames, withoutSlash } from "../trust/issuer-names.ts";
import type { KeyStore } from "../trust/jwks.ts";
import { findingOf, orgKeysUri, type TokenFinding } from "../trust/org-tokens.ts";

const oneOrMore = z.union([claimText, z.array(claimText).min(1)]);

/**
 * The claims of an ID-JAG, trusted only after the connection's keys have verified them. A missing claim is for the rule
 * about it. One of another type breaks a rule, but for `email` and `act`, which decide nothing.
 */
const claimsShape = z.object({
  iss: claimText,
  sub: claimText.optional(),
  aud: oneOrMore.optional(),
  client_id: claimText.optional(),
  jti: claimText.optional(),
  exp: z.number().optional(),
  iat: z.number().optional(),
  scope: claimText.optional(),
  resource: oneOrMore.optional(),
  aud_tenant: claimText.optional(),
  sub_id: z.looseObject({ format: claimText }).optional(),
  cnf: z.looseObject({ jkt: claimText.optional() }).optional(),
  email: claimText.optional().catch(undefined),
  act: z.object({ sub: claimText }).optional().catch(undefined),
});
export type AssertionClaims = z.infer<typeof claimsShape>;

export interface Assertion {
  /** The text that the client sent: exactly this is judged and verified. */
  token: string;
  typ: unknown;
  claims: AssertionClaims;
  /** The names of claims that count as absent, because they have a wrong type. */
  mistyped: string[];
}

/** A connection whose settings are of one protocol. */
interface ConnectionOfProtocol<Settings extends ConnectionSettings = ConnectionSettings> {
  key: string;
  settings: Settings | null;
}

/** How assertions name people, and this application, at the connections of one sign-in protocol. */
export interface Naming<Settings extends ConnectionSettings = ConnectionSettings> {
  /** The subject that the assertion names, as a sign-in would; null if it names none. */
  subject(
    claims: AssertionClaims,
    connection: ConnectionOfProtocol<Settings>,
    baseUrl: string,
  ): string | null;
  /** Whether the assertion names this connection's end of the federation. */
  namesUs(claims: AssertionClaims, connection: ConnectionOfProtocol<Settings>, baseUrl: string): boolean;
  /** Whether a sign-in proves that the connection's org is the one that its settings name. */
  provesOrg: boolean;
}

/** Reads an assertion without verifying it, to find its connection. Null if it is not a JWT with an issuer. */
export function readAssertion(token: string): Assertion | null {
  try {
    const { typ } = decodeProtectedHeader(token);
    const given = decodeJwt(token);
    const mistyped = (claimsShape.safeParse(given).error?.issues ?? []).map(({ path }) => String(path[0]));
    const others = Object.entries(given).filter(([name]) => !mistyped.includes(name));
    const claims = claimsShape.safeParse(Object.fromEntries(others)).data;
    return claims ? { token, typ, claims, mistyped } : null;
  } catch {
    return null;
  }
}

/** An active connection of the assertion's issuer. */
export interface ConnectionOfIssuer {
  tenantId: string;
  connection: Connection;
}

/** The issuer's name as the store has it. */
export function issuerOf({ claims }: Assertion): string {
  return withoutSlash(claims.iss);
}

/** Verifies an assertion with the org's published keys. Throws UnavailableError if they cannot be read at the moment. */
export type AssertionVerifier = (
  assertion: Assertion,
  settings: ConnectionSettings,
) => Promise<TokenFinding | null>;

/** The org's other name is trusted with the same keys only. */
export function assertionVerifier(
  keys: KeyStore,
  jwksUriOf: (settings: OidcSettings) => Promise<string>,
): AssertionVerifier {
  return async ({ token }, settings) => {
    const issuer = orgNames(settings).flatMap((name) => [name, `${name}/`]);
    const options = { issuer, requiredClaims: ["exp"], clockTolerance: toleranceSeconds };
    const verify = async () => keys.verify(token, await orgKeysUri(settings, jwksUriOf), options);
    return await findingOf(verify, (claim) => claimRuleIds[claim ?? ""] ?? "assertion-signature");
  };
}

/** The rules about a claim, by the claim that jose names in its errors. */
const claimRuleIds: Record<string, string> = { nbf: "assertion-not-before", exp: "assertion-expiry" };
