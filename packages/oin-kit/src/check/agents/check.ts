import { judgeRevocation, judgeUse } from "./access.ts";
import type { AgentCheck, AgentTarget } from "./agent-check.ts";
import type { AssertedGrant } from "./assertions.ts";
import type { AgentEvidence } from "./evidence.ts";
import { judgeMetadata } from "./metadata.ts";
import { judgeClients, judgeRefusals, judgeReplay, judgeScopes, judgeToken } from "./token-endpoint.ts";

/**
 * Checks the resource app of Cross App Access as its two sides see it: an agent, and the org that sends it.
 * @param target an agent and the org that the check plays, or why there is none.
 */
export async function checkAgents(check: AgentCheck, target: AgentTarget | string): Promise<AgentEvidence> {
  const { addresses, report, scopes } = check;
  await judgeMetadata(check);
  if (typeof target === "string") {
    report.judge("agents-checked", false, target);
    report.gaveUp("agents", target);
  } else {
    report.judge("agents-checked", true, `${target.org.issuer} sent the agent ${target.agent.clientId}`);
    await judgeExchange(check, target);
  }
  const known = typeof target === "string" ? null : target;
  return {
    issuer: addresses.issuer,
    tokenEndpoint: addresses.tokenEndpoint,
    resources: addresses.resources.map(({ name, url }) => ({ name, url })),
    scopes: [...scopes],
    org: known?.org.issuer ?? null,
    connection: known?.connection.key ?? null,
    clientId: known?.agent.clientId ?? null,
    steps: check.steps,
  };
}

async function judgeExchange(check: AgentCheck, target: AgentTarget): Promise<void> {
  const { addresses, report, scopes } = check;
  const grants = addresses.resources.map(
    (resource): AssertedGrant => ({
      org: target.org,
      audience: addresses.issuer,
      clientId: target.agent.clientId,
      person: target.person,
      tenant: target.connection.key,
      resource,
      scopes,
    }),
  );
  const [first] = grants;
  if (!first) return;
  await judgeClients(check, target.agent, first);
  const tokens = new Map<AssertedGrant, string>();
  for (const grant of grants) {
    const token = await judgeToken(check, target.agent, grant);
    if (token !== null) tokens.set(grant, token);
  }
  if (!tokens.has(first)) {
    // Where everything is refused, a refusal shows nothing.
    report.gaveUp("agents", "a right ID-JAG is refused in the first place");
    return;
  }
  await judgeScopes(check, target.agent, first);
  await judgeRefusals(check, target.agent, first);
  await judgeReplay(check, target.agent, grants);
  await judgeUse(check, tokens);
  await judgeRevocation(check, target, first);
}
