/**
 * Cross App Access: AI agents and other apps act for people whose org allows it (draft-ietf-oauth-identity-assertion-
 * authz-grant, "ID-JAG"; MCP's extension Enterprise-Managed Authorization; Okta: "Cross App Access").
 *
 * Owns: the grant of an assertion (this file), and the metadata of the resources (metadata.ts). A client presents an
 * assertion that the customer's org signed, and gets a short access token for the person in it. assertion.ts says whose it
 * is, issue.ts what the token allows, answer.ts what a refused client is told. policy.ts has the rules. src/oauth/ has the
 * endpoint and authenticates the client. May import: the ground floor, trust, directory, store, web, oauth and config.
 */
import type { Request } from "express";
import { judge } from "policy-list/policy";
import { crossAppAccessUrls } from "../endpoints.ts";
import { requireStep, type TokenGrant } from "../oauth/token-request.ts";
import type { Database } from "../store/database.ts";
import { proofVerifier } from "../web/dpop.ts";
import { advice, refusalRecorder } from "./answer.ts";
import { jwtBearer, proofRules } from "./policy.ts";
import {
  type AssertionDeps,
  type AssertionRequest,
  assertionRequestOf,
  findIssuersConnection,
  issueToken,
  requireGrant,
  requireResource,
  verifyAssertion,
} from "./steps.ts";

/** Says that this server takes ID-JAGs. A server that says so has the grant type, too (draft §7.2). */
const idJagProfile = "urn:ietf:params:oauth:grant-profile:id-jag";

/** The grant of an ID-JAG (RFC 7523 §2.1). */
export function crossAppAccessGrant(deps: AssertionDeps): TokenGrant {
  const { database, baseUrl } = deps;
  const steps = [requireGrant, findIssuersConnection(deps), verifyAssertion(deps), requireResource(baseUrl)];
  const requireProof = proofStep(database, crossAppAccessUrls(baseUrl).tokenEndpoint);
  return {
    type: jwtBearer,
    client: "agent",
    event: "cross_app_access",
    advice,
    metadata: { authorization_grant_profiles_supported: [idJagProfile] },
    recordRefusal: refusalRecorder(database),
    async issue(req) {
      const request = assertionRequestOf(req);
      for (const step of steps) await step(request);
      await requireProof(req, request);
      await issueToken(database, req.id)(request);
      return answerOf(req, request);
    },
  };
}

/** A token is bound to the key of a proof, also if the assertion is not (RFC 9449 §5). */
function proofStep(database: Database, url: string) {
  const verify = proofVerifier(database);
  return async (req: Request, request: AssertionRequest): Promise<void> => {
    const { cnf } = requireStep(request.assertion).claims;
    const proof = req.get("dpop");
    const { thumbprint, problem } =
      proof === undefined
        ? { thumbprint: null, problem: null }
        : await verify(proof, { method: "POST", url });
    judge(proofRules, { problem, thumbprint, confirmed: cnf ? { jkt: cnf.jkt ?? null } : null });
    request.keyThumbprint = thumbprint;
  };
}

function answerOf(req: Request, request: AssertionRequest): object {
  const { token, expiresIn, scopes, userId } = requireStep(request.issued);
  const { tenantId, connection } = requireStep(request.found);
  req.log.info(
    { tenantId, connectionId: connection.id, userId, clientId: request.client?.clientId, scopes },
    "cross_app_access.issued",
  );
  return {
    token_type: request.keyThumbprint === null ? "Bearer" : "DPoP",
    access_token: token,
    expires_in: expiresIn,
    scope: scopes.join(" "),
  };
}
