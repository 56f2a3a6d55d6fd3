import { judgeRequest, parametersOf, type RegisteredClient } from "./authorization-request.ts";
import { cachingProblem } from "./caching.ts";
import { destinationOf } from "./destination.ts";
import type { CheckReport } from "./report.ts";
import type { RuleId } from "./rules/all.ts";
import { shown, type Web, type WebAnswer } from "./web.ts";

/** A connection whose initiate login URI gets tested. */
export interface Tile {
  /** The deployment. */
  url: string;
  initiateUri: string;
  /** The origin that an ordinary sign-in leads to. */
  issuer: string;
  client: RegisteredClient;
}

const stranger = "https://oincheck-stranger.example";
const hint = "oincheck@example.com";

/**
 * Tests third-party initiated login (OpenID Connect Core §4): with the connection's issuer, and with foreign ones. Returns
 * the authorization requests that it led to.
 */
export async function checkInitiate(tile: Tile, web: Web, report: CheckReport): Promise<URL[]> {
  const { initiateUri, issuer } = tile;
  const byQuery = (parameters: string[][]) => web.send(`${initiateUri}?${new URLSearchParams(parameters)}`);
  const good = await byQuery([
    ["iss", issuer],
    ["login_hint", hint],
  ]);
  const started = [judgeStart("oidc-initiate", tile, good, report), await judgePosted(tile, web, report)];
  const kept = started[0] ? cachingProblem(good) : null;
  if (started[0])
    report.judge("oidc-not-cached", kept === null, kept ? `${shown(good)}: ${kept}` : shown(good));
  if (started[0]) started.push(...(await judgeWishes(tile, started[0], byQuery, report)));

  for (const iss of foreignIssuers(issuer)) {
    const answer = await byQuery([["iss", iss]]);
    const target = destinationOf(answer, initiateUri);
    judgeNotLed(tile, answer, `iss=${iss}`, report);
    const refused = answer.status < 500 && target?.origin !== issuer;
    report.judge("oidc-initiate-unknown", refused, `${shown(answer)} for iss=${iss}`);
  }
  const twice = await byQuery([
    ["iss", issuer],
    ["iss", stranger],
  ]);
  judgeNotLed(tile, twice, "two values of iss", report);
  for (const target of foreignTargets(tile.url)) {
    const answer = await byQuery([
      ["iss", issuer],
      ["target_link_uri", target],
    ]);
    judgeNotLed(tile, answer, `target_link_uri=${target}`, report);
  }
  return started.filter((target) => target !== null);
}

async function judgePosted(tile: Tile, web: Web, report: CheckReport): Promise<URL | null> {
  const headers = {
    "content-type": "application/x-www-form-urlencoded",
    origin: tile.issuer,
    "sec-fetch-site": "cross-site",
  };
  const body = new URLSearchParams({ iss: tile.issuer }).toString();
  const posted = await web.send(tile.initiateUri, { method: "POST", headers, body });
  return judgeStart("oidc-initiate-post", tile, posted, report);
}

/** Judges the optional parameters: the hint is passed on, and a target within the deployment does not end the sign-in. */
async function judgeWishes(
  tile: Tile,
  first: URL,
  byQuery: (parameters: string[][]) => Promise<WebAnswer>,
  report: CheckReport,
): Promise<URL[]> {
  judgeHint(first, report);
  const answer = await byQuery([
    ["iss", tile.issuer],
    ["target_link_uri", `${tile.url}/`],
  ]);
  const target = judgeStart("oidc-initiate-target", tile, answer, report);
  return target ? [target] : [];
}

function judgeHint(target: URL, report: CheckReport): void {
  const parameters = parametersOf(target);
  if (parameters === null) {
    report.notCheckable(
      "oidc-login-hint",
      "the request was pushed, so the browser does not carry login_hint",
    );
    return;
  }
  const sent = parameters.get("login_hint");
  const seen = sent === null ? "the request has no login_hint" : `login_hint=${sent}`;
  report.judge("oidc-login-hint", sent === hint, seen);
}

/** Foreign issuers, some of which look like the connection's. */
function foreignIssuers(issuer: string): string[] {
  const { host, protocol } = new URL(issuer);
  const evil = new URL(stranger).host;
  return [
    stranger,
    `//${evil}`,
    `${protocol}//${host}.${evil}`,
    `${protocol}//${host}@${evil}`,
    `${stranger}/${issuer}`,
    `${issuer}/oauth2/default`,
    "javascript:alert(1)",
    "not an address",
  ];
}

/** Foreign addresses to land on, some of which begin like the deployment's own, or read like a path. */
function foreignTargets(url: string): string[] {
  const { host, hostname, protocol } = new URL(url);
  const evil = new URL(stranger).host;
  return [
    stranger,
    `//${evil}/`,
    `/\\${evil}/`,
    `${protocol}//${hostname}.${evil}/`,
    `${protocol}//${host}@${evil}/`,
    "javascript:alert(1)",
  ];
}

/** Judges whether a sign-in began, and its request. Returns the request, or null. */
function judgeStart(
  rule: RuleId,
  { url, initiateUri, client, issuer }: Tile,
  answer: WebAnswer,
  report: CheckReport,
): URL | null {
  const target = destinationOf(answer, initiateUri);
  const seen = `${shown(answer)}${target ? `, to ${target.origin}` : ""}`;
  const started = report.judge(rule, target?.origin === issuer && target.origin !== url, seen);
  if (!started || !target) return null;
  judgeRequest(target, client, report);
  return target;
}

/** A browser may stay at the deployment or go to the connection's issuer, but nowhere else. */
function judgeNotLed(
  { url, initiateUri, issuer }: Tile,
  answer: WebAnswer,
  how: string,
  report: CheckReport,
): void {
  const target = destinationOf(answer, initiateUri);
  const safe = target === null || target.origin === issuer || target.origin === url;
  report.judge(
    "oidc-initiate-open-redirect",
    safe,
    `${shown(answer)} for ${how}${safe ? "" : `: to ${target.origin}`}`,
  );
}
