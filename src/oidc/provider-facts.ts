import { z } from "zod";
import { InvalidError } from "../errors.ts";
import { type FetchLimits, guardedFetch } from "../trust/guarded-fetch.ts";
import { readKeys } from "../trust/jwks.ts";

/** Facts that a provider publishes (OpenID Connect Discovery §3), for the administrator or operator who enters its address. */
export interface ProviderFacts {
  issuer: string;
  authorizationEndpoint: string;
  tokenEndpoint: string;
  userinfoEndpoint: string;
  jwksUri: string;
  /** Null if it does not offer sign-out. */
  endSessionEndpoint: string | null;
  /** Ids of its signing keys. */
  keyIds: string[];
}

const address = z.url({ protocol: /^https?$/ });
const documentShape = z.object({
  issuer: z.string(),
  authorization_endpoint: address,
  token_endpoint: address,
  userinfo_endpoint: address,
  jwks_uri: address,
  end_session_endpoint: address.optional(),
  response_types_supported: z.array(z.string()),
  id_token_signing_alg_values_supported: z.array(z.string()),
  code_challenge_methods_supported: z.array(z.string()).optional(),
});

/**
 * Reads a provider's discovery document and keys. Throws InvalidError, with a sentence for the person who entered the
 * address, if a sign-in through the provider cannot work.
 * @param issuer as checkIssuer() returns it.
 */
export async function readProvider(issuer: string, limits: FetchLimits): Promise<ProviderFacts> {
  const found = await discoveryOf(issuer, limits);
  if (found.issuer !== issuer) {
    throw new InvalidError(
      `${issuer} says that its issuer is ${shortened(found.issuer)}. Enter that address.`,
    );
  }
  const lacking = [
    ...(found.response_types_supported.includes("code") ? [] : ["the authorization code flow"]),
    ...(found.id_token_signing_alg_values_supported.includes("RS256") ? [] : ["ID tokens signed by RS256"]),
    // Absent means that PKCE is not offered (RFC 8414 §2).
    ...(found.code_challenge_methods_supported?.includes("S256") ? [] : ["PKCE by S256"]),
  ];
  if (lacking.length > 0) throw new InvalidError(`${issuer} does not offer ${lacking.join(" and ")}.`);
  const { keys } = await readKeys(found.jwks_uri, limits);
  const keyIds = keys.flatMap(({ kty, kid }) => (kty === "RSA" && kid ? [kid] : []));
  if (keyIds.length === 0) throw new InvalidError(`${issuer} publishes no RSA key to sign with.`);
  return {
    issuer,
    authorizationEndpoint: found.authorization_endpoint,
    tokenEndpoint: found.token_endpoint,
    userinfoEndpoint: found.userinfo_endpoint,
    jwksUri: found.jwks_uri,
    endSessionEndpoint: found.end_session_endpoint ?? null,
    keyIds,
  };
}

/**
 * Throws InvalidError unless both addresses publish the same keys and so belong to one org. One check is enough: only the
 * issuer's own keys are ever trusted for an alias.
 */
export async function checkAlias(issuer: string, alias: string, limits: FetchLimits): Promise<void> {
  if (alias === issuer) throw new InvalidError("This is the issuer itself. Leave it out.");
  const [own, other] = await Promise.all([issuer, alias].map((name) => keysOf(name, limits)));
  if (own === other) return;
  throw new InvalidError(`${alias} signs with other keys: it is another org.`);
}

/** An org's public keys as one sorted text. */
async function keysOf(name: string, limits: FetchLimits): Promise<string> {
  const { keys } = await readKeys((await discoveryOf(name, limits)).jwks_uri, limits);
  return JSON.stringify(keys.map(({ kid, n, e }) => [kid, n, e].join(" ")).sort());
}

async function discoveryOf(issuer: string, limits: FetchLimits) {
  const text = await guardedFetch(`${issuer}/.well-known/openid-configuration`, limits);
  const parsed = documentShape.safeParse(parseJson(text));
  if (parsed.success) return parsed.data;
  const names = [...new Set(parsed.error.issues.map(({ path }) => path[0]))].filter(Boolean);
  const what = names.length > 0 ? `: ${names.join(", ")} is missing or not valid` : "";
  throw new InvalidError(`${issuer} does not answer like an Okta org${what}.`);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** Text from elsewhere, shortened for a sentence. */
function shortened(text: string): string {
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}
