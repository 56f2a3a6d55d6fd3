import { destinationOf } from "./destination.ts";
import type { SiteCheck } from "./site.ts";

/** A connection's org and client ID, as each authorization request shows them to the browser. */
export interface KnownClient {
  issuer: string;
  clientId: string;
}

/** Begins a sign-in at a connection to read them; null if it does not lead to a provider. */
export async function knownClient(
  { url, product, web }: SiteCheck,
  key: string,
): Promise<KnownClient | null> {
  const { signInUrl } = product.addresses.oidc(url, key);
  const target = destinationOf(await web.send(signInUrl), signInUrl);
  const clientId = target?.searchParams.get("client_id");
  return target && clientId && target.origin !== url ? { issuer: target.origin, clientId } : null;
}
