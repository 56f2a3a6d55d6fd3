import assert from "node:assert/strict";
import type { Connection, OidcSettings, SamlSettings } from "../../src/model.ts";
import { settingsVersion } from "../../src/trust/connection-facts.ts";
import { nextCertificate } from "../helpers/idp-metadata.ts";
import { samlSettings } from "../helpers/people.ts";

const base = {
  id: "1",
  key: "acme",
  status: "draft" as const,
  justInTime: false,
  subjectKind: "opaque" as const,
  testedAt: null,
  admittedAt: null,
  sendsSignals: false,
  isProvisioned: null,
  isCatalogApp: null,
  createdAt: 0,
  updatedAt: 0,
  edited: null,
  guestEdit: null,
  guestsFrozenUntil: null,
  secretEnteredAt: null,
  secretVersion: 1,
};
const oidcSettings: OidcSettings = { issuer: "https://acme.okta.example", clientId: "0oa1" };

/** A change of every setting that decides who can sign in as whom. The type requires each new one. */
const oidcChanges: Required<OidcSettings> = {
  issuer: "https://other.okta.example",
  issuerAlias: "https://login.acme.example",
  clientId: "0oa2",
  signOutOfProvider: true,
  maxAgeMinutes: 5,
  acrValues: "urn:okta:loa:2fa:any",
  roleMapping: { name: "groups", adminValues: ["Admins"] },
  universalLogout: false,
  crossAppAccess: false,
};
const samlChanges: Required<Omit<SamlSettings, "metadataRead">> = {
  idpEntityId: "urn:other",
  ssoUrl: "https://other.okta.example/sso",
  requestByPost: true,
  certificates: [nextCertificate],
  metadataUrl: "https://other.okta.example/metadata",
  appInstanceId: "0oa9",
  orgUrl: "https://other.okta.example",
  orgUrlAlias: "https://login.acme.example",
  roleMapping: { name: "groups", adminValues: ["Admins"] },
  universalLogout: false,
  crossAppAccess: false,
  idpInitiated: false,
  signed: "response",
  subjectAttribute: "uid",
  attributeNames: { email: "mail" },
  encryptedAssertions: true,
  signMetadata: true,
  forceAuthn: true,
};

describe("the version of a connection's settings", () => {
  const oidc = (change: Partial<OidcSettings>): Connection => ({
    ...base,
    type: "oidc",
    settings: { ...oidcSettings, ...change },
  });
  const saml = (change: Partial<SamlSettings>): Connection => ({
    ...base,
    type: "saml",
    settings: { ...samlSettings, ...change },
  });
  for (const [name, value] of Object.entries(oidcChanges)) {
    it(`differs after a change of the OIDC setting ${name}`, () => {
      assert.notEqual(settingsVersion(oidc({ [name]: value })), settingsVersion(oidc({})));
    });
  }
  for (const [name, value] of Object.entries(samlChanges)) {
    it(`differs after a change of the SAML setting ${name}`, () => {
      assert.notEqual(settingsVersion(saml({ [name]: value })), settingsVersion(saml({})));
    });
  }

  it("stays the same when the metadata was merely read again", () => {
    const read = saml({ metadataRead: { at: 5, problem: "It could not be read." } });
    assert.equal(settingsVersion(read), settingsVersion(saml({})));
  });
});
