import assert from "node:assert/strict";
import { InvalidError } from "../../src/errors.ts";
import { checkIssuer } from "../../src/oidc/issuer.ts";

const accepted: [string, string][] = [
  ["https://acme.okta.com", "https://acme.okta.com"],
  ["https://acme.okta.com/", "https://acme.okta.com"],
  ["  https://ACME.okta.com  ", "https://acme.okta.com"],
  ["https://acme.oktapreview.com", "https://acme.oktapreview.com"],
  ["https://acme.okta-emea.com", "https://acme.okta-emea.com"],
  ["https://login.acme.example", "https://login.acme.example"],
  ["https://login.acme.example:8443", "https://login.acme.example:8443"],
  ["https://acme-administration.okta.com", "https://acme-administration.okta.com"],
];

const refused: [string, string, RegExp][] = [
  ["http", "http://acme.okta.com", /must start with https:\/\//],
  ["not an address", "acme.okta.com", /like https:\/\/acme\.okta\.com/],
  ["nothing", " ", /like https:\/\/acme\.okta\.com/],
  ["another scheme", "ftp://acme.okta.com", /like https:\/\/acme\.okta\.com/],
  ["javascript", "javascript:alert(1)", /like https:\/\/acme\.okta\.com/],
  [
    "the default custom authorization server",
    "https://acme.okta.com/oauth2/default",
    /custom authorization server.*Enter the org itself: https:\/\/acme\.okta\.com\.$/,
  ],
  ["another custom one", "https://login.acme.example/oauth2/aus1", /custom authorization server/],
  ["the org's own endpoints", "https://acme.okta.com/oauth2/v1/authorize", /custom authorization server/],
  ["the Admin Console", "https://acme-admin.okta.com", /Enter the org itself: https:\/\/acme\.okta\.com\.$/],
  [
    "a page of the Admin Console",
    "https://acme-admin.okta.com/admin/dashboard",
    /Enter the org itself: https:\/\/acme\.okta\.com\.$/,
  ],
  [
    "its preview",
    "https://acme-admin.oktapreview.com",
    /Enter the org itself: https:\/\/acme\.oktapreview\.com\.$/,
  ],
  [
    "its EMEA cell",
    "https://acme-admin.okta-emea.com",
    /Enter the org itself: https:\/\/acme\.okta-emea\.com\.$/,
  ],
  [
    "Google, which all its customers share",
    "https://accounts.google.com",
    /^Many companies share this issuer\./,
  ],
  ["Google in another spelling", "https://Accounts.Google.com:443/", /^Many companies share this issuer\./],
  ["Microsoft", "https://login.microsoftonline.com/common/v2.0", /^Many companies share this issuer\./],
  ["a path", "https://acme.okta.com/app", /has no path\. Enter https:\/\/acme\.okta\.com\.$/],
  [
    "the discovery document",
    "https://acme.okta.com/.well-known/openid-configuration",
    /has no path\. Enter https:\/\/acme\.okta\.com\.$/,
  ],
  ["a query", "https://acme.okta.com/?x=1", /has no path/],
  ["a fragment", "https://acme.okta.com/#x", /has no path/],
  ["a password", "https://:secret@acme.okta.com", /has no path\. Enter https:\/\/acme\.okta\.com\.$/],
  ["a user name", "https://user@acme.okta.com", /has no path\. Enter https:\/\/acme\.okta\.com\.$/],
];

describe("the issuer of an OIDC connection", () => {
  for (const [entered, issuer] of accepted) {
    it(`may be ${entered.trim()}`, () => assert.equal(checkIssuer(entered, false), issuer));
  }

  for (const [what, entered, message] of refused) {
    it(`may not be ${what}, and the error says what to enter`, () => {
      assert.throws(
        () => checkIssuer(entered, false),
        (error) => error instanceof InvalidError && message.test(error.message),
      );
    });
  }

  // SAML {
  it("may not be a shared one, and the error says how its customers can sign in", () => {
    for (const entered of ["https://accounts.google.com", "https://login.microsoftonline.com/common/v2.0"])
      assert.throws(() => checkIssuer(entered, false), /^InvalidError: Many companies .* by SAML\.$/);
  });
  // SAML }

  it("may use http in a demo, but never be a custom authorization server", () => {
    assert.equal(checkIssuer("http://127.0.0.1:4000/", true), "http://127.0.0.1:4000");
    assert.throws(() => checkIssuer("http://127.0.0.1:4000/oauth2/default", true), InvalidError);
  });
});
