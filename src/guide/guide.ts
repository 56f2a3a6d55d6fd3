import { type Capability, configured, type Facts, guideData, type Reader } from "./facts.ts";
import { availableImages, figures } from "./figures.ts";
import { renderTemplate } from "./templates.ts";
import { troublesOf } from "./troubles.ts";

/** The configuration guide of one capability as Markdown, with `[[contents]]` where its contents go. */
export function writeGuide(
  capability: Capability,
  reader: Reader,
  facts: Facts = configured,
  images: ReadonlySet<string> = availableImages(),
): string {
  const data = guideData(facts, reader);
  return renderTemplate(`guide/${capability}`, {
    ...data,
    ...figures(images),
    troubles: troublesOf(capability),
  });
}
