import { type RefusalReason, refusalReasons } from "../errors.ts";
import { refusals } from "../web/refusals.ts";
import type { Capability } from "./facts.ts";
import { Markdown } from "./markdown.ts";
import { renderTemplate } from "./templates.ts";

/** Why somebody cannot sign in, for a customer's administrator. */
export interface Trouble {
  reason: RefusalReason;
  /** What the person reads. */
  seen: string;
  cause: Markdown;
  remedy: Markdown;
}

/**
 * The reasons that the code can give, for those guides that the entry in views/guide/reasons.md.ejs names. Throws when
 * a reason has no entry, or an entry no reason.
 */
export function troublesOf(capability: Capability): Trouble[] {
  const entries = new Map(sections().map((section) => [section.reason, section]));
  const unknown = [...entries.keys()].filter((name) => !refusalReasons.some((reason) => reason === name));
  if (unknown.length > 0) throw new Error(`reasons.md.ejs explains what there is not: ${unknown.join(", ")}`);
  return refusalReasons.flatMap((reason) => {
    const entry = entries.get(reason);
    if (!entry) throw new Error(`views/guide/reasons.md.ejs does not explain ${reason}`);
    if (!entry.guides.includes(capability)) return [];
    return [{ reason, seen: refusals[reason].text, cause: entry.cause, remedy: entry.remedy }];
  });
}

function sections() {
  const text = renderTemplate("guide/reasons", {});
  return text.split(/^## /m).flatMap((section) => {
    const [heading = "", cause = "", remedy = ""] = section.trim().split(/\n{2,}/);
    const [reason = "", guides = ""] = heading.split(": ");
    if (reason === "") return [];
    return [{ reason, guides: guides.split(", "), cause: new Markdown(cause), remedy: new Markdown(remedy) }];
  });
}
