import { setTimeout as sleep } from "node:timers/promises";
import type { AgentCheck, AgentCredentials } from "./agent-check.ts";
import { type AssertedGrant, rightAssertion, wrongAssertions } from "./assertions.ts";
import { outcomeOf, type TokenResponse } from "./responses.ts";

const longestSeconds = 3600;
/** A server may fetch an org's new keys only once in a few seconds, and an earlier run of the check had others. */
const keysMs = 6_000;

/** A client that does not authenticate gets nothing, even with a right ID-JAG. */
export async function judgeClients(
  check: AgentCheck,
  agent: AgentCredentials,
  grant: AssertedGrant,
): Promise<void> {
  const strangers: [what: string, credentials: AgentCredentials][] = [
    ["with a wrong secret", { ...agent, clientSecret: "oincheck-wrong" }],
    ["with an unknown client ID", { ...agent, clientId: "oincheck-unknown" }],
  ];
  for (const [what, credentials] of strangers) {
    const response = await check.exchange(`A client ${what}`, credentials, await rightAssertion(grant));
    const holds = response.status === 401 && response.error === "invalid_client" && response.token === null;
    check.report.judge("agents-client", holds, `${outcomeOf(response)} ${what}`);
  }
}

async function presentRight(
  check: AgentCheck,
  agent: AgentCredentials,
  grant: AssertedGrant,
): Promise<TokenResponse> {
  const step = `A right ID-JAG for the ${grant.resource.name}`;
  const response = await check.exchange(step, agent, await rightAssertion(grant));
  if (response.error !== "invalid_grant") return response;
  await sleep(keysMs);
  return await check.exchange(step, agent, await rightAssertion(grant));
}

/** Presents a right ID-JAG, and judges the response (RFC 6749 §5.1). Returns the token, or null. */
export async function judgeToken(
  check: AgentCheck,
  agent: AgentCredentials,
  grant: AssertedGrant,
): Promise<string | null> {
  const { report } = check;
  const { name } = grant.resource;
  const response = await presentRight(check, agent, grant);
  const { status, token, tokenType, expiresIn, scopes, headers } = response;
  const isToken = status === 200 && token !== null && /^bearer$/i.test(tokenType ?? "") && expiresIn !== null;
  const seen = `${name}: ${outcomeOf(response)}`;
  report.judge("agents-token", isToken, seen);
  if (token === null) return null;
  const caching = headers.get("cache-control") ?? "";
  report.judge("agents-not-cached", /\bno-store\b/i.test(caching), `Cache-Control: ${caching || "absent"}`);
  report.judge(
    "agents-no-refresh-token",
    !response.refreshToken,
    response.refreshToken ? "refresh_token" : "none",
  );
  const isGranted = scopes !== null && scopes.length > 0 && scopes.every((one) => grant.scopes.includes(one));
  report.judge("agents-granted-scope", isGranted, seen);
  report.judge("agents-lifetime", (expiresIn ?? 0) > 0 && (expiresIn ?? 0) <= longestSeconds, seen);
  return token;
}

/** Asks for every scope, with an ID-JAG that grants one. */
export async function judgeScopes(
  check: AgentCheck,
  agent: AgentCredentials,
  grant: AssertedGrant,
): Promise<void> {
  const [least = "", ...others] = grant.scopes;
  const beyond = others.length > 0 ? others : ["oincheck.unknown"];
  const assertion = await rightAssertion(grant, { scope: least });
  const response = await check.exchange(
    "A request for more scopes than the ID-JAG grants",
    agent,
    assertion,
    [least, ...beyond].join(" "),
  );
  const { status, token, scopes, error } = response;
  const granted = token === null ? null : scopes;
  const isLess = granted?.every((one) => !beyond.includes(one)) ?? false;
  const isRefused =
    token === null && status === 400 && ["invalid_scope", "invalid_grant"].includes(error ?? "");
  check.report.judge("agents-scope-raised", isLess || isRefused, outcomeOf(response));
}

/** Presents every wrong ID-JAG. Each is right but for one thing. */
export async function judgeRefusals(
  check: AgentCheck,
  agent: AgentCredentials,
  grant: AssertedGrant,
): Promise<void> {
  for (const { rule, what, make, errors } of wrongAssertions) {
    const response = await check.exchange(`An ID-JAG ${what}`, agent, await make(grant));
    check.report.judge(rule, isRefusal(response, errors), `${outcomeOf(response)} for one ${what}`);
  }
}

/** Presents one ID-JAG again at each resource that accepts it once. */
export async function judgeReplay(
  check: AgentCheck,
  agent: AgentCredentials,
  grants: readonly AssertedGrant[],
): Promise<void> {
  const once = grants.filter(({ resource }) => resource.acceptsOnce);
  if (once.length === 0) check.report.notCheckable("agents-replay", "no resource is an MCP server");
  for (const grant of once) {
    const assertion = await rightAssertion(grant);
    await check.exchange(`An ID-JAG for the ${grant.resource.name}`, agent, assertion);
    const again = await check.exchange(`The same ID-JAG for the ${grant.resource.name}`, agent, assertion);
    check.report.judge("agents-replay", isRefusal(again, ["invalid_grant"]), outcomeOf(again));
  }
}

function isRefusal({ status, error, token }: TokenResponse, errors: readonly string[]): boolean {
  return status === 400 && token === null && errors.includes(error ?? "");
}
