import { compatibilityProblems, type WizardValues } from "./compatibility.ts";
import { type CrossAppAccessRequest, crossAppAccessRequest } from "./cross-app-access.ts";
import { bareExpression, oidcExpression, samlExpression, urlTemplate } from "./expressions.ts";
import type { Integration } from "./integration.ts";
import { manifestProblems } from "./manifest.ts";
import { InconsistentManifestError, type Problem } from "./manifest-rules.ts";
import { oktaTestPlan } from "./okta-test-plan.ts";
import type { Product } from "./product.ts";
import type { PlannedCase } from "./test-cases.ts";
import { testPlan } from "./test-plan.ts";
import { wizardScreens } from "./wizard.ts";
import type { WizardScreen, WizardSection } from "./wizard-fields.ts";
import { keyPlaceholder, wizardUrls } from "./wizard-urls.ts";

/** An app instance to generate for the tests, with its capabilities. */
interface TestInstance {
  name: string;
  capabilities: string[];
}

/** The whole submission, as data. */
export interface Submission {
  screens: WizardScreen[];
  values: WizardValues;
  /** Each URL in every dialect of the Wizard's fields. */
  dialects: { url: string; oidc: string; saml: string; bare: string }[];
  instances: TestInstance[];
  plan: PlannedCase[];
  /** The plan of Okta that the cases are from. */
  oktaPlan: typeof oktaTestPlan;
  accountUrl: string;
  /** null if the manifest has no Cross App Access. */
  crossAppAccess: CrossAppAccessRequest | null;
  /** Warnings that Okta's reviewers would raise. */
  remarks: Problem[];
  /** Changes that break customers of the published integration; null if nothing was published yet. */
  breaks: string[] | null;
}

/** Builds the submission. Throws InconsistentManifestError if the manifest breaks one of Okta's rules. */
export function buildSubmission(product: Product, published: WizardValues | null): Submission {
  const { manifest } = product;
  const problems = manifestProblems(product);
  const errors = problems.filter(({ level }) => level === "error");
  if (errors.length > 0) throw new InconsistentManifestError(errors);
  const screens = wizardScreens(product);
  const values = submissionValues(product);
  return {
    screens,
    values,
    dialects: dialectsOf(product),
    instances: testInstances(manifest),
    plan: testPlan(manifest),
    oktaPlan: oktaTestPlan,
    accountUrl: wizardUrls(product).accountUrl,
    crossAppAccess: crossAppAccessRequest(product),
    remarks: problems,
    breaks: published && compatibilityProblems(published, values),
  };
}

/** The values of the Wizard and of the request for Cross App Access, even of a manifest that still breaks rules. */
export function submissionValues(product: Product): WizardValues {
  const request = crossAppAccessRequest(product);
  const sections = wizardScreens(product).flatMap((screen) => screen.sections);
  return valuesOf([...sections, ...(request ? [request.questionnaire] : [])]);
}

/**
 * The values by section and label, under the names that they had when they were first published. A label that occurs
 * several times in a section has all its values.
 */
function valuesOf(sections: readonly WizardSection[]): WizardValues {
  const entries = sections.flatMap(({ title, fields }) =>
    fields.flatMap(({ label, value, stored }) =>
      stored ? [{ section: title, label, value, ...stored }] : [],
    ),
  );
  return grouped(entries, "section", (inSection) =>
    grouped(inSection, "label", (alike) => single(alike.map(({ value }) => value))),
  );
}

interface StoredEntry {
  section: string;
  label: string;
  value: StoredText;
}

/** An object with one property for each section or label, in the order in which they first occur. */
function grouped<Result>(
  entries: readonly StoredEntry[],
  by: "section" | "label",
  make: (entries: readonly StoredEntry[]) => Result,
): Record<string, Result> {
  const names = [...new Set(entries.map((entry) => entry[by]))];
  return Object.fromEntries(names.map((name) => [name, make(entries.filter((entry) => entry[by] === name))]));
}

type StoredText = string | readonly string[] | null;

function single(values: readonly StoredText[]): StoredText {
  const [first = null, ...others] = values;
  return others.length === 0 ? first : values.flatMap((value) => value ?? []);
}

function dialectsOf(product: Product): Submission["dialects"] {
  const { addresses } = product;
  const { origin, oidc, saml, scim, universalLogout } = product.manifest;
  const forOidc = addresses.oidc(origin, keyPlaceholder(product));
  const forSaml = saml ? addresses.saml?.(origin, keyPlaceholder(product)) : null;
  const urls = [
    ...(oidc ? [forOidc.redirectUri, forOidc.initiateLoginUri, forOidc.postLogoutRedirectUri] : []),
    ...(forSaml ? [forSaml.acsUrl, forSaml.entityId] : []),
    ...(scim ? [origin + addresses.scim] : []),
    ...(universalLogout ? [origin + addresses.universalLogout] : []),
  ];
  return urls.map((url) => {
    const template = urlTemplate(url);
    return {
      url,
      oidc: oidcExpression(template),
      saml: samlExpression(template),
      bare: bareExpression(template),
    };
  });
}

/**
 * One instance for each SSO protocol, each with Universal Logout. SCIM may share an instance only with a single SSO protocol
 * without just-in-time, and never with entitlements (Okta: submit-oin-app, Generate instances).
 */
function testInstances({ oidc, saml, scim, universalLogout }: Integration): TestInstance[] {
  const logout = universalLogout ? ["Universal Logout"] : [];
  const instances: TestInstance[] = [
    ...(oidc ? [{ name: "OIDC", capabilities: ["OpenID Connect", ...logout] }] : []),
    ...(saml ? [{ name: "SAML", capabilities: ["SAML 2.0", ...logout] }] : []),
  ];
  if (!scim) return instances;
  const provisioning = ["SCIM 2.0", ...(scim.entitlements.length > 0 ? ["Entitlement Management"] : [])];
  const onlySso = [oidc, saml].filter((capability) => capability != null);
  const shares = onlySso.length === 1 && !onlySso[0]?.justInTime && scim.entitlements.length === 0;
  if (shares && scim.users.create) instances[0]?.capabilities.push(...provisioning);
  else instances.push({ name: "SCIM", capabilities: provisioning });
  return instances;
}
