import assert from "node:assert/strict";
import { bareExpression, oidcExpression, samlExpression, urlTemplate } from "../src/expressions.ts";
import { wizardUrls } from "../src/wizard-urls.ts";
import { sample } from "./sample.ts";

/** Okta's own examples. */
const examples: [string, string, string, string][] = [
  [
    "https://{subdomain}.example.org/strawberry/login",
    "https://{app.subdomain}.example.org/strawberry/login",
    // biome-ignore lint/suspicious/noTemplateCurlyInString: Okta's syntax for SAML
    "https://${org.subdomain}.example.org/strawberry/login",
    "'https://' + app.subdomain + '.example.org/strawberry/login'",
  ],
  ["{baseurl}/acs", "{app.baseurl}/acs", "$" + "{org.baseurl}/acs", "app.baseurl + '/acs'"],
  ["https://example.org/", "https://example.org/", "https://example.org/", "'https://example.org/'"],
];

describe("expressions of the OIN Wizard", () => {
  for (const [url, oidc, saml, bare] of examples) {
    it(`write ${url} in three dialects`, () => {
      const template = urlTemplate(url);
      assert.equal(oidcExpression(template), oidc);
      assert.equal(samlExpression(template), saml);
      assert.equal(bareExpression(template), bare);
    });
  }

  it("are exactly these for one integration", () => {
    const { oidc, saml, scim, authorization, universalLogout, accountUrl } = wizardUrls(sample);
    assert.deepEqual(
      { oidc, saml, scim, authorization, universalLogout, accountUrl },
      {
        oidc: {
          redirectUri: "https://app.example.com/oidc/{app.connection}/callback",
          initiateLoginUri: "https://app.example.com/oidc/{app.connection}/initiate",
          postLogoutRedirectUri: "https://app.example.com/signed-out",
          spInitiateUrl: "https://app.example.com/oidc/okta-review/login",
          guideUrl: "https://app.example.com/guides/oidc",
        },
        saml: {
          acsUrl: "https://app.example.com/saml/$" + "{org.connection}/acs",
          entityId: "https://app.example.com/saml/$" + "{org.connection}/metadata",
          spInitiateUrl: "https://app.example.com/saml/okta-review/login",
          guideUrl: "https://app.example.com/guides/saml",
        },
        authorization: {
          authorizeEndpoint: "'https://app.example.com/authorize'",
          tokenEndpoint: "'https://app.example.com/token'",
        },
        scim: {
          baseUrl: "'https://app.example.com/scim/v2'",
          guideUrl: "https://app.example.com/guides/scim",
        },
        universalLogout: { endpoint: "'https://app.example.com/global-token-revocation'" },
        accountUrl: "https://app.example.com/login/password/okta-review",
      },
    );
  });
});
