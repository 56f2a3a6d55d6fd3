import type { ConnectionSettings } from "../model.ts";
import { providerIn } from "../sign-in-protocols.ts";

/** An issuer without one trailing slash, which clients write or leave out. */
export function withoutSlash(issuer: string): string {
  return issuer.replace(/\/$/, "");
}

/** Whether two names are of one issuer: one trailing slash makes no difference, anything else does. */
export function sameIssuer(one: string, other: string): boolean {
  return withoutSlash(one) === withoutSlash(other);
}

/** The names of the org that signs a connection's tokens: with and without its custom domain. */
export function orgNames(settings: ConnectionSettings | null): string[] {
  if (!settings) return [];
  const { org, orgAlias } = providerIn(settings);
  return [org, orgAlias].flatMap((name) => (name ? [withoutSlash(name)] : []));
}
