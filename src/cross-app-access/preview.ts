import { judge, outcomes, RuleBrokenError, type RuleOutcome } from "policy-list/policy";
import { apiScopes } from "../../config/integration.ts";
import { agentStore } from "../store/agents.ts";
import type { Database } from "../store/database.ts";
import type { AuthenticatedClient } from "./clients.ts";
import { type IssuedAccess, previewAccess } from "./issue.ts";
import { assertionPolicy, clientRules, grantRules, jwtBearer, proofRules } from "./policy.ts";
import {
  type AssertionDeps,
  findConnection,
  issueToken,
  requireGrant,
  requireResource,
  verifyAssertion,
} from "./steps.ts";
import { known, newTokenRequest } from "./token-request.ts";

/** The result of presenting an assertion, without presenting it. */
export interface AssertionPreview {
  /** Each rule that was applied, in order. */
  checks: RuleOutcome[];
  /** The client in the assertion; null if it is not readable. */
  clientId: string | null;
  /** The access that the client would get; null if a rule refuses. */
  access: Pick<IssuedAccess, "scopes" | "userId" | "expiresIn"> | null;
}

/** The client's proofs are not part of an assertion, so a preview knows neither its secret nor its DPoP key. */
const previewedRules = [...grantRules, ...clientRules, ...assertionPolicy].filter(
  ({ id }) => !proofRules.some((rule) => rule.id === id),
);

/**
 * Shows an administrator of a tenant what would happen with an assertion: the steps of the token endpoint, but for this
 * tenant only, and undone.
 */
export async function previewAssertion(
  deps: AssertionDeps,
  tenantId: string,
  token: string,
): Promise<AssertionPreview> {
  const parameters = new Map([
    ["grant_type", jwtBearer],
    ["assertion", token],
  ]);
  const request = newTokenRequest({ parameters, resources: [], credentials: undefined });
  const steps = [
    requireGrant,
    async () => {
      const clientId = known(request.assertion).claims.client_id;
      request.client = await clientIn(deps.database, tenantId, clientId ?? "");
      judge(clientRules, { problem: request.client ? null : "the client is not registered here" });
    },
    findConnection(deps, tenantId),
    verifyAssertion(deps),
    requireResource(deps.baseUrl),
    issueToken(deps.database, "preview", previewAccess),
  ];
  let broken: { ruleId: string; found: string | null } | null = null;
  try {
    for (const step of steps) await step(request);
  } catch (error) {
    if (!(error instanceof RuleBrokenError)) throw error;
    broken = { ruleId: error.rule.id, found: error.found };
  }
  const clientId = request.assertion?.claims.client_id ?? null;
  return { checks: outcomes(previewedRules, broken), clientId, access: request.issued };
}

/** A client that the tenant may have: its own, one of the deployment, or one that describes itself. */
async function clientIn(
  database: Database,
  tenantId: string,
  clientId: string,
): Promise<AuthenticatedClient | null> {
  const agent = await agentStore(database).byId(clientId);
  if (agent) return agent.revokedAt === null && [null, tenantId].includes(agent.tenantId) ? agent : null;
  const scopes = apiScopes.map(({ name }) => name);
  return URL.canParse(clientId) ? { clientId, tenantId: null, name: clientId, scopes } : null;
}
