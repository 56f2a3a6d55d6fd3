import { judgeDrawings } from "./drawings.ts";
import type { CheckReport } from "./report.ts";
import type { SiteCheck } from "./site.ts";
import { isRedirect, shown, type Web, type WebAnswer } from "./web.ts";

/** A picture or a PDF of the guides in this checkout. */
export interface GuideFile {
  sha256: string;
  /** Whether its inputs have changed since it was made. */
  stale: boolean;
}

type GuideSubject = "oidc" | "saml" | "scim";

/** A page of any server. Only its links, headings and ids matter, so regular expressions are enough to read it. */
interface GuidePage {
  url: string;
  html: string;
  headings: string[];
  ids: Set<string>;
}

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
};

/** Reads the guides without a session, like a customer's admin. */
export async function checkGuides(
  { url, product, web, report }: SiteCheck,
  guideFiles: () => Promise<ReadonlyMap<string, GuideFile>>,
): Promise<void> {
  const wanted = (["oidc", "saml", "scim"] as const).filter(
    (capability) => product.manifest[capability] !== null,
  );
  const titles = new Map<string, GuideSubject>();
  const visited = new Map<string, WebAnswer>();
  report.notCheckable("guide-images", "the guides have no pictures");
  let foreign = 0;
  for (const capability of wanted) {
    const answer = await web.send(url + product.addresses.guide(capability));
    const isPage = answer.status === 200 && /^text\/html/.test(answer.headers.get("content-type") ?? "");
    if (!report.judge("guide-public", isPage, shown(answer))) continue;
    const page = pageOf(url + product.addresses.guide(capability), answer.text);
    judgeHeadings(capability, page, report);
    judgeTitle(capability, page, titles, report);
    judgeDrawings(capability, answer.text, report);
    foreign += await judgeLinks(page, web, visited, report);
  }
  if (visited.size > 0) judgeFiles(visited, url + product.addresses.guides, await guideFiles(), report);
  report.notCheckable("guide-okta-links", `${foreign} links to other sites were not followed`);
}

function pageOf(url: string, html: string): GuidePage {
  const headings = [...html.matchAll(/<h([1-6])[^>]*>([\s\S]*?)<\/h\1>/gi)].map(([, , inner = ""]) =>
    plain(inner),
  );
  const ids = new Set([...html.matchAll(/\sid=["']([^"']+)["']/gi)].map(([, id = ""]) => decoded(id)));
  return { url, html, headings, ids };
}

function judgeHeadings(capability: GuideSubject, { headings }: GuidePage, report: CheckReport): void {
  const wanted = [...commonHeadings, ...moreHeadings[capability]];
  const missing = wanted.filter(([, pattern]) => !headings.some((heading) => pattern.test(heading)));
  const names = missing.map(([name]) => name).join(", ");
  report.judge(
    "guide-headings",
    missing.length === 0,
    missing.length ? `${capability} lacks ${names}` : `${capability} has all`,
  );
  const places = commonHeadings.flatMap(([, pattern]) => {
    const place = headings.findIndex((heading) => pattern.test(heading));
    return place < 0 ? [] : [place];
  });
  const ordered = places.every((place, index) => index === 0 || place > (places[index - 1] ?? 0));
  report.judge(
    "guide-heading-order",
    ordered,
    `${capability}: ${ordered ? "in order" : headings.join(", ")}`,
  );
}

function judgeTitle(
  capability: GuideSubject,
  page: GuidePage,
  titles: Map<string, GuideSubject>,
  report: CheckReport,
): void {
  const [title = ""] = page.headings;
  const other = titles.get(title);
  titles.set(title, capability);
  const seen = other ? `${capability} and ${other} have the title "${title}"` : `${capability}: "${title}"`;
  report.judge("guide-separate", other === undefined, seen);
}

/** Follows the links within this deployment, each address once. Returns how many links lead elsewhere. */
async function judgeLinks(
  page: GuidePage,
  web: Web,
  visited: Map<string, WebAnswer>,
  report: CheckReport,
): Promise<number> {
  let foreign = 0;
  for (const { target, isImage, alt } of targetsOf(page)) {
    const url = new URL(target, page.url);
    if (url.origin !== new URL(page.url).origin) {
      foreign += 1;
      continue;
    }
    const [address = "", anchor] = url.href.split("#");
    const answer = visited.get(address) ?? (await web.send(address));
    visited.set(address, answer);
    const rule = isImage ? "guide-images" : "guide-links";
    const leads = answer.status < 400 || ![404, 410].includes(answer.status) ? answer.status < 500 : false;
    report.judge(rule, leads && (!isImage || isPicture(answer)), `${shown(answer)}, in ${page.url}`);
    if (isImage)
      report.judge(
        "guide-images",
        alt !== "",
        alt === "" ? `${target} says nothing in words` : "all have a text",
      );
    if (anchor && !isRedirect(answer)) judgeAnchor(page, answer, decodeURIComponent(anchor), report);
  }
  return foreign;
}

function judgeAnchor(page: GuidePage, answer: WebAnswer, anchor: string, report: CheckReport): void {
  const exists = pageOf(page.url, answer.text).ids.has(anchor);
  report.judge(
    "guide-links",
    exists,
    exists ? "headings are there" : `#${anchor} is not in ${answer.path}, linked from ${page.url}`,
  );
}

/** Compares the pictures and PDFs that are served with the ones in this checkout. */
function judgeFiles(
  visited: ReadonlyMap<string, WebAnswer>,
  base: string,
  files: ReadonlyMap<string, GuideFile>,
  report: CheckReport,
): void {
  report.notCheckable("guide-current", "the guides lead to no picture or PDF that this checkout has");
  for (const [address, answer] of visited) {
    const name = address.startsWith(`${base}/`) ? address.slice(base.length + 1) : "";
    const file = files.get(name);
    if (!file || answer.status !== 200) continue;
    const other = file.sha256 !== answer.sha256;
    const problem = file.stale ? "is stale" : other ? "is not the one of this checkout" : "is current";
    report.judge("guide-current", !file.stale && !other, `${name} ${problem}`);
  }
}

function isPicture({ headers, bytes }: WebAnswer): boolean {
  return /^image\//.test(headers.get("content-type") ?? "") && bytes > 0;
}

interface LinkTarget {
  target: string;
  isImage: boolean;
  alt: string;
}

function targetsOf({ html, url }: GuidePage): LinkTarget[] {
  const links = [...html.matchAll(/<a\s[^>]*?href=["']([^"']*)["']/gi)].map(([, href = ""]) => {
    return { target: decoded(href), isImage: false, alt: "" };
  });
  const images = [...html.matchAll(/<img\s[^>]*>/gi)].map(([tag]) => {
    const attribute = (name: string) => new RegExp(`\\s${name}=["']([^"']*)["']`, "i").exec(tag)?.[1] ?? "";
    return { target: decoded(attribute("src")), isImage: true, alt: attribute("alt") };
  });
  // The logo next to the product's name needs no text.
  const pictures = images.filter(
    ({ target }) => !target.startsWith("/assets/") && !target.startsWith("data:"),
  );
  return [...links, ...pictures].filter(
    ({ target }) => URL.canParse(target, url) && /^https?:/.test(new URL(target, url).href),
  );
}

function plain(html: string): string {
  return decoded(html.replace(/<[^>]*>/g, ""))
    .replace(/\s+/g, " ")
    .trim();
}

function decoded(text: string): string {
  const named: Record<string, string> = { amp: "&", lt: "<", gt: ">", quot: '"', nbsp: " " };
  return text
    .replace(/&#(\d+);/g, (_match, code: string) => String.fromCodePoint(Number(code)))
    .replace(/&(amp|lt|gt|quot|nbsp);/g, (match, name: string) => named[name] ?? match);
}
