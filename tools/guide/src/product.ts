import { readFileSync } from "node:fs";
import type { Integration } from "oin-kit/integration";
import type { Product } from "oin-kit/product";
import { wizardUrls } from "oin-kit/wizard-urls";
import { attributes } from "../../../config/attributes.ts";
import { connectionVariable, integration, oidcScopes, readablePaths } from "../../../config/integration.ts";
import {
  crossAppAccessUrls,
  oidcUrls,
  paths,
  provisioningEndpoints,
  samlUrls, // SAML
} from "../../../src/endpoints.ts";
import { variableOf } from "../../../src/guide/facts.ts";
import { renderTemplate } from "../../../src/guide/templates.ts";
import { fileUrl } from "./files.ts";

/** Describes this product to oin-kit: the data of config/, and the URLs of src/endpoints.ts. */
export const product: Product = {
  manifest: integration,
  logo: readLogo(integration.logo),
  attributes,
  scopes: oidcScopes,
  variable: connectionVariable.name,
  addresses: {
    oidc: oidcUrls,
    saml: samlUrls, // SAML
    scim: paths.scim,
    authorization: provisioningEndpoints,
    universalLogout: paths.globalTokenRevocation,
    guides: paths.guides,
    guide: paths.guide,
    agents: agentAddresses,
    passwordLogin: paths.passwordLoginOf,
    entrances: [
      paths.home,
      paths.login,
      "/demo", // demo only
    ],
  },
  testingInstructions,
};

export const [readablePath = ""] = readablePaths;

/** A call that every MCP server answers (MCP, Lifecycle). */
const mcpInitialize = {
  jsonrpc: "2.0",
  id: 1,
  method: "initialize",
  params: {
    protocolVersion: "2025-11-25",
    capabilities: {},
    clientInfo: { name: "oin-check", version: "1" },
  },
};

function agentAddresses(origin: string): ReturnType<Product["addresses"]["agents"]> {
  const { issuer, tokenEndpoint, apiResource, mcpResource } = crossAppAccessUrls(origin);
  const accept = { accept: "application/json, text/event-stream" };
  return {
    issuer,
    tokenEndpoint,
    resources: [
      {
        name: "API",
        url: apiResource,
        probe: { method: "GET", url: apiResource + readablePath },
        acceptsOnce: false,
      },
      {
        name: "MCP server",
        url: mcpResource,
        probe: { method: "POST", url: mcpResource, headers: accept, body: mcpInitialize },
        acceptsOnce: true,
      },
    ],
  };
}

/** views/oin/testing-instructions.md.ejs. Its text is plain: the Wizard's field shows no Markdown. */
function testingInstructions(manifest: Integration): string {
  const { accountUrl } = wizardUrls({ ...product, manifest });
  const scimUrl = manifest.origin + paths.scim;
  const data = { ...manifest, integration: manifest, variable: variableOf(manifest), accountUrl, scimUrl };
  return renderTemplate("oin/testing-instructions", data).trim();
}

/** The bytes of a logo in public/; null if the file does not exist. */
function readLogo(file: string): Uint8Array | null {
  try {
    return readFileSync(fileUrl(`public/${file}`));
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return null;
    throw error;
  }
}
