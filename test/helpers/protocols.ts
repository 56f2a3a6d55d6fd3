import type { ConnectionSettings, ConnectionType } from "../../src/model.ts";
import { connectionTypes } from "../../src/sign-in-protocols.ts";
import { orgNames } from "../../src/trust/issuer-names.ts";
import { samlSettings } from "./people.ts";

/** A sign-in protocol, as tests use it to which the protocol itself does not matter. */
interface TestedProtocol {
  type: ConnectionType;
  /** The least that a connection needs. */
  settings: ConnectionSettings;
  /** The settings of a connection whose org is known by this issuer. */
  settingsAt(issuer: string): ConnectionSettings;
}

const samples: Readonly<Record<ConnectionType, Omit<TestedProtocol, "type">>> = {
  oidc: {
    settings: { issuer: "https://acme.okta.example", clientId: "0oa1" },
    settingsAt: (issuer) => ({ issuer, clientId: "0oa1" }),
  },
  saml: {
    settings: samlSettings,
    settingsAt: (orgUrl) => ({ ...samlSettings, orgUrl }),
  },
};

export const everyProtocol: readonly TestedProtocol[] = connectionTypes.map((type) => ({
  type,
  ...samples[type],
}));

/** The protocols whose connections do not know their org until someone enters its URL. */
export const protocolsWithoutOrg = everyProtocol.filter(({ settings }) => orgNames(settings).length === 0);
