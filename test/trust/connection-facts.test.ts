import assert from "node:assert/strict";
import type { Connection, OidcSettings } from "../../src/model.ts";
import { settingsVersion } from "../../src/trust/connection-facts.ts";
import { draft } from "./draft.ts";

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

describe("the version of a connection's settings", () => {
  const oidc = (change: Partial<OidcSettings>): Connection => ({
    ...draft,
    type: "oidc",
    settings: { ...oidcSettings, ...change },
  });
  for (const [name, value] of Object.entries(oidcChanges)) {
    it(`differs after a change of the OIDC setting ${name}`, () => {
      assert.notEqual(settingsVersion(oidc({ [name]: value })), settingsVersion(oidc({})));
    });
  }
});
