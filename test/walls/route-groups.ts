import { incomingWebhooks } from "../../config/webhooks.ts";
import { productRouteGroups } from "../product.ts";
import { byRole, callers, console_, people, type RouteGroup } from "./callers.ts";

/** The first group that names a route counts. */
const routeGroups: readonly RouteGroup[] = [
  ...productRouteGroups,
  {
    what: "pages for everyone",
    routes: [
      "GET /",
      "GET /login",
      "GET /login/password",
      "GET /login/password/:tenant",
      "GET /login/password/:tenant/forgotten",
      "GET /login/second-step*",
      "GET /login/passkey",
      "GET /signed-out",
      "GET /guides/okta/*",
    ],
    lets: callers,
    others: "refused",
    isPublic: true,
  },
  {
    what: "forms before a sign-in, sign-out, and the switch to another organisation of the browser",
    routes: [
      "POST /login",
      "POST /login/forget",
      "POST /login/passkey",
      "POST /login/password*",
      "POST /login/second-step*",
      "POST /logout",
      "POST /organisations/switch",
    ],
    lets: callers,
    others: "refused",
    isPublic: true,
  },
  {
    what: "metadata and checks for machines",
    routes: [
      "GET /healthz",
      "GET /readyz",
      "GET /metrics",
      "GET /.well-known/oauth-*",
      "GET /api/v1/openapi.json",
      "GET /forward-auth/jwks.json",
    ],
    lets: callers,
    others: "refused",
    isPublic: true,
  },
  {
    what: "addresses of a connection, which is unknown here",
    routes: [
      "GET /oidc/:connection/*",
      "POST /oidc/:connection/initiate",
      "GET /saml/:connection/*", // SAML
      "POST /saml/:connection/*", // SAML
      "GET /shared-signals/:connection/jwks.json",
      "POST /shared-signals/:connection",
      "GET /.well-known/ssf-configuration/*",
    ],
    lets: [],
    others: "refused",
    isPublic: true,
  },
  {
    what: "endpoints whose message proves the caller",
    routes: [
      "POST /global-token-revocation",
      "POST /oauth2/token",
      "POST /oauth2/revoke",
      "* /oauth2/authorize",
    ],
    lets: [],
    others: "refused",
    isPublic: true,
  },
  {
    what: "webhooks of other programs, which are signed",
    routes: incomingWebhooks.map(({ path }) => `POST ${path}`),
    lets: callers,
    others: "refused",
    isPublic: true,
  },
  {
    what: "one-time links, which are unknown here",
    routes: ["GET /setup/:token*", "POST /setup/:token*"],
    lets: [],
    others: "refused",
    isPublic: true,
  },
  {
    what: "where an org leads an owner back, of a connection that is unknown here",
    routes: ["GET /shared-signals/:key/callback"],
    lets: [],
    others: (caller) => (people.includes(caller) ? "refused" : "sign-in"),
    isPublic: true,
  },
  {
    what: "a person's own pages",
    routes: [
      "GET /account",
      "GET /account/authenticator",
      "GET /account/passkeys/new",
      "POST /account/*",
      "GET /login/again",
    ],
    lets: people,
    others: "sign-in",
  },
  { what: "who is signed in", routes: ["GET /me"], lets: people, others: "challenge" },
  {
    what: "identity tokens for products behind the same proxy",
    routes: ["GET /forward-auth/:audience"],
    lets: people,
    others: "challenge",
    isPublic: true,
  },
  {
    what: "what only owners do in the console",
    routes: [
      "POST /admin/agents",
      "POST /admin/agents/:agent/secrets",
      "POST /admin/agents/:agent/unblock",
      "POST /admin/agents/:agent/secrets/remove",
      "POST /admin/agents/:agent/revoke",
      "POST /admin/activity/webhooks",
      "POST /admin/activity/webhooks/*",
      "* /admin/connections/:connection/review",
      "POST /admin/connections/:connection/activate",
      "POST /admin/connections/:connection/disable",
      "POST /admin/connections/:connection/guests/resume",
      "* /admin/connections/:connection/signals/*",
      "POST /admin/domains/:domain/enforce",
      "POST /admin/groups/:group/role",
      "POST /admin/people/:user/approve",
      "POST /admin/provisioning/grants/:grant/revoke",
      "POST /admin/provisioning/confirm",
      "POST /admin/provisioning/settings",
      "POST /admin/provisioning/tokens",
      "POST /admin/provisioning/tokens/:token/revoke",
      "POST /admin/sessions/second-step",
    ],
    lets: ["an owner"],
    others: byRole,
  },
  {
    what: "the pages of the console",
    routes: ["GET /admin", "GET /admin/*"],
    lets: console_,
    others: byRole,
  },
  {
    what: "what every administrator does in the console",
    routes: [
      "POST /admin/activity/retention",
      "POST /admin/agents/preview",
      "POST /admin/agents/:agent/block",
      "POST /admin/api-keys",
      "POST /admin/api-keys/:apiKey/revoke",
      "POST /admin/connections",
      "POST /admin/connections/:connection/accounts",
      "POST /admin/connections/:connection/agents",
      "POST /admin/connections/:connection/check",
      "POST /admin/connections/:connection/choices",
      "POST /admin/connections/:connection/delete",
      "POST /admin/connections/:connection/keys/*",
      "POST /admin/connections/:connection/links*",
      "POST /admin/connections/:connection/recording",
      "POST /admin/connections/:connection/refresh",
      "POST /admin/connections/:connection/settings",
      "POST /admin/connections/:connection/tests*",
      "POST /admin/domains",
      "POST /admin/domains/:domain/verify",
      "POST /admin/domains/:domain/remove",
      "POST /admin/inspector/clear",
      "POST /admin/inspector/recording",
      "POST /admin/people/deleted/:tombstone/lift",
      "POST /admin/people/invitations",
      "POST /admin/people/invitations/:user/*",
      "POST /admin/people/selected",
      "POST /admin/people/:user/block",
      "POST /admin/people/:user/delete",
      "POST /admin/people/:user/end-session",
      "POST /admin/people/:user/revoke-agent",
      "POST /admin/people/:user/role",
      "POST /admin/people/:user/sign-out",
      "POST /admin/people/:user/unblock",
      "POST /admin/people/:user/unlink",
      "POST /admin/provisioning/problems/clear",
      "POST /admin/sessions/end",
      "POST /admin/sessions/limits",
    ],
    lets: console_,
    others: byRole,
  },
  { what: "SCIM", routes: ["* /scim/v2/*"], lets: ["a SCIM token"], others: "challenge" },
  {
    what: "the product's API",
    routes: ["* /api/v1/*"],
    lets: [...people, "an API key", "an agent"],
    others: "challenge",
  },
  { what: "the MCP server", routes: ["* /mcp"], lets: ["an agent"], others: "challenge", isPublic: true },
];

/** The first group that names a route; undefined if none does. */
export function groupOf(method: string, path: string): RouteGroup | undefined {
  const name = `${method} ${path}`;
  return routeGroups.find(({ routes }) => routes.some((pattern) => toRegExp(pattern).test(name)));
}

/** The names in the table that match no route. */
export function unusedNames(routes: readonly { method: string; path: string }[]): string[] {
  const names = routes.map(({ method, path }) => `${method} ${path}`);
  return routeGroups
    .flatMap((group) => group.routes)
    .filter((pattern) => !names.some((name) => toRegExp(pattern).test(name)));
}

function toRegExp(pattern: string): RegExp {
  return new RegExp(`^${pattern.replace(/[.+?^${}()|[\]\\]/g, "\\$&").replaceAll("*", ".*")}$`);
}
