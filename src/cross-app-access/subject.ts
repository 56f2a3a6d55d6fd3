import type { Connection, ConnectionType, OidcSettings } from "../model.ts";
import type { Assertion, Naming } from "./assertion.ts";
import { samlNaming } from "./saml-naming.ts"; // SAML

const oidcNaming: Naming<OidcSettings> = {
  // With such a name, the sub may be someone else at this client (RFC 9493 §3.2.5, Okta).
  subject: ({ sub, sub_id: id }) => (id?.format === "saml-nameid" ? null : (sub ?? null)),
  namesUs: () => false,
  provesOrg: true,
};

const namings: Readonly<Record<ConnectionType, Naming>> = {
  oidc: oidcNaming,
  saml: samlNaming, // SAML
};

/** The subject that the assertion names at a connection, as a sign-in would. Null if it names none. */
export function subjectAt({ claims }: Assertion, connection: Connection, baseUrl: string): string | null {
  return namings[connection.type].subject(claims, connection, baseUrl);
}

/** Whether the assertion names the connection's end of the federation, which only its org knows. */
export function namesConnection({ claims }: Assertion, connection: Connection, baseUrl: string): boolean {
  return namings[connection.type].namesUs(claims, connection, baseUrl);
}

/** Whether a sign-in by the connection proves which org it has. */
export function provesOrg({ type }: Connection): boolean {
  return namings[type].provesOrg;
}
