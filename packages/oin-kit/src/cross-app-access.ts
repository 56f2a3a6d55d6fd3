import { okta } from "okta-labels/labels";
import type { Product } from "./product.ts";
import { later, optionalText, section, text, type WizardSection } from "./wizard-fields.ts";

/** The mail by which an ISV asks Okta to list Cross App Access: no screen of the Wizard has it. */
export interface CrossAppAccessRequest {
  to: string;
  subject: string;
  questionnaire: WizardSection;
  /** The questionnaire as the text of the mail. */
  body: string;
}

/** The file of the evidence in the commands of the package, and in the mail. */
export const evidenceFile = "cross-app-access.json";

const title = "Cross App Access";

/** Answers Okta's questionnaire for resource apps. Returns null if the manifest has no Cross App Access. */
export function crossAppAccessRequest(product: Product): CrossAppAccessRequest | null {
  const { manifest, addresses } = product;
  const { displayName, origin, oidc, saml, crossAppAccess } = manifest;
  if (!crossAppAccess) return null;
  const { issuer, resources } = addresses.agents(origin);
  const { clientIdMetadataDocuments: acceptsDocuments, scopes } = crossAppAccess;
  const identifiers = resources.map(({ url }) => url);
  const questionnaire = section(title, [
    text("App name", displayName),
    text(
      "Integrator org domain",
      null,
      later("The org from which you submit, such as integrator-1234567.okta.com"),
    ),
    text(
      "SSO mode",
      [oidc && "OIDC", saml && "SAML"].filter((mode) => mode != null),
    ),
    text("Role", "Resource app"),
    optionalText("OIN link", null, later("The address of the listing for sign-in, once there is one")),
    text("New or update", "New", { note: "Update, once Okta has listed Cross App Access" }),
    text(`Global ${okta.resourceServer.issuerUrl}`, issuer, {
      note: "To the letter, without a slash at its end",
    }),
    text("Protected resource identifiers", identifiers, { note: "To the letter" }),
    text(
      "Scopes",
      scopes.map(({ name }) => name),
    ),
    text("CIMD support", acceptsDocuments ? "Yes: a client ID may be the URL of a metadata document" : "No"),
    text("Well-known documents", [
      wellKnownOf(issuer, "oauth-authorization-server"),
      ...identifiers.map((url) => wellKnownOf(url, "oauth-protected-resource")),
    ]),
    text(
      "Test org, app and user",
      null,
      later("An org that Okta may look at, with this app, an agent and a person; or the evidence instead"),
    ),
    text("Evidence", evidenceFile, { note: "The file that the readiness check writes: attach it" }),
  ]);
  return {
    to: "oin@okta.com",
    subject: `Request to enable XAA support for ${displayName} on OIN`,
    questionnaire,
    body: questionnaire.fields.map(({ label, value }) => `${label}: ${answerOf(value)}`).join("\n"),
  };
}

function answerOf(value: string | readonly string[] | null): string {
  return value === null ? "[FILL THIS IN]" : [value].flat().join(", ");
}

/** The address of a well-known document: its name goes between host and path (RFC 8414 §3.1, RFC 9728 §3.1). */
export function wellKnownOf(identifier: string, name: string): string {
  const { origin, pathname } = new URL(identifier);
  return `${origin}/.well-known/${name}${pathname === "/" ? "" : pathname}`;
}
