import type { Element } from "@xmldom/xmldom";
import { certificateFacts, soonMs } from "./certificate.ts";
import type { CheckReport } from "./report.ts";
import { isLoopback } from "./web.ts";
import { below, isWeak, ns, signatureAlgorithms, signingCertificates } from "./xml.ts";

/** The metadata of this deployment as a service provider: its entity, and its role. */
export interface SpMetadata {
  entity: Element;
  role: Element;
}

/** The binding by which Okta sends responses. */
export const postBinding = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST";
const largestIndex = 65_535;

/** The formats of a NameID that a catalog app can send and that name the same person each time. */
export const stableNameIds: readonly string[] = [
  "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified",
  "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress",
  "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent",
];

/** Compares the metadata with the Wizard's values (SAML Metadata §2.4.4). */
export function judgeMetadata(
  { entity, role }: SpMetadata,
  wizard: { acsUrl: string; entityId: string },
  report: CheckReport,
): void {
  const entityId = entity.getAttribute("entityID") ?? "";
  report.judge(
    "saml-entity-id",
    entityId === wizard.entityId,
    `entityID is ${entityId}, the Wizard's ${wizard.entityId}`,
  );
  judgeServices(role, wizard.acsUrl, report);
  const problem = validityProblem(entity, role);
  report.judge("saml-metadata-valid", problem === null, problem ?? "SAML 2.0, and valid today");
  const wants = role.getAttribute("WantAssertionsSigned");
  report.judge("saml-want-signed", wants === "true", `WantAssertionsSigned is ${wants || "absent"}`);
  const algorithms = signatureAlgorithms(entity);
  const weak = algorithms.filter(isWeak);
  const named = algorithms.length === 0 ? "not signed, nothing announced" : algorithms.join(", ");
  report.judge("saml-algorithms", weak.length === 0, weak.length ? weak.join(", ") : named);
  const logout = below(role, ns.metadata, "SingleLogoutService").length;
  report.judge("saml-no-logout", logout === 0, `${logout} single logout services`);
  const formats = below(role, ns.metadata, "NameIDFormat").map((one) => one.textContent?.trim() ?? "");
  const fits = formats.length === 0 || formats.some((format) => stableNameIds.includes(format));
  report.judge("saml-name-id", fits, `NameIDFormat: ${formats.join(", ") || "absent"}`);
  judgeCertificates(role, report);
}

function judgeServices(role: Element, acsUrl: string, report: CheckReport): void {
  const services = below(role, ns.metadata, "AssertionConsumerService");
  const locations = services
    .filter((one) => one.getAttribute("Binding") === postBinding)
    .map((one) => one.getAttribute("Location"));
  const secure = acsUrl.startsWith("https:") || isLoopback(acsUrl);
  const seen = `the metadata has ${locations.join(", ") || "none"}, the Wizard ${acsUrl}`;
  report.judge("saml-acs", locations.includes(acsUrl) && secure, seen);
  const indexes = acsIndexes(role);
  const isIndex = (text: string) => /^\d{1,5}$/.test(text) && Number(text) <= largestIndex;
  const unique = new Set(indexes).size === indexes.length;
  report.judge(
    "saml-acs-index",
    unique && indexes.every(isIndex),
    `index: ${indexes.join(", ") || "absent"}`,
  );
}

/** The indexes of the assertion consumer services, as they are written. */
export function acsIndexes(role: Element): string[] {
  return below(role, ns.metadata, "AssertionConsumerService").map((one) => one.getAttribute("index") ?? "");
}

/** A reader must not use metadata after `validUntil` (SAML Metadata §2.3.2). */
function validityProblem(entity: Element, role: Element): string | null {
  const protocols = (role.getAttribute("protocolSupportEnumeration") ?? "").split(/\s+/);
  if (!protocols.includes(ns.protocol))
    return `protocolSupportEnumeration is ${protocols.join(" ") || "absent"}`;
  const ends = [entity, role].flatMap((element) => element.getAttribute("validUntil") || []);
  const over = ends.find((end) => !(Date.parse(end) > Date.now()));
  return over === undefined ? null : `validUntil is ${over}`;
}

function judgeCertificates(role: Element, report: CheckReport): void {
  const certificates = signingCertificates(role);
  const signs = role.getAttribute("AuthnRequestsSigned") === "true";
  if (certificates.length === 0) {
    const seen = signs
      ? "AuthnRequestsSigned is true, but no certificate is published"
      : "no key is published";
    report.judge("saml-certificate", !signs, seen);
  }
  for (const certificate of certificates) judgeCertificate(certificate, report);
}

function judgeCertificate(base64: string, report: CheckReport): void {
  const facts = certificateFacts(base64);
  const lasts = facts?.validNow === true && facts.validUntil - Date.now() > soonMs;
  const seen = facts
    ? `valid until ${new Date(facts.validUntil).toISOString().slice(0, 10)}${facts.isWeak ? ", signed with SHA-1" : ""}`
    : "a certificate that cannot be read";
  report.judge("saml-certificate", lasts && !facts.isWeak, seen);
}
