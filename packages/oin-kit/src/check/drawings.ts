import { plain } from "./markup.ts";
import type { CheckReport } from "./report.ts";

/** The words that the writer of the guides puts into the caption of each drawing. */
const mark = /drawing of Okta.s screen/i;

/**
 * Warns of pictures of Okta's Admin Console that are drawings still. Okta wants screenshots (Okta: "Configuration guide
 * content"); a drawing helps a customer, but its layout is not quite Okta's.
 * @param html of a guide's page.
 */
export function judgeDrawings(capability: string, html: string, report: CheckReport): void {
  const captions = [...html.matchAll(/<figcaption[^>]*>([\s\S]*?)<\/figcaption>/gi)].map(([, text = ""]) =>
    plain(text),
  );
  const drawings = captions.filter((caption) => mark.test(caption));
  report.judge(
    "guide-drawings",
    drawings.length === 0,
    drawings.length === 0
      ? `${capability}: no caption says that it is a drawing`
      : `${capability} has ${drawings.length}: ${drawings.slice(0, 2).join("; ")}${drawings.length > 2 ? "; …" : ""}`,
  );
}
