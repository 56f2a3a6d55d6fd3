import { readFileSync } from "node:fs";
import type { Product } from "oin-kit/product";
import { attributes } from "../../../config/attributes.ts";
import { connectionVariable, integration, oidcScopes } from "../../../config/integration.ts";
import { oidcUrls, paths, samlUrls } from "../../../src/endpoints.ts";
import { fileUrl } from "./files.ts";

/** This product, as the kit for the OIN has to know it: the data of config/, and the addresses that routes are made of. */
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

/** The bytes of a logo in public/; null when there is no such file. */
function readLogo(file: string): Uint8Array | null {
  try {
    return readFileSync(fileUrl(`public/${file}`));
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return null;
    throw error;
  }
}
