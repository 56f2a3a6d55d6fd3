import { existsSync, readFileSync } from "node:fs";
import type { WizardValues } from "oin-kit/compatibility";
import { evidenceFile } from "oin-kit/cross-app-access";
import { buildSubmission, type Submission } from "oin-kit/submission";
import { toYaml } from "oin-kit/yaml";
import { integration } from "../../../config/integration.ts";
import { type Capability, configuredFacts, offeredGuides } from "../../../src/guide/facts.ts";
import { writeGuide } from "../../../src/guide/guide.ts";
import { toHtml, withContents } from "../../../src/guide/html.ts";
import { renderTemplate } from "../../../src/guide/templates.ts";
import { standalonePage } from "./document.ts";
import { publishedFile } from "./files.ts";
import { product } from "./product.ts";
import { providerGuide, providers } from "./providers.ts"; // SAML

const allCustomers = { origin: integration.origin, tenant: null, key: null };

/** The texts of the guides, by path. A test compares them with the committed files. */
export function guideTexts(): Map<string, string> {
  const files = new Map<string, string>();
  for (const capability of offeredGuides(configuredFacts)) {
    const markdown = writeGuide(capability, allCustomers);
    files.set(`docs/guides/${capability}.md`, withContents(markdown));
    files.set(`docs/guides/${capability}.html`, standalonePage(toHtml(markdown, { imageBase: "" })));
  }
  // SAML {
  for (const provider of configuredFacts.integration.saml ? providers : []) {
    const markdown = providerGuide(provider, integration.origin);
    files.set(`docs/guides/providers/${provider.id}.md`, markdown);
    files.set(
      `docs/guides/providers/${provider.id}.html`,
      standalonePage(toHtml(markdown, { imageBase: "" })),
    );
  }
  // SAML }
  return files;
}

/** Builds the submission package. Throws InconsistentManifestError if Okta would reject the manifest. */
export function currentSubmission(): Submission {
  return buildSubmission(product, publishedValues());
}

export function submissionTexts(submission: Submission, facts = configuredFacts): Map<string, string> {
  const data = { ...facts, ...submission, evidenceFile };
  const markdown = renderTemplate("oin/submission", data);
  return new Map([
    ["docs/oin/submission.md", withContents(markdown)],
    ["docs/oin/submission.html", standalonePage(toHtml(markdown, { imageBase: "" }), "package")],
    ["docs/oin/values.json", `${JSON.stringify(submission.values, null, 2)}\n`],
    ["docs/oin/values.yaml", toYaml(submission.values)],
  ]);
}

/** A guide to print. `html` takes the page number of each heading. */
export interface PrintableGuide {
  path: string;
  html(pageOf: ReadonlyMap<string, number>): string;
  /** The paths of its pictures, from the root of the repository. */
  pictures: string[];
}

export function printableGuides(): PrintableGuide[] {
  return offeredGuides(configuredFacts).map((capability: Capability) => {
    const markdown = writeGuide(capability, allCustomers);
    const pictures = [...markdown.matchAll(/\]\((images\/[^)]+)\)/g)];
    return {
      path: `docs/guides/${capability}.pdf`,
      html: (pageOf) => standalonePage(toHtml(markdown, { imageBase: "", pageOf })),
      pictures: pictures.map(([, path]) => `docs/guides/${path}`),
    };
  });
}

/** The values of the published submission; null if nothing is published yet. */
export function publishedValues(): WizardValues | null {
  return existsSync(publishedFile) ? (JSON.parse(readFileSync(publishedFile, "utf8")) as WizardValues) : null;
}
