import { imageSize } from "../image-size.ts";
import { type GuidePage, type LinkTarget, pageOf, targetsOf } from "./guide-page.ts";
import type { CheckReport } from "./report.ts";
import { isLoopback, isRedirect, shown, type Web, type WebAnswer } from "./web.ts";

/** A picture or a PDF of the guides in this checkout. */
export interface GuideFile {
  sha256: string;
  /** Whether its inputs have changed since it was made. */
  stale: boolean;
}

/** The responses to the addresses that the guides name, each requested once. */
export type Visited = Map<string, WebAnswer>;

/** A picture with fewer pixels per side counts views, or holds a place. The smallest icons have 12. */
const smallestSide = 10;

/** Follows the links within this deployment. Returns how many links lead elsewhere. */
export async function judgeLinks(
  page: GuidePage,
  web: Web,
  visited: Visited,
  report: CheckReport,
): Promise<number> {
  let foreign = 0;
  const targets = targetsOf(page);
  judgeOktaPictures(page, targets, report);
  for (const link of targets) {
    const url = new URL(link.target, page.url);
    const insecure = url.protocol === "http:" && !isLoopback(url.href);
    report.judge("guide-secure-links", !insecure, insecure ? `${url.href}, in ${page.url}` : "all are https");
    if (url.origin !== new URL(page.url).origin) {
      // Pictures may come from a content delivery network.
      if (link.isImage) judgeText(page, link, report);
      foreign += 1;
      continue;
    }
    const [address = "", anchor] = url.href.split("#");
    const answer = visited.get(address) ?? (await web.send(address));
    visited.set(address, answer);
    judgeTarget(page, link, answer, report);
    if (anchor && !isRedirect(answer)) judgeAnchor(page, answer, unescaped(anchor), report);
  }
  return foreign;
}

function judgeTarget(page: GuidePage, link: LinkTarget, answer: WebAnswer, report: CheckReport): void {
  const seen = `${shown(answer)}, in ${page.url}`;
  const leads = answer.status < 500 && ![404, 410].includes(answer.status);
  if (!link.isImage) {
    report.judge("guide-links", leads, seen);
    if (leads && /\.pdf$/i.test(answer.path)) report.judge("guide-pdf", isPdf(answer), seen);
    return;
  }
  const problem = leads ? pictureProblem(answer) : "";
  report.judge("guide-images", problem === null, problem ? `${seen}: ${problem}` : seen);
  judgeText(page, link, report);
}

/** An empty text marks an ornament, such as a logo next to the product's name. The guide's own pictures are not. */
function judgeText(page: GuidePage, { target, alt }: LinkTarget, report: CheckReport): void {
  const silent = `${target} says nothing in words`;
  const isOwn = new URL(target, page.url).href.startsWith(new URL(".", page.url).href);
  if (alt === "" && isOwn) report.warn("guide-images", silent);
  else report.judge("guide-images", alt !== null, alt === null ? silent : "all have a text");
}

/** A percent sign that encodes nothing stands for itself. */
function unescaped(anchor: string): string {
  try {
    return decodeURIComponent(anchor);
  } catch {
    return anchor;
  }
}

/** Reviewers compare the guide with Okta's console, so a guide shows at least one of its screens (case C9299). */
function judgeOktaPictures({ url }: GuidePage, targets: readonly LinkTarget[], report: CheckReport): void {
  const pictures = targets.filter(({ isImage }) => isImage);
  const ofOkta = pictures.filter(
    ({ target, alt }) => /okta/i.test(target.split("/").at(-1) ?? "") || /\bOkta\b/.test(alt ?? ""),
  );
  const seen = `${ofOkta.length} of ${pictures.length} pictures show Okta, in ${url}`;
  // The check knows a picture only by its name and its text.
  if (pictures.length > 0 && ofOkta.length === 0) report.warn("guide-okta-pictures", seen);
  else report.judge("guide-okta-pictures", ofOkta.length > 0, seen);
}

function judgeAnchor(page: GuidePage, answer: WebAnswer, anchor: string, report: CheckReport): void {
  // Browsers know "top" themselves (HTML: "Navigating to a fragment").
  const exists = anchor === "top" || pageOf(page.url, answer.text).ids.has(anchor);
  report.judge(
    "guide-links",
    exists,
    exists ? "headings are there" : `#${anchor} is not in ${answer.path}, linked from ${page.url}`,
  );
}

/** The reason why a response is not a picture; null if it is one. */
function pictureProblem({ headers, body, text }: WebAnswer): string | null {
  const type = headers.get("content-type") ?? "";
  if (!/^image\//.test(type)) return `the type is ${type || "absent"}`;
  if (/^image\/svg/.test(type)) return text.includes("<svg") ? null : "it is not an SVG";
  if (/^image\/(webp|avif)/.test(type)) return body.length > 0 ? null : "it is empty";
  const size = imageSize(body);
  if (!size) return "it is not a PNG, GIF or JPEG";
  if (Math.min(size.width, size.height) >= smallestSide) return null;
  return `it has only ${size.width} × ${size.height} pixels`;
}

function isPdf({ status, headers, body }: WebAnswer): boolean {
  const isType = /^application\/pdf/.test(headers.get("content-type") ?? "");
  return status === 200 && isType && body.toString("latin1", 0, 5) === "%PDF-";
}

/** Compares the pictures and PDFs that are served with the ones in this checkout. */
export function judgeFiles(
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
