import { generateKeyPairSync, type KeyPairKeyObjectResult } from "node:crypto";
import { SignJWT } from "jose";
import type { KnownClient } from "./known-client.ts";
import type { CheckReport } from "./report.ts";
import { isRedirect, shown, type Web, type WebAnswer } from "./web.ts";

const body = JSON.stringify({ sub_id: { format: "email", email: "oincheck@example.com" } });

/**
 * Sends Universal Logout what a stranger could send. It never names a real person's e-mail address.
 * @param client a connection's org and client ID; null if no connection is known.
 */
export async function checkUniversalLogout(
  endpoint: string,
  client: KnownClient | null,
  web: Web,
  report: CheckReport,
): Promise<void> {
  for (const rule of ["ul-success", "ul-unknown-person", "ul-tenant"] as const)
    report.notCheckable(rule, "only Okta holds the key that makes a call valid");

  const call = (token: string | null, sent = body, type = "application/json") => {
    const headers = { "content-type": type, ...(token === null ? {} : { authorization: `Bearer ${token}` }) };
    return web.send(endpoint, { method: "POST", headers, body: sent });
  };
  const anonymous = await call(null);
  const isMissing = [404, 405].includes(anonymous.status);
  report.judge("ul-served", !isMissing && !isRedirect(anonymous), shown(anonymous));
  if (isMissing) {
    report.gaveUp("universal-logout", shown(anonymous));
    return;
  }
  report.judge("ul-no-token", anonymous.status === 401, shown(anonymous));
  if (anonymous.status === 401)
    report.judge("ul-www-authenticate", anonymous.headers.has("www-authenticate"), shown(anonymous));
  const foreign = [...unreadableTokens, ...(await forgedTokens(endpoint, stranger))];
  const answers: WebAnswer[] = [];
  for (const [what, token] of foreign) {
    const answer = await call(token);
    answers.push(answer);
    report.judge("ul-forged-token", answer.status === 401, `${shown(answer)} for ${what}`);
  }
  const why =
    client === null
      ? "no OpenID Connect connection is known; name one with --connection"
      : answers.some(({ status }) => status !== 401) && "forged tokens are not refused in the first place";
  if (why || client === null) report.notCheckable("ul-known-org", String(why));
  else
    for (const [what, token] of await forgedTokens(endpoint, client)) {
      const answer = await call(token);
      report.judge("ul-known-org", answer.status === 401, `${shown(answer)} for ${what}`);
    }
  judgeUnread("ul-malformed", [400], await call(null, '{"sub_id":'), report);
  judgeUnread("ul-media-type", [400, 415], await call(null, "sub_id=oincheck", "text/plain"), report);
  const got = await web.send(endpoint);
  report.judge("ul-method", got.status === 405, shown(got));
}

/** A server may answer 401 before it reads the body. Then the rule about the body cannot be checked. */
function judgeUnread(
  rule: "ul-malformed" | "ul-media-type",
  right: number[],
  answer: WebAnswer,
  report: CheckReport,
): void {
  if (answer.status === 401)
    report.notCheckable(rule, `${shown(answer)}: authentication comes first, as it should`);
  else report.judge(rule, right.includes(answer.status), shown(answer));
}

type NamedToken = [what: string, token: string];

const unreadableTokens: readonly NamedToken[] = [
  ["text that is not a token", "oincheck"],
  ["a token whose parts are not JSON", "b2lu.Y2hlY2s.b2lu"],
];

const stranger: KnownClient = { issuer: "https://oincheck-stranger.example", clientId: "0oaoincheck" };

/** One for each run of the program, because keys are slow to make. */
let strangersKey: KeyPairKeyObjectResult | undefined;

/**
 * Tokens that anyone could make: the org's key signed none of them. Issuer and client ID are in every authorization
 * request, so a stranger knows those of a connection, too.
 */
async function forgedTokens(audience: string, { issuer, clientId }: KnownClient): Promise<NamedToken[]> {
  strangersKey ??= generateKeyPairSync("rsa", { modulusLength: 2048 });
  const { privateKey, publicKey } = strangersKey;
  const now = Math.floor(Date.now() / 1000);
  const claims = {
    jti: "oincheck",
    iss: issuer,
    sub: clientId,
    aud: audience,
    iat: now,
    nbf: now - 300,
    exp: now + 300,
  };
  const header = { typ: "global-token-revocation+jwt", kid: "oincheck" };
  const sign = (payload: object) =>
    new SignJWT({ ...payload }).setProtectedHeader({ ...header, alg: "RS256" }).sign(privateKey);
  const secret = new TextEncoder().encode("0123456789abcdef0123456789abcdef");
  const hmac = await new SignJWT(claims).setProtectedHeader({ ...header, alg: "HS256" }).sign(secret);
  const jwk = publicKey.export({ format: "jwk" });
  const ownKey = await new SignJWT(claims)
    .setProtectedHeader({ ...header, alg: "RS256", jwk })
    .sign(privateKey);
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  return [
    ["a token signed with a stranger's key", await sign(claims)],
    ["a token that has expired", await sign({ ...claims, iat: now - 7200, exp: now - 3600 })],
    ["a token for another audience", await sign({ ...claims, aud: "https://oincheck-stranger.example/" })],
    ["a token without claims", await sign({})],
    ["a token signed with HS256", hmac],
    ["a token that brings its own key", ownKey],
    ["a token without a signature", `${part({ ...header, alg: "none" })}.${part(claims)}.`],
  ];
}
