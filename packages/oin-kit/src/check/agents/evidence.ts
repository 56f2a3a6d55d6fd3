/** One request of the check, and its outcome. It has no assertion, no token and no secret. */
export interface EvidenceStep {
  at: string;
  step: string;
  request: string;
  outcome: string;
}

/**
 * The evidence of Cross App Access that oin@okta.com asks for: endpoint, scopes and the result of each step. Only ever add
 * to it.
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
