import { signXml } from "@node-saml/node-saml/lib/xml.js";
import type { PostedForm, ServiceProvider } from "saml-policy/rule";
import { type Encryption, encryptedAssertion } from "./encryption.ts";
import { createTestKey } from "./key.ts";

/** Keys are slow to make: these serve all tests. */
export const idpKey = createTestKey();
export const spKey = createTestKey();
export const otherKey = createTestKey();

export const now = Date.parse("2026-01-01T12:00:00Z");
export const requestId = "_request";
export const relayState = "state";

export const serviceProvider: ServiceProvider = {
  acsUrl: "https://app.example/acs",
  entityId: "https://app.example/metadata",
  idpEntityId: "https://idp.example",
  certificates: [idpKey.certificate],
  signed: "assertion",
  acceptsEncrypted: true,
  idpInitiated: true,
  forceAuthn: false,
  isTest: false,
};

const encryptedForUs: Encryption = {
  content: "aes256-gcm",
  recipients: [{ certificatePem: spKey.certificatePem }],
  place: "inside",
};

type Edit = (xml: string) => string;
type SigningMethod = "sha1" | "sha256" | "sha512";

/** How a response differs from a valid one. */
export interface Difference {
  /** Changes the assertion before it is signed, or after. */
  assertion?: Edit;
  signedAssertion?: Edit;
  /** Changes the response before it is signed, or after. */
  response?: Edit;
  signedResponse?: Edit;
  /** False leaves the signature out. */
  signAssertion?: boolean;
  signResponse?: boolean;
  /** The key of the signer; the identity provider's by default. */
  privateKey?: string;
  method?: SigningMethod;
  transforms?: string[];
  /** Encrypts the assertion; for the service provider, if no recipients are given. */
  encryption?: Partial<Encryption>;
  /** Changes the form. */
  form?(form: Record<string, unknown>): void;
}

const exclusive = "http://www.w3.org/2001/10/xml-exc-c14n#";
export const enveloped = "http://www.w3.org/2000/09/xmldsig#enveloped-signature";
const at = (ms: number) => new Date(now + ms).toISOString();

/** A form with a response: both parts signed, answering the request. */
export async function postedForm(difference: Difference = {}): Promise<PostedForm> {
  const form: Record<string, unknown> = {
    SAMLResponse: Buffer.from(await responseXml(difference)).toString("base64"),
    RelayState: relayState,
  };
  difference.form?.(form);
  return { form, query: {} };
}

async function responseXml(difference: Difference): Promise<string> {
  const { encryption, signAssertion = true, signResponse = true } = difference;
  const edited = edit(difference.assertion, assertionXml());
  const signed = signAssertion ? sign(edited, "Assertion", difference) : edited;
  const assertion = edit(difference.signedAssertion, signed);
  const inside = encryption
    ? await encryptedAssertion(assertion, { ...encryptedForUs, ...encryption })
    : assertion;
  const response = edit(
    difference.response,
    `<p:Response xmlns:p="urn:oasis:names:tc:SAML:2.0:protocol" ID="_response" Version="2.0" IssueInstant="${at(0)}" Destination="${serviceProvider.acsUrl}" InResponseTo="${requestId}"><a:Issuer xmlns:a="urn:oasis:names:tc:SAML:2.0:assertion">${serviceProvider.idpEntityId}</a:Issuer><p:Status><p:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></p:Status>${inside}</p:Response>`,
  );
  return edit(difference.signedResponse, signResponse ? sign(response, "Response", difference) : response);
}

function edit(change: Edit | undefined, xml: string): string {
  const edited = change ? change(xml) : xml;
  if (change && edited === xml) throw new Error("the difference changes nothing");
  return edited;
}

function assertionXml(): string {
  const { entityId, idpEntityId, acsUrl } = serviceProvider;
  return [
    `<a:Assertion xmlns:a="urn:oasis:names:tc:SAML:2.0:assertion" ID="_assertion" Version="2.0" IssueInstant="${at(0)}">`,
    `<a:Issuer>${idpEntityId}</a:Issuer>`,
    '<a:Subject><a:NameID Format="urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified">ada@example.com</a:NameID>',
    `<a:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"><a:SubjectConfirmationData Recipient="${acsUrl}" InResponseTo="${requestId}" NotOnOrAfter="${at(300_000)}"/></a:SubjectConfirmation></a:Subject>`,
    `<a:Conditions NotBefore="${at(-300_000)}" NotOnOrAfter="${at(300_001)}"><a:AudienceRestriction><a:Audience>${entityId}</a:Audience></a:AudienceRestriction></a:Conditions>`,
    `<a:AuthnStatement AuthnInstant="${at(0)}"/>`,
    '<a:AttributeStatement><a:Attribute Name="firstName"><a:AttributeValue>Ada</a:AttributeValue></a:Attribute></a:AttributeStatement>',
    "</a:Assertion>",
  ].join("");
}

/** Signs the element. The signature comes after the issuer (SAML Core §5.4). */
function sign(xml: string, element: "Assertion" | "Response", difference: Difference): string {
  const {
    privateKey = idpKey.privateKey,
    method = "sha256",
    transforms = [enveloped, exclusive],
  } = difference;
  const target = `//*[local-name(.)='${element}' and @ID='_${element.toLowerCase()}']`;
  return signXml(
    xml,
    target,
    { reference: `${target}/*[local-name(.)='Issuer']`, action: "after" },
    {
      privateKey,
      signatureAlgorithm: method,
      digestAlgorithm: method,
      xmlSignatureTransforms: transforms,
    },
  );
}
