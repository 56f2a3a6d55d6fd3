import { Router } from "express";
import { brand } from "../../config/brand.ts";
import { apiScopes } from "../../config/integration.ts";
import { crossAppAccessUrls, paths } from "../endpoints.ts";
import { proofAlgorithms } from "../web/dpop.ts";

const scopes = apiScopes.map(({ name }) => name);

/**
 * Clients find out by themselves which server issues the tokens of a resource. The documents never name the issuers that we
 * trust, because those are our customers (draft, Metadata Disclosure). src/oauth/metadata.ts lets anyone read them.
 */
export function resourceMetadataRoutes(baseUrl: string): Router {
  // Identifiers are compared to the letter, so no other spelling of a path has a document.
  const router = Router({ strict: true, caseSensitive: true });
  for (const path of ["", paths.api, paths.mcp]) {
    router.get(paths.protectedResource + path, (_req, res) => {
      res.json(protectedResource(baseUrl, baseUrl + path));
    });
  }
  return router;
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
