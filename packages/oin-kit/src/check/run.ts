import type { WizardValues } from "../compatibility.ts";
import type { Product } from "../product.ts";
import { AgentCheck } from "./agents/agent-check.ts";
import { checkAgents } from "./agents/check.ts";
import type { AgentEvidence } from "./agents/evidence.ts";
import { type CheckOrg, openOrg } from "./agents/org.ts";
import { openTarget } from "./agents/target.ts";
import type { GuideFile } from "./guide-links.ts";
import { checkGuides } from "./guides.ts";
import { checkIdpMetadata } from "./idp-metadata.ts";
import { knownClient } from "./known-client.ts";
import { checkListing } from "./listing.ts";
import { checkOidc } from "./oidc.ts";
import type { CheckOptions } from "./options.ts";
import { CheckReport, type RuleResult, type RuleVerdict } from "./report.ts";
import { judgeReviewersUrl } from "./reviewers.ts";
import type { RuleId } from "./rules/all.ts";
import { type Area, areas } from "./rules/rule.ts";
import { checkSaml } from "./saml.ts";
import { checkScim } from "./scim/check.ts";
import { declarationFor } from "./scim/declared.ts";
import type { Leftover } from "./scim/ledger.ts";
import { checkScimOAuth } from "./scim-oauth.ts";
import { checkSite, type SiteCheck } from "./site.ts";
import { checkUniversalLogout } from "./universal-logout.ts";
import { kitVersion } from "./version.ts";
import { InterruptedError, NoAnswerError, openWeb, type Web } from "./web.ts";
import { customerUrls, type FoundConnection, findConnections } from "./wizard.ts";

/** The outcome of a check: the JSON of `oin:check`. Only ever add to it. */
export interface CheckOutcome {
  url: string | null;
  scimUrl: string | null;
  /** Whether the check was stopped before its end. */
  stopped: boolean;
  summary: Record<RuleVerdict, number>;
  results: RuleResult[];
  /** Test data on the SCIM server that the check could not remove. */
  left: Leftover[];
  /** The checked product: its name and version in this checkout. null if another server or provider was checked. */
  product: { name: string; version: string | null } | null;
  /** The connections that were checked, by their IDs. */
  connections: string[];
  /** When the check began and ended: ISO 8601, in UTC. */
  startedAt: string;
  endedAt: string;
  /** The name and version of this program. */
  tool: string;
  /** The declared areas that `--only` left out. */
  leftOut: Area[];
  /** The evidence of Cross App Access for oin@okta.com; null if it was not checked. */
  crossAppAccess: AgentEvidence | null;
}

export interface CheckDeps {
  /** null if none is known: a SCIM server and a provider's metadata can be checked without one. */
  product: Product | null;
  /** The Wizard's values of the published integration; null before the first one. */
  published: WizardValues | null;
  /** The pictures and PDFs of the guides in this checkout, by their path below the guides' URL. Takes seconds. */
  guideFiles(): Promise<ReadonlyMap<string, GuideFile>>;
  /** The product's version; absent if it has none. */
  version?: string;
  /** Stops the check, which still removes its test data. */
  interrupt?: AbortSignal;
  /** Called with the title of each area before it is checked, and before a step that takes long. */
  progress?: (area: string) => void;
}

/** Checks the areas of `options`. A fault in one area does not keep the check from the others. */
export async function runCheck(options: CheckOptions, deps: CheckDeps): Promise<CheckOutcome> {
  const startedAt = new Date().toISOString();
  const { agents = { agent: null, org: null } } = options;
  const secrets = [options.scimToken, agents.agent?.clientSecret].flatMap((one) =>
    one ? secretsOf(one) : [],
  );
  const report = new CheckReport(secrets);
  const web = openWeb(deps.interrupt);
  const org = agents.org && (await openOrg(agents.org.issuer, agents.org.port));
  const work: Work = { options, deps, report, web, org, checked: new Set(), evidence: null };
  const left = await checkAreas(work).finally(() => org?.close());
  const results = report.results(options.areas);
  const { url, scimUrl } = options;
  const { version = null } = deps;
  // Without the deployment's URL, a SCIM server or a provider was checked that need not be this product's.
  const product = url !== null || options.areas.includes("listing") ? deps.product : null;
  return {
    url,
    scimUrl,
    stopped: deps.interrupt?.aborted ?? false,
    summary: summaryOf(results),
    results,
    left: left.map((one) => ({ ...one, id: report.redacted(one.id), why: report.redacted(one.why) })),
    product: product && { name: product.manifest.displayName, version },
    connections: [...work.checked],
    startedAt,
    endedAt: new Date().toISOString(),
    tool: `oin-kit ${kitVersion}`,
    leftOut: product ? declaredAreas(product).filter((area) => !options.areas.includes(area)) : [],
    crossAppAccess: work.evidence,
  };
}

async function checkAreas(work: Work): Promise<Leftover[]> {
  const { options, deps, report } = work;
  const left: Leftover[] = [];
  for (const area of options.areas) {
    if (deps.interrupt?.aborted) report.gaveUp(area, "the check was stopped");
    else if (area === "scim" && isWithoutScim(work)) report.gaveUp(area, leftOut);
    else {
      if (area === "scim") judgeToken(work);
      deps.progress?.(areas[area]);
      left.push(...(await guarded(report, area, () => checkArea(area, work))));
    }
  }
  return left;
}

/** A server may echo the token without its scheme, or in the encoding of a URL. */
function secretsOf(token: string): string[] {
  const parts = [token, token.replace(/^\S+\s+/, "")];
  return [...new Set(parts.flatMap((part) => [part, encodeURIComponent(part)]))];
}

/** The areas that a submission of this product needs. */
function declaredAreas({ manifest }: Product): Area[] {
  const { oidc, saml, scim, universalLogout, crossAppAccess } = manifest;
  const capabilities = { oidc, saml, "universal-logout": universalLogout, agents: crossAppAccess, scim };
  const declared = Object.entries(capabilities).flatMap(([area, one]) => (one ? [area as Area] : []));
  const byOAuth: Area[] = scim?.authentication === "OAuth 2" ? ["scim-oauth"] : [];
  return ["site", "listing", ...declared, "guides", ...byOAuth];
}

/** Whether there is nothing to check: the product has no provisioning, and no token for another server was given. */
function isWithoutScim({ options, deps }: Work): boolean {
  return options.scimToken === null && deps.product?.manifest.scim === null;
}

/** Without a token, hardly anything can be seen, and a report without a failure would mislead. */
function judgeToken({ options, report }: Work): void {
  const isGiven = options.scimToken !== null;
  const missing =
    "no provisioning token was given, so nothing but authentication was checked: pass one with --scim-token-stdin, " +
    "or leave scim out with --only";
  report.judge("scim-token-given", isGiven, isGiven ? "a provisioning token was given" : missing);
}

interface Work {
  options: CheckOptions;
  deps: CheckDeps;
  report: CheckReport;
  web: Web;
  /** The org that the check plays; null if it plays none. */
  org: CheckOrg | null;
  /** The connections that were checked. */
  checked: Set<string>;
  evidence: AgentEvidence | null;
  /** The deployment's connections, looked up once. */
  connections?: Promise<FoundConnection[]>;
}

async function checkArea(area: Area, work: Work): Promise<Leftover[]> {
  const { options, deps, report, web } = work;
  const { scimUrl, scimToken, idpMetadata } = options;
  if (area === "scim" && scimUrl !== null) {
    const declared = declarationFor(deps.product, options.url, scimUrl);
    const target = { url: scimUrl, token: scimToken, declared };
    const progress = (what: string) => deps.progress?.(`${areas.scim}: ${what}`);
    return await checkScim(target, { check: web, cleanUp: openWeb() }, report, { progress });
  }
  if (area === "idp-metadata" && idpMetadata !== null) await checkIdpMetadata(idpMetadata, web, report);
  if (area === "agents" && deps.product && options.url !== null)
    return await checkCrossAppAccess({ url: options.url, product: deps.product, web, report }, work);
  if (deps.product) await checkProduct(area, deps.product, work);
  return [];
}

/** Returns the person of the check if they could not be removed. */
async function checkCrossAppAccess(site: SiteCheck, work: Work): Promise<Leftover[]> {
  const { options, org, report, web } = work;
  const { url, product } = site;
  const { crossAppAccess } = product.manifest;
  if (crossAppAccess === null) {
    report.gaveUp("agents", leftOut);
    return [];
  }
  const { agents, scimUrl, scimToken } = options;
  const connections = (await connectionsOf(site, work)).filter(({ oidc }) => oidc).map(({ key }) => key);
  const scim = scimUrl !== null && scimToken !== null ? { url: scimUrl, token: scimToken } : null;
  const opened = await openTarget(site, { agent: agents?.agent ?? null, org, connections, scim });
  const scopes = crossAppAccess.scopes.map(({ name }) => name);
  const check = new AgentCheck(product.addresses.agents(url), scopes, web, report);
  if (typeof opened === "string") {
    work.evidence = await checkAgents(check, opened);
    return [];
  }
  let left: Leftover[] = [];
  try {
    work.evidence = await checkAgents(check, opened.target);
  } finally {
    left = await opened.cleanUp();
  }
  return left;
}

async function checkProduct(area: Area, product: Product, work: Work): Promise<void> {
  const { deps, options, web, report } = work;
  const { url } = options;
  if (area === "listing") checkListing(product, deps.published, report);
  if (url === null) return;
  const site = { url, product, web, report };
  if (area === "site") await checkSite(site);
  if (area === "scim-oauth") await checkScimOAuth(site, options.scimClient ?? null);
  if (area === "guides") await checkGuides(site, deps.guideFiles);
  if (area === "oidc" || area === "saml") await checkSignIn(area, site, work);
  if (area === "universal-logout") {
    if (product.manifest.universalLogout === null) report.gaveUp(area, leftOut);
    else {
      const [first] = (await connectionsOf(site, work)).filter(({ oidc }) => oidc);
      const client = first ? await knownClient(site, first.key) : null;
      await checkUniversalLogout(customerUrls(product, url, "any").universalLogout, client, web, report);
    }
  }
}

/** Looks the deployment's connections up once. */
function connectionsOf({ url, product, web }: SiteCheck, work: Work): Promise<FoundConnection[]> {
  work.connections ??= findConnections(web, url, product, work.options.connections);
  return work.connections;
}

const leftOut = "config/integration.ts leaves it out";

async function checkSignIn(area: "oidc" | "saml", site: SiteCheck, work: Work): Promise<void> {
  const { product, report } = site;
  const { options, checked } = work;
  if (!product.manifest[area]) {
    report.gaveUp(area, leftOut);
    return;
  }
  const connections = await connectionsOf(site, work);
  const fitting = connections.filter((connection) => connection[area]);
  const unknown = options.connections.filter((key) =>
    connections.some((one) => one.key === key && !one.oidc && !one.saml),
  );
  for (const key of unknown)
    report.judge(`${area}-served`, false, `nothing is served for the connection ID ${key}`);
  if (area === "oidc" || product.manifest.saml?.spInitiated) await judgeReviewersUrl(area, site);
  const check = area === "oidc" ? checkOidc : checkSaml;
  for (const { key } of fitting) {
    checked.add(key);
    await check(site, key);
  }
  const why = missing(area, options.connections);
  if (fitting.length === 0) report.gaveUp(area, why);
  if (unknown.length === 0)
    report.judge(
      `${area}-connection`,
      fitting.length > 0,
      fitting.length > 0 ? fitting.map(({ key }) => key).join(", ") : why,
    );
}

function missing(area: string, named: readonly string[]): string {
  if (named.length > 0) return `no connection of that type: ${named.join(", ")}`;
  return `no page of the deployment leads to a connection (${area}); name one with --connection`;
}

/** The rule that fails if the server does not respond at all. */
const reachability: Record<Area, RuleId> = {
  site: "site-reachable",
  listing: "listing-name",
  oidc: "oidc-served",
  saml: "saml-served",
  "idp-metadata": "idp-metadata",
  "universal-logout": "ul-served",
  agents: "agents-metadata",
  guides: "guide-public",
  scim: "scim-reachable",
  "scim-oauth": "scim-oauth-served",
};

/** Ends an area when its server stops responding, but keeps the observations until then. */
async function guarded(
  report: CheckReport,
  area: Area,
  work: () => Promise<Leftover[]>,
): Promise<Leftover[]> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof InterruptedError) report.gaveUp(area, "the check was stopped");
    else if (error instanceof NoAnswerError) {
      report.judge(reachability[area], false, error.message);
      report.gaveUp(area, error.message);
    } else throw error;
    return [];
  }
}

function summaryOf(results: RuleResult[]): Record<RuleVerdict, number> {
  const count = (verdict: RuleVerdict) => results.filter((result) => result.verdict === verdict).length;
  return {
    pass: count("pass"),
    fail: count("fail"),
    warning: count("warning"),
    "not-checkable": count("not-checkable"),
  };
}
