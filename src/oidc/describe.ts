import { InvalidError } from "../errors.ts";
import { type FetchLimits, guardedFetch } from "../trust/guarded-fetch.ts";
import { checkIssuer } from "./issuer.ts";

/** Facts that an OpenID provider publishes, for the administrator who enters its address. */
export interface DescribedProvider {
  issuer: string;
  authorizationEndpoint: string;
  /** Ids of its signing keys. */
  keyIds: string[];
  /** Whether it offers sign-out (OpenID Connect RP-Initiated Logout §2.1). */
  offersSignOut: boolean;
}

/**
 * Reads a provider's discovery document and keys (OpenID Connect Discovery §4), as a sign-in will. The function that it
 * returns throws InvalidError with a sentence that says what is wrong with them.
 */
export function providerDescriber(limits: FetchLimits): (text: string) => Promise<DescribedProvider> {
  return async (text) => {
    const issuer = checkIssuer(text, limits.allowPrivateNetwork);
    const document = await readJson(`${issuer}/.well-known/openid-configuration`, limits);
    if (document.issuer !== issuer) {
      const named =
        typeof document.issuer === "string" ? `calls itself ${document.issuer}` : "names no issuer";
      throw new InvalidError(`The org at this address ${named}. Enter the address that the org itself uses.`);
    }
    const endpoint = (name: string) => {
      const value = document[name];
      if (typeof value === "string" && URL.canParse(value)) return value;
      throw new InvalidError(`${issuer} has no ${name}, so it cannot be used as an OpenID provider.`);
    };
    for (const name of ["token_endpoint", "userinfo_endpoint"]) endpoint(name);
    const { keys } = await readJson(endpoint("jwks_uri"), limits);
    const keyIds = (Array.isArray(keys) ? keys : []).flatMap((key: unknown) =>
      typeof key === "object" && key !== null && "kid" in key ? [String(key.kid)] : [],
    );
    if (keyIds.length === 0) throw new InvalidError(`${issuer} publishes no signing key.`);
    return {
      issuer,
      keyIds,
      authorizationEndpoint: endpoint("authorization_endpoint"),
      offersSignOut: typeof document.end_session_endpoint === "string",
    };
  };
}

async function readJson(url: string, limits: FetchLimits): Promise<Record<string, unknown>> {
  const text = await guardedFetch(url, limits);
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null) return { ...value };
  } catch {
    // Not JSON: the error below says so.
  }
  throw new InvalidError(`${url} is not JSON: there is no Okta org at this address.`);
}
