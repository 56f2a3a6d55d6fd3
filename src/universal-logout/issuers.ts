import type { Connection, OidcSettings, SamlSettings } from "../model.ts";
import { orgNames, sameIssuer } from "../trust/issuer-names.ts";

type Settings = OidcSettings | SamlSettings;

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
