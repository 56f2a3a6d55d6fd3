import type { Browser, Page, Route } from "playwright-core";
import { hashOf } from "./inputs.ts";
import { type Clip, markAll, writeNote } from "./marks.ts";
import { withPalette } from "./palette.ts";

/** The site of which pictures are taken: the product with a sample customer, or a stand-in for the customer's org. */
export interface Site {
  /** The origin that the pages believe they are on. */
  origin: string;
  /** Requests a path like the browser of a signed-in person. */
  request(path: string, init?: RequestInit): Promise<Response>;
  /** The content of a stylesheet or script that pages load from /assets/, or its hash. */
  asset(name: string): Uint8Array;
}

/** A picture of a page, for the guides. */
export interface Shot {
  /** The name that templates use. */
  name: string;
  path: string;
  /** A selector for the part of the page that the picture shows. */
  part: string;
  /** The same part in the page's HTML: only a change in it makes the picture stale. */
  html: RegExp;
  /** Selectors of what to click before the picture is taken, such as the button that opens a dialog. */
  opens?: readonly string[];
  /** Values to type before the picture is taken, by label. */
  fill?: Readonly<Record<string, string>>;
  /** Selectors of what the reader clicks, copies or fills in, in this order. Each gets a ring, and several get numbers. */
  marks?: readonly string[];
  /** A sentence to write into the picture, below the part. */
  note?: string;
  /** A selector for the last element that the picture shows, if the part is too tall. */
  until?: string;
}

/** Pixels around the part. */
const margin = 12;

/** As narrow as possible, so that a picture is still legible on paper. */
const view = {
  viewport: { width: 900, height: 1200 },
  deviceScaleFactor: 2,
  colorScheme: "light",
} as const;

/**
 * The hash of a picture's inputs: its part of the page without random values, the page's styles and scripts, and the
 * settings of the browser. It shows without a browser whether a picture is stale.
 */
export async function inputsOf(shot: Shot, { request, asset }: Site): Promise<string> {
  const page = await (await request(shot.path)).text();
  const part = shot.html.exec(page)?.[0];
  if (part === undefined) throw new Error(`${shot.path} has no ${shot.html}`);
  const assets = [...page.matchAll(/(?:href|src)="\/assets\/([^"]+\.(?:css|js))"/g)].map(
    ([, name]) => name ?? "",
  );
  const contents = assets.map(asset);
  const { part: selector, opens, fill, marks, note, until } = shot;
  return hashOf([
    selector,
    JSON.stringify([view, margin, opens, fill, marks, note, until]),
    stable(part),
    ...contents,
  ]);
}

/** Replaces ids, times and one-time values, which differ each time and do not matter in a picture. */
function stable(html: string): string {
  return html
    .replace(/<input type="hidden"[^>]*>/g, "")
    .replace(/<time [\s\S]*?<\/time>/g, "time")
    .replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, "id")
    .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, "time")
    .replace(/\d{1,2} \w{3} \d{4}, \d\d:\d\d UTC/g, "time")
    .replace(
      /-----BEGIN[\s\S]*?END[ \w]+-----|MII[\w+/=]{100,}|([0-9A-F]{2}:){19,}[0-9A-F]{2}/g,
      "certificate",
    );
}

export async function takeShot(browser: Browser, shot: Shot, site: Site): Promise<Uint8Array> {
  const page = await browser.newPage(view);
  try {
    await page.route("**/*", (route) => answer(route, site));
    await page.goto(site.origin + shot.path, { waitUntil: "load" });
    for (const selector of shot.opens ?? []) await page.locator(selector).first().click();
    for (const [label, value] of Object.entries(shot.fill ?? {})) {
      await page
        .getByLabel(new RegExp(`^${label}\\b`))
        .first()
        .fill(value);
    }
    await page.evaluate("document.activeElement.blur(); window.scrollTo(0, 0)");
    const part = await boxOf(page, shot, shot.part);
    const last = shot.until ? await boxOf(page, shot, shot.until) : part;
    const shown = {
      x: Math.max(0, part.x - margin),
      y: Math.max(0, part.y - margin),
      width: part.width + 2 * margin,
      height: last.y + last.height - part.y + 2 * margin,
    };
    await markAll(page, shot.marks ?? []);
    const clip = shot.note ? await writeNote(page, shot.note, shown) : shown;
    return withPalette(
      await page.screenshot({ fullPage: true, clip, animations: "disabled", caret: "hide" }),
    );
  } finally {
    await page.close();
  }
}

async function boxOf(page: Page, { path }: Shot, selector: string): Promise<Clip> {
  const box = await page.locator(selector).first().boundingBox();
  if (!box) throw new Error(`${path} has no ${selector}`);
  return box;
}

/** Answers the page's requests in this process, so that it can believe to be in production. */
async function answer(route: Route, { request }: Site): Promise<void> {
  const { pathname, search } = new URL(route.request().url());
  const response = await request(pathname + search);
  await route.fulfill({
    status: response.status,
    headers: Object.fromEntries(response.headers),
    body: Buffer.from(await response.arrayBuffer()),
  });
}
