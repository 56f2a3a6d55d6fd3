import type { CheckOutcome } from "../run.ts";

/** One request of the check, and its outcome. It has no assertion, no token and no secret. */
export interface EvidenceStep {
  at: string;
  step: string;
  request: string;
  outcome: string;
}

/**
 * What was checked of Cross App Access: the evidence that oin@okta.com asks for, endpoint, scopes and the result of each
 * step. Only ever add to it.
 */
export interface AgentEvidence {
  issuer: string;
  tokenEndpoint: string;
  resources: { name: string; url: string }[];
  scopes: string[];
  /** The org that issued the assertions, the connection that trusts it, and the agent; null if none was given. */
  org: string | null;
  connection: string | null;
  clientId: string | null;
  steps: EvidenceStep[];
}

/** The text of the evidence file: what was checked, by which program and when, and the outcome of each rule. */
export function evidenceOf(outcome: CheckOutcome): string {
  const { product, url, startedAt, endedAt, tool, crossAppAccess, results } = outcome;
  const rules = results
    .filter(({ area }) => area === "agents")
    .map(({ rule, title, verdict, seen }) => ({ rule, title, verdict, seen }));
  const evidence = { product, url, startedAt, endedAt, tool, ...crossAppAccess, rules };
  return `${JSON.stringify(evidence, null, 2)}\n`;
}
