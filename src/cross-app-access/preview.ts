import { judge, outcomes, RuleBrokenError, type RuleOutcome, ruleBrokenBy } from "policy-list/policy";
import { apiScopes } from "../../config/integration.ts";
import { brokenRuleIn, InvalidError } from "../errors.ts";
import { type AuthenticatedClient, faultlessClient } from "../oauth/clients.ts";
import { clientRules } from "../oauth/policy.ts";
import { newTokenRequest, requireStep } from "../oauth/token-request.ts";
import { agentStore } from "../store/agents.ts";
import { type Database, runAndRollBack } from "../store/database.ts";
import { forTenant } from "../store/tenant-store.ts";
import type { AssertionClaims } from "./assertion.ts";
import type { IssuedAccess } from "./issue.ts";
import { assertionPolicy, jwtBearer, proofRules } from "./policy.ts";
import {
  type AssertionDeps,
  type AssertionRequest,
  findIssuersConnection,
  issueToken,
  newAssertionRequest,
  requireGrant,
  requireResource,
  verifyAssertion,
} from "./steps.ts";

/** The result of presenting an assertion, without presenting it. */
export interface AccessPreview {
  /** The assertion's claims, verified or not. */
  claims: AssertionClaims;
  /** The outcome of each rule, in the policy's order. */
  outcomes: RuleOutcome[];
  /** The access that the agent would get; null if a rule refuses it. */
  access: Pick<IssuedAccess, "expiresIn" | "scopes" | "userId"> | null;
}

/** A preview has neither the agent's credentials nor its proof of possession, so it has no rules about them. */
const previewedRules = [
  ...clientRules.filter(({ id }) => ["client-known", "client-not-revoked"].includes(id)),
  ...assertionPolicy.filter(({ id }) => proofRules.every((rule) => rule.id !== id)),
];

/**
 * Makes the decision of the token endpoint about an assertion, for the administrator of a tenant. It runs the same steps and
 * rolls the transaction back, so that it has no effect and cannot drift from the endpoint. Throws InvalidError for a text
 * that is not an ID-JAG.
 */
export async function previewAccess(
  deps: AssertionDeps,
  tenantId: string,
  assertion: string,
): Promise<AccessPreview> {
  const parameters = new Map(Object.entries({ grant_type: jwtBearer, assertion }));
  const request = newAssertionRequest(newTokenRequest({ parameters, resources: [], credentials: undefined }));
  try {
    await requireGrant(request);
  } catch (error) {
    if (!(error instanceof RuleBrokenError)) throw error;
    throw new InvalidError("This is not an ID-JAG: three parts, with dots in between, and an issuer.");
  }
  const { claims } = requireStep(request.assertion);
  const broken = await ruleBrokenBy(() => runSteps(deps, tenantId, request));
  return {
    claims,
    outcomes: outcomes(previewedRules, brokenRuleIn(broken)),
    access: broken ? null : request.issued,
  };
}

async function runSteps(deps: AssertionDeps, tenantId: string, request: AssertionRequest): Promise<void> {
  const { client_id: clientId } = requireStep(request.assertion).claims;
  const named = await namedClient(deps.database, tenantId, clientId ?? "");
  const unknown = named ? null : "no agent with this client ID is known here";
  judge(clientRules, { ...faultlessClient, unknown, isRevoked: named?.isRevoked ?? false });
  request.client = requireStep(named).client;
  // Before the signature is verified, anyone could ask here which orgs the other tenants have.
  await findIssuersConnection(deps, tenantId)(request);
  await verifyAssertion(deps)(request);
  await findIssuersConnection(deps)(request);
  await requireResource(deps.baseUrl)(request);
  await runAndRollBack(deps.database, async (joined) => await issueToken(joined, "preview")(request));
}

/** The agent that an assertion names. Another tenant's is as unknown as one that never was. */
async function namedClient(
  database: Database,
  tenantId: string,
  clientId: string,
): Promise<{ client: AuthenticatedClient; isRevoked: boolean } | null> {
  const agent = await agentStore(database).byId(clientId);
  if (agent?.kind === "provisioning") return null;
  if (agent && [null, tenantId].includes(agent.tenantId))
    return { client: agent, isRevoked: agent.revokedAt !== null };
  const described = agent ? null : await forTenant(database, tenantId).agents.find(clientId);
  if (!described) return null;
  const scopes = apiScopes.map(({ name }) => name);
  const client = { kind: "agent" as const, clientId, tenantId: null, name: described.name, scopes };
  return { client, isRevoked: false };
}
