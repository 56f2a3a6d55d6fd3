import { readFile } from "node:fs/promises";
import { certificateFacts, soonMs } from "./certificate.ts";
import { CheckInputError } from "./input-error.ts";
import type { CheckReport } from "./report.ts";
import { isLoopback, shown, type Web } from "./web.ts";
import { below, isNamed, isWeak, ns, rootOf, signatureAlgorithms, signingCertificates } from "./xml.ts";

const bindings = ["HTTP-Redirect", "HTTP-POST"].map((name) => `urn:oasis:names:tc:SAML:2.0:bindings:${name}`);

/** Checks a provider's metadata before it is connected. @param place a file or a URL. Throws CheckInputError. */
export async function checkIdpMetadata(place: string, web: Web, report: CheckReport): Promise<void> {
  const xml = await read(place, web, report);
  if (xml !== null) judgeIdpMetadata(xml, report);
}

async function read(place: string, web: Web, report: CheckReport): Promise<string | null> {
  if (!/^https?:\/\//.test(place)) {
    return await readFile(place, "utf8").catch((error: unknown) => {
      throw new CheckInputError(`${place} cannot be read.`, { cause: error });
    });
  }
  const answer = await web.send(place);
  if (answer.status === 200) return answer.text;
  report.judge("idp-metadata", false, shown(answer));
  return null;
}

function judgeIdpMetadata(xml: string, report: CheckReport): void {
  const root = rootOf(xml);
  const entity = isNamed(root, ns.metadata, "EntityDescriptor") ? root : null;
  const roles = entity ? below(entity, ns.metadata, "IDPSSODescriptor") : [];
  const entityId = entity?.getAttribute("entityID") ?? "";
  const [role] = roles;
  const problem = root
    ? `${roles.length} identity providers, entityID ${entityId || "absent"}`
    : "not well-formed XML";
  report.judge("idp-metadata", roles.length === 1 && entityId !== "", problem);
  if (!entity || !role) return;

  const services = below(role, ns.metadata, "SingleSignOnService")
    .filter((one) => bindings.includes(one.getAttribute("Binding") ?? ""))
    .map((one) => one.getAttribute("Location") ?? "");
  const secure = services.every(
    (place) => URL.canParse(place) && (place.startsWith("https:") || isLoopback(place)),
  );
  report.judge("idp-sso", services.length > 0 && secure, services.join(", ") || "no address");

  const algorithms = signatureAlgorithms(entity).filter(isWeak);
  report.judge("idp-sha256", algorithms.length === 0, algorithms.join(", ") || "no weak signature algorithm");
  judgeCertificates(signingCertificates(role), report);
}

/** One valid certificate is enough: during a rotation, providers publish the old one and the next one. */
function judgeCertificates(certificates: string[], report: CheckReport): void {
  const facts = certificates.map(certificateFacts);
  const day = (at: number) => new Date(at).toISOString().slice(0, 10);
  const seen = facts.map((one) => (one ? `until ${day(one.validUntil)}` : "cannot be read")).join(", ");
  const valid = facts.filter((one) => one?.validNow);
  report.judge("idp-certificate", valid.length > 0, seen || "no signing certificate");
  const latest = Math.max(...valid.map((one) => one?.validUntil ?? 0));
  if (valid.length > 0 && latest - Date.now() < soonMs)
    report.warn("idp-certificate", `it ends soon: ${day(latest)}`);
  for (const one of facts) {
    if (!one) continue;
    report.judge(
      "idp-sha256",
      !one.isWeak,
      one.isWeak ? "a certificate that is signed with SHA-1" : "SHA-256 or better",
    );
    if (one.rsaBits !== null) report.judge("idp-key-size", one.rsaBits >= 2048, `${one.rsaBits} bits`);
  }
}
