import { type RequestHandler, Router } from "express";
import { brand } from "../../config/brand.ts";
import { apiScopes } from "../../config/integration.ts";
import { crossAppAccessUrls, paths } from "../endpoints.ts";
import { proofAlgorithms } from "../web/dpop.ts";
import { clientAlgorithms, clientMethods } from "./clients.ts";
import { jwtBearer } from "./policy.ts";

const scopes = apiScopes.map(({ name }) => name);
/** Says that this server takes ID-JAGs. A server that says so has the grant type, too (draft §7.2). */
const idJagProfile = "urn:ietf:params:oauth:grant-profile:id-jag";

/**
 * Clients find out by themselves how to get a token. The documents never name the issuers that we trust, because those are our
 * customers (draft, Metadata Disclosure).
 */
export function metadataRoutes(baseUrl: string): Router {
  // Identifiers are compared to the letter, so no other spelling of a path has a document.
  const router = Router({ strict: true, caseSensitive: true });
  router.use([paths.authorizationServer, paths.protectedResource], readableByAnyone);
  router.get(paths.authorizationServer, (_req, res) => {
    res.json(authorizationServer(baseUrl));
  });
  for (const path of ["", paths.api, paths.mcp]) {
    router.get(paths.protectedResource + path, (_req, res) => {
      res.json(protectedResource(baseUrl, baseUrl + path));
    });
  }
  return router;
}

/** Browser-based clients read the documents, too, and send headers of their own. */
const readableByAnyone: RequestHandler = (req, res, next) => {
  res.set({ "Access-Control-Allow-Origin": "*", "Cache-Control": "public, max-age=3600" });
  if (req.method !== "OPTIONS") return next();
  res.set({ "Access-Control-Allow-Methods": "GET", "Access-Control-Allow-Headers": "*" }).status(204).end();
};

/** RFC 8414 §2. */
function authorizationServer(baseUrl: string): object {
  const { issuer, tokenEndpoint } = crossAppAccessUrls(baseUrl);
  return {
    issuer,
    // No grant here uses it, and it says so (routes.ts). The MCP SDK's client refuses a document without one.
    authorization_endpoint: baseUrl + paths.authorize,
    token_endpoint: tokenEndpoint,
    grant_types_supported: [jwtBearer],
    authorization_grant_profiles_supported: [idJagProfile],
    response_types_supported: [],
    scopes_supported: scopes,
    token_endpoint_auth_methods_supported: clientMethods,
    token_endpoint_auth_signing_alg_values_supported: clientAlgorithms,
    client_id_metadata_document_supported: true,
    dpop_signing_alg_values_supported: proofAlgorithms,
  };
}

/** RFC 9728 §2. */
function protectedResource(baseUrl: string, resource: string): object {
  return {
    resource,
    resource_name: brand.productName,
    authorization_servers: [crossAppAccessUrls(baseUrl).issuer],
    scopes_supported: scopes,
    bearer_methods_supported: ["header"],
    dpop_signing_alg_values_supported: proofAlgorithms,
  };
}
