import { existsSync, readdirSync } from "node:fs";
import { type RefusalReason, refusalReasons } from "../errors.ts";
import { refusals } from "../web/refusals.ts";
import { drawingMark, imageFolder, isDrawing, recordedDrawings } from "./drawings.ts";
import { type Capability, configuredFacts, type GuideFacts, type GuideReader, guideData } from "./facts.ts";
import { Markdown, renderTemplate, toMarkdown } from "./templates.ts";

/** Writes the guide of one capability as Markdown. `[[contents]]` marks the place of its table of contents. */
export function writeGuide(
  capability: Capability,
  reader: GuideReader,
  facts: GuideFacts = configuredFacts,
  images: ReadonlySet<string> = availableImages(),
): string {
  return renderTemplate(`guide/${capability}`, {
    ...guideData(facts, reader),
    ...figures(images, drawings()),
    troubleshooting: troubleshootingOf(capability),
  });
}

/** The names of the pictures that exist, without their extension. */
function availableImages(): Set<string> {
  if (!existsSync(imageFolder)) return new Set();
  const files = readdirSync(imageFolder).filter((file) => file.endsWith(".png"));
  return new Set(files.map((file) => file.slice(0, -".png".length)));
}

/** The pictures of Okta's screens that are drawings, by name. */
function drawings(): Set<string> {
  const recorded = recordedDrawings();
  const files = Object.keys(recorded).filter((file) => isDrawing(file, recorded));
  return new Set(files.map((file) => file.slice(0, -".png".length)));
}

/**
 * The functions by which a template shows a picture (`figure`) and refers to it (`see`). Both write nothing if the
 * picture does not exist. The caption says which pictures of Okta's Admin Console (`okta-…`) are drawings, until the ISV
 * replaces them. Figures are numbered in the order in which they are first mentioned.
 */
export function figures(images: ReadonlySet<string>, drawn: ReadonlySet<string> = new Set()) {
  const numbers = new Map<string, number>();
  const numberOf = (name: string) => {
    const number = numbers.get(name) ?? numbers.size + 1;
    numbers.set(name, number);
    return number;
  };
  return {
    see: (name: string) => new Markdown(images.has(name) ? ` (Figure ${numberOf(name)})` : ""),
    figure: (name: string, alt: string, caption: string) => {
      if (!images.has(name)) return new Markdown("");
      const picture = `![${toMarkdown(alt)}](images/${name}.png)`;
      const mark = drawn.has(name) ? ` (${drawingMark})` : "";
      return new Markdown(`${picture}\n*Figure ${numberOf(name)}. ${toMarkdown(caption + mark)}*`);
    },
  };
}

/** Why a person cannot sign in, explained to the customer's administrator. */
export interface TroubleshootingEntry {
  reason: RefusalReason;
  /** The sentence that the person sees. */
  seen: string;
  cause: Markdown;
  remedy: Markdown;
}

/**
 * The refusals to explain in the guide of a capability. A reason without an entry in views/guide/reasons.md.ejs is left
 * out here; a test fails for it.
 */
export function troubleshootingOf(capability: Capability): TroubleshootingEntry[] {
  const explained = reasonEntries();
  return refusalReasons.flatMap((reason) => {
    const entry = explained.find((one) => one.reason === reason);
    if (!entry?.guides.includes(capability)) return [];
    return [{ reason, seen: refusals[reason].text, cause: entry.cause, remedy: entry.remedy }];
  });
}

/** The entries of views/guide/reasons.md.ejs, including those for unknown reasons. */
export function reasonEntries() {
  const [, ...sections] = renderTemplate("guide/reasons", {}).split(/^## /m);
  return sections.map((section) => {
    const [heading = "", cause = "", remedy = ""] = section.trim().split(/\n{2,}/);
    const [reason = "", guides = ""] = heading.split(": ");
    return { reason, guides: guides.split(", "), cause: new Markdown(cause), remedy: new Markdown(remedy) };
  });
}
