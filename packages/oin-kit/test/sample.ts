import type { Product } from "../src/product.ts";
import { png } from "./png.ts";

const login = (protocol: string, origin: string, key: string) => `${origin}/${protocol}/${key}`;

const saml = (samlAttribute: string | null) => ({ samlAttribute, oktaExpression: `user.${samlAttribute}` });

/** A product with every capability that breaks no rule. */
export const sample: Product = {
  manifest: {
    displayName: "Strawberry",
    description: "Strawberry: sign-in by OpenID Connect or SAML, and provisioning.",
    logo: "logo.png",
    useCases: ["Identity Governance and Administration (IGA)", "Zero Trust"],
    customerSupport: { link: "https://example.org/help", email: "help@example.org", phone: null },
    escalationEmail: "identity@example.org",
    origin: "https://app.example.com",
    guides: { edition: "1.0", date: "1 December 2026", productVersion: "1.0" },
    variables: [{ name: "connection", label: "Connection ID" }],
    testAccount: {
      tenant: "okta-review",
      tenantName: "Okta Review",
      username: "isvtest@okta.com",
      firstName: "Okta",
      lastName: "Reviewer",
    },
    oidc: { justInTime: true, idpInitiated: true, signOutOfOkta: true },
    saml: {
      justInTime: true,
      idpInitiated: true,
      spInitiated: true,
      spFlowDescription: "Open the SP Initiate URL, and sign in to Okta.",
      groupAttribute: null,
    },
    scim: {
      authentication: "Bearer",
      users: {
        create: true,
        update: true,
        deactivate: true,
        changePassword: true,
        patch: true,
        importUserSchema: true,
      },
      groups: { create: true, update: true, delete: true },
      entitlements: ["Role", "Entitlement"].map((resourceType) => ({
        resourceType,
        endpoint: `/${resourceType}s`,
        required: false,
        multiValued: true,
        description: `A ${resourceType} of Strawberry.`,
      })),
    },
    universalLogout: { subjectFormat: "Email", partial: false },
    crossAppAccess: {
      scopes: [
        { name: "fruit.read", description: "Reads strawberries." },
        { name: "fruit.write", description: "Grows strawberries." },
      ],
      clientIdMetadataDocuments: true,
    },
  },
  logo: png(),
  attributes: [
    { field: "loginName", scim: "userName", samlAttribute: null, oktaExpression: "user.login" },
    { field: "givenName", scim: "name.givenName", ...saml("firstName") },
    { field: "familyName", scim: "name.familyName", ...saml("lastName") },
    { field: "email", scim: "emails", ...saml("email") },
  ],
  scopes: ["openid", "profile", "email"],
  variable: "connection",
  addresses: {
    oidc: (origin, key) => ({
      signInUrl: `${login("oidc", origin, key)}/login`,
      redirectUri: `${login("oidc", origin, key)}/callback`,
      initiateLoginUri: `${login("oidc", origin, key)}/initiate`,
      postLogoutRedirectUri: `${origin}/signed-out`,
    }),
    saml: (origin, key) => ({
      signInUrl: `${login("saml", origin, key)}/login`,
      acsUrl: `${login("saml", origin, key)}/acs`,
      entityId: `${login("saml", origin, key)}/metadata`,
      metadataUrl: `${login("saml", origin, key)}/metadata`,
    }),
    scim: "/scim/v2",
    authorization: (origin) => ({
      authorizeEndpoint: `${origin}/authorize`,
      tokenEndpoint: `${origin}/token`,
    }),
    universalLogout: "/global-token-revocation",
    guides: "/guides",
    guide: (capability) => `/guides/${capability}`,
    agents: (origin) => ({
      issuer: origin,
      tokenEndpoint: `${origin}/token`,
      resources: [
        {
          name: "API",
          url: `${origin}/api`,
          probe: { method: "GET", url: `${origin}/api/fruit` },
          acceptsOnce: false,
        },
      ],
    }),
    passwordLogin: (tenant) => `/login/password/${tenant}`,
    entrances: ["/"],
  },
  testingInstructions: ({ testAccount }) => `Sign in as ${testAccount.username}.\n\n  API token: [token]\n`,
};
