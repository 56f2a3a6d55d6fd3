import { existsSync, readdirSync } from "node:fs";
import { type RefusalReason, refusalReasons } from "../errors.ts";
import { refusals } from "../web/refusals.ts";
import { drawingMark, imageFolder, isDrawing, recordedDrawings } from "./drawings.ts";
import {
  type Capability,
  configuredFacts,
  type GuideFacts,
  type GuideReader,
  guideData,
  variableOf,
} from "./facts.ts";
import { anchorOf } from "./html.ts";
import { Markdown, renderTemplate, toMarkdown } from "./templates.ts";

/** The pictures that a guide may show, by name. */
export interface Pictures {
  names: ReadonlySet<string>;
  /** Those of Okta's screens that are drawings. */
  drawn: ReadonlySet<string>;
}

/** Reads and hashes every picture, so a server does it once. */
export function readPictures(): Pictures {
  if (!existsSync(imageFolder)) return { names: new Set(), drawn: new Set() };
  const files = readdirSync(imageFolder).filter((file) => file.endsWith(".png"));
  const recorded = recordedDrawings();
  const nameOf = (file: string) => file.slice(0, -".png".length);
  return {
    names: new Set(files.map(nameOf)),
    drawn: new Set(files.filter((file) => isDrawing(file, recorded)).map(nameOf)),
  };
}

/** Writes the guide of one capability as Markdown. `[[contents]]` marks the place of its table of contents. */
export function writeGuide(
  capability: Capability,
  reader: GuideReader,
  facts: GuideFacts = configuredFacts,
  pictures: Pictures = readPictures(),
): string {
  return renderTemplate(`guide/${capability}`, {
    ...guideData(facts, reader),
    capability,
    ...figures(pictures),
    troubleshooting: troubleshootingOf(capability, facts),
  });
}

/**
 * The functions by which a template shows a picture (`figure`) and refers to it (`see`). Both write nothing if the
 * picture does not exist. The caption says which pictures of Okta's Admin Console (`okta-…`) are drawings, until the ISV
 * replaces them. Figures are numbered in the order in which they are first mentioned.
 */
export function figures({ names, drawn }: Pictures) {
  const numbers = new Map<string, number>();
  const numberOf = (name: string) => {
    const number = numbers.get(name) ?? numbers.size + 1;
    numbers.set(name, number);
    return number;
  };
  return {
    see: (name: string) => new Markdown(names.has(name) ? ` (Figure ${numberOf(name)})` : ""),
    figure: (name: string, alt: string, caption: string) => {
      if (!names.has(name)) return new Markdown("");
      const picture = `![${toMarkdown(alt)}](images/${name}.png)`;
      const mark = drawn.has(name) ? ` (${drawingMark})` : "";
      return new Markdown(`${picture}\n*Figure ${numberOf(name)}. ${toMarkdown(caption + mark)}*`);
    },
  };
}

/** A row of a guide's troubleshooting table: why people cannot sign in, and what an administrator does about it. */
export interface TroubleshootingEntry {
  reasons: readonly RefusalReason[];
  /** The sentences that the people see, each once. */
  seen: readonly string[];
  cause: Markdown;
  remedy: Markdown;
}

/** The name of the section of reasons.md.ejs with the reasons that only docs/reference/errors.md explains. */
const referenceOnly = "reference";

/** The rows of a capability's guide, in the order of views/guide/reasons.md.ejs. */
export function troubleshootingOf(
  capability: Capability,
  facts: GuideFacts = configuredFacts,
): TroubleshootingEntry[] {
  return reasonSections(capability, facts).flatMap(({ reasons, cause, remedy }) => {
    const own = reasons.get(capability);
    if (!own) return [];
    const seen = [...new Set(own.map((reason) => refusals[reason].text))];
    return [{ reasons: own, seen, cause: new Markdown(cause), remedy: new Markdown(remedy) }];
  });
}

/** The reasons that no guide explains. */
export function unexplainedReasons(): RefusalReason[] {
  return reasonSections(referenceOnly, configuredFacts).flatMap(
    ({ reasons }) => reasons.get(referenceOnly) ?? [],
  );
}

function reasonSections(capability: Capability | typeof referenceOnly, { brand, integration }: GuideFacts) {
  const app = integration.displayName;
  const anchor = new Markdown(anchorOf(`If ${app} is not in your catalog`));
  const variable = variableOf(integration);
  const data = { capability, integration, variable, app, product: brand.productName, anchor };
  return sectionsOf(renderTemplate("guide/reasons", data));
}

/** Sections of the form `## guide: reason, reason; guide: reason`, a cause and a remedy. Throws for an unknown reason. */
function sectionsOf(text: string) {
  const [, ...sections] = text.split(/^## /m);
  return sections.map((section) => {
    const [heading = "", cause = "", remedy = ""] = section.trim().split(/\n{2,}/);
    const byGuide = heading.split("; ").map((part): [string, RefusalReason[]] => {
      const [guide = "", names = ""] = part.split(": ");
      return [guide, names.split(", ").map(knownReason)];
    });
    return { reasons: new Map(byGuide), cause, remedy };
  });
}

function knownReason(name: string): RefusalReason {
  const reason = refusalReasons.find((one) => one === name);
  if (!reason)
    throw new Error(`views/guide/reasons.md.ejs explains "${name}", which is not in src/errors.ts`);
  return reason;
}
