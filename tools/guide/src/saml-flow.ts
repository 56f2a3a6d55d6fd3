import { idpMetadata, isSaml } from "okta-stand-in/saml";
import { samlSignOn } from "okta-stand-in/saml-app";
import { addApp, addTo } from "okta-stand-in/testing";
import type { Visitor } from "okta-stand-in/visitor";
import { createConnection } from "../../../src/directory/connections.ts";
import { paths, samlUrls } from "../../../src/endpoints.ts";
import { parseIdpMetadata } from "../../../src/saml/idp-metadata.ts";
import type { Sample } from "./sample.ts";

const key = "acme-saml";

/** Connects the org by SAML, too, and signs a person in. */
export async function signInBySaml(
  { origin, database, tenantId, org }: Sample,
  browser: Visitor,
): Promise<void> {
  const { acsUrl, entityId } = samlUrls(origin, key);
  const attributeStatements = ["email", "firstName", "lastName"].map((name) => ({
    name,
    expression: `user.${name}`,
  }));
  // Another person: an account belongs to one connection.
  const radia = addTo(org, { login: "radia@acme.example", firstName: "Radia", lastName: "Perlman" });
  const signOn = await samlSignOn("acme", { acsUrl, audience: entityId, attributeStatements });
  const app = addApp(org, signOn, [radia]);
  if (!isSaml(app)) throw new Error("The app does not sign in by SAML.");
  const { values } = parseIdpMetadata(idpMetadata(org, app), { allowPrivateNetwork: true });
  await createConnection(database, tenantId, {
    ...{ key, type: "saml", justInTime: true, draft: false, secret: null },
    settings: { ...values, metadataUrl: null, appInstanceId: app.id, orgUrl: org.url },
  });
  const atOrg = await org.signedIn(radia);
  const { location } = await browser.get(paths.saml(key).login);
  const request = new URL(location ?? "");
  const { text } = await atOrg.get(request.pathname + request.search);
  const value = (name: string) => new RegExp(`name="${name}" value="([^"]*)"`).exec(text)?.[1] ?? "";
  const form = { SAMLResponse: value("SAMLResponse"), RelayState: value("RelayState") };
  const posted = await browser.post(paths.saml(key).acs, form, {
    origin: org.url,
    "sec-fetch-site": "cross-site",
  });
  const next = new URL(posted.location ?? "", origin);
  await browser.get(next.pathname + next.search);
}
