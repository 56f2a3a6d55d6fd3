import { type RequestHandler, Router } from "express";
import { apiScopes } from "../../config/integration.ts";
import { crossAppAccessUrls, paths } from "../endpoints.ts";
import { proofAlgorithms } from "../web/dpop.ts";
import { clientAlgorithms, clientMethods } from "./clients.ts";
import type { TokenGrant } from "./token-request.ts";

/** Clients find out by themselves how to get a token (RFC 8414). */
export function authorizationServerRoutes(baseUrl: string, grants: readonly TokenGrant[]): Router {
  // Identifiers are compared to the letter, so no other spelling of a path has a document.
  const router = Router({ strict: true, caseSensitive: true });
  router.use([paths.authorizationServer, paths.protectedResource], readableByAnyone);
  router.get(paths.authorizationServer, (_req, res) => {
    res.json(authorizationServer(baseUrl, grants));
  });
  return router;
}

/** Browser-based clients read the documents, too, and send headers of their own. */
const readableByAnyone: RequestHandler = (req, res, next) => {
  res.set({ "Access-Control-Allow-Origin": "*", "Cache-Control": "public, max-age=3600" });
  if (req.method !== "OPTIONS") return next();
  res.set({ "Access-Control-Allow-Methods": "GET", "Access-Control-Allow-Headers": "*" }).status(204).end();
};

/**
 * RFC 8414 §2. The scopes are those of the API. Provisioning has one scope, which it always gets: an agent that asks for all
 * that the document names would ask for it, too.
 */
function authorizationServer(baseUrl: string, grants: readonly TokenGrant[]): object {
  const { issuer, tokenEndpoint } = crossAppAccessUrls(baseUrl);
  return {
    issuer,
    authorization_endpoint: baseUrl + paths.authorize,
    token_endpoint: tokenEndpoint,
    revocation_endpoint: baseUrl + paths.revoke,
    grant_types_supported: grants.map(({ type }) => type),
    scopes_supported: apiScopes.map(({ name }) => name),
    token_endpoint_auth_methods_supported: clientMethods,
    token_endpoint_auth_signing_alg_values_supported: clientAlgorithms,
    revocation_endpoint_auth_methods_supported: clientMethods,
    revocation_endpoint_auth_signing_alg_values_supported: clientAlgorithms,
    client_id_metadata_document_supported: true,
    dpop_signing_alg_values_supported: proofAlgorithms,
    ...Object.assign({}, ...grants.map(({ metadata }) => metadata)),
  };
}
