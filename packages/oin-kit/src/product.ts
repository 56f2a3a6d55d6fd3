import type { Integration } from "./integration.ts";

/**
 * Everything that the kit needs to know about the product. The kit imports nothing from the product; the product passes
 * this in.
 */
export interface Product {
  manifest: Integration;
  /** The bytes of the logo; null if the manifest's file does not exist. */
  logo: Uint8Array | null;
  attributes: readonly ProductAttribute[];
  /** The scopes of an OIDC sign-in. */
  scopes: readonly string[];
  /** The integration variable that holds a customer's connection key in URLs. */
  variable: string;
  addresses: Addresses;
  /**
   * The text for Okta's reviewers: where they sign in, configure and clean up. Several lines. It has a placeholder for the
   * provisioning token, which a person replaces in the Wizard.
   */
  testingInstructions(manifest: Integration): string;
}

/** A person's attribute, with its name in each protocol. */
export interface ProductAttribute {
  /** The product's field; null for an attribute that is only stored and returned. */
  field: string | null;
  /** Path in SCIM (RFC 7644 §3.10). */
  scim: string;
  /** The SAML attribute; null or absent if there is none. */
  samlAttribute?: string | null | undefined;
  /** The source of the value in Okta's expression language. */
  oktaExpression: string | null;
  /** Set for attributes of the product's SCIM extension. */
  custom?: object;
}

/** The authorization server and the resources of Cross App Access. */
interface AgentAddresses {
  /** Without a trailing slash. */
  issuer: string;
  tokenEndpoint: string;
  resources: readonly AgentResource[];
}

/** An API or MCP server that an access token opens. */
export interface AgentResource {
  name: string;
  /** Its identifier: what an administrator enters in Okta as resource indicator. */
  url: string;
  /** A request that changes nothing, and that a token with every scope of the manifest may make. */
  probe:
    | { url: string; method: "GET" }
    | { url: string; method: "POST"; headers: Record<string, string>; body: object };
  /** Whether each ID-JAG works once only, as MCP demands. */
  acceptsOnce: boolean;
}

/** The product's URLs for Okta. `origin` has no trailing slash; paths begin with a slash. */
interface Addresses {
  oidc(
    origin: string,
    key: string,
  ): { signInUrl: string; redirectUri: string; initiateLoginUri: string; postLogoutRedirectUri: string };
  /** Absent if the product does not speak SAML. */
  saml?(
    origin: string,
    key: string,
  ): { signInUrl: string; acsUrl: string; entityId: string; metadataUrl: string };
  /** Path of the SCIM base URL. */
  scim: string;
  /** The endpoints of provisioning's authentication mode OAuth 2. */
  authorization(origin: string): { authorizeEndpoint: string; tokenEndpoint: string };
  /** Path of the Universal Logout endpoint. */
  universalLogout: string;
  /** Path of the folder with the configuration guides and their pictures. */
  guides: string;
  guide(capability: "oidc" | "saml" | "scim" | "xaa"): string;
  /** The addresses that agents of Cross App Access use. */
  agents(origin: string): AgentAddresses;
  /** Path of a tenant's password sign-in page. */
  passwordLogin(tenant: string): string;
  /** Paths of pages that may link to a connection's sign-in. */
  entrances: readonly string[];
}
