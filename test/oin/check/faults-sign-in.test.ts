import {
  eachFault,
  inAnswers,
  inRequests,
  leading,
  type PlantedFault,
  page,
} from "../../helpers/check-faults.ts";
import { createTestDatabase, type TestDatabase } from "../../helpers/databases.ts";
import type { Exchange } from "../../helpers/front.ts";
import { useReadyDeployment } from "../../helpers/readiness.ts";

const callback = /\/oidc\/[^/]+\/callback/;
const initiate = /\/oidc\/[^/]+\/initiate/;
const oidcSignIn = /\/oidc\/[^/]+\/(login|initiate)/;
const parameterOf = ({ path }: Exchange, name: string) => new URL(path, "http://x").searchParams.get(name);

const oidc: PlantedFault[] = [
  {
    name: "a custom authorization server in initiate",
    fails: ["oidc-authorization-server"],
    seen: /\/oauth2\/default\/v1\/authorize/,
    fault: () =>
      inAnswers(
        "GET",
        initiate,
        leading(
          (url) =>
            void Object.assign(url, { pathname: url.pathname.replace("/oauth2/", "/oauth2/default/") }),
        ),
      ),
  },
  {
    name: "a redirect URI that redirects",
    fails: ["oidc-callback-redirect"],
    seen: /308/,
    fault: () =>
      inRequests("GET", callback, ({ path }) => ({
        status: 308,
        headers: { location: path.replace("/callback", "/callback/") },
      })),
  },
  {
    name: "a redirect URI that redirects to an error page, which may be intended",
    warns: ["oidc-callback-redirect"],
    fault: () =>
      inRequests("GET", callback, () => ({ status: 302, headers: { location: "/login?error=1" } })),
  },
  {
    name: "a redirect URI that accepts any code",
    fails: ["oidc-callback-refuses"],
    fault: () =>
      inRequests("GET", callback, (exchange) => (parameterOf(exchange, "code") ? page(200) : undefined)),
  },
  {
    name: "a redirect URI that prints its parameters unescaped",
    fails: ["oidc-callback-error"],
    seen: /with the script in it/,
    fault: () =>
      inRequests("GET", callback, (exchange) => {
        const text = parameterOf(exchange, "error_description");
        return text === null ? undefined : page(400, text);
      }),
  },
  {
    name: "a redirect URI that fails on an error from Okta",
    fails: ["oidc-callback-error"],
    fault: () =>
      inRequests("GET", callback, (exchange) => (parameterOf(exchange, "error") ? page(500) : undefined)),
  },
  {
    name: "a post-logout URI that is not served",
    warns: ["oidc-post-logout"],
    fault: () => inRequests("GET", /^\/signed-out$/, () => page(404)),
  },
  {
    name: "a redirect URI that is not served",
    fails: ["oidc-served"],
    fault: () => {
      // The check first asks the redirect URI whether the connection exists; that request is answered.
      let asked = false;
      return inRequests("GET", /\/callback$/, () => {
        if (asked) return page(404);
        asked = true;
        return undefined;
      });
    },
  },
  {
    name: "an initiate login URI that follows any issuer",
    fails: ["oidc-initiate-open-redirect"],
    seen: /oincheck-stranger\.example/,
    fault: () =>
      inAnswers("GET", initiate, (exchange) => {
        const iss = parameterOf(exchange, "iss") ?? "";
        if (exchange.status >= 400 && iss.startsWith("https:"))
          Object.assign(exchange, { status: 302, headers: { location: `${iss}/oauth2/v1/authorize` } });
      }),
  },
  {
    name: "an initiate login URI that sends any issuer's people to the connection's issuer",
    fails: ["oidc-initiate-unknown"],
    fault: () => {
      let good = "";
      return {
        request(exchange) {
          if (!initiate.test(exchange.path) || exchange.method !== "GET") return undefined;
          if (parameterOf(exchange, "login_hint")) good ||= exchange.path;
          if (parameterOf(exchange, "iss")) exchange.path = good;
          return undefined;
        },
      };
    },
  },
  {
    name: "a target_link_uri that is followed",
    fails: ["oidc-initiate-open-redirect", "oidc-initiate-target"],
    seen: /target_link_uri/,
    fault: () =>
      inRequests("GET", initiate, (exchange) => {
        const location = parameterOf(exchange, "target_link_uri");
        return location ? { status: 302, headers: { location } } : undefined;
      }),
  },
  {
    name: "a page that refreshes to any issuer",
    fails: ["oidc-initiate-open-redirect", "oidc-initiate-unknown"],
    fault: () =>
      inAnswers("GET", initiate, (exchange) => {
        if (exchange.status < 400) return;
        const url = parameterOf(exchange, "iss");
        Object.assign(exchange, page(200, `<meta http-equiv="refresh" content="0;url=${url}">`));
      }),
  },
  {
    name: "an initiate login URI that does not start a sign-in",
    fails: ["oidc-initiate"],
    warns: ["oidc-initiate-post"],
    fault: () => ({ request: ({ path }) => (initiate.test(path) ? page(403) : undefined) }),
  },
  {
    name: "the scope offline_access",
    fails: ["oidc-scopes"],
    fault: () =>
      inAnswers(
        "GET",
        oidcSignIn,
        leading((url) => url.searchParams.set("scope", "openid profile email offline_access")),
      ),
  },
  {
    name: "the implicit flow",
    fails: ["oidc-code-flow"],
    fault: () =>
      inAnswers(
        "GET",
        oidcSignIn,
        leading((url) => url.searchParams.set("response_type", "id_token")),
      ),
  },
  {
    name: "another redirect_uri than the Wizard's",
    fails: ["oidc-redirect-uri"],
    fault: () =>
      inAnswers(
        "GET",
        oidcSignIn,
        leading((url) => url.searchParams.set("redirect_uri", "http://10.0.0.7:3000/oidc/x/callback")),
      ),
  },
  {
    name: "a missing state",
    fails: ["oidc-state"],
    fault: () =>
      inAnswers(
        "GET",
        oidcSignIn,
        leading((url) => url.searchParams.delete("state")),
      ),
  },
  {
    name: "a missing nonce and PKCE",
    warns: ["oidc-nonce", "oidc-pkce"],
    fault: () =>
      inAnswers(
        "GET",
        oidcSignIn,
        leading((url) => {
          for (const name of ["nonce", "code_challenge"]) url.searchParams.delete(name);
        }),
      ),
  },
];

/** Changes the authorization requests that the sign-in URL and the tile lead to. */
const asking = (change: (parameters: URLSearchParams) => void) => () =>
  inAnswers(
    "GET",
    oidcSignIn,
    leading(({ searchParams }) => change(searchParams)),
  );
/** Changes a response of the sign-in URL. */
const answering = (change: (exchange: Exchange) => void) => () =>
  inAnswers("GET", /\/oidc\/ready-[^/]+\/login/, change);

let counter = 0;
/** An authorization request that a browser, Okta or an attacker could not live with. */
const requests: PlantedFault[] = [
  {
    name: "a code in the fragment, which never reaches the server",
    fails: ["oidc-response-mode"],
    seen: /response_mode=fragment/,
    fault: asking((parameters) => parameters.set("response_mode", "fragment")),
  },
  {
    name: "a code by a form, which a redirect URI seldom accepts",
    warns: ["oidc-cookies", "oidc-response-mode"],
    seen: /no cookie is SameSite=None[\s\S]*response_mode=form_post; POST .*callback: 403/,
    fault: asking((parameters) => parameters.set("response_mode", "form_post")),
  },
  {
    name: "max_age=0",
    fails: ["oidc-prompt"],
    seen: /max_age=0/,
    fault: asking((parameters) => parameters.set("max_age", "0")),
  },
  {
    name: "prompt=login",
    fails: ["oidc-prompt"],
    seen: /prompt=login/,
    fault: asking((parameters) => parameters.set("prompt", "login")),
  },
  {
    name: "prompt=none, which refuses everyone who is not signed in",
    fails: ["oidc-prompt"],
    fault: asking((parameters) => parameters.set("prompt", "none")),
  },
  {
    name: "a constant state",
    fails: ["oidc-state-random"],
    seen: /a value repeats/,
    fault: asking((parameters) => parameters.set("state", "x".repeat(40))),
  },
  {
    name: "a constant nonce",
    fails: ["oidc-nonce-random"],
    seen: /nonce of \d requests: a value repeats/,
    fault: asking((parameters) => parameters.set("nonce", "x".repeat(40))),
  },
  {
    name: "a constant code verifier",
    fails: ["oidc-pkce-random"],
    fault: asking((parameters) => parameters.set("code_challenge", "x".repeat(43))),
  },
  {
    name: "a state of eight characters",
    fails: ["oidc-state-random"],
    seen: /only 8 characters/,
    fault: asking((parameters) => parameters.set("state", parameters.get("state")?.slice(0, 8) ?? "")),
  },
  {
    name: "a state that counts",
    fails: ["oidc-state-random"],
    seen: /differ in only 1 characters/,
    fault: asking((parameters) => parameters.set("state", `session-of-the-portal-${++counter % 10}`)),
  },
  {
    name: "plain PKCE",
    warns: ["oidc-pkce"],
    seen: /code_challenge_method=plain/,
    fault: asking((parameters) => parameters.set("code_challenge_method", "plain")),
  },
  {
    name: "a request without a client ID",
    fails: ["oidc-request"],
    seen: /client_id is absent/,
    fault: asking((parameters) => parameters.delete("client_id")),
  },
  {
    name: "a repeated parameter, which Okta refuses",
    fails: ["oidc-request"],
    seen: /scope is repeated/,
    fault: asking((parameters) => parameters.append("scope", "openid")),
  },
  {
    name: "the client secret in the browser's address",
    fails: ["oidc-request"],
    seen: /client_secret is in the address/,
    fault: asking((parameters) => parameters.set("client_secret", "s3cret")),
  },
  {
    name: "scopes without the profile that a new account needs",
    fails: ["oidc-scopes-profile"],
    seen: /lacks profile/,
    fault: asking((parameters) => parameters.set("scope", "openid email")),
  },
  {
    name: "a lost login_hint",
    warns: ["oidc-login-hint"],
    fault: asking((parameters) => parameters.delete("login_hint")),
  },
];

/** Faults of the sign-in URL and the redirect URI themselves. */
const around: PlantedFault[] = [
  {
    name: "a sign-in URL that ends at a page of the product",
    fails: ["oidc-sign-in"],
    seen: /login: 403/,
    fault: answering((exchange) => void Object.assign(exchange, page(403))),
  },
  {
    name: "a permanent redirect of the sign-in URL",
    fails: ["oidc-not-cached"],
    seen: /301 without Cache-Control/,
    fault: answering((exchange) => void Object.assign(exchange, { status: 301 })),
  },
  {
    name: "a sign-in URL that browsers may cache",
    fails: ["oidc-not-cached"],
    seen: /max-age=600/,
    fault: answering(
      ({ headers }) => void Object.assign(headers, { "cache-control": "private, max-age=600" }),
    ),
  },
  {
    name: "a Strict cookie, which the redirect from Okta does not bring",
    warns: ["oidc-cookies"],
    seen: /signing-in is SameSite=Strict/,
    fault: answering((exchange) => {
      exchange.setCookies = exchange.setCookies.map((one) => one.replace(/SameSite=Lax/i, "SameSite=Strict"));
    }),
  },
  {
    name: "a cookie that scripts can read",
    warns: ["oidc-cookies"],
    seen: /lacks HttpOnly/,
    fault: answering((exchange) => {
      exchange.setCookies = exchange.setCookies.map((one) => one.replace(/; HttpOnly/i, ""));
    }),
  },
  {
    name: "a tile with a target_link_uri that ends at the product's page",
    fails: ["oidc-initiate-target"],
    fault: () =>
      inRequests("GET", initiate, (exchange) => {
        const isOwn = parameterOf(exchange, "target_link_uri")?.startsWith("http://localhost");
        return isOwn ? { status: 302, headers: { location: "/" } } : undefined;
      }),
  },
  {
    name: "an initiate login URI that believes the second of two issuers",
    fails: ["oidc-initiate-open-redirect"],
    seen: /two values of iss/,
    fault: () =>
      inRequests("GET", initiate, ({ path }) => {
        const issuers = new URL(path, "http://x").searchParams.getAll("iss");
        return issuers.length > 1 ? { status: 302, headers: { location: issuers[1] ?? "" } } : undefined;
      }),
  },
  {
    name: "a redirect URI that fails without a state",
    fails: ["oidc-callback-refuses"],
    seen: /500 text\/html for a code without state/,
    fault: () =>
      inRequests("GET", callback, (exchange) =>
        parameterOf(exchange, "code") && !parameterOf(exchange, "state") ? page(500) : undefined,
      ),
  },
];

describe("oin:check of sign-in by OpenID Connect", () => {
  let use: TestDatabase;
  before(async () => {
    use = await createTestDatabase("SQLite");
  });
  after(() => use.dispose());
  const ready = useReadyDeployment(() => use);

  eachFault(["oidc"], ready, [...oidc, ...requests, ...around]);
});
