import { customAppLabels } from "okta-labels/custom-app";
import { okta } from "okta-labels/labels";
import { retiredIn } from "okta-labels/retired";
import type { Integration } from "../integration.ts";
import { type GuidePage, rowsOf, sectionsOf } from "./guide-page.ts";
import { plain } from "./markup.ts";
import type { CheckReport } from "./report.ts";

/** The capability that a guide is about; `xaa` is Cross App Access. */
export type GuideSubject = "oidc" | "saml" | "scim" | "xaa";

/** A section about orgs whose catalog does not have the app yet may name the settings of an app built by hand. */
const aboutCustomApps = /not in (?:your|the|okta.?s) (?:org.?s )?catalog|custom app|own app integration/i;

/** Traces of an unfinished page: notes of its author, and templates that were not filled in. The word "to-do" leaves none. */
const unfinished = /\b(?:TODO|TBD|FIXME)\b|[Ll]orem ipsum|\[[Ss]creenshot\b|\[object Object\]|<%|\{\{/;

/** Addresses of an author's machine, tunnel or org, which no customer can open. */
const ofDevelopment =
  /https?:\/\/(?:localhost|127\.0\.0\.1|[\w-]+\.ngrok[\w.-]*|(?:dev|trial|integrator)-\d+(?:-admin)?\.okta(?:preview)?\.com)[^\s<"']*/gi;

function developmentAddress({ words, url }: GuidePage): string | undefined {
  const { origin } = new URL(url);
  return words.match(ofDevelopment)?.find((address) => !address.startsWith(origin));
}

/** Judges what a guide says: whether an administrator who follows it literally finds the menus that it names. */
export function judgeWords(
  subject: GuideSubject,
  page: GuidePage,
  manifest: Integration,
  report: CheckReport,
): void {
  judgeMenus(subject, page, report);
  judgeApp(subject, page, manifest, report);
  judgeFeatures(subject, page, manifest, report);
  judgeRequirements(subject, page, manifest, report);
  judgeOrder(subject, page, manifest, report);
  const trace = unfinished.exec(page.words)?.[0] ?? developmentAddress(page);
  report.judge(
    "guide-finished",
    trace === undefined,
    trace ? `${subject} has "${trace}"` : "no notes are left",
  );
  const { link, email, phone } = manifest.customerSupport;
  const named = [link, email, phone].some((contact) => contact && page.html.includes(contact));
  report.judge(
    "guide-support",
    named,
    named ? "it names a contact" : `${subject} names none of the manifest's`,
  );
}

function judgeMenus(subject: GuideSubject, { words }: GuidePage, report: CheckReport): void {
  // Guides separate the parts of a path by other signs, too.
  const paths = words.replace(/\s*[>›»→]\s*/g, " > ");
  const wrong = retiredIn(paths).map(({ was, now }) => `"${was}" is now "${now}"`);
  const names = paths.includes(okta.menus.applications);
  if (!names) wrong.push(`"${okta.menus.applications}" is not named`);
  report.judge("guide-menus", wrong.length === 0, `${subject}: ${wrong.join("; ") || "menus of today"}`);
}

/** A catalog's app is added from the catalog; one that is built by hand has other settings. */
function judgeApp(subject: GuideSubject, page: GuidePage, manifest: Integration, report: CheckReport): void {
  const words = wordsBut(page, aboutCustomApps);
  // In other case they are plain words: "assertion encryption is not supported".
  const custom = customAppLabels.filter((label) => words.includes(label));
  const signsOn = subject === "oidc" || subject === "saml";
  const adds = signsOn || (subject === "scim" && !manifest.oidc && !manifest.saml);
  const missing = adds
    ? [okta.catalog.browse, okta.catalog.add].filter((label) => !words.includes(label))
    : [];
  const wrong = [
    ...custom.map((label) => `"${label}" exists only in an app that is built by hand`),
    ...missing.map((label) => `"${label}" is not named`),
  ];
  report.judge(
    "guide-catalog-app",
    wrong.length === 0,
    `${subject}: ${wrong.join("; ") || "the catalog's app"}`,
  );
}

/** Products of Okta without which a capability cannot be switched on. Each needs one of its words in the guide. */
function requiredProducts(subject: GuideSubject, { scim, universalLogout }: Integration) {
  if (subject === "xaa") return [/Identity Engine/i];
  if (subject !== "scim")
    return universalLogout ? [/Identity Engine/i, /Adaptive MFA|Identity Threat Protection/i] : [];
  const forEntitlements = scim?.entitlements.length ? [/Identity Governance/i] : [];
  return [/Lifecycle Management/i, ...forEntitlements];
}

function judgeRequirements(
  subject: GuideSubject,
  { words }: GuidePage,
  manifest: Integration,
  report: CheckReport,
): void {
  const missing = requiredProducts(subject, manifest).filter((product) => !product.test(words));
  const names = missing.map(({ source }) => source.replace("|", " or ")).join(", ");
  report.judge(
    "guide-requirements",
    missing.length === 0,
    `${subject}: ${names ? `lacks ${names}` : "complete"}`,
  );
}

/** Okta refuses Entitlement Management on an instance that has provisioning enabled. */
function judgeOrder(
  subject: GuideSubject,
  page: GuidePage,
  manifest: Integration,
  report: CheckReport,
): void {
  if (subject !== "scim") return;
  if (!manifest.scim?.entitlements.length) {
    report.notCheckable("guide-entitlements-first", "the manifest declares no entitlements");
    return;
  }
  const steps = stepsOf(page).toLowerCase();
  const [entitlements, provisioning] = [okta.entitlements.section, okta.provisioning.configure].map((label) =>
    steps.indexOf(label.toLowerCase()),
  );
  const holds = entitlements !== -1 && (provisioning === -1 || (entitlements ?? 0) < (provisioning ?? 0));
  const order = entitlements === -1 ? "is not named" : holds ? "comes first" : "comes after provisioning";
  report.judge("guide-entitlements-first", holds, `"${okta.entitlements.section}" ${order}`);
}

/** The words of a page without the sections whose heading matches, and without their subsections. */
function wordsBut(page: GuidePage, left: RegExp): string {
  let level = 0;
  const kept = sectionsOf(page).filter((section) => {
    if (level === 0 || section.level <= level) level = left.test(section.heading) ? section.level : 0;
    return level === 0;
  });
  return kept.map(({ html }) => plain(html)).join(" ");
}

/** The words from the heading of the configuration steps to the next heading of its level. */
function stepsOf(page: GuidePage): string {
  const sections = sectionsOf(page);
  const first = sections.findIndex(({ heading }) => /configuration steps/i.test(heading));
  const level = sections[first]?.level ?? 0;
  const next = sections.findIndex((section, index) => index > first && section.level <= level);
  return sections
    .slice(Math.max(first, 0), next === -1 ? undefined : next)
    .map(({ html }) => plain(html))
    .join(" ");
}

interface Feature {
  /** Okta's name of it. */
  name: string;
  pattern: RegExp;
  declared: boolean;
}

/** Compares the list under "Supported features" with the manifest. */
function judgeFeatures(
  subject: GuideSubject,
  page: GuidePage,
  manifest: Integration,
  report: CheckReport,
): void {
  const items = listedFeatures(page);
  if (items.length === 0) {
    report.notCheckable("guide-features", `${subject} has no list or table under a heading of that name`);
    return;
  }
  const features = featuresOf(subject, manifest);
  const wrong = features.flatMap(({ name, pattern, declared }) => {
    const listed = items.some((item) => pattern.test(item));
    if (listed === declared) return [];
    return [listed ? `${name} is listed, but not declared` : `${name} is declared, but not listed`];
  });
  report.judge("guide-features", wrong.length === 0, `${subject}: ${wrong.join("; ") || "as declared"}`);
}

/** The items of the list, or of a table's first column. */
function listedFeatures(page: GuidePage): string[] {
  const html = sectionsOf(page).find(({ heading }) => /supported features/i.test(heading))?.html ?? "";
  const items = [...html.matchAll(/<li[\s>][\s\S]*?(?=<\/li>|<li[\s>]|<\/[uo]l>)/gi)].map(([item]) =>
    plain(item),
  );
  return items.length > 0 ? items : rowsOf({ ...page, html }).flatMap(([first]) => first ?? []);
}

function featuresOf(subject: GuideSubject, manifest: Integration): Feature[] {
  if (subject === "scim") return scimFeatures(manifest);
  if (subject === "xaa") return agentFeatures(manifest);
  const capability = manifest[subject];
  const spInitiated = subject === "oidc" || manifest.saml?.spInitiated === true;
  const feature = (name: string, pattern: RegExp, declared: boolean): Feature => ({
    name,
    pattern,
    declared,
  });
  return [
    feature(
      "SP-initiated SSO",
      /^(?:service provider \(sp\)|sp)[- ]initiated(?! (?:slo|single logout))/i,
      spInitiated,
    ),
    feature(
      "IdP-initiated SSO",
      /^(?:identity provider \(idp\)|idp)[- ]initiated(?! (?:slo|single logout))/i,
      capability?.idpInitiated === true,
    ),
    feature("Just-In-Time provisioning", /^(?:just[- ]in[- ]time|jit\b)/i, capability?.justInTime === true),
    feature("Universal Logout", /^universal logout/i, manifest.universalLogout !== null),
    // New SAML integrations cannot have it (Okta: "OIN limitations").
    ...(subject === "saml"
      ? [
          feature(
            "Single logout",
            /^(?:(?:service provider \(sp\)|sp)[- ]initiated (?:slo|single logout)|single logout)/i,
            false,
          ),
        ]
      : []),
  ];
}

function scimFeatures({ scim }: Integration): Feature[] {
  const { users, groups = null, entitlements = [] } = scim ?? {};
  return [
    { name: "Create users", pattern: /^create users/i, declared: users?.create === true },
    { name: "Update user attributes", pattern: /^update user attributes/i, declared: users?.update === true },
    { name: "Deactivate users", pattern: /^deactivate users/i, declared: users?.deactivate === true },
    { name: "Sync password", pattern: /^sync password/i, declared: users?.changePassword === true },
    { name: "Import users", pattern: /^import users/i, declared: true },
    { name: "Group push", pattern: /^group push/i, declared: groups !== null },
    { name: okta.entitlements.section, pattern: /^entitlement/i, declared: entitlements.length > 0 },
    { name: "Profile sourcing", pattern: /^profile sourcing/i, declared: false },
  ];
}

function agentFeatures({ crossAppAccess }: Integration): Feature[] {
  const acceptsDocuments = crossAppAccess?.clientIdMetadataDocuments === true;
  return [
    { name: "Cross App Access", pattern: /^cross app access/i, declared: crossAppAccess !== null },
    {
      name: "Metadata documents",
      pattern: /^(?:client id )?metadata documents/i,
      declared: acceptsDocuments,
    },
    { name: "Refresh tokens", pattern: /^refresh tokens/i, declared: false },
  ];
}
