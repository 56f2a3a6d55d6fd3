import { wellKnownOf } from "../cross-app-access.ts";
import { jsonOf } from "./agents/responses.ts";
import type { RuleId } from "./rules/all.ts";
import type { SiteCheck } from "./site.ts";
import { isRedirect, shown, type WebAnswer } from "./web.ts";

const callback = "/admin/app/cpc/oincheck_1/oauth/callback";
const okta = "https://system-admin.okta.com";
const stranger = "oincheck-unknown";

/** Redirect URIs that are not Okta's, although most of them look like it. */
const foreignUris: readonly (readonly [what: string, uri: string])[] = [
  ["the host of test case C21902", `https://ct1-bootstrap.clouditude.com${callback}`],
  ["another domain that begins like Okta's", `${okta}.oincheck.example${callback}`],
  ["Okta's host as a user name", `${okta}@oincheck.example${callback}`],
  ["a subdomain", `https://oincheck.system-admin.okta.com${callback}`],
  ["http", `http://system-admin.okta.com${callback}`],
  ["another port", `${okta}:8443${callback}`],
  ["the host in capital letters", `https://SYSTEM-ADMIN.okta.com${callback}`],
  ["another path", `${okta}/oincheck`],
  ["a slash at its end", `${okta}${callback}/`],
  ["a path that goes up", `${okta}/admin/app/cpc/../../../oincheck/oauth/callback`],
  ["an encoded slash in the app's name", `${okta}/admin/app/cpc/a%2Fb/oauth/callback`],
  ["a query", `${okta}${callback}?next=https://oincheck.example`],
  ["a fragment", `${okta}${callback}#oincheck`],
  ["nothing", ""],
];

/** The rules that a client ID is needed for. */
const ofClient: readonly RuleId[] = ["scim-oauth-sign-in", "scim-oauth-redirect-uri"];

/**
 * Sends both endpoints of OAuth 2.0 for SCIM what a stranger could send. No one signs in, so no code is issued.
 * @param clientId the client that Okta has; null if it was not given.
 */
export async function checkScimOAuth(site: SiteCheck, clientId: string | null): Promise<void> {
  const { url, product, web, report } = site;
  const endpoints = product.addresses.authorization(url);
  const metadata = jsonOf(await web.send(wellKnownOf(url, "oauth-authorization-server")));
  const isAnnounced = wordsOf(metadata.grant_types_supported).includes("authorization_code");
  const isDeclared = product.manifest.scim?.authentication === "OAuth 2";
  if (!isDeclared && !isAnnounced) {
    report.gaveUp("scim-oauth", "neither the manifest nor the metadata has OAuth 2.0 for provisioning");
    return;
  }
  judgeMetadata(site, metadata);
  const ask = (client: string, redirectUri: string) => {
    const asked = { response_type: "code", client_id: client, redirect_uri: redirectUri, state: "oincheck" };
    return web.send(`${endpoints.authorizeEndpoint}?${new URLSearchParams(asked)}`);
  };
  const unknown = await ask(stranger, okta + callback);
  const refused = await redeem(site, { grant_type: "authorization_code", code: "oincheck" });
  const isServed = [unknown, refused].every(({ status }) => ![404, 405].includes(status) && status < 500);
  report.judge("scim-oauth-served", isServed, `${pathOf(unknown)}; ${shown(refused)}`);
  if (!isServed) {
    report.gaveUp("scim-oauth", "the endpoints are not served");
    return;
  }
  report.judge("scim-oauth-unknown-client", isRefusal(unknown), pathOf(unknown));
  judgeToken(site, refused);
  judgeToken(site, await redeem(site, { grant_type: "refresh_token", refresh_token: "oincheck" }));
  if (clientId === null) {
    for (const rule of ofClient) report.notCheckable(rule, "no client ID was given (--scim-client)");
    return;
  }
  const asked = await ask(clientId, okta + callback);
  report.judge("scim-oauth-sign-in", leadsToSignIn(asked, url), pathOf(asked));
  for (const [what, uri] of foreignUris) {
    const answer = await ask(clientId, uri);
    report.judge("scim-oauth-redirect-uri", isRefusal(answer), `${pathOf(answer)} for ${what}`);
  }
}

function judgeMetadata({ url, product, report }: SiteCheck, metadata: Record<string, unknown>): void {
  if (Object.keys(metadata).length === 0) {
    report.notCheckable("scim-oauth-metadata", "the server publishes no metadata, and Okta asks for none");
    return;
  }
  const { authorizeEndpoint, tokenEndpoint } = product.addresses.authorization(url);
  const { authorization_endpoint: authorize, token_endpoint: token, grant_types_supported: types } = metadata;
  const named = authorize === authorizeEndpoint && token === tokenEndpoint;
  const seen = { authorization_endpoint: authorize, token_endpoint: token, grant_types_supported: types };
  const holds = named && wordsOf(types).includes("authorization_code");
  report.judge("scim-oauth-metadata", holds, JSON.stringify(seen));
}

/** Presents a code or a refresh token as a client with a wrong secret. */
async function redeem({ url, product, web }: SiteCheck, grant: Record<string, string>): Promise<WebAnswer> {
  const client = { client_id: stranger, client_secret: "oincheck-wrong" };
  const redirect = { redirect_uri: okta + callback };
  return await web.send(product.addresses.authorization(url).tokenEndpoint, {
    method: "POST",
    headers: { "content-type": "application/x-www-form-urlencoded" },
    body: new URLSearchParams({ ...grant, ...redirect, ...client }).toString(),
  });
}

function judgeToken({ report }: SiteCheck, answer: WebAnswer): void {
  const { error } = jsonOf(answer);
  const seen = `${shown(answer)}, error: ${JSON.stringify(error) ?? "absent"}`;
  report.judge("scim-oauth-client", answer.status === 401 && error === "invalid_client", seen);
  const caching = answer.headers.get("cache-control") ?? "";
  const isKept = !/\bno-store\b/i.test(caching);
  report.judge("scim-oauth-not-cached", !isKept, `Cache-Control: ${caching || "absent"}`);
}

/** Whether a person sees a page that says no, and the browser stays there. */
function isRefusal(answer: WebAnswer): boolean {
  const { status, headers, text } = answer;
  const isPage = /^text\/html\b/.test(headers.get("content-type") ?? "");
  const isKind = status >= 400 && status < 500;
  return isKind && isPage && !headers.has("refresh") && !/http-equiv=["']?refresh/i.test(text);
}

function leadsToSignIn(answer: WebAnswer, origin: string): boolean {
  if (!isRedirect(answer)) return answer.status === 200;
  const location = answer.headers.get("location") ?? "";
  return URL.canParse(location, origin) && new URL(location, origin).origin === origin;
}

/** The answer without the query of the request, which is the check's own. */
function pathOf(answer: WebAnswer): string {
  return shown({ ...answer, path: answer.path.split("?")[0] ?? "" });
}

function wordsOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}
