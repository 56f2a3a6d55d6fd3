import type { Shot } from "oin-kit/writer/pictures";
import { okta } from "okta-labels/labels";
import { paths } from "../../../src/endpoints.ts";
import type { SampleConsole } from "./console.ts";

/** The pictures of the admin console that the guides show. Each ends below the last field that matters, to be legible on paper. */
export function shotsOf({ connectionIds }: SampleConsole): Shot[] {
  const values = {
    part: "#values > .stack",
    html: /<div class="side-by-side" id="values">[\s\S]*?<\/form>/,
  };
  const form = { part: "main form", html: /<form class="card[\s\S]*?<\/form>/ };
  return [
    {
      name: "connection-new",
      path: paths.admin.newConnection,
      ...form,
      marks: ["fieldset.choices:has([name=accounts])", 'button:text-is("Continue")'],
    },
    {
      name: "connection-oidc",
      path: `${paths.admin.connection(connectionIds.oidc)}?step=3`,
      ...values,
      fill: {
        [okta.signOn.issuer]: "https://acme.okta.com",
        [okta.signOn.clientId]: "0oa1a2b3c4d5e6f7g8h9",
        [okta.signOn.clientSecret]: "x".repeat(40),
      },
      marks: ["#issuer", "#clientId", "#clientSecret"],
      until: ".field:has(#clientSecret)",
    },
    // SAML {
    {
      name: "connection-saml",
      path: `${paths.admin.connection(connectionIds.saml)}?step=3`,
      ...values,
      fill: { [okta.signOn.metadataUrl]: "https://acme.okta.com/app/exk1a2b3c4d5e6f7g8/sso/saml/metadata" },
      marks: ["#metadataUrl", 'button:text-is("Read")'],
      until: '.actions:has(button:text-is("Read"))',
    },
    // SAML }
    {
      name: "provisioning-token",
      path: paths.admin.provisioning,
      fill: { "Expires after days": "365" },
      marks: ['button:text-is("Create a token")'],
      part: ".steps > li:has(#tokens)",
      html: /<h2 id="tokens">[\s\S]*?<h2>/,
    },
    {
      name: "agents",
      path: paths.admin.newAgent,
      ...form,
      fill: { Name: "Task assistant" },
      marks: ["#name", "main form fieldset:not(.choices)", "fieldset.choices"],
      until: "fieldset.choices",
    },
    {
      name: "people",
      path: paths.admin.people,
      part: "table.people",
      html: /<table class="list people">[\s\S]*?<\/table>/,
    },
  ];
}
