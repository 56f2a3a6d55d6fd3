import { readFileSync } from "node:fs";
import type { Product } from "oin-kit/product";
import { attributes } from "../../../config/attributes.ts";
import { connectionVariable, integration, oidcScopes } from "../../../config/integration.ts";
import { oidcUrls, paths, samlUrls } from "../../../src/endpoints.ts";
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
    saml: samlUrls,
    scim: paths.scim,
    universalLogout: paths.globalTokenRevocation,
    guides: paths.guides,
    guide: paths.guide,
    passwordLogin: paths.passwordLoginOf,
    entrances: [paths.home, paths.login, "/demo"],
  },
};

/** The bytes of a logo in public/; null if the file does not exist. */
function readLogo(file: string): Uint8Array | null {
  try {
    return readFileSync(fileUrl(`public/${file}`));
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return null;
    throw error;
  }
}
