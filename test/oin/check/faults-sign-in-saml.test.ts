import { createPublicKey } from "node:crypto";
import { deflateRawSync, inflateRawSync } from "node:zlib";
import { SignedXml } from "xml-crypto";
import { createSigningKey } from "../../helpers/certificates.ts";
import {
  eachFault,
  inAnswers,
  inRequests,
  leading,
  type PlantedFault,
  page,
} from "../../helpers/check-faults.ts";
import { createTestDatabase, type TestDatabase } from "../../helpers/databases.ts";
import { useReadyDeployment } from "../../helpers/readiness.ts";

const acs = /\/saml\/[^/]+\/acs/;
const metadata = /\/saml\/[^/]+\/metadata/;
/** The check's connection; the reviewers' own one does not exist here. */
const samlSignIn = /\/saml\/ready-[^/]+\/login/;

/** A request that is changed on its way no longer fits its signature. */
const changedAfter = "saml-request-signature";
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
    fails: [changedAfter, "saml-request"],
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
    fails: [changedAfter],
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
    fails: [changedAfter],
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

/** Faults of metadata, requests and cookies, beyond the values of the Wizard. */
const more: PlantedFault[] = [
  {
    name: "metadata that has expired",
    fails: ["saml-metadata-valid"],
    seen: /validUntil is 2020/,
    fault: () =>
      metadataSays("<md:EntityDescriptor", '<md:EntityDescriptor validUntil="2020-01-01T00:00:00Z"'),
  },
  {
    name: "metadata for SAML 1.1",
    fails: ["saml-metadata-valid"],
    seen: /SAML:1\.1:protocol/,
    fault: () => metadataSays("urn:oasis:names:tc:SAML:2.0:protocol", "urn:oasis:names:tc:SAML:1.1:protocol"),
  },
  {
    name: "an ACS index above 65535",
    fails: ["saml-acs-index"],
    seen: /index: 70000/,
    fault: () => metadataSays('index="0"', 'index="70000"'),
  },
  {
    name: "a request that names an unknown ACS index",
    fails: [changedAfter, "saml-acs-index"],
    seen: /the request names 7/,
    fault: () =>
      inAnswers(
        "GET",
        samlSignIn,
        requesting((xml) =>
          xml.replace(/AssertionConsumerServiceURL="[^"]*"/, 'AssertionConsumerServiceIndex="7"'),
        ),
      ),
  },
  {
    name: "no certificate for requests that are signed",
    warns: ["saml-certificate"],
    seen: /no certificate is published/,
    fault: () => metadataSays(/<md:KeyDescriptor use="signing">[\s\S]*?<\/md:KeyDescriptor>/g, ""),
  },
  ...(["an expired certificate", "a certificate that is signed with SHA-1"] as const).map(
    (name, index): PlantedFault => ({
      name,
      fails: [changedAfter],
      warns: ["saml-certificate"],
      seen: index === 0 ? /valid until 20\d\d-/ : /signed with SHA-1/,
      fault: () => {
        const until = new Date(Date.now() + (index === 0 ? -1 : 365) * 86_400_000);
        const key = createSigningKey("sp", until, index === 0 ? "SHA-256" : "SHA-1");
        return inAnswers("GET", metadata, async (exchange) => {
          const { certificate } = await key;
          exchange.body = exchange.body.replace(/(<ds:X509Certificate>)[^<]*/, `$1${certificate}`);
        });
      },
    }),
  ),
  {
    name: "only transient NameIDs",
    warns: ["saml-name-id"],
    seen: /transient/,
    fault: () => metadataSays(/nameid-format:(unspecified|emailAddress)/g, "nameid-format:transient"),
  },
  {
    name: "a request for a transient NameID",
    fails: [changedAfter],
    warns: ["saml-name-id"],
    fault: () =>
      changed('<samlp:NameIDPolicy Format="urn:oasis:names:tc:SAML:2.0:nameid-format:transient"/>'),
  },
  {
    name: "a passive request, which refuses everyone who is not signed in",
    fails: [changedAfter, "saml-is-passive"],
    fault: () =>
      inAnswers(
        "GET",
        samlSignIn,
        requesting((xml) => xml.replace("<samlp:AuthnRequest", '<samlp:AuthnRequest IsPassive="true"')),
      ),
  },
  {
    name: "a constant request ID",
    fails: [changedAfter, "saml-request-id"],
    seen: /two requests: the same/,
    fault: () =>
      inAnswers(
        "GET",
        samlSignIn,
        requesting((xml) => xml.replace(/ ID="[^"]*"/, ' ID="_constant"')),
      ),
  },
  {
    name: "a request from a clock that is an hour ahead",
    fails: [changedAfter, "saml-request"],
    seen: /IssueInstant is/,
    fault: () => {
      const ahead = new Date(Date.now() + 3_600_000).toISOString();
      return inAnswers(
        "GET",
        samlSignIn,
        requesting((xml) => xml.replace(/IssueInstant="[^"]*"/, `IssueInstant="${ahead}"`)),
      );
    },
  },
  {
    name: "a request for a response by another binding",
    fails: [changedAfter, "saml-request"],
    seen: /ProtocolBinding/,
    fault: () =>
      inAnswers(
        "GET",
        samlSignIn,
        requesting((xml) => xml.replace("bindings:HTTP-POST", "bindings:HTTP-Artifact")),
      ),
  },
  {
    name: "a request that is not signed, although the metadata promises it",
    fails: ["saml-request-signature"],
    seen: /the metadata promises it/,
    fault: () =>
      inAnswers(
        "GET",
        samlSignIn,
        leading(({ searchParams }) => {
          for (const name of ["SigAlg", "Signature"]) searchParams.delete(name);
        }),
      ),
  },
  {
    name: "a sign-in URL that browsers may cache",
    fails: ["saml-not-cached"],
    fault: () =>
      inAnswers("GET", samlSignIn, ({ headers }) => {
        headers.expires = new Date(Date.now() + 600_000).toUTCString();
      }),
  },
  {
    name: "a Lax cookie, which the POST from Okta does not bring",
    warns: ["saml-cookies"],
    seen: /no cookie is SameSite=None/,
    fault: () =>
      inAnswers("GET", samlSignIn, (exchange) => {
        exchange.setCookies = exchange.setCookies.filter((one) => !/SameSite=None/i.test(one));
      }),
  },
  {
    name: "a sign-in URL that refuses everyone",
    fails: ["saml-sign-in"],
    seen: /login: 403/,
    fault: () => inRequests("GET", samlSignIn, () => page(403)),
  },
  {
    name: "an ACS that believes the key in the response",
    fails: ["saml-acs-refuses"],
    seen: /a response that a stranger signed/,
    fault: () =>
      inRequests("POST", acs, ({ requestBody }) =>
        verifiesItself(new URLSearchParams(requestBody).get("SAMLResponse") ?? "") ? page(200) : undefined,
      ),
  },
  {
    name: "an ACS that fails on a document type",
    fails: ["saml-acs-refuses"],
    seen: /500 text\/html for a response with a document type/,
    fault: () =>
      inRequests("POST", acs, ({ requestBody }) => {
        const xml = Buffer.from(new URLSearchParams(requestBody).get("SAMLResponse") ?? "", "base64");
        return xml.includes("<!DOCTYPE") ? page(500) : undefined;
      }),
  },
];

/** Adds an element to the AuthnRequest. */
const changed = (element: string) =>
  inAnswers(
    "GET",
    samlSignIn,
    requesting((xml) => xml.replace("</samlp:AuthnRequest>", `${element}</samlp:AuthnRequest>`)),
  );

/** Verifies a response with the key that it brings along, as a careless library does. */
function verifiesItself(message: string): boolean {
  const xml = Buffer.from(message, "base64").toString();
  const signature = /<ds:Signature [\s\S]*<\/ds:Signature>/.exec(xml)?.[0];
  if (!signature) return false;
  const [, n = ""] = /<ds:Modulus>([^<]*)/.exec(signature) ?? [];
  const [, e = ""] = /<ds:Exponent>([^<]*)/.exec(signature) ?? [];
  const url = (text: string) => Buffer.from(text, "base64").toString("base64url");
  const key = createPublicKey({ key: { kty: "RSA", n: url(n), e: url(e) }, format: "jwk" });
  const verifier = new SignedXml({ publicCert: key.export({ format: "pem", type: "spki" }) });
  verifier.loadSignature(signature);
  return verifier.checkSignature(xml);
}

describe("oin:check of sign-in by SAML", () => {
  let use: TestDatabase;
  before(async () => {
    use = await createTestDatabase("SQLite");
  });
  after(() => use.dispose());
  const ready = useReadyDeployment(() => use);

  eachFault(["saml"], ready, [...saml, ...more]);
});
