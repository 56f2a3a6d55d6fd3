import { judgeRequest } from "./authorization-request.ts";
import { destinationOf, isRefusal } from "./destination.ts";
import { checkInitiate } from "./initiate.ts";
import type { CheckReport } from "./report.ts";
import type { SiteCheck } from "./site.ts";
import { isRedirect, shown, type Web, type WebAnswer } from "./web.ts";
import { customerUrls } from "./wizard.ts";

/** Checks OpenID Connect at one connection, as far as that is possible without a person who signs in. */
export async function checkOidc({ url, product, web, report }: SiteCheck, key: string): Promise<void> {
  const { signInUrl } = product.addresses.oidc(url, key);
  const urls = { ...customerUrls(product, url, key), signInUrl };
  report.notCheckable("oidc-token-checks", "only a sign-in by a person of the org shows it");
  report.notCheckable("oidc-landing", "only a sign-in by a person of the org shows it");
  await judgeServed(urls, web, report);
  await judgeCallback(urls.redirectUri, web, report);
  const answer = await web.send(urls.signInUrl);
  const target = destinationOf(answer, urls.signInUrl);
  if (target === null || target.origin === url) {
    report.gaveUp("oidc", `the sign-in URL leads nowhere: ${shown(answer)}. Is the connection active?`);
    return;
  }
  judgeRequest(target, urls.redirectUri, report);
  await checkInitiate(
    { url, initiateUri: urls.initiateLoginUri, redirectUri: urls.redirectUri, issuer: target.origin },
    web,
    report,
  );
}

interface Urls {
  signInUrl: string;
  redirectUri: string;
  initiateLoginUri: string;
  postLogoutRedirectUri: string;
}

async function judgeServed(urls: Urls, web: Web, report: CheckReport): Promise<void> {
  for (const address of [urls.signInUrl, urls.initiateLoginUri, urls.redirectUri]) {
    const answer = await web.send(address);
    report.judge("oidc-served", answer.status !== 404 && answer.status < 500, shown(answer));
  }
  const signedOut = await web.send(urls.postLogoutRedirectUri);
  report.judge("oidc-post-logout", signedOut.status === 200, shown(signedOut));
}

/** Sends the callback a made-up code, and an error response. */
async function judgeCallback(redirectUri: string, web: Web, report: CheckReport): Promise<void> {
  const madeUp = await web.send(`${redirectUri}?code=oincheck&state=oincheck`);
  judgeNoHop(madeUp, redirectUri, report);
  if (!isRedirect(madeUp)) report.judge("oidc-callback-refuses", isRefusal(madeUp), shown(madeUp));
  const script = "<script>alert(1)</script>";
  const denied = new URLSearchParams({
    error: "access_denied",
    error_description: script,
    state: "oincheck",
  });
  const page = await web.send(`${redirectUri}?${denied}`);
  if (isRedirect(page)) return;
  const isPage = isRefusal(page) && /^text\/html/.test(page.headers.get("content-type") ?? "");
  const unescaped = page.text.includes(script);
  report.judge(
    "oidc-callback-error",
    isPage && !unescaped,
    `${shown(page)}${unescaped ? ", with the script in it" : ""}`,
  );
}

/** An application may redirect to an error page. That need not lose a real code, but from outside it could. */
function judgeNoHop(answer: WebAnswer, redirectUri: string, report: CheckReport): void {
  const target = isRedirect(answer) ? destinationOf(answer, redirectUri) : null;
  const seen = shown(answer);
  const trimmed = (path: string) => path.replace(/\/+$/, "");
  const elsewhere = target && trimmed(target.pathname) !== trimmed(new URL(redirectUri).pathname);
  if (elsewhere && [302, 303].includes(answer.status)) {
    report.warn("oidc-callback-redirect", `${seen}: make sure that a real code is not sent on like this`);
  } else report.judge("oidc-callback-redirect", target === null, seen);
}
