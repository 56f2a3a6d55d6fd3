import {
  judgeRandomness,
  judgeRequest,
  judgeSameClient,
  parametersOf,
  type RegisteredClient,
} from "./authorization-request.ts";
import { cachingProblem } from "./caching.ts";
import { cookieProblems, cookiesSeen } from "./cookies.ts";
import { destinationOf, isRefusal, judgeNoHop } from "./destination.ts";
import { checkInitiate } from "./initiate.ts";
import type { CheckReport } from "./report.ts";
import type { SiteCheck } from "./site.ts";
import { isRedirect, shown, type Web, type WebAnswer } from "./web.ts";
import { customerUrls } from "./wizard.ts";

interface SignInUrls {
  signInUrl: string;
  redirectUri: string;
  /** null if the manifest does not declare sign-ins from the tile. */
  initiateLoginUri: string | null;
  /** null if the manifest does not declare that signing out also ends the Okta session. */
  postLogoutRedirectUri: string | null;
}

/** Checks OpenID Connect at one connection, as far as that is possible without a person who signs in. */
export async function checkOidc(site: SiteCheck, key: string): Promise<void> {
  const { url, product, web, report } = site;
  const { justInTime = false } = product.manifest.oidc ?? {};
  const urls = signInUrls(site, key);
  report.notCheckable("oidc-token-checks", "only a sign-in by a person of the org shows it");
  report.notCheckable("oidc-landing", "only a sign-in by a person of the org shows it");
  await judgeServed(urls, web, report);
  await judgeCallback(urls.redirectUri, web, report);
  const answer = await web.send(urls.signInUrl);
  const target = judgeStart(answer, urls.signInUrl, url, report);
  if (target === null) {
    report.gaveUp("oidc", `the sign-in URL leads nowhere: ${shown(answer)}`);
    return;
  }
  const client = { redirectUri: urls.redirectUri, justInTime };
  const second = destinationOf(await web.send(urls.signInUrl), urls.signInUrl);
  const targets = [target, ...(second ? [second] : [])];
  for (const one of targets) judgeRequest(one, client, report);
  if (urls.initiateLoginUri) {
    const tile = { url, initiateUri: urls.initiateLoginUri, issuer: target.origin, client };
    targets.push(...(await checkInitiate(tile, web, report)));
  } else report.gaveUp("oidc", "the manifest does not declare sign-ins from the tile");
  judgeSameClient(targets, report);
  judgeRandomness(targets, report);
  await judgePostedCode(targets, client, web, report);
}

function signInUrls({ url, product }: SiteCheck, key: string): SignInUrls {
  const { signInUrl } = product.addresses.oidc(url, key);
  const { redirectUri, initiateLoginUri, postLogoutRedirectUri } = customerUrls(product, url, key);
  const { idpInitiated = false, signOutOfOkta = false } = product.manifest.oidc ?? {};
  return {
    signInUrl,
    redirectUri,
    initiateLoginUri: idpInitiated ? initiateLoginUri : null,
    postLogoutRedirectUri: signOutOfOkta ? postLogoutRedirectUri : null,
  };
}

async function judgeServed(urls: SignInUrls, web: Web, report: CheckReport): Promise<void> {
  for (const address of [urls.signInUrl, urls.initiateLoginUri, urls.redirectUri]) {
    if (address === null) continue;
    const answer = await web.send(address);
    report.judge("oidc-served", isServed(answer), shown(answer));
  }
  if (urls.postLogoutRedirectUri === null) {
    report.notCheckable(
      "oidc-post-logout",
      "the manifest does not declare that signing out ends the session",
    );
    return;
  }
  const signedOut = await web.send(urls.postLogoutRedirectUri);
  report.judge("oidc-post-logout", signedOut.status === 200, shown(signedOut));
}

function isServed({ status }: WebAnswer): boolean {
  return status !== 404 && status < 500;
}

/** Judges the answer of the sign-in URL. Returns where it leads, or null if that is not a provider. */
function judgeStart(answer: WebAnswer, signInUrl: string, url: string, report: CheckReport): URL | null {
  const target = destinationOf(answer, signInUrl);
  const leadsAway = target !== null && target.origin !== url;
  // A sign-in URL that is not served has failed already (oidc-served).
  if (isServed(answer)) report.judge("oidc-sign-in", leadsAway, shown(answer));
  if (!leadsAway) return null;
  const kept = cachingProblem(answer);
  report.judge("oidc-not-cached", kept === null, kept ?? shown(answer));
  const faults = cookieProblems(answer, signInUrl, isPosted(target) ? "cross-site-post" : "redirect");
  report.judge("oidc-cookies", faults.length === 0, faults.join("; ") || cookiesSeen(answer));
  return target;
}

const script = "<script>alert(1)</script>";
/** Requests of a stranger to the redirect URI. None of them belongs to a sign-in that began here. */
const strayCallbacks: readonly (readonly [what: string, query: string])[] = [
  ["a code that no sign-in asked for", "code=oincheck&state=oincheck"],
  ["a code without state", "code=oincheck"],
  ["state without a code", "state=oincheck"],
  ["no parameter", ""],
  ["a repeated state", "code=oincheck&state=one&state=two"],
  ["a state of 5,000 characters", `code=oincheck&state=${"x".repeat(5000)}`],
];

/** Sends the callback what a stranger could send, and an error response. */
async function judgeCallback(redirectUri: string, web: Web, report: CheckReport): Promise<void> {
  for (const [index, [what, query]] of strayCallbacks.entries()) {
    const answer = await web.send(query ? `${redirectUri}?${query}` : redirectUri);
    if (index === 0) judgeNoHop("oidc-callback-redirect", answer, redirectUri, report);
    const seen = `${shown(answer).slice(0, 120)} for ${what}`;
    if (!isRedirect(answer)) report.judge("oidc-callback-refuses", isRefusal(answer), seen);
    else
      report.notCheckable(
        "oidc-callback-refuses",
        `${seen}: a redirect does not tell whether it was refused`,
      );
  }
  const withScript = (name: string) =>
    new URLSearchParams({ error: "access_denied", state: "oincheck", [name]: script });
  const page = await web.send(`${redirectUri}?${withScript("error_description")}`);
  if (isRedirect(page)) {
    report.notCheckable("oidc-callback-error", `${shown(page)}: the error page was not followed`);
    return;
  }
  const isPage = isRefusal(page) && /^text\/html/.test(page.headers.get("content-type") ?? "");
  const unescaped = page.text.includes(script);
  report.judge(
    "oidc-callback-error",
    isPage && !unescaped,
    `${shown(page)}${unescaped ? ", with the script in it" : ""}`,
  );
  for (const name of ["error", "state", "error_uri"]) {
    const { text } = await web.send(`${redirectUri}?${withScript(name)}`);
    const printed = text.includes(script);
    report.judge(
      "oidc-callback-error",
      !printed,
      `${name} is ${printed ? "printed unescaped" : "not printed"}`,
    );
  }
}

function isPosted(target: URL): boolean {
  return parametersOf(target)?.get("response_mode") === "form_post";
}

/** With `form_post`, the code comes back by a POST from another site (OAuth 2.0 Form Post Response Mode). */
async function judgePostedCode(
  targets: readonly URL[],
  { redirectUri }: RegisteredClient,
  web: Web,
  report: CheckReport,
): Promise<void> {
  if (!targets.some(isPosted)) return;
  const answer = await web.send(redirectUri, {
    method: "POST",
    headers: { "content-type": "application/x-www-form-urlencoded", origin: "null" },
    body: "code=oincheck&state=oincheck",
  });
  const seen = `response_mode=form_post; ${shown(answer)}`;
  const isTaken = ![404, 405].includes(answer.status);
  // A protection against forged posts answers 403 even where no code is read. Then only a sign-in shows it.
  if (isRefusal(answer) && answer.status !== 403) report.judge("oidc-response-mode", isTaken, seen);
  else report.warn("oidc-response-mode", `${seen}: make sure that a posted code is read`);
}
