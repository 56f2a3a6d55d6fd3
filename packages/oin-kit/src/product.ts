import type { Integration } from "./integration.ts";

/**
 * The product that is submitted, as far as the kit has to know it. The product hands it in: the kit imports nothing of
 * it, and asks for nothing else.
 */
export interface Product {
  manifest: Integration;
  /** The bytes of the logo; null when the file that the manifest names is not there. */
  logo: Uint8Array | null;
  attributes: readonly ProductAttribute[];
  /** What is asked of Okta at an OIDC sign-in. */
  scopes: readonly string[];
  /** Name of the integration variable that stands for a customer's connection in addresses. */
  variable: string;
  addresses: Addresses;
}

/** One attribute of a person, by the names that it has in each protocol. */
interface ProductAttribute {
  /** What the product calls it; null for what is only kept and returned. */
  field: string | null;
  /** Path in SCIM (RFC 7644 §3.10). */
  scim: string;
  /** Name of the SAML attribute; null when there is none. */
  samlAttribute: string | null;
  /** Where Okta takes the value from, in its expression language. */
  oktaExpression: string | null;
  /** Set for attributes of the product's own SCIM extension. */
  custom?: object;
}

/** Where the product serves what Okta calls. `origin` has no trailing slash; paths begin with one. */
interface Addresses {
  oidc(
    origin: string,
    key: string,
  ): { signInUrl: string; redirectUri: string; initiateLoginUri: string; postLogoutRedirectUri: string };
  saml(
    origin: string,
    key: string,
  ): { signInUrl: string; acsUrl: string; entityId: string; metadataUrl: string };
  /** Path of the SCIM base URL. */
  scim: string;
  /** Path of the Universal Logout endpoint. */
  universalLogout: string;
  /** Path below which the configuration guides are, with their pictures. */
  guides: string;
  guide(capability: "oidc" | "saml" | "scim"): string;
  /** Path of the page on which a tenant's people sign in with a password. */
  passwordLogin(tenant: string): string;
  /** Paths of pages that may show a way in to a connection. */
  entrances: readonly string[];
}
