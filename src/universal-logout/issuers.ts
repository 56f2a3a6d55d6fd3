import type { Connection, OidcSettings, SamlSettings } from "../model.ts";
import { sameIssuer, withoutSlash } from "../trust/issuer-names.ts";

type Settings = OidcSettings | SamlSettings;

/** The names of the org that signs a connection's tokens: with and without its custom domain. */
export function orgNames(settings: Settings | null): string[] {
  if (!settings) return [];
  const names =
    "issuer" in settings
      ? [settings.issuer, settings.issuerAlias]
      : [settings.orgUrl, settings.orgUrl && settings.orgUrlAlias];
  return names.flatMap((name) => (name ? [withoutSlash(name)] : []));
}

/**
 * The issuers of a connection's subjects: the org, by either of its names, and the SAML entity ID. A NameID is a subject of
 * the org, too, which is what signs the call.
 */
function subjectIssuers(settings: Settings | null): string[] {
  if (!settings || "issuer" in settings) return orgNames(settings);
  return [settings.idpEntityId, ...orgNames(settings)];
}

/** Whether the org signs the connection's tokens under this name. */
export function isOrg({ settings }: Connection, issuer: string): boolean {
  return orgNames(settings).some((name) => sameIssuer(name, issuer));
}

/** Whether the connection's subjects have this issuer. */
export function isSubjectIssuer({ settings }: Connection, issuer: string): boolean {
  return subjectIssuers(settings).some((name) => sameIssuer(name, issuer));
}
