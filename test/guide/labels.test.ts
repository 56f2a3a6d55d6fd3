import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { integration } from "../../config/integration.ts";
import { capabilities } from "../../src/guide/facts.ts";
import { writeGuide } from "../../src/guide/guide.ts";
import { onOneDatabase } from "../helpers/databases.ts";
import { everyPage } from "../helpers/every-page.ts";
import { useSite } from "../helpers/site.ts";

/** Okta's own menus, tabs, buttons and fields, by their place. */
const oktaLabels: Record<string, string[]> = {
  "menus and reports": [
    ...["Applications", "Browse App Catalog", "Add Integration", "Directory", "People", "Dashboard", "Tasks"],
    ...["Reports", "System Log", "More Actions", "Retry Selected"],
  ],
  "an app": [
    ...["General", "General Settings", "Application label", "Sign On", "Authentication", "Provisioning"],
    ...["Import", "Assignments", "Push Groups", "Governance", "Done", "Edit", "Save"],
  ],
  "Sign On": [
    ...[
      "Client ID",
      "Client secret",
      "OpenID Connect ID Token",
      "Groups claim filter",
      "SAML 2.0",
      "Actions",
    ],
    ...[
      "Metadata URL",
      "More details",
      "Sign on URL",
      "Issuer",
      "Signing Certificate",
      "Download certificate",
    ],
    ...["SAML Signing Certificates", "Generate new certificate", "Activate", "Application username format"],
    ...[
      "Okta username",
      "Default Relay State",
      "Logout",
      "App logs out when",
      "Assertion Signature",
      "Signed",
    ],
    "Okta system or admin initiates logout",
  ],
  "a person": [
    ...["Clear User Sessions", "Also include logout enabled apps and Okta API tokens", "Clear and revoke"],
  ],
  Provisioning: [
    ...[
      "Configure API Integration",
      "Enable API integration",
      "API Token",
      "Test API Credentials",
      "Settings",
    ],
    ...["To App", "Create Users", "Update User Attributes", "Deactivate Users", "Sync Password", "To Okta"],
    ...["Schedule import", "Okta username format", "Email Address", "Custom", "Import Now"],
    ...[`${integration.displayName} Attribute Mappings`, "Entitlement Management"],
  ],
  "Assignments and Push Groups": [
    ...[
      "Assign",
      "Assign to People",
      "Assign to Groups",
      "Save and Go Back",
      "Provision User",
      "Create Group",
    ],
    ...["Find groups by name", "Find groups by rule", "Link Group"],
  ],
};

/** The bold labels in a guide's steps and texts, without the bold words at the start of list items. */
function labelsIn(markdown: string): string[] {
  const lines = markdown.split("\n").filter((line) => !line.startsWith(">"));
  const prose = lines.map((line) => line.replace(/^- \*\*[^*]+\*\*(?=[:,])/, "")).join("\n");
  return [...prose.matchAll(/\*\*([^*]+)\*\*/g)].map(([, label = ""]) => label.replace(/\\(.)/g, "$1"));
}

/** The visible text of a page. */
function wordsOf(html: string): string {
  const text = html.replace(/<(script|style)[\s\S]*?<\/\1>/g, " ").replace(/<[^>]*>/g, "");
  return text.replace(/&#39;/g, "'").replace(/&amp;/g, "&").replace(/\s+/g, " ");
}

describe("the labels in the guides", () => {
  onOneDatabase((use) => {
    const site = useSite(use);

    it("are Okta's, or appear on a page of the application", async function () {
      this.timeout(120_000);
      // Pages without an identity provider do not show the result of a test sign-in.
      const texts = [wordsOf(readFileSync("views/partials/test-result.ejs", "utf8"))];
      for (const { as, path, form, name } of await everyPage(use, site())) {
        if (/guide/.test(name)) continue;
        const client = as ? await site().clientOf(as) : site().app.client();
        const { text } = form ? await client.post(path, form) : await client.get(path);
        texts.push(wordsOf(text));
      }
      const okta = new Set(Object.values(oktaLabels).flat());
      const reader = { origin: "https://app.example.com", tenant: "acme", key: "acme" };
      const named = capabilities.flatMap((capability) =>
        labelsIn(writeGuide(capability, reader)).map((label) => `${capability}: ${label}`),
      );
      assert.ok(named.length > 150, `only ${named.length} labels were found`);
      const nowhere = [...new Set(named)].filter((one) => {
        const label = one.replace(/^\w+: /, "");
        return !okta.has(label) && !texts.some((text) => text.includes(label));
      });
      assert.deepEqual(nowhere, []);
      const unused = [...okta].filter((label) => !named.some((one) => one.endsWith(`: ${label}`)));
      assert.deepEqual(unused, [], "Okta's labels that no guide names");
    });
  });
});
