import type { CheckReport } from "./report.ts";
import { isLoopback } from "./web.ts";

const allowedScopes = new Set(["openid", "profile", "email", "address", "phone"]);

/** Judges the authorization request (RFC 6749 §4.1.1, OpenID Connect Core §3.1.2.1). */
export function judgeRequest(target: URL, redirectUri: string, report: CheckReport): void {
  const { pathname, searchParams } = target;
  const isOrg = /^\/oauth2\/v1\/authorize\/?$/.test(pathname);
  const isSecure = target.protocol === "https:" || isLoopback(target.href);
  report.judge("oidc-authorization-server", isOrg && isSecure, target.origin + pathname);
  const parameter = (name: string) => searchParams.get(name) ?? "";
  report.judge(
    "oidc-code-flow",
    parameter("response_type") === "code",
    `response_type=${parameter("response_type")}`,
  );
  const scopes = parameter("scope").split(" ");
  const fitting = scopes.includes("openid") && scopes.every((scope) => allowedScopes.has(scope));
  report.judge("oidc-scopes", fitting, `scope=${parameter("scope")}`);
  report.judge("oidc-redirect-uri", parameter("redirect_uri") === redirectUri, parameter("redirect_uri"));
  report.judge(
    "oidc-state",
    /^[A-Za-z0-9,._-]+$/.test(parameter("state")),
    describe("state", parameter("state")),
  );
  report.judge("oidc-nonce", parameter("nonce") !== "", describe("nonce", parameter("nonce")));
  const challenged = parameter("code_challenge") !== "" && parameter("code_challenge_method") === "S256";
  report.judge("oidc-pkce", challenged, `code_challenge_method=${parameter("code_challenge_method")}`);
}

/** Describes a random value by its length: the value itself tells the reader nothing. */
function describe(name: string, value: string): string {
  return value === "" ? `${name} is absent` : `${name} has ${value.length} characters`;
}
