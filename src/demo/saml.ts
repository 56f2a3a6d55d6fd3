import { attributeStatements } from "guide-writer/attribute-statements";
import { samlSignOn } from "okta-stand-in/saml-app";
import type { SamlSignOn } from "okta-stand-in/state";
import { samlUrls } from "../endpoints.ts";
import type { SamlSettings } from "../model.ts";
import { parseIdpMetadata } from "../saml/idp-metadata.ts";
import { guardedDocument } from "../trust/guarded-fetch.ts";
import type { ProtocolApp } from "./protocol-app.ts";

/** The app of a customer that signs in by SAML. */
export const samlApp: ProtocolApp = {
  async signOn(baseUrl, key, before) {
    const { acsUrl, entityId: audience } = samlUrls(baseUrl, key);
    const former = Object.values(before?.apps ?? {}).find(({ signOn }) => signOn.kind === "saml")?.signOn;
    const wanted = { acsUrl, audience, attributeStatements: attributeStatements() };
    return await samlSignOn("Demo org", wanted, former?.kind === "saml" ? former : undefined);
  },
  subjectFormat: "iss_sub",
};

/** The customer's connection to that app, from the org's metadata. */
export async function samlConnection(orgUrl: string, appInstanceId: string, { externalKey }: SamlSignOn) {
  const metadataUrl = `${orgUrl}/app/${externalKey}/sso/saml/metadata`;
  const limits = { allowPrivateNetwork: true };
  const { values } = parseIdpMetadata(await guardedDocument(metadataUrl, limits), limits);
  const settings: SamlSettings = { ...values, metadataUrl, appInstanceId, orgUrl };
  return { type: "saml", settings, secret: null } as const;
}
