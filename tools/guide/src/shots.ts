import type { Shot } from "oin-kit/writer/pictures";
import { paths } from "../../../src/endpoints.ts";
import type { SampleConsole } from "./console.ts";

/** Invented values, in the form in which Okta shows them. */
const oktaSaml = {
  "Metadata URL": "https://acme.okta.com/app/exk1a2b3c4d5e6f7g8/sso/saml/metadata",
  "Sign on URL": "https://acme.okta.com/app/example/exk1a2b3c4d5e6f7g8/sso/saml",
  Issuer: "http://www.okta.com/exk1a2b3c4d5e6f7g8",
  "Signing Certificate":
    "-----BEGIN CERTIFICATE-----\nMIIDpDCCAoygAwIBAgIGAV2ka+55MA0GCSqGSIb3DQEBCwUA\n" +
    "MIGSMQswCQYDVQQGEwJVUzETMBEGA1UECAwKQ2FsaWZvcm5p\n…\n-----END CERTIFICATE-----",
};

/** The pictures of the admin console that the guides show. */
export function shotsOf({ connectionIds }: SampleConsole): Shot[] {
  const values = {
    part: ".steps > li:has(form)",
    html: /<h2>Copy the values from Okta<\/h2>[\s\S]*?<li id="test"/,
  };
  const form = { part: "main form", html: /<form class="card[\s\S]*?<\/form>/ };
  return [
    {
      name: "connection-new",
      path: paths.admin.newConnection,
      ...form,
      marks: ["fieldset.choices", 'button:text-is("Create a draft")'],
    },
    {
      name: "connection-oidc",
      path: paths.admin.connection(connectionIds.oidc),
      ...values,
      fill: {
        Issuer: "https://acme.okta.com",
        "Client ID": "0oa1a2b3c4d5e6f7g8h9",
        "Client secret": "x".repeat(40),
      },
      marks: ["#issuer", "#clientId", "#clientSecret", 'form[data-checks] button:text-is("Save")'],
    },
    {
      name: "connection-saml",
      path: paths.admin.connection(connectionIds.saml),
      ...values,
      fill: oktaSaml,
      marks: ["#metadataUrl", 'button:text-is("Read")'],
      until: ".field:has(#certificates)",
    },
    {
      name: "provisioning-token",
      path: paths.admin.provisioning,
      fill: { "Expires after days": "365" },
      marks: ['button:text-is("Create a token")'],
      part: ".steps > li:has(#tokens)",
      html: /<h2 id="tokens">[\s\S]*?<h2>/,
    },
    {
      name: "people",
      path: paths.admin.people,
      part: ".table-card",
      html: /<div class="card table-card">[\s\S]*?<\/table>/,
    },
  ];
}
