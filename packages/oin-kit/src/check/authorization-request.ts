import type { CheckReport } from "./report.ts";
import type { RuleId } from "./rules/all.ts";
import { isLoopback } from "./web.ts";

const allowedScopes = new Set(["openid", "profile", "email", "address", "phone"]);
/** Without these scopes, a person who is created at the first sign-in has no names or no e-mail address. */
const profileScopes = ["profile", "email"];
/** A web application reads its code from the query, or from a form that the browser posts. */
const responseModes = ["", "query", "form_post"];
/** Secrets of the server: a browser, its history and Okta's log must not see them. */
const serverSecrets = ["client_secret", "client_assertion", "code_verifier", "password"];
/** With a shorter maximum age, in seconds, each click on the tile asks people to sign in again. */
const shortestAge = 60;

/** The values of a connection that its authorization requests must fit. */
export interface RegisteredClient {
  redirectUri: string;
  /** Whether a first sign-in creates the person. */
  justInTime: boolean;
}

/** The rules about parameters that a pushed request (RFC 9126) does not show to the browser. */
const unseenIfPushed: readonly RuleId[] = [
  ...([
    "oidc-code-flow",
    "oidc-response-mode",
    "oidc-scopes",
    "oidc-scopes-profile",
    "oidc-redirect-uri",
  ] as const),
  ...(["oidc-state", "oidc-nonce", "oidc-pkce", "oidc-prompt"] as const),
];

/**
 * The parameters of a request, as far as the browser carries them: those in the query, and those in a request object, which
 * win (RFC 9101 §6.3). Null if the request was pushed: then only a reference is in the query (RFC 9126 §4).
 */
export function parametersOf({ searchParams }: URL): URLSearchParams | null {
  if (searchParams.has("request_uri")) return null;
  const parameters = new URLSearchParams(searchParams);
  for (const [name, value] of Object.entries(claimsOf(searchParams.get("request") ?? "")))
    if (typeof value === "string" || typeof value === "number") parameters.set(name, String(value));
  return parameters;
}

/** The claims of a JWT, whose signature is for Okta to verify; none if it cannot be read, as if it is encrypted. */
function claimsOf(token: string): object {
  try {
    return Object(JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString()));
  } catch {
    return {};
  }
}

/** Judges an authorization request (RFC 6749 §4.1.1, OpenID Connect Core §3.1.2.1). */
export function judgeRequest(target: URL, client: RegisteredClient, report: CheckReport): void {
  judgeAddress(target, report);
  const parameters = parametersOf(target);
  if (parameters) judgeParameters(parameters, client, report);
  else
    for (const rule of unseenIfPushed)
      report.notCheckable(
        rule,
        "the request was pushed (RFC 9126), so the browser carries only a reference to it",
      );
}

/** Judges what the address itself shows, whether or not it has all parameters. */
function judgeAddress(target: URL, report: CheckReport): void {
  const { pathname, searchParams } = target;
  const isOrg = /^\/oauth2\/v1\/authorize\/?$/.test(pathname);
  const isSecure = target.protocol === "https:" || isLoopback(target.href);
  report.judge("oidc-authorization-server", isOrg && isSecure, target.origin + pathname);
  const problems = formProblems(searchParams);
  report.judge("oidc-request", problems.length === 0, problems.join("; ") || "complete");
}

function judgeParameters(parameters: URLSearchParams, client: RegisteredClient, report: CheckReport): void {
  const parameter = (name: string) => parameters.get(name) ?? "";
  const named = (name: string) => `${name}=${parameter(name)}`;
  report.judge("oidc-code-flow", parameter("response_type") === "code", named("response_type"));
  report.judge(
    "oidc-response-mode",
    responseModes.includes(parameter("response_mode")),
    seenMode(parameters),
  );
  judgeScopes(parameter("scope"), client, report);
  report.judge(
    "oidc-redirect-uri",
    parameter("redirect_uri") === client.redirectUri,
    parameter("redirect_uri"),
  );
  report.judge(
    "oidc-state",
    /^[A-Za-z0-9,._-]+$/.test(parameter("state")),
    lengthOf("state", parameter("state")),
  );
  report.judge("oidc-nonce", parameter("nonce") !== "", lengthOf("nonce", parameter("nonce")));
  const isDigest = /^[A-Za-z0-9_-]{43}$/.test(parameter("code_challenge"));
  const challenge = `${named("code_challenge_method")}, ${lengthOf("code_challenge", parameter("code_challenge"))}`;
  report.judge("oidc-pkce", isDigest && parameter("code_challenge_method") === "S256", challenge);
  judgePrompt(parameters, report);
}

/** Okta refuses a repeated parameter as `invalid_request`. */
function formProblems(parameters: URLSearchParams): string[] {
  const names = [...parameters.keys()];
  const repeated = new Set(names.filter((name, index) => names.indexOf(name) !== index));
  const secret = serverSecrets.filter((name) => parameters.has(name));
  return [
    ...(parameters.get("client_id") ? [] : ["client_id is absent"]),
    ...[...repeated].map((name) => `${name} is repeated`),
    ...secret.map((name) => `${name} is in the address`),
  ];
}

function seenMode(parameters: URLSearchParams): string {
  const mode = parameters.get("response_mode");
  return mode === null ? "response_mode is absent, which means query" : `response_mode=${mode}`;
}

function judgeScopes(scope: string, { justInTime }: RegisteredClient, report: CheckReport): void {
  const scopes = scope.split(" ");
  const fitting = scopes.includes("openid") && scopes.every((one) => allowedScopes.has(one));
  report.judge("oidc-scopes", fitting, `scope=${scope}`);
  if (!justInTime) {
    report.notCheckable("oidc-scopes-profile", "a first sign-in does not create accounts");
    return;
  }
  const missing = profileScopes.filter((one) => !scopes.includes(one));
  report.judge(
    "oidc-scopes-profile",
    missing.length === 0,
    missing.length > 0 ? `scope=${scope} lacks ${missing.join(" and ")}` : `scope=${scope}`,
  );
}

/** People who click a tile are signed in at Okta. */
function judgePrompt(parameters: URLSearchParams, report: CheckReport): void {
  const [prompt, age] = [parameters.get("prompt"), parameters.get("max_age")];
  const isOld = age === null || (/^\d+$/.test(age) && Number(age) >= shortestAge);
  const sent = ["prompt", "max_age"].flatMap((name) =>
    parameters.has(name) ? [`${name}=${parameters.get(name)}`] : [],
  );
  // For a consent, Okta asks for no password.
  report.judge(
    "oidc-prompt",
    (prompt === null || prompt === "consent") && isOld,
    sent.join(", ") || "neither prompt nor max_age is sent",
  );
}

/** The customer's app in Okta has one client ID: the tile and the sign-in page begin a sign-in at the same app. */
export function judgeSameClient(targets: readonly URL[], report: CheckReport): void {
  const ids = new Set(targets.map(({ searchParams }) => searchParams.get("client_id") ?? ""));
  if (targets.length > 1)
    report.judge(
      "oidc-request",
      ids.size === 1,
      `client_id of ${targets.length} requests: ${[...ids].join(", ")}`,
    );
}

/** Describes a random value by its length: the value itself tells the reader nothing. */
function lengthOf(name: string, value: string): string {
  return value === "" ? `${name} is absent` : `${name} has ${value.length} characters`;
}

const randomParameters: readonly (readonly [name: string, rule: RuleId])[] = [
  ["state", "oidc-state-random"],
  ["nonce", "oidc-nonce-random"],
  ["code_challenge", "oidc-pkce-random"],
];
/** Fewer characters than these can be guessed (RFC 6749 §10.10), or are a counter or the time. */
const fewestCharacters = 16;
const fewestDifferences = 12;

/** Compares requests side by side: a value that repeats, or hardly changes, protects no one. */
export function judgeRandomness(targets: readonly URL[], report: CheckReport): void {
  for (const [name, rule] of randomParameters) {
    const values = targets.flatMap((target) => parametersOf(target)?.get(name) || []);
    if (values.length < 2) {
      report.notCheckable(rule, `fewer than two requests with ${name} could be compared`);
      continue;
    }
    const problem = randomnessProblem(values);
    report.judge(rule, problem === null, `${name} of ${values.length} requests: ${problem ?? "all differ"}`);
  }
}

function randomnessProblem(values: readonly string[]): string | null {
  if (new Set(values).size < values.length) return "a value repeats";
  const shortest = Math.min(...values.map(({ length }) => length));
  if (shortest < fewestCharacters) return `a value has only ${shortest} characters`;
  const differences = values.slice(1).map((value, index) => differing(value, values[index] ?? ""));
  const fewest = Math.min(...differences);
  return fewest < fewestDifferences ? `two values differ in only ${fewest} characters` : null;
}

/** The number of places at which two texts differ. */
function differing(one: string, other: string): number {
  const length = Math.max(one.length, other.length);
  return Array.from({ length }, (_, index) => index).filter((index) => one[index] !== other[index]).length;
}
