import type { Element } from "@xmldom/xmldom";
import { certificateFacts } from "./certificate.ts";
import { isRefusal } from "./destination.ts";
import type { CheckReport } from "./report.ts";
import { checkSamlSignIn } from "./saml-request.ts";
import type { SiteCheck } from "./site.ts";
import { isLoopback, isRedirect, shown, type Web } from "./web.ts";
import { customerUrls } from "./wizard.ts";
import { below, isNamed, isWeak, ns, rootOf, signatureAlgorithms, signingCertificates } from "./xml.ts";

const postBinding = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST";
const soonMs = 30 * 86_400_000;

/** Checks SAML at one connection, as far as that is possible without a person who signs in. */
export async function checkSaml({ url, product, web, report }: SiteCheck, key: string): Promise<void> {
  const { acsUrl, entityId } = customerUrls(product, url, key);
  const { metadataUrl, signInUrl } = product.addresses.saml(url, key);
  report.notCheckable("saml-response-checks", "only responses that the provider signed show it");
  const answer = await web.send(metadataUrl);
  const root = rootOf(answer.text);
  const isXml = /\bxml\b/.test(answer.headers.get("content-type") ?? "");
  const entity = isNamed(root, ns.metadata, "EntityDescriptor") ? root : null;
  const role = entity && below(entity, ns.metadata, "SPSSODescriptor")[0];
  const served = answer.status === 200 && isXml && Boolean(role);
  report.judge("saml-served", served, `${shown(answer)}${role ? "" : ", without an SPSSODescriptor"}`);
  if (entity && role) judgeMetadata(entity, role, { acsUrl, entityId }, report);
  await judgeAcs(acsUrl, entityId, web, report);
  await checkSamlSignIn({ url, signInUrl, acsUrl, entityId }, web, report);
}

/** Compares the metadata with the Wizard's values (SAML Metadata §2.4.4). */
function judgeMetadata(
  entity: Element,
  role: Element,
  wizard: { acsUrl: string; entityId: string },
  report: CheckReport,
): void {
  const entityId = entity.getAttribute("entityID") ?? "";
  report.judge(
    "saml-entity-id",
    entityId === wizard.entityId,
    `entityID is ${entityId}, the Wizard's ${wizard.entityId}`,
  );
  const services = below(role, ns.metadata, "AssertionConsumerService");
  const locations = services
    .filter((one) => one.getAttribute("Binding") === postBinding)
    .map((one) => one.getAttribute("Location"));
  const secure = wizard.acsUrl.startsWith("https:") || isLoopback(wizard.acsUrl);
  const seen = `the metadata has ${locations.join(", ") || "none"}, the Wizard ${wizard.acsUrl}`;
  report.judge("saml-acs", locations.includes(wizard.acsUrl) && secure, seen);
  const wants = role.getAttribute("WantAssertionsSigned");
  report.judge("saml-want-signed", wants === "true", `WantAssertionsSigned is ${wants || "absent"}`);
  const algorithms = signatureAlgorithms(entity);
  const weak = algorithms.filter(isWeak);
  const named = algorithms.length === 0 ? "not signed, nothing announced" : algorithms.join(", ");
  report.judge("saml-algorithms", weak.length === 0, weak.length ? weak.join(", ") : named);
  const logout = below(role, ns.metadata, "SingleLogoutService").length;
  report.judge("saml-no-logout", logout === 0, `${logout} single logout services`);
  for (const certificate of signingCertificates(role)) judgeCertificate(certificate, report);
}

function judgeCertificate(base64: string, report: CheckReport): void {
  const facts = certificateFacts(base64);
  const lasts = facts?.validNow === true && facts.validUntil - Date.now() > soonMs;
  const seen = facts
    ? `valid until ${new Date(facts.validUntil).toISOString().slice(0, 10)}${facts.isWeak ? ", signed with SHA-1" : ""}`
    : "a certificate that cannot be read";
  report.judge("saml-certificate", lasts && !facts.isWeak, seen);
}

/** Sends the ACS what a stranger could send: a GET, an empty form, text that is not XML, and an unsigned response. */
async function judgeAcs(acsUrl: string, entityId: string, web: Web, report: CheckReport): Promise<void> {
  const got = await web.send(acsUrl);
  report.judge("saml-acs-get", isRefusal(got), shown(got));
  const headers = {
    "content-type": "application/x-www-form-urlencoded",
    origin: "null",
    "sec-fetch-site": "cross-site",
  };
  const attempts = {
    "no response": {},
    "text that is not XML": { SAMLResponse: Buffer.from("oincheck").toString("base64") },
    "an unsigned response": { SAMLResponse: unsignedResponse(acsUrl, entityId) },
  };
  for (const [what, form] of Object.entries(attempts)) {
    const answer = await web.send(acsUrl, {
      method: "POST",
      headers,
      body: new URLSearchParams(form).toString(),
    });
    const sentOn = isRedirect(answer);
    report.judge("saml-acs-redirect", !sentOn, `${shown(answer)} for ${what}`);
    if (!sentOn) report.judge("saml-acs-refuses", isRefusal(answer), `${shown(answer)} for ${what}`);
  }
}

/** An unsigned response in Okta's shape. Everything that a stranger can know about the connection is right. */
function unsignedResponse(acsUrl: string, entityId: string): string {
  const now = Date.now();
  const issued = new Date(now).toISOString();
  const ends = new Date(now + 300_000).toISOString();
  const issuer =
    '<saml2:Issuer Format="urn:oasis:names:tc:SAML:2.0:nameid-format:entity">http://www.okta.com/exkoincheck</saml2:Issuer>';
  const confirmation = `<saml2:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"><saml2:SubjectConfirmationData NotOnOrAfter="${ends}" Recipient="${acsUrl}"/></saml2:SubjectConfirmation>`;
  const xml =
    `<saml2p:Response xmlns:saml2p="${ns.protocol}" xmlns:saml2="${ns.assertion}" ID="_oincheck1" Version="2.0" IssueInstant="${issued}" Destination="${acsUrl}">${issuer}` +
    '<saml2p:Status><saml2p:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></saml2p:Status>' +
    `<saml2:Assertion ID="_oincheck2" Version="2.0" IssueInstant="${issued}">${issuer}` +
    `<saml2:Subject><saml2:NameID>oincheck@example.com</saml2:NameID>${confirmation}</saml2:Subject>` +
    `<saml2:Conditions NotBefore="${issued}" NotOnOrAfter="${ends}"><saml2:AudienceRestriction><saml2:Audience>${entityId}</saml2:Audience></saml2:AudienceRestriction></saml2:Conditions>` +
    `<saml2:AuthnStatement AuthnInstant="${issued}"><saml2:AuthnContext><saml2:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport</saml2:AuthnContextClassRef></saml2:AuthnContext></saml2:AuthnStatement>` +
    "</saml2:Assertion></saml2p:Response>";
  return Buffer.from(xml).toString("base64");
}
