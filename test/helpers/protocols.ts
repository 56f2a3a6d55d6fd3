import assert from "node:assert/strict";
import type { ConnectionSettings, ConnectionType } from "../../src/model.ts";
import { connectionTypes } from "../../src/sign-in-protocols.ts";
import { orgNames } from "../../src/trust/issuer-names.ts";
import { samlSettings, shownSaml } from "./saml-settings.ts"; // SAML

/** A sign-in protocol, as tests use it to which the protocol itself does not matter. */
interface TestedProtocol {
  type: ConnectionType;
  /** The least that a connection needs. */
  settings: ConnectionSettings;
  /** The fields that the form of these settings sends. */
  form: Record<string, string>;
  /** The settings of a connection whose org is known by this issuer. */
  settingsAt(issuer: string): ConnectionSettings;
  /** The settings of a connection for Universal Logout: the org's application `appId`, whose key is the org's. */
  settingsOf(appId: string, issuer: string, issuerAlias: string | null): ConnectionSettings;
}

const samples: Readonly<Record<ConnectionType, Omit<TestedProtocol, "type">>> = {
  oidc: {
    settings: { issuer: "https://acme.okta.example", clientId: "0oa1" },
    form: { issuer: "https://provider.invalid", clientId: "0oa1" },
    settingsAt: (issuer) => ({ issuer, clientId: "0oa1" }),
    settingsOf: (clientId, issuer, issuerAlias) => ({ issuer, issuerAlias, clientId }),
  },
  // SAML {
  saml: {
    settings: shownSaml.settings,
    form: shownSaml.form,
    settingsAt: (orgUrl) => ({ ...shownSaml.settings, orgUrl }),
    settingsOf: (appInstanceId, orgUrl, orgUrlAlias) => ({
      ...{ ...samlSettings, certificates: [] },
      ...{ appInstanceId, orgUrl, orgUrlAlias },
    }),
  },
  // SAML }
};

export const everyProtocol: readonly TestedProtocol[] = connectionTypes.map((type) => ({
  type,
  ...samples[type],
}));

/** The protocol with the most settings: its pages show the most. */
export const richestProtocol = everyProtocol.at(-1) ?? assert.fail();

/** The protocols whose connections do not know their org until someone enters its URL. */
export const protocolsWithoutOrg = everyProtocol.filter(({ settings }) => orgNames(settings).length === 0);
