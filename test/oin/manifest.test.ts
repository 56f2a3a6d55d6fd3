import assert from "node:assert/strict";
import { manifestProblems } from "oin-kit/manifest";
import { wizardUrls } from "oin-kit/wizard-urls";
import { integration } from "../../config/integration.ts";
import { product } from "../../tools/guide/src/product.ts";

describe("the manifest of this product", () => {
  it("breaks none of Okta's rules", () => assert.deepEqual(manifestProblems(product), []));

  it("has exactly these URLs in the Wizard", () => {
    const testAccount = { ...integration.testAccount, tenant: "okta-review" };
    const manifest = { ...integration, origin: "https://app.example.com", testAccount };
    const urls = wizardUrls({ ...product, manifest });
    const { oidc, scim, universalLogout, accountUrl } = urls;
    assert.deepEqual(
      { oidc, scim, universalLogout, accountUrl },
      {
        oidc: {
          redirectUri: "https://app.example.com/oidc/{app.connection}/callback",
          initiateLoginUri: "https://app.example.com/oidc/{app.connection}/initiate",
          postLogoutRedirectUri: "https://app.example.com/signed-out",
          spInitiateUrl: "https://app.example.com/oidc/okta-review/login",
          guideUrl: "https://app.example.com/guides/okta/oidc",
        },
        scim: {
          baseUrl: "'https://app.example.com/scim/v2'",
          guideUrl: "https://app.example.com/guides/okta/scim",
        },
        universalLogout: { endpoint: "'https://app.example.com/global-token-revocation'" },
        accountUrl: "https://app.example.com/login/password/okta-review",
      },
    );
    // SAML {
    assert.deepEqual(urls.saml, {
      acsUrl: "https://app.example.com/saml/$" + "{org.connection}/acs",
      entityId: "https://app.example.com/saml/$" + "{org.connection}/metadata",
      spInitiateUrl: "https://app.example.com/saml/okta-review/login",
      guideUrl: "https://app.example.com/guides/okta/saml",
    });
    // SAML }
  });
});
