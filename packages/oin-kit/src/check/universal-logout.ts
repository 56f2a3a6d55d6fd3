import { generateKeyPairSync } from "node:crypto";
import { SignJWT } from "jose";
import type { CheckReport } from "./report.ts";
import { isRedirect, shown, type Web, type WebAnswer } from "./web.ts";

const body = JSON.stringify({ sub_id: { format: "email", email: "oincheck@example.com" } });

/** Sends Universal Logout what a stranger could send. It never names a real person's e-mail address. */
export async function checkUniversalLogout(endpoint: string, web: Web, report: CheckReport): Promise<void> {
  const why = "only Okta holds the key that makes a call valid";
  for (const rule of ["ul-success", "ul-unknown-person", "ul-tenant"] as const)
    report.notCheckable(rule, why);

  const call = (token: string | null, sent = body, type = "application/json") => {
    const headers = { "content-type": type, ...(token === null ? {} : { authorization: `Bearer ${token}` }) };
    return web.send(endpoint, { method: "POST", headers, body: sent });
  };
  const anonymous = await call(null);
  report.judge("ul-served", anonymous.status !== 404 && !isRedirect(anonymous), shown(anonymous));
  if (anonymous.status === 404) {
    report.gaveUp("universal-logout", shown(anonymous));
    return;
  }
  report.judge("ul-no-token", anonymous.status === 401, shown(anonymous));
  for (const [what, token] of await forgedTokens(endpoint)) {
    const answer = await call(token);
    report.judge("ul-forged-token", answer.status === 401, `${shown(answer)} for ${what}`);
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

/** Tokens that anyone could make: the claims are right, but the org's key signed none of them. */
async function forgedTokens(audience: string): Promise<[what: string, token: string][]> {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const now = Math.floor(Date.now() / 1000);
  const claims = {
    jti: "oincheck",
    iss: "https://oincheck-stranger.example",
    sub: "0oaoincheck",
    aud: audience,
    iat: now,
    nbf: now - 300,
    exp: now + 300,
  };
  const header = { typ: "global-token-revocation+jwt", kid: "oincheck" };
  const signed = await new SignJWT(claims).setProtectedHeader({ ...header, alg: "RS256" }).sign(privateKey);
  const secret = new TextEncoder().encode("0123456789abcdef0123456789abcdef");
  const hmac = await new SignJWT(claims).setProtectedHeader({ ...header, alg: "HS256" }).sign(secret);
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  return [
    ["text that is not a token", "oincheck"],
    ["a token signed with a stranger's key", signed],
    ["a token signed with HS256", hmac],
    ["a token without a signature", `${part({ ...header, alg: "none" })}.${part(claims)}.`],
  ];
}
