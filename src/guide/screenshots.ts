import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Browser, Page, Route } from "playwright-core";
import { brand } from "../../config/brand.ts";
import { integration } from "../../config/integration.ts";
import { paths } from "../endpoints.ts";
import type { ConnectionType } from "../model.ts";
import { hashOf } from "./inputs.ts";

/** The application with a sample customer in it: what the pictures show. */
export interface SampleConsole {
  /** Of the customer's connections. */
  connectionIds: Record<ConnectionType, string>;
  /** Asks for a path as the owner's browser would. */
  request(path: string, init?: RequestInit): Promise<Response>;
  close(): Promise<void>;
}

/** A picture of our own console in the guides. */
export interface Shot {
  /** What templates call it. */
  name: string;
  path: string;
  /** The part of the page that is shown, and the same part in the page's HTML: only what is shown makes a picture stale. */
  part: string;
  html: RegExp;
  /** Typed before the picture is taken, by label. */
  fill: Record<string, string>;
  /** The last thing that is shown of a part that is too tall. */
  until?: string;
}

/** In pixels: what is left around the part that is shown. */
const margin = 12;

/** As narrow as a picture may be on paper and still be read. */
const view = {
  viewport: { width: 900, height: 1200 },
  deviceScaleFactor: 2,
  colorScheme: "light",
} as const;

/** What Okta shows of an app, made up. */
const oktaSaml = {
  "Metadata URL": "https://acme.okta.com/app/exk1a2b3c4d5e6f7g8/sso/saml/metadata",
  "Sign on URL": "https://acme.okta.com/app/example/exk1a2b3c4d5e6f7g8/sso/saml",
  Issuer: "http://www.okta.com/exk1a2b3c4d5e6f7g8",
  "Signing Certificate":
    "-----BEGIN CERTIFICATE-----\nMIIDpDCCAoygAwIBAgIGAV2ka+55MA0GCSqGSIb3DQEBCwUA\n" +
    "MIGSMQswCQYDVQQGEwJVUzETMBEGA1UECAwKQ2FsaWZvcm5p\n…\n-----END CERTIFICATE-----",
};

export function shotsOf({ connectionIds }: SampleConsole): Shot[] {
  const values = {
    part: ".steps > li:has(form)",
    html: /<h2>Copy the values from Okta<\/h2>[\s\S]*?<li id="test"/,
  };
  const form = { part: "main form", html: /<form class="card[\s\S]*?<\/form>/ };
  return [
    { name: "connection-new", path: paths.admin.newConnection, ...form, fill: {} },
    {
      name: "connection-oidc",
      path: paths.admin.connection(connectionIds.oidc),
      ...values,
      fill: {
        Issuer: "https://acme.okta.com",
        "Client ID": "0oa1a2b3c4d5e6f7g8h9",
        "Client secret": "x".repeat(40),
      },
    },
    {
      name: "connection-saml",
      path: paths.admin.connection(connectionIds.saml),
      ...values,
      fill: oktaSaml,
      until: ".field:has(#certificates)",
    },
    {
      name: "provisioning-token",
      path: paths.admin.provisioning,
      fill: { "Expires after days": "365" },
      part: ".steps > li:has(#tokens)",
      html: /<h2 id="tokens">[\s\S]*?<h2>/,
    },
    {
      name: "people",
      path: paths.admin.people,
      fill: {},
      part: ".table-card",
      html: /<div class="card table-card">[\s\S]*?<\/table>/,
    },
  ];
}

/**
 * From what a picture is made: its part of the page without what differs each time, the page's styles and scripts, and how
 * it is taken. No browser is needed to know whether a picture is stale.
 */
export async function inputsOf(shot: Shot, { request }: SampleConsole): Promise<string> {
  const page = await (await request(shot.path)).text();
  const part = shot.html.exec(page)?.[0];
  if (part === undefined) throw new Error(`${shot.path} has no ${shot.html}`);
  const assets = [...page.matchAll(/(?:href|src)="\/assets\/([^"]+\.(?:css|js))"/g)].map(
    ([, name]) => name ?? "",
  );
  const contents = assets.filter((name) => name !== "brand.css").map(publicFile);
  return hashOf([
    shot.part,
    JSON.stringify([view, margin, shot.fill, shot.until]),
    stable(part),
    JSON.stringify(brand.accent),
    ...contents,
  ]);
}

function publicFile(name: string): Uint8Array {
  return readFileSync(fileURLToPath(new URL(`../../public/${name}`, import.meta.url)));
}

/** Ids, times and one-time values are others each time, and nobody looks at them in a picture. */
function stable(html: string): string {
  return html
    .replace(/<input type="hidden"[^>]*>/g, "")
    .replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, "id")
    .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, "time")
    .replace(/\d{1,2} \w{3} \d{4}, \d\d:\d\d UTC/g, "time")
    .replace(
      /-----BEGIN[\s\S]*?END[ \w]+-----|MII[\w+/=]{100,}|([0-9A-F]{2}:){19,}[0-9A-F]{2}/g,
      "certificate",
    );
}

export async function takeShot(browser: Browser, shot: Shot, console: SampleConsole): Promise<Uint8Array> {
  const page = await browser.newPage(view);
  try {
    await page.route("**/*", (route) => answer(route, console));
    await page.goto(integration.origin + shot.path, { waitUntil: "load" });
    for (const [label, value] of Object.entries(shot.fill)) {
      await page
        .getByLabel(new RegExp(`^${label}\\b`))
        .first()
        .fill(value);
    }
    await page.evaluate("document.activeElement.blur(); window.scrollTo(0, 0)");
    const part = await boxOf(page, shot, shot.part);
    const last = shot.until ? await boxOf(page, shot, shot.until) : part;
    const clip = {
      x: Math.max(0, part.x - margin),
      y: Math.max(0, part.y - margin),
      width: part.width + 2 * margin,
      height: last.y + last.height - part.y + 2 * margin,
    };
    return await page.screenshot({ fullPage: true, clip, animations: "disabled", caret: "hide" });
  } finally {
    await page.close();
  }
}

async function boxOf(page: Page, { path }: Shot, selector: string) {
  const box = await page.locator(selector).first().boundingBox();
  if (!box) throw new Error(`${path} has no ${selector}`);
  return box;
}

/** The page believes that it is in production; nothing of it leaves this process. */
async function answer(route: Route, { request }: SampleConsole): Promise<void> {
  const { pathname, search } = new URL(route.request().url());
  const response = await request(pathname + search);
  await route.fulfill({
    status: response.status,
    headers: Object.fromEntries(response.headers),
    body: Buffer.from(await response.arrayBuffer()),
  });
}
