import { wizard } from "okta-labels/wizard";
import type { Integration } from "./integration.ts";
import { limits } from "./limits.ts";
import type { Product } from "./product.ts";
import {
  choice,
  later,
  optionalText,
  section,
  text,
  type WizardField,
  type WizardSection,
  yesOrNo,
} from "./wizard-fields.ts";
import { wizardUrls } from "./wizard-urls.ts";

const { sections, fields } = wizard;

/** The screen Test your integration: the reviewers' account, and how people sign in. */
export function testSections(product: Product): WizardSection[] {
  return [account(product), ...flowSections(product)];
}

function account(product: Product): WizardSection {
  const { manifest, testingInstructions } = product;
  const stored = { section: "Test information" };
  return section(sections.testInformation, [
    text(fields.accountUrl, wizardUrls(product).accountUrl, { note: "Takes no expressions", stored }),
    text(fields.username, manifest.testAccount.username, { stored }),
    text(fields.password, null, { ...later("The one that you gave on the command line below"), stored }),
    optionalText(fields.testingInstructions, testingInstructions(manifest), {
      note: manifest.scim
        ? "Put the real token in: Okta asks for the credentials of the SCIM server here"
        : "",
      stored,
    }),
  ]);
}

function flowSections(product: Product): WizardSection[] {
  const { oidc, saml } = product.manifest;
  const urls = wizardUrls(product);
  const limit = limits.spInitiateUrl;
  const flows = (idp: boolean, sp: boolean) => [...(idp ? ["IdP"] : []), ...(sp ? ["SP"] : [])];
  const sections: (WizardSection | null | undefined)[] = [
    oidc &&
      flowSection("oidc", [
        choice(fields.flows, flows(oidc.idpInitiated, true), { note: "Set by the Wizard" }),
        justInTime(oidc.justInTime),
        text(fields.spInitiateUrl, urls.oidc.spInitiateUrl, { limit }),
      ]),
    saml &&
      flowSection("saml", [
        choice(fields.flows, flows(saml.idpInitiated, saml.spInitiated)),
        justInTime(saml.justInTime),
        ...spFields(saml, urls.saml.spInitiateUrl),
      ]),
  ];
  return sections.filter((one) => one != null);
}

function flowSection(protocol: "oidc" | "saml", rows: WizardField[]): WizardSection {
  const [title, before] =
    protocol === "oidc"
      ? [sections.oidcTests, "Test your OIDC integration"]
      : [sections.samlTests, "Test your SAML integration"];
  return section(
    title,
    rows.map((row) => ({ ...row, stored: { ...row.stored, section: before } })),
  );
}

const justInTime = (offered: boolean) =>
  choice(fields.justInTime, yesOrNo(offered), { stored: { label: "Just-In-Time provisioning" } });

/** The Wizard demands both fields if the SP flow is selected. */
function spFields(
  { spInitiated, spFlowDescription }: NonNullable<Integration["saml"]>,
  url: string,
): WizardField[] {
  const needed = spInitiated ? text : optionalText;
  return [
    needed(fields.spInitiateUrl, spInitiated ? url : null, { limit: limits.spInitiateUrl }),
    needed(fields.spFlowDescription, spInitiated ? spFlowDescription : null, {
      limit: limits.spFlowDescription,
    }),
  ];
}

/** The links to Okta's test suites, on the screen Test integration. */
export function resultSections({ scim }: Integration): WizardSection[] {
  if (!scim) return [];
  const result = "The address of the result (runscope.com/radar/…/history/…), after you set it to Shareable";
  const link = (label: string, before = label) =>
    text(label, null, { ...later(result), stored: { section: "Submit", label: before } });
  return [
    section(sections.scimTests, [
      link(fields.specResults),
      link(fields.crudResults),
      ...(scim.entitlements.length > 0
        ? [link(fields.entitlementResults, "Link to Runscope entitlement test results")]
        : []),
    ]),
  ];
}
