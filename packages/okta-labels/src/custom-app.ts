import { okta } from "./labels.ts";

/**
 * Labels that only an app has which an administrator builds by hand. An instance from the catalog has none of them, so
 * no one can follow a guide for the catalog's app that names one.
 */
export const customAppLabels: readonly string[] = [
  okta.catalog.createIntegration,
  okta.customApp.assertionSignature,
  okta.customApp.assertionEncryption,
  okta.customApp.uniqueIdentifier,
  "Create New App",
  "App Integration Wizard",
  okta.customApp.recipientUrl,
  "Encryption Certificate",
  "Honor Force Authentication",
  "SAML Issuer ID",
  "Allow application to initiate Single Logout",
  okta.customApp.connectorBaseUrl,
  okta.customApp.provisioningActions,
];
