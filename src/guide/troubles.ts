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
 * The reasons that the code can give, for those guides that the entry in views/guide/reasons.md.ejs names. A reason
 * without an entry is left out of a guide that is being read, and a test fails.
 */
export function troublesOf(capability: Capability): Trouble[] {
  const entries = explanations();
  return refusalReasons.flatMap((reason) => {
    const entry = entries.find((one) => one.reason === reason);
    if (!entry?.guides.includes(capability)) return [];
    return [{ reason, seen: refusals[reason].text, cause: entry.cause, remedy: entry.remedy }];
  });
}

/** What views/guide/reasons.md.ejs says, whether or not there is such a reason. */
export function explanations() {
  const [, ...sections] = renderTemplate("guide/reasons", {}).split(/^## /m);
  return sections.map((section) => {
    const [heading = "", cause = "", remedy = ""] = section.trim().split(/\n{2,}/);
    const [reason = "", guides = ""] = heading.split(": ");
    return { reason, guides: guides.split(", "), cause: new Markdown(cause), remedy: new Markdown(remedy) };
  });
}
