import type { OidcSettings, SamlSettings } from "../model.ts";

/** An issuer without one trailing slash, which clients write or leave out. */
export function withoutSlash(issuer: string): string {
  return issuer.replace(/\/$/, "");
}

/** Whether two names are of one issuer: one trailing slash makes no difference, anything else does. */
export function sameIssuer(one: string, other: string): boolean {
  return withoutSlash(one) === withoutSlash(other);
}

/** The names of the org that signs a connection's tokens: with and without its custom domain. */
export function orgNames(settings: OidcSettings | SamlSettings | null): string[] {
  if (!settings) return [];
  const names =
    "issuer" in settings
      ? [settings.issuer, settings.issuerAlias]
      : [settings.orgUrl, settings.orgUrl && settings.orgUrlAlias];
  return names.flatMap((name) => (name ? [withoutSlash(name)] : []));
}
