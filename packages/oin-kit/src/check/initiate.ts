import { judgeRequest } from "./authorization-request.ts";
import { destinationOf } from "./destination.ts";
import type { CheckReport } from "./report.ts";
import type { RuleId } from "./rules/all.ts";
import { shown, type Web, type WebAnswer } from "./web.ts";

/** A connection whose initiate login URI gets tested. */
export interface Tile {
  /** The deployment. */
  url: string;
  initiateUri: string;
  redirectUri: string;
  /** The origin that an ordinary sign-in leads to. */
  issuer: string;
}

const stranger = "https://oincheck-stranger.example";

/** Tests third-party initiated login (OpenID Connect Core §4): with the connection's issuer, and with foreign ones. */
export async function checkInitiate(tile: Tile, web: Web, report: CheckReport): Promise<void> {
  const { initiateUri, issuer } = tile;
  const good = await web.send(
    `${initiateUri}?${new URLSearchParams({ iss: issuer, login_hint: "oincheck@example.com" })}`,
  );
  judgeStart("oidc-initiate", tile, good, report);
  const form = {
    "content-type": "application/x-www-form-urlencoded",
    origin: issuer,
    "sec-fetch-site": "cross-site",
  };
  const body = new URLSearchParams({ iss: issuer }).toString();
  const posted = await web.send(initiateUri, { method: "POST", headers: form, body });
  judgeStart("oidc-initiate-post", tile, posted, report);

  for (const iss of foreignIssuers(issuer)) {
    const answer = await web.send(`${initiateUri}?${new URLSearchParams({ iss })}`);
    const target = destinationOf(answer, initiateUri);
    judgeNotLed(tile, answer, `iss=${iss}`, report);
    const refused = answer.status < 500 && target?.origin !== issuer;
    report.judge("oidc-initiate-unknown", refused, `${shown(answer)} for iss=${iss}`);
  }
  for (const target of [stranger, `//${new URL(stranger).host}/`, "javascript:alert(1)"]) {
    const query = new URLSearchParams({ iss: issuer, target_link_uri: target });
    judgeNotLed(tile, await web.send(`${initiateUri}?${query}`), `target_link_uri=${target}`, report);
  }
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

function judgeStart(
  rule: RuleId,
  { url, initiateUri, redirectUri, issuer }: Tile,
  answer: WebAnswer,
  report: CheckReport,
): void {
  const target = destinationOf(answer, initiateUri);
  const seen = `${shown(answer)}${target ? `, to ${target.origin}` : ""}`;
  const started = report.judge(rule, target?.origin === issuer && target.origin !== url, seen);
  if (started && target) judgeRequest(target, redirectUri, report);
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
