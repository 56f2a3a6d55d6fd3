import type { ConnectionType } from "../model.ts";
import type { ConnectionForm } from "./form-reader.ts";
import { oidcForm } from "./oidc-form.ts";
import { samlForm } from "./saml-form.ts";

/** The form of each sign-in protocol. */
export const connectionForms: Readonly<Record<ConnectionType, ConnectionForm>> = {
  oidc: oidcForm,
  saml: samlForm,
};
