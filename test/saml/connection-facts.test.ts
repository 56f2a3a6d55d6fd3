import assert from "node:assert/strict";
import type { Connection, SamlSettings } from "../../src/model.ts";
import { settingsVersion } from "../../src/trust/connection-facts.ts";
import { nextCertificate } from "../helpers/idp-metadata.ts";
import { samlSettings } from "../helpers/saml-settings.ts";
import { draft } from "../trust/draft.ts";

/** A change of every setting that decides who can sign in as whom. The type requires each new one. */
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

describe("the version of a SAML connection's settings", () => {
  const saml = (change: Partial<SamlSettings>): Connection => ({
    ...draft,
    type: "saml",
    settings: { ...samlSettings, ...change },
  });
  for (const [name, value] of Object.entries(samlChanges)) {
    it(`differs after a change of ${name}`, () => {
      assert.notEqual(settingsVersion(saml({ [name]: value })), settingsVersion(saml({})));
    });
  }

  it("stays the same when the metadata was merely read again", () => {
    const read = saml({ metadataRead: { at: 5, problem: "It could not be read." } });
    assert.equal(settingsVersion(read), settingsVersion(saml({})));
  });
});
