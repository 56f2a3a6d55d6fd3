import { shown, type WebAnswer } from "../web.ts";
import type { AgentCheck, AgentTarget } from "./agent-check.ts";
import { type AssertedGrant, rightAssertion } from "./assertions.ts";

/** Uses each token at its own resource, and at the others. */
export async function judgeUse(check: AgentCheck, tokens: ReadonlyMap<AssertedGrant, string>): Promise<void> {
  const { report, addresses } = check;
  for (const [{ resource }, token] of tokens) {
    const own = await check.call(`${resource.name} with its token`, resource.probe, token);
    report.judge("agents-token-works", isOpen(own), shown(own));
    for (const other of addresses.resources.filter(({ url }) => url !== resource.url)) {
      const answer = await check.call(
        `${other.name} with the token of the ${resource.name}`,
        other.probe,
        token,
      );
      report.judge("agents-token-resource", [401, 403].includes(answer.status), shown(answer));
    }
  }
  if (addresses.resources.length < 2)
    report.notCheckable("agents-token-resource", "there is one resource only");
}

/** Ends the person's access while a token lives. Deactivation comes last: it is the one that lasts. */
export async function judgeRevocation(
  check: AgentCheck,
  { agent, person }: AgentTarget,
  grant: AssertedGrant,
): Promise<void> {
  const ways = [
    ["agents-logout", "Universal Logout", person.logOut, "the product has no Universal Logout"],
    [
      "agents-deactivated",
      "deactivation",
      person.deactivate,
      "it needs a provisioning token: --scim-token-stdin",
    ],
  ] as const;
  for (const [rule, what, end, without] of ways) {
    if (end === null) {
      check.report.notCheckable(rule, without);
      continue;
    }
    const { token } = await check.exchange(`An ID-JAG before ${what}`, agent, await rightAssertion(grant));
    const { name, probe } = grant.resource;
    const living = await check.call(`${name} before ${what}`, probe, token);
    const ended = await end();
    check.record(what, ended, String(ended.status));
    if (!isOpen(living) || !isSuccess(ended)) {
      const why = isSuccess(ended) ? "a token did not work before" : `${what} failed`;
      check.report.notCheckable(rule, `${why}: ${shown(isSuccess(ended) ? living : ended)}`);
      continue;
    }
    const answer = await check.call(`${name} after ${what}`, probe, token);
    check.report.judge(rule, answer.status === 401, shown(answer));
  }
}

/** Whether the token was accepted. The request may lead nowhere: an API without any operation answers 404. */
function isOpen({ status }: WebAnswer): boolean {
  return ![401, 403].includes(status) && status < 500;
}

function isSuccess({ status }: WebAnswer): boolean {
  return status >= 200 && status < 300;
}
