import { deflateRawSync, inflateRawSync } from "node:zlib";
import { eachFault, inAnswers, inRequests, type PlantedFault } from "../../helpers/check-faults.ts";
import { createTestDatabase, type TestDatabase } from "../../helpers/databases.ts";
import type { Exchange } from "../../helpers/front.ts";
import { useReadyDeployment } from "../../helpers/readiness.ts";

const callback = /\/oidc\/[^/]+\/callback/;
const initiate = /\/oidc\/[^/]+\/initiate/;
const oidcSignIn = /\/oidc\/[^/]+\/(login|initiate)/;
const acs = /\/saml\/[^/]+\/acs/;
const metadata = /\/saml\/[^/]+\/metadata/;
const samlSignIn = /\/saml\/[^/]+\/login/;

/** Changes where an answer sends the browser. */
const leading = (change: (location: URL) => void) => (exchange: Exchange) => {
  if (!exchange.headers.location) return;
  const location = new URL(exchange.headers.location);
  change(location);
  exchange.headers.location = location.href;
};
const page = (status: number, body = "<h1>Planted</h1>") => ({
  status,
  headers: { "content-type": "text/html" },
  body,
});
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
    fails: ["oidc-initiate-open-redirect"],
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
        leading((url) => url.searchParams.set("scope", "openid email offline_access")),
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

/** Changes the AuthnRequest in a response. */
const requesting = (change: (xml: string) => string) =>
  leading(({ searchParams }) => {
    const xml = inflateRawSync(Buffer.from(searchParams.get("SAMLRequest") ?? "", "base64")).toString();
    searchParams.set("SAMLRequest", deflateRawSync(change(xml)).toString("base64"));
  });
const metadataSays = (from: string | RegExp, to: string) =>
  inAnswers(
    "GET",
    metadata,
    (exchange) => void Object.assign(exchange, { body: exchange.body.replace(from, to) }),
  );

const signature = `<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:SignedInfo>
<ds:SignatureMethod Algorithm="http://www.w3.org/2000/09/xmldsig#rsa-sha1"/><ds:Reference URI="">
<ds:DigestMethod Algorithm="http://www.w3.org/2000/09/xmldsig#sha1"/></ds:Reference></ds:SignedInfo></ds:Signature>`;

const saml: PlantedFault[] = [
  {
    name: "metadata that is signed with SHA-1",
    fails: ["saml-algorithms"],
    seen: /rsa-sha1/,
    fault: () => metadataSays("<md:SPSSODescriptor", `${signature}<md:SPSSODescriptor`),
  },
  {
    name: "metadata that announces SHA-1",
    fails: ["saml-algorithms"],
    fault: () =>
      metadataSays(
        "<md:SPSSODescriptor",
        '<md:Extensions><alg:SigningMethod xmlns:alg="urn:oasis:names:tc:SAML:metadata:algsupport" ' +
          'Algorithm="http://www.w3.org/2000/09/xmldsig#rsa-sha1"/></md:Extensions><md:SPSSODescriptor',
      ),
  },
  {
    name: "another entity ID than the Wizard's",
    fails: ["saml-entity-id"],
    fault: () => metadataSays(/entityID="[^"]*"/, 'entityID="http://10.0.0.7:3000/saml/x/metadata"'),
  },
  {
    name: "another ACS than the Wizard's",
    fails: ["saml-acs"],
    fault: () => metadataSays(/Location="[^"]*"/, 'Location="http://10.0.0.7:3000/saml/x/acs"'),
  },
  {
    name: "an ACS for another binding",
    fails: ["saml-acs"],
    fault: () => metadataSays("bindings:HTTP-POST", "bindings:HTTP-Redirect"),
  },
  {
    name: "assertions that need not be signed",
    warns: ["saml-want-signed"],
    fault: () => metadataSays('WantAssertionsSigned="true"', 'WantAssertionsSigned="false"'),
  },
  {
    name: "a single logout service",
    warns: ["saml-no-logout"],
    fault: () =>
      metadataSays(
        "<md:NameIDFormat>",
        '<md:SingleLogoutService Binding="b" Location="l"/><md:NameIDFormat>',
      ),
  },
  {
    name: "a certificate that cannot be read",
    warns: ["saml-certificate"],
    fault: () => metadataSays(/<ds:X509Certificate>..../, "<ds:X509Certificate>AAAA"),
  },
  {
    name: "metadata as text/html",
    fails: ["saml-served"],
    fault: () =>
      inAnswers(
        "GET",
        metadata,
        ({ headers }) => void Object.assign(headers, { "content-type": "text/html" }),
      ),
  },
  {
    name: "metadata with a document type",
    fails: ["saml-served"],
    fault: () => metadataSays("<md:EntityDescriptor", '<!DOCTYPE x [<!ENTITY a "a">]><md:EntityDescriptor'),
  },
  {
    name: "an AuthnRequest that is signed with SHA-1",
    fails: ["saml-request-signature"],
    fault: () =>
      inAnswers(
        "GET",
        samlSignIn,
        leading((url) => url.searchParams.set("SigAlg", "http://www.w3.org/2000/09/xmldsig#rsa-sha1")),
      ),
  },
  {
    name: "an AuthnRequest of another issuer",
    fails: ["saml-request"],
    seen: /Issuer is urn:else/,
    fault: () =>
      inAnswers(
        "GET",
        samlSignIn,
        requesting((xml) => xml.replace(/(<saml:Issuer[^>]*>)[^<]*/, "$1urn:else")),
      ),
  },
  {
    name: "an AuthnRequest that forces a sign-in",
    warns: ["saml-force-authn"],
    fault: () =>
      inAnswers(
        "GET",
        samlSignIn,
        requesting((xml) => xml.replace("<samlp:AuthnRequest", '<samlp:AuthnRequest ForceAuthn="true"')),
      ),
  },
  {
    name: "an address as RelayState",
    warns: ["saml-relay-state"],
    fault: () =>
      inAnswers(
        "GET",
        samlSignIn,
        leading((url) => url.searchParams.set("RelayState", "https://evil.example/")),
      ),
  },
  {
    name: "a sign-in URL without an AuthnRequest",
    fails: ["saml-sign-in"],
    fault: () => inRequests("GET", samlSignIn, () => page(200)),
  },
  {
    name: "an ACS that redirects",
    fails: ["saml-acs-redirect"],
    fault: () => inRequests("POST", acs, ({ path }) => ({ status: 307, headers: { location: `${path}/` } })),
  },
  {
    name: "an ACS that accepts unsigned responses",
    fails: ["saml-acs-refuses"],
    seen: /an unsigned response/,
    fault: () =>
      inRequests("POST", acs, ({ requestBody }) => (requestBody.length > 500 ? page(200) : undefined)),
  },
  {
    name: "an ACS that fails on malformed input",
    fails: ["saml-acs-refuses"],
    fault: () =>
      inRequests("POST", acs, ({ requestBody }) => (requestBody.length < 100 ? page(500) : undefined)),
  },
  {
    name: "an ACS that answers GET",
    warns: ["saml-acs-get"],
    fault: () => inRequests("GET", acs, () => page(200)),
  },
];

const logout = /\/global-token-revocation/;
const universalLogout: PlantedFault[] = [
  {
    name: "200 for any call",
    fails: ["ul-no-token", "ul-forged-token", "ul-malformed", "ul-media-type"],
    fault: () => inRequests("POST", logout, () => page(200)),
  },
  {
    name: "a token that is not verified",
    fails: ["ul-forged-token"],
    seen: /a stranger's key/,
    fault: () =>
      inRequests("POST", logout, ({ requestHeaders }) =>
        (requestHeaders.authorization ?? "").split(".").length === 3 ? page(204, "") : undefined,
      ),
  },
  {
    name: "a token with alg none that is accepted",
    fails: ["ul-forged-token"],
    seen: /without a signature/,
    fault: () =>
      inRequests("POST", logout, ({ requestHeaders }) =>
        requestHeaders.authorization?.endsWith(".") ? page(204, "") : undefined,
      ),
  },
  {
    name: "a broken body that is a server error",
    fails: ["ul-malformed"],
    fault: () =>
      inRequests("POST", logout, ({ requestBody }) => (requestBody.endsWith(":") ? page(500) : undefined)),
  },
  {
    name: "any type of body",
    fails: ["ul-media-type"],
    fault: () =>
      inRequests("POST", logout, ({ requestHeaders }) =>
        requestHeaders["content-type"] === "text/plain" ? page(204, "") : undefined,
      ),
  },
  {
    name: "404 for another method",
    warns: ["ul-method"],
    fault: () => inRequests("GET", logout, () => page(404)),
  },
  {
    name: "an endpoint that is not served",
    fails: ["ul-served"],
    fault: () => inRequests("POST", logout, () => page(404)),
  },
];

describe("oin:check of sign-in", () => {
  let use: TestDatabase;
  before(async () => {
    use = await createTestDatabase("SQLite");
  });
  after(() => use.dispose());
  const ready = useReadyDeployment(() => use);

  describe("by OpenID Connect", () => eachFault(["oidc"], ready, oidc));
  describe("by SAML", () => eachFault(["saml"], ready, saml));
  describe("and with Universal Logout", () => eachFault(["universal-logout"], ready, universalLogout));
});
