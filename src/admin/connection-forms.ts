import type { integration } from "../../config/integration.ts";
import type { ConnectionType } from "../model.ts";
import { connectionTypes } from "../sign-in-protocols.ts";
import type { ConnectionForm } from "./form-reader.ts";
import { oidcForm } from "./oidc-form.ts";
import { samlForm } from "./saml-form.ts"; // SAML

/** The form of each sign-in protocol. */
export const connectionForms: Readonly<Record<ConnectionType, ConnectionForm>> = {
  oidc: oidcForm,
  saml: samlForm, // SAML
};

/**
 * The protocols of which the console adds connections: those of the manifest, or all if it has none. Other connections keep
 * working, and the operator can create them.
 */
export function offeredProtocols(
  manifest: Pick<typeof integration, ConnectionType>,
): readonly ConnectionType[] {
  const offered = connectionTypes.filter((type) => manifest[type]);
  return offered.length > 0 ? offered : connectionTypes;
}
