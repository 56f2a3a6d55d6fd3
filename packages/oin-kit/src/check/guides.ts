import { destinationOf } from "./destination.ts";
import { judgeDrawings } from "./drawings.ts";
import { type GuideFile, judgeFiles, judgeLinks, type Visited } from "./guide-links.ts";
import { type GuidePage, pageOf, sectionsOf } from "./guide-page.ts";
import { judgeValues } from "./guide-values.ts";
import { type GuideSubject, judgeWords } from "./guide-words.ts";
import { asksForPassword, attributeOf, plain, tagsOf } from "./markup.ts";
import type { CheckReport } from "./report.ts";
import type { SiteCheck } from "./site.ts";
import { shown, type WebAnswer } from "./web.ts";

/** The headings that reviewers look for (Okta: "Configuration guide content", and case C9299), in the usual order. */
const commonHeadings: readonly (readonly [name: string, pattern: RegExp])[] = [
  ["Supported features", /supported features/i],
  ["Requirements", /requirements|prerequisites/i],
  ["Configuration steps", /configuration steps/i],
  ["Attributes and mapping", /attributes? (and )?mapping/i],
  ["Known issues / Troubleshooting and tips", /known issues|troubleshoot/i],
];
const moreHeadings: Record<GuideSubject, readonly (readonly [name: string, pattern: RegExp])[]> = {
  oidc: [["SP-initiated SSO", /sp-initiated sso/i]],
  saml: [
    ["SP-initiated SSO", /sp-initiated sso/i],
    ["Read this before you enable SAML", /read this before you enable saml/i],
    ["Backup URL", /backup url/i],
  ],
  scim: [],
  xaa: [],
};

/** Reads the guides without a session, like a customer's admin. */
export async function checkGuides(
  { url, product, web, report }: SiteCheck,
  guideFiles: () => Promise<ReadonlyMap<string, GuideFile>>,
): Promise<void> {
  const { manifest, addresses } = product;
  const declared = { ...manifest, xaa: manifest.crossAppAccess };
  const wanted = (["oidc", "saml", "scim", "xaa"] as const).filter((subject) => declared[subject]);
  const titles = new Map<string, GuideSubject>();
  const visited: Visited = new Map();
  report.notCheckable("guide-images", "the guides have no pictures");
  report.notCheckable("guide-pdf", "the guides link to no PDF: they offer it only at the manifest's origin");
  let foreign = 0;
  for (const subject of wanted) {
    const answer = await web.send(url + addresses.guide(subject));
    const problem = accessProblem(answer, url);
    if (!report.judge("guide-public", problem === null, `${shown(answer)}${problem ? `: ${problem}` : ""}`))
      continue;
    judgeIndexing(answer, report);
    const page = pageOf(url + addresses.guide(subject), answer.text);
    judgeHeadings(subject, page, report);
    const isOwn = judgeTitle(subject, page, titles, report);
    judgeDrawings(subject, answer.text, report);
    // A page about another capability has failed already.
    if (isOwn) judgeWords(subject, page, manifest, report);
    judgeValues(page, url, product, report);
    foreign += await judgeLinks(page, web, visited, report);
  }
  if (visited.size > 0) judgeFiles(visited, url + addresses.guides, await guideFiles(), report);
  report.notCheckable("guide-okta-links", `${foreign} links to other sites were not followed`);
}

/** Why a stranger cannot read the guide; null if they can. */
function accessProblem(answer: WebAnswer, url: string): string | null {
  if (answer.status !== 200) return "it is not served";
  if (!/^text\/html/.test(answer.headers.get("content-type") ?? "")) return "it is not a page";
  if (asksForPassword(answer.text)) return "it asks for a password";
  return destinationOf(answer, url) === null ? null : "it leads on to another page";
}

/** Customers search for a guide, and its address is public in any case. */
function judgeIndexing({ headers, text, path }: WebAnswer, report: CheckReport): void {
  const header = headers.get("x-robots-tag") ?? "";
  const tags = tagsOf(text, "meta").filter((tag) => /^robots$/i.test(attributeOf(tag, "name") ?? ""));
  const words = [header, ...tags.map((tag) => attributeOf(tag, "content") ?? "")].join(",").split(/[\s,]+/);
  // A directive such as "max-image-preview:none" hides nothing.
  const hidden = words.some((word) => /^(?:noindex|none)$/i.test(word));
  report.judge(
    "guide-indexed",
    !hidden,
    hidden ? `${path}: ${words.filter(Boolean).join(", ")}` : "search engines may list them",
  );
}

/** The headings with no words below them, not even in a subsection. */
function emptyHeadings(page: GuidePage): string[] {
  const sections = sectionsOf(page);
  return sections.flatMap(({ heading, level, html }, index) => {
    const next = sections[index + 1];
    const isEmpty = level > 1 && plain(html) === heading && !(next && next.level > level);
    return isEmpty ? [heading] : [];
  });
}

function judgeHeadings(subject: GuideSubject, page: GuidePage, report: CheckReport): void {
  const { headings } = page;
  const empty = emptyHeadings(page);
  if (empty.length > 0)
    report.judge("guide-headings", false, `${subject} has nothing below ${empty.join(", ")}`);
  const wanted = [...commonHeadings, ...moreHeadings[subject]];
  const missing = wanted.filter(([, pattern]) => !headings.some((heading) => pattern.test(heading)));
  const names = missing.map(([name]) => name).join(", ");
  report.judge(
    "guide-headings",
    missing.length === 0,
    missing.length ? `${subject} lacks ${names}` : `${subject} has all`,
  );
  const places = commonHeadings.flatMap(([, pattern]) => {
    const place = headings.findIndex((heading) => pattern.test(heading));
    return place < 0 ? [] : [place];
  });
  const ordered = places.every((place, index) => index === 0 || place > (places[index - 1] ?? 0));
  report.judge("guide-heading-order", ordered, `${subject}: ${ordered ? "in order" : headings.join(", ")}`);
}

/** Whether the guide has a title of its own. */
function judgeTitle(
  subject: GuideSubject,
  page: GuidePage,
  titles: Map<string, GuideSubject>,
  report: CheckReport,
): boolean {
  const [title = ""] = page.headings;
  const other = titles.get(title);
  titles.set(title, subject);
  const seen = other ? `${subject} and ${other} have the title "${title}"` : `${subject}: "${title}"`;
  return report.judge("guide-separate", other === undefined, seen);
}
