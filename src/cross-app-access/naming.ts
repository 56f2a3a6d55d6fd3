import type { ConnectionSettings, OidcSettings } from "../model.ts";
import type { AssertionClaims } from "./assertion.ts";

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

export const oidcNaming: Naming<OidcSettings> = {
  // The sub of an assertion for a SAML service provider may be someone else at this client (RFC 9493 §3.2.5, Okta).
  subject: ({ sub, sub_id: id }) => (id?.format === "saml-nameid" ? null : (sub ?? null)),
  namesUs: () => false,
  provesOrg: true,
};
