import { clickPath, okta, signOnTab } from "okta-labels/labels";
import { rulesOf } from "./rule.ts";

const { must, should } = rulesOf("saml");
const provider = rulesOf("idp-metadata");

/** Sign-in by SAML, where this deployment is the service provider. */
export const samlRules = {
  "saml-connection": must(
    "A connection by SAML was checked, as the manifest declares it",
    ["requirements", "OIN multi-tenancy"],
    "Create a connection, and name it with --connection KEY. If the product has no SAML, set saml to null in config/integration.ts.",
  ),
  "saml-served": must(
    "The metadata is served as XML",
    ["samlMetadata", "§4.1.1"],
    "Serve one EntityDescriptor at the entity ID, as application/samlmetadata+xml.",
  ),
  "saml-metadata-valid": must(
    "The metadata is for SAML 2.0, and has not expired",
    ["samlMetadata", "§2.3.2 and §2.4.1"],
    "Set protocolSupportEnumeration to SAML 2.0, and write validUntil anew at each request, or leave it out.",
  ),
  "saml-entity-id": must(
    "The entity ID is the Wizard's",
    ["wizardSaml", "Entity ID"],
    "Set BASE_URL to the public origin: Okta sends the Wizard's value as the Audience.",
  ),
  "saml-acs": must(
    "The assertion consumer service is the Wizard's, for HTTP-POST",
    ["wizardSaml", "Default ACS URL"],
    "Publish the address of the submission package, with https, and the HTTP-POST binding.",
  ),
  "saml-acs-index": must(
    "Every ACS URL has its own index, and a request names one of them",
    ["wizardSaml", "ACS URLs"],
    "Number the assertion consumer services from 0 to 65535, each once, and use these numbers in AuthnRequests.",
  ),
  "saml-want-signed": should(
    "WantAssertionsSigned is true",
    ["samlMetadata", "§2.4.4"],
    "Ask for signed assertions: Okta signs them by default.",
  ),
  "saml-algorithms": must(
    "The metadata uses and announces only SHA-256 or better",
    ["requirements", "SAML limitations"],
    "Sign with rsa-sha256 and SHA-256 digests, and announce no SHA-1.",
  ),
  "saml-certificate": should(
    "The certificates are signed with SHA-256, and do not expire soon",
    ["samlCertificates", "Overview"],
    "Rotate the key of the connection; both certificates are published for a while.",
  ),
  "saml-no-logout": should(
    "No single logout service is announced",
    ["requirements", "SAML limitations"],
    "Leave it out: new integrations cannot use it. Universal Logout ends sessions.",
  ),
  "saml-sign-in": must(
    "The sign-in URL leads to the provider with an AuthnRequest",
    ["wizardSaml", "SP Initiate URL"],
    "Redirect to the provider's single sign-on address with SAMLRequest.",
  ),
  "saml-sp-initiate-url": must(
    "The Wizard's SP Initiate URL leads to the provider",
    ["wizardSaml", "SP Initiate URL"],
    "Create the reviewers' tenant and its connection on this deployment before you submit: Okta's tester begins there.",
  ),
  "saml-not-cached": must(
    "Browsers do not keep the answer of the sign-in URL",
    ["rfc9111", "§4.2"],
    "Redirect with 302 or 303 and Cache-Control: no-store. A kept answer sends the same AuthnRequest again, which works once.",
  ),
  "saml-cookies": should(
    "Cookies of a sign-in are Secure, HttpOnly, and come back with the POST from Okta",
    ["rfc6265", "§4.1.2.7"],
    "Give the cookie that ties the browser to its request SameSite=None and Secure: a Lax one is absent at the ACS.",
  ),
  "saml-request": must(
    "The AuthnRequest fits the Wizard's values, its destination and the present time",
    ["samlCore", "§3.4.1"],
    "Set Issuer, AssertionConsumerServiceURL and Destination from the same values as the metadata, and IssueInstant to now.",
  ),
  "saml-request-id": must(
    "Each AuthnRequest has an ID of its own",
    ["samlCore", "§1.3.4"],
    "Make a random ID for each request, keep it, and compare it with InResponseTo.",
  ),
  "saml-request-signature": must(
    "The AuthnRequest is signed if the metadata says so, with its key and SHA-256 or better",
    ["requirements", "SAML limitations"],
    "Sign with rsa-sha256, which is not the default of every library.",
  ),
  "saml-force-authn": should(
    "The AuthnRequest does not force people to sign in again",
    ["wizardSaml", "Protocol properties"],
    "Leave ForceAuthn out by default: Okta obeys it.",
  ),
  "saml-is-passive": must(
    "The AuthnRequest lets Okta show its sign-in page",
    ["samlCore", "§3.4.1"],
    "Leave IsPassive out: Okta would refuse everyone who is not signed in yet.",
  ),
  "saml-name-id": should(
    "The NameID that is asked for names the same person each time",
    ["wizardSaml", "Application username format"],
    "Ask for no format, or for unspecified, emailAddress or persistent: with transient, no one is recognised.",
  ),
  "saml-relay-state": should(
    "RelayState has at most 80 bytes, and is not an address",
    ["samlBindings", "§3.4.3"],
    "Send an opaque value, and keep the address to return to on the server.",
  ),
  "saml-acs-redirect": must(
    "The ACS URL answers a POST without a redirect",
    ["wizardSaml", "Default ACS URL"],
    "Respond at the registered address itself: a redirect loses the SAML response.",
  ),
  "saml-acs-refuses": must(
    "The ACS refuses responses that are unsigned, malformed, or signed by a stranger",
    ["samlCore", "§5.4"],
    "Require a signature by one of the connection's certificates before you trust anything in the response.",
  ),
  "saml-acs-get": should("The ACS refuses a GET", ["samlBindings", "§3.5"], "Accept responses by POST only."),
  "saml-response-checks": must(
    "Issuer, audience, times, recipient, InResponseTo and replay are checked",
    ["samlCore", "§2.5"],
    "Run test/saml/, and sign in through the OIN Submission Tester.",
  ),
} as const;

/** The metadata of an identity provider before it is connected. */
export const idpMetadataRules = {
  "idp-metadata": provider.must(
    "It describes exactly one identity provider, in well-formed XML",
    ["samlMetadata", "§2.4.3"],
    `Use the metadata of the app instance: ${clickPath(signOnTab(), okta.signOn.saml, okta.signOn.metadataUrl)}.`,
  ),
  "idp-sso": provider.must(
    "It has a single sign-on URL with https, for HTTP-Redirect or HTTP-POST",
    ["samlMetadata", "§2.4.3"],
    "Use the metadata of the app instance, not of another product.",
  ),
  "idp-certificate": provider.must(
    "It has a signing certificate that is valid today",
    ["samlCertificates", "Overview"],
    "Generate a new certificate at the provider, activate it, and import the metadata again.",
  ),
  "idp-sha256": provider.must(
    "Certificates and signatures use SHA-256 or better",
    ["samlCertificates", "Overview"],
    "Upgrade the app instance to a SHA-256 certificate in Okta: SHA-1 is refused.",
  ),
  "idp-key-size": provider.should(
    "RSA keys have at least 2048 bits",
    ["samlCertificates", "Overview"],
    "Generate a new certificate at the provider.",
  ),
} as const;
