import type { ConnectionType } from "./model.ts";

/**
 * Every public URL, defined once. Routes, the command line, the guides and the submission package all use these, so none
 * of them drifts from the routes. No path contains an underscore (Okta refuses one in a SCIM base URL), and none
 * redirects to another spelling.
 */
export const paths = {
  home: "/",
  account: "/account",
  authenticator: "/account/authenticator",
  passkeys: "/account/passkeys",
  newPasskey: "/account/passkeys/new",
  recoveryCodes: "/account/recovery-codes",
  changePassword: "/account/password",
  me: "/me",
  login: "/login",
  /** Where an administrator whose sign-in is too old signs in again. */
  signInAgain: "/login/again",
  /** The second step of a sign-in with a local password, and its set-up where the tenant wants one. */
  secondStep: "/login/second-step",
  secondStepSetUp: "/login/second-step/set-up",
  passkeyLogin: "/login/passkey",
  passwordLogin: "/login/password",
  passwordLoginOf: (slug: string) => `/login/password/${encodeURIComponent(slug)}`,
  forgottenPassword: (slug: string) => `/login/password/${encodeURIComponent(slug)}/forgotten`,
  setup: (token: string) => `/setup/${token}`,
  logout: "/logout",
  signedOut: "/signed-out",
  switchOrganisation: "/organisations/switch",
  healthz: "/healthz",
  readyz: "/readyz",
  metrics: "/metrics",
  oidc: (key: string) => ({
    login: `/oidc/${key}/login`,
    initiate: `/oidc/${key}/initiate`,
    callback: `/oidc/${key}/callback`,
  }),
  // SAML {
  saml: (key: string) => ({
    login: `/saml/${key}/login`,
    acs: `/saml/${key}/acs`,
    finish: `/saml/${key}/finish`,
    metadata: `/saml/${key}/metadata`,
  }),
  // SAML }
  scim: "/scim/v2",
  admin: {
    home: "/admin",
    connections: "/admin/connections",
    newConnection: "/admin/connections/new",
    connection: (id: string) => `/admin/connections/${id}`,
    connectionGuide: (id: string) => `/admin/connections/${id}/guide`,
    connectionSignals: (id: string) => `/admin/connections/${id}/signals`,
    agentsGuide: (id: string) => `/admin/connections/${id}/guide/xaa`,
    domains: "/admin/domains",
    domain: (domain: string) => `/admin/domains/${domain}`,
    provisioning: "/admin/provisioning",
    provisioningGrant: (id: string) => `/admin/provisioning/grants/${id}`,
    provisioningToken: (id: string) => `/admin/provisioning/tokens/${id}`,
    people: "/admin/people",
    person: (id: string) => `/admin/people/${id}`,
    invitations: "/admin/people/invitations",
    invitation: (id: string) => `/admin/people/invitations/${id}`,
    deletedPeople: "/admin/people/deleted",
    selectedPeople: "/admin/people/selected",
    deletedPerson: (id: string) => `/admin/people/deleted/${id}`,
    groups: "/admin/groups",
    group: (id: string) => `/admin/groups/${id}`,
    sessions: "/admin/sessions",
    activity: "/admin/activity",
    activityExport: (format: string) => `/admin/activity/export.${format}`,
    webhooks: "/admin/activity/webhooks",
    webhook: (id: string) => `/admin/activity/webhooks/${id}`,
    inspector: "/admin/inspector",
    inspectorEvents: "/admin/inspector/events",
    inspectorRecording: "/admin/inspector/recording",
    inspectorClear: "/admin/inspector/clear",
    inspectorSource: "/admin/inspector/source",
    inspectorFlow: (id: number | string) => `/admin/inspector/flows/${id}`,
    inspectorMessage: (seq: number | string) => `/admin/inspector/${seq}`,
    agents: "/admin/agents",
    newAgent: "/admin/agents/new",
    agentPreview: "/admin/agents/preview",
    agent: (clientId: string) => `/admin/agents/${encodeURIComponent(clientId)}`,
    apiKeys: "/admin/api-keys",
    apiKey: (id: string) => `/admin/api-keys/${id}`,
    guides: "/admin/guides",
    provisioningGuide: "/admin/guides/provisioning",
  },
  globalTokenRevocation: "/global-token-revocation",
  /** Where a connection's identity provider pushes its events (RFC 8935). */
  sharedSignals: (key: string) => `/shared-signals/${key}`,
  /** Where the org leads an administrator back who lets us manage its stream. */
  sharedSignalsCallback: (key: string) => `/shared-signals/${key}/callback`,
  authorizationServer: "/.well-known/oauth-authorization-server",
  /** Followed by a resource's path: /.well-known/oauth-protected-resource/mcp (RFC 9728 §3.1). */
  protectedResource: "/.well-known/oauth-protected-resource",
  /** Our issuer of signals at a connection's org is the path `issuer`; its metadata is where SSF 1.0 §7.2 puts it. */
  signalTransmitter: (key: string) => ({
    issuer: `/shared-signals/${key}`,
    wellKnown: `/.well-known/ssf-configuration/shared-signals/${key}`,
    keys: `/shared-signals/${key}/jwks.json`,
  }),
  /** Where a proxy asks who sends a request to the product of this audience. */
  forwardAuth: (audience: string) => `/forward-auth/${audience}`,
  /** Our keys for the identity tokens. The dot keeps it apart from an audience. */
  forwardAuthKeys: "/forward-auth/jwks.json",
  token: "/oauth2/token",
  authorize: "/oauth2/authorize",
  revoke: "/oauth2/revoke",
  api: "/api/v1",
  apiDescription: "/api/v1/openapi.json",
  mcp: "/mcp",
  /** The public configuration guides; `.md` and `.pdf` are the same guide in other forms. */
  guides: "/guides/okta",
  guide: (capability: ConnectionType | "scim" | "xaa") => `/guides/okta/${capability}`,
} as const;

/**
 * The first parts of all paths of the application, which no other program behind the same origin may have. Those of webhooks
 * are in config/webhooks.ts.
 */
export const ownFolders: ReadonlySet<string> = new Set(["assets", "webhooks", ...foldersIn(paths)]);

function foldersIn(value: unknown): string[] {
  if (typeof value === "string") return value === "/" ? [] : [value.split("/")[1] ?? ""];
  if (typeof value === "function") return foldersIn(value("x"));
  return Object.values(value as object).flatMap(foldersIn);
}

/** Whether a path belongs to a program's interface, which never answers with a page. */
export function isApiPath(path: string): boolean {
  return programPaths.some((pattern) => pattern.test(path));
}

/** The API, the MCP server, webhooks, and the endpoints of the protocols that no browser opens. */
const programPaths = [
  /^\/(api|mcp|webhooks|global-token-revocation|\.well-known)(\/|$)/i,
  /^\/oauth2\/(token|revoke)(\/|$)/i,
  /^\/shared-signals\/[^/]+(\/jwks\.json)?$/i,
];

/** Forms for pasted documents. Each parses its own body after the permission check (web/request.ts). */
const documentPaths = /^\/(admin\/connections|setup)\/[^/]+\/(settings|check)$/i;

export function carriesDocument(path: string): boolean {
  return documentPaths.test(path);
}

/**
 * The only paths of the protocols that accept a POST from another site, and what proves the caller. None reads the session.
 * Those of the product are in config/webhooks.ts.
 */
export const crossSiteEndpoints: readonly { path: RegExp; caller: string; proof: string }[] = [
  { path: /^\/scim\/v2(\/|$)/, caller: "A provisioning client", proof: "a token" },
  {
    path: /^\/oidc\/[^/]+\/initiate$/,
    caller: "An identity provider",
    proof: "nothing: a sign-in only begins",
  },
  { path: /^\/saml\/[^/]+\/acs$/, caller: "An identity provider", proof: "the signature of its response" }, // SAML
  { path: /^\/global-token-revocation$/, caller: "An Okta org", proof: "a signed token" },
  { path: /^\/shared-signals\/[^/]+$/, caller: "An Okta org", proof: "a token, and the event's signature" },
  {
    path: /^\/oauth2\/(token|revoke)$/,
    caller: "An agent or an Okta org",
    proof: "its client's secret or key",
  },
  { path: /^\/mcp$/, caller: "An agent", proof: "an access token" },
];

/** Whether a path of the protocols accepts a POST from another site. */
export function acceptsCrossSite(path: string): boolean {
  return crossSiteEndpoints.some((endpoint) => endpoint.path.test(path));
}

/** The URLs that a customer enters in Okta for an OIDC connection. */
export function oidcUrls(baseUrl: string, key: string) {
  const { login, initiate, callback } = paths.oidc(key);
  return {
    signInUrl: baseUrl + login,
    redirectUri: baseUrl + callback,
    initiateLoginUri: baseUrl + initiate,
    postLogoutRedirectUri: baseUrl + paths.signedOut,
  };
}

// SAML {
/** The URLs that a customer enters in Okta for a SAML connection. The metadata URL is the entity ID (SAML Metadata §2.2.1). */
export function samlUrls(baseUrl: string, key: string) {
  const { login, acs, metadata } = paths.saml(key);
  return {
    signInUrl: baseUrl + login,
    acsUrl: baseUrl + acs,
    entityId: baseUrl + metadata,
    metadataUrl: baseUrl + metadata,
  };
}
// SAML }

/** The URLs by which a connection's org knows us as the sender of signals. */
export function signalTransmitterUrls(baseUrl: string, key: string) {
  const { issuer, wellKnown, keys } = paths.signalTransmitter(key);
  return { issuer: baseUrl + issuer, wellKnownUrl: baseUrl + wellKnown, jwksUri: baseUrl + keys };
}

/**
 * The URLs of Cross App Access. Our authorization server's issuer is the origin, and a resource's URL is its identifier
 * (RFC 8707), to the letter.
 */
export function crossAppAccessUrls(baseUrl: string) {
  return {
    issuer: baseUrl,
    tokenEndpoint: baseUrl + paths.token,
    authorizationServer: baseUrl + paths.authorizationServer,
    apiResource: baseUrl + paths.api,
    mcpResource: baseUrl + paths.mcp,
    protectedResource: (path: string) => baseUrl + paths.protectedResource + path,
  };
}

/** The endpoints by which Okta authenticates for provisioning (OAuth 2.0 for SCIM). */
export function provisioningEndpoints(baseUrl: string) {
  return { authorizeEndpoint: baseUrl + paths.authorize, tokenEndpoint: baseUrl + paths.token };
}
