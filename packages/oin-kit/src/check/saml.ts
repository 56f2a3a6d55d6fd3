import type { Element } from "@xmldom/xmldom";
import { isRefusal, judgeNoHop } from "./destination.ts";
import type { CheckReport } from "./report.ts";
import { judgeMetadata, type SpMetadata } from "./saml-metadata.ts";
import { checkSamlSignIn } from "./saml-request.ts";
import { forgedResponse, unsignedResponse } from "./saml-responses.ts";
import type { SiteCheck } from "./site.ts";
import { isRedirect, shown, type Web } from "./web.ts";
import { customerUrls } from "./wizard.ts";
import { below, isNamed, ns, rootOf } from "./xml.ts";

/** Checks SAML at one connection, as far as that is possible without a person who signs in. */
export async function checkSaml(site: SiteCheck, key: string): Promise<void> {
  const { url, product, web, report } = site;
  const { acsUrl, entityId } = customerUrls(product, url, key);
  const addresses = product.addresses.saml?.(url, key);
  if (!addresses) return report.gaveUp("saml", "the product has no addresses for SAML");
  const { metadataUrl, signInUrl } = addresses;
  report.notCheckable("saml-response-checks", "only responses that the provider signed show it");
  const metadata = await readMetadata(metadataUrl, web, report);
  if (metadata) judgeMetadata(metadata, { acsUrl, entityId }, report);
  await judgeAcs(acsUrl, entityId, web, report);
  if (product.manifest.saml?.spInitiated)
    await checkSamlSignIn({ url, signInUrl, acsUrl, entityId, metadata }, web, report);
  else report.gaveUp("saml", "the manifest does not declare sign-ins that start at the product");
}

async function readMetadata(metadataUrl: string, web: Web, report: CheckReport): Promise<SpMetadata | null> {
  const answer = await web.send(metadataUrl);
  const root = rootOf(answer.text);
  const isXml = /\bxml\b/.test(answer.headers.get("content-type") ?? "");
  const entity = isNamed(root, ns.metadata, "EntityDescriptor") ? root : null;
  const role: Element | null = (entity && below(entity, ns.metadata, "SPSSODescriptor")[0]) ?? null;
  const served = answer.status === 200 && isXml && role !== null;
  report.judge("saml-served", served, `${shown(answer)}${role ? "" : ", without an SPSSODescriptor"}`);
  if (entity && role) return { entity, role };
  report.gaveUp("saml", `there is no metadata to judge: ${shown(answer)}`);
  return null;
}

const script = "<script>alert(1)</script>";

/** Sends the ACS what a stranger could send. */
async function judgeAcs(acsUrl: string, entityId: string, web: Web, report: CheckReport): Promise<void> {
  const got = await web.send(acsUrl);
  report.judge("saml-acs-get", isRefusal(got), shown(got));
  const message = (xml: string) => ({
    SAMLResponse: Buffer.from(xml).toString("base64"),
    RelayState: `https://oincheck-stranger.example/${script}`,
  });
  const unsigned = unsignedResponse({ acsUrl, entityId });
  const attempts: Record<string, Record<string, string>> = {
    "no response": {},
    "text that is not XML": message("oincheck"),
    "an unsigned response": message(unsigned),
    "a response with a document type": message(`<!DOCTYPE x [<!ENTITY y "z">]>${unsigned}`),
    "a response that a stranger signed": message(forgedResponse({ acsUrl, entityId })),
  };
  for (const [what, form] of Object.entries(attempts)) {
    const answer = await web.send(acsUrl, {
      method: "POST",
      headers: {
        "content-type": "application/x-www-form-urlencoded",
        origin: "null",
        "sec-fetch-site": "cross-site",
      },
      body: new URLSearchParams(form).toString(),
    });
    const seen = `${shown(answer)} for ${what}`;
    if (answer.text.includes(script))
      report.judge("saml-acs-refuses", false, `${seen}, and RelayState is printed unescaped`);
    judgeNoHop("saml-acs-redirect", answer, acsUrl, report);
    if (!isRedirect(answer)) report.judge("saml-acs-refuses", isRefusal(answer), seen);
    else report.notCheckable("saml-acs-refuses", `${seen}: a redirect does not tell whether it was refused`);
  }
}
