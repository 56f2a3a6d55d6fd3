import type { SamlSettings } from "../../src/model.ts";
import { signingCertificate } from "./idp-metadata.ts";

/** The least that a SAML connection needs. No one can sign in by it: it has no certificate that can be read. */
export const samlSettings: SamlSettings = {
  idpEntityId: "http://www.okta.com/exk1",
  ssoUrl: "https://acme.okta.example/sso/saml",
  certificates: ["MIIB"],
  metadataUrl: null,
  appInstanceId: null,
  orgUrl: null,
};

/** A SAML connection that pages can show, because its certificate can be read, and what the form of its settings sends. */
export const shownSaml = {
  type: "saml" as const,
  settings: { ...samlSettings, certificates: [signingCertificate] },
  form: {
    ssoUrl: samlSettings.ssoUrl,
    idpEntityId: samlSettings.idpEntityId,
    certificates: `-----BEGIN CERTIFICATE-----\n${signingCertificate}\n-----END CERTIFICATE-----`,
  },
};
