/**
 * The protocols by which people sign in at an identity provider. This list has what the rest of the application needs to know
 * about a protocol that it does not speak. A protocol is also registered where it does something of its own: its routes in
 * app.ts, its form in admin/connection-forms.ts, its options in cli/connection-protocols.ts, its facts in
 * trust/connection-facts.ts, and its people in cross-app-access/subject.ts. The compiler names a place that is forgotten.
 */
import {
  oidcUrls,
  samlUrls, // SAML
} from "./endpoints.ts";
import type {
  ConnectionSettings,
  ConnectionType,
  OidcSettings,
  SamlSettings, // SAML
  SettingsByType,
  SubjectKind,
} from "./model.ts";

/** A connection's provider according to its settings, in words that all protocols share. */
export interface ConnectionProvider {
  /** The provider's name for itself, which is also the issuer of its subjects. */
  issuer: string;
  /** The Okta org that signs tokens for us; null while it is unknown. */
  org: string | null;
  /** The same org's other name (with or without its custom domain). */
  orgAlias: string | null;
  /** Where the org publishes the keys of these tokens, or the settings with which to discover that. */
  keys: string | OidcSettings;
  /** The client that its sign-ins are for; null if the protocol has none. */
  clientId: string | null;
  /** The org's id of this application; null while it is unknown. */
  appId: string | null;
  /** The attribute that names a person, instead of the protocol's subject. */
  subjectAttribute: string | null;
  /** The certificates that verify the provider's signatures; null if the protocol has none. */
  certificates: readonly string[] | null;
  /** Why the settings could not be read again at the provider; null if they were, or never are. */
  readProblem: string | null;
}

/** A method's parameter may be narrower, so that each protocol reads its own settings. */
interface SignInProtocol<Settings extends ConnectionSettings = ConnectionSettings> {
  /** On pages. */
  name: string;
  /** The name with its version. */
  fullName: string;
  /** In a sentence, before "connection". */
  article: string;
  /** A setting that each connection of this protocol has, and none of another one. */
  mark: { [Type in ConnectionType]: keyof SettingsByType[Type] }[ConnectionType];
  /** The kind of its subjects, unless an attribute names the person. */
  subjectKind: SubjectKind;
  /** The URLs that a customer enters in Okta. */
  urls(baseUrl: string, key: string): Record<string, string> & { signInUrl: string };
  provider(settings: Settings): ConnectionProvider;
}

const oidc: SignInProtocol<OidcSettings> = {
  name: "OpenID Connect",
  fullName: "OpenID Connect",
  article: "an OIDC",
  mark: "clientId",
  subjectKind: "source-key",
  urls: oidcUrls,
  provider: (settings) => ({
    issuer: settings.issuer,
    org: settings.issuer,
    orgAlias: settings.issuerAlias ?? null,
    keys: settings,
    clientId: settings.clientId,
    appId: settings.clientId,
    subjectAttribute: null,
    certificates: null,
    readProblem: null,
  }),
};

// SAML {
const saml: SignInProtocol<SamlSettings> = {
  name: "SAML",
  fullName: "SAML 2.0",
  article: "a SAML",
  mark: "idpEntityId",
  // The NameID is the login name by default.
  subjectKind: "login-name",
  urls: samlUrls,
  provider: (settings) => ({
    issuer: settings.idpEntityId,
    org: settings.orgUrl,
    orgAlias: settings.orgUrl && (settings.orgUrlAlias ?? null),
    keys: `${settings.orgUrl}/oauth2/v1/keys`,
    clientId: null,
    appId: settings.appInstanceId,
    subjectAttribute: settings.subjectAttribute || null,
    certificates: settings.certificates,
    readProblem: settings.metadataRead?.problem ?? null,
  }),
};
// SAML }

export const signInProtocols: Readonly<Record<ConnectionType, SignInProtocol>> = {
  oidc,
  saml, // SAML
};

/** In the order in which people choose one. */
export const connectionTypes = Object.keys(signInProtocols) as ConnectionType[];

export function isConnectionType(value: unknown): value is ConnectionType {
  return connectionTypes.some((type) => type === value);
}

/** The protocol's name on pages. */
export function protocolName(type: ConnectionType): string {
  return signInProtocols[type].name;
}

export function providerIn(settings: ConnectionSettings): ConnectionProvider {
  const protocol = Object.values(signInProtocols).find(({ mark }) => mark in settings);
  if (!protocol) throw new Error("these settings are of no protocol");
  return protocol.provider(settings);
}

/** Whether a subject is the same person by both settings: it is of one issuer, and the same attribute names the person. */
export function isSameProvider(one: ConnectionSettings, other: ConnectionSettings): boolean {
  const [before, after] = [providerIn(one), providerIn(other)];
  return before.issuer === after.issuer && before.subjectAttribute === after.subjectAttribute;
}

const connectionPath = new RegExp(`^/(${connectionTypes.join("|")})/([a-z0-9-]+)/`);

/** Identifies a connection. A key alone does not: connections of two protocols may share one. */
export interface ConnectionRef {
  type: ConnectionType;
  key: string;
}

/** The connection that a path of its protocol names; null if it is another path. */
export function connectionInPath(path: string): ConnectionRef | null {
  const [, type, key] = connectionPath.exec(path) ?? [];
  return isConnectionType(type) && key !== undefined ? { type, key } : null;
}
