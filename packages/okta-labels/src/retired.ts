/** A label that Okta no longer writes, or never wrote in this form. */
export interface RetiredLabel {
  label: string;
  /** The day on which Okta's documents changed; null if they never had this form. */
  until: string | null;
}

/** Labels that no text may name any more. Old texts and other products' guides still have them. */
export const retired: readonly RetiredLabel[] = [
  { label: "Applications > Applications", until: "2026-07-21" },
  { label: "Applications > Your OIN Integrations", until: "2026-07-21" },
  { label: "Applications > Browse App Catalog", until: "2026-07-21" },
  { label: "Applications > Create App Integration", until: "2026-07-21" },
  { label: "Groups claim filter", until: null },
  { label: "Group claim filter", until: null },
  { label: "Logout Endpoint URL", until: null },
  { label: "Link to Runscope entitlement test results", until: null },
];

/** The retired labels that a text names, whether it is plain, Markdown or HTML. */
export function retiredIn(text: string): RetiredLabel[] {
  const plain = text
    .replace(/<[^>]*>|[*`“”"]/g, "")
    .replaceAll("&gt;", ">")
    .replace(/\s+/g, " ");
  return retired.filter(({ label }) => plain.includes(label));
}
