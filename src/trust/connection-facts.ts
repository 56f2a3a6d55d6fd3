import { createHash } from "node:crypto";
import { okta } from "okta-labels/labels";
import type {
  Connection,
  ConnectionSettings,
  ConnectionType,
  OidcSettings,
  SamlSettings, // SAML
} from "../model.ts";
import { signInProtocols } from "../sign-in-protocols.ts";
import { certificateFacts } from "./certificates.ts"; // SAML

/** One line of a page or of a command's output. */
export type Fact = readonly [label: string, value: string];

const states = { draft: "Draft", active: "On", disabled: "Off" };
const yesNo = (value: boolean) => (value ? "Yes" : "No");

/** The facts of each sign-in protocol's own settings. */
const ownFacts: Record<
  ConnectionType,
  { facts(settings: ConnectionSettings | null, secretVersion: number): Fact[] }
> = {
  oidc: { facts: oidcFacts },
  saml: { facts: samlFacts }, // SAML
};

/**
 * Describes everything about a connection that decides who can sign in as whom. Certificates appear as fingerprints, and
 * the client secret as the number of times that one was entered. Bookkeeping is left out, such as the time of the last
 * metadata refresh, because it does not change who can sign in.
 */
export function connectionFacts(connection: Connection): Fact[] {
  const { key, type, status, settings, secretVersion, justInTime } = connection;
  return [
    ["Connection ID", key],
    ["Protocol", signInProtocols[type].fullName],
    ["State", states[status]],
    ...ownFacts[type].facts(settings, secretVersion),
    ["Create accounts at the first sign-in", yesNo(justInTime)],
    ["Who becomes an administrator", mappingText(settings)],
    ["The identity provider may end sessions here", yesNo(settings?.universalLogout ?? true)],
    ["The identity provider may let agents act for people", yesNo(settings?.crossAppAccess ?? true)],
  ];
}

/**
 * A hash of what connectionFacts says, so it differs after every change. Hexadecimal, because people pass it to a command,
 * which would take a value that begins with "-" for an option.
 */
export function settingsVersion(connection: Connection): string {
  const text = JSON.stringify(connectionFacts(connection));
  return createHash("sha256").update(text).digest("hex").slice(0, 24);
}

function oidcFacts(settings: OidcSettings | null, secretVersion: number): Fact[] {
  const times = secretVersion === 1 ? "once" : `${secretVersion} times`;
  return [
    [okta.signOn.issuer, settings?.issuer ?? "None"],
    ["Other name of the org", settings?.issuerAlias ?? "None"],
    [okta.signOn.clientId, settings?.clientId ?? "None"],
    [okta.signOn.clientSecret, secretVersion === 0 ? "None" : `Stored; it was entered ${times}`],
    ["Signing out here signs out of Okta, too", yesNo(settings?.signOutOfProvider ?? false)],
    ["People sign in at Okta again after", maxAgeText(settings?.maxAgeMinutes)],
    ["What administrators need to sign in again", settings?.acrValues ?? "As Okta decides"],
  ];
}

function maxAgeText(minutes: number | null | undefined): string {
  if (!minutes) return "Whenever Okta asks";
  return minutes === 1 ? "1 minute" : `${minutes} minutes`;
}

// SAML {
function samlFacts(settings: SamlSettings | null): Fact[] {
  const names = Object.entries(settings?.attributeNames ?? {}).map(([field, name]) => `${field}: ${name}`);
  const subject = settings?.subjectAttribute;
  return [
    [okta.signOn.issuer, settings?.idpEntityId ?? "None"],
    [okta.signOn.signOnUrl, settings?.ssoUrl ?? "None"],
    ["Requests are sent by POST", yesNo(settings?.requestByPost ?? false)],
    ["Signing certificates", settings?.certificates.map(certificateText).join("\n") || "None"],
    [okta.signOn.metadataUrl, settings?.metadataUrl ?? "None"],
    ["People are identified by", subject ? `The attribute ${subject}` : "The NameID"],
    ["Other names of attributes", names.sort().join("\n") || "None"],
    ["What is signed", settings?.signed === "response" ? "The response" : "The assertion"],
    ["People may start from their Okta dashboard", yesNo(settings?.idpInitiated ?? true)],
    ["Assertions may be encrypted", yesNo(settings?.encryptedAssertions ?? false)],
    ["Our metadata is signed", yesNo(settings?.signMetadata ?? false)],
    ["People sign in again each time", yesNo(settings?.forceAuthn ?? false)],
    ["App instance ID", settings?.appInstanceId ?? "None"],
    ["Org URL", settings?.orgUrl ?? "None"],
    ["Other name of the org", settings?.orgUrlAlias ?? "None"],
  ];
}

function certificateText(certificate: string): string {
  try {
    const { fingerprint, subject, validUntil } = certificateFacts(certificate);
    return `${subject}, valid until ${new Date(validUntil).toISOString().slice(0, 10)}, SHA-256 ${fingerprint}`;
  } catch {
    // An unreadable certificate verifies nothing, but the page must still show it.
    return `Not a certificate that can be read, SHA-256 ${createHash("sha256").update(certificate).digest("hex")}`;
  }
}
// SAML }

function mappingText(settings: ConnectionSettings | null): string {
  if (!settings?.roleMapping) return "No one by a sign-in";
  const { name, adminValues } = settings.roleMapping;
  return `People with one of these values in ${name}:\n${adminValues.join("\n")}`;
}
