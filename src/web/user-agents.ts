import type { SessionSummary } from "../model.ts";
import { protocolName } from "../sign-in-protocols.ts";

/** Names browsers as people do, from the User-Agent header (RFC 9110 §10.1.5). Browsers imitate each other, so the order counts. */
type Rows = readonly (readonly [name: string, pattern: RegExp])[];

const browsers: Rows = [
  ["Edge", /\bEdg(?:e|A|iOS)?\//],
  ["Opera", /\b(?:OPR|OPT|Opera)\//],
  ["Samsung Internet", /\bSamsungBrowser\//],
  ["Vivaldi", /\bVivaldi\//],
  ["DuckDuckGo", /\b(?:DuckDuckGo|Ddg)\//],
  ["Firefox", /\b(?:Firefox|FxiOS)\//],
  ["Chrome", /\b(?:Headless)?(?:Chrome|CriOS)\//],
  ["Safari", /\bVersion\/[\d.]+ .*Safari\//],
  ["Internet Explorer", /\b(?:MSIE |Trident\/)/],
  ["curl", /^curl\//],
];

const systems: Rows = [
  ["iPhone", /\biPhone\b/],
  ["iPad", /\biPad\b/],
  ["Android", /\bAndroid\b/],
  ["ChromeOS", /\bCrOS\b/],
  ["Windows", /\bWindows\b/],
  ["macOS", /\b(?:Macintosh|Mac OS X)\b/],
  ["Linux", /\b(?:Linux|X11)\b/],
];

const nameIn = (rows: Rows, text: string) => rows.find(([, pattern]) => pattern.test(text))?.[0];

/** "Chrome on Linux"; "Unknown browser" if the header says nothing that is known. */
export function browserName(userAgent: string | null | undefined): string {
  const [browser, system] = [nameIn(browsers, userAgent ?? ""), nameIn(systems, userAgent ?? "")];
  if (browser && system) return `${browser} on ${system}`;
  return browser ?? (system ? `A browser on ${system}` : "Unknown browser");
}

/** "OpenID Connect (acme): pwd, mfa": how a person proved who they are, in the identity provider's words. */
export function signedInWith({ connection, proof }: Pick<SessionSummary, "connection" | "proof">): string {
  if (connection === null) return "a password";
  const protocol = protocolName(connection.type);
  const words = [...(proof?.methods ?? []), proof?.context].filter(Boolean).join(", ");
  return `${protocol} (${connection.key})${words === "" ? "" : `: ${words}`}`;
}
