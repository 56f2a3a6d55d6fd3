import assert from "node:assert/strict";
import { newSamlKey } from "okta-stand-in/keys";
import { samlSignOn } from "okta-stand-in/saml-app";
import type { OrgApp, OrgPerson, SamlSignOn } from "okta-stand-in/state";
import { addApp, type TestOrg } from "okta-stand-in/testing";

/** The org's app for SAML. */
export type SamlApp = OrgApp & { signOn: SamlSignOn };

/** Keys are slow to make: once for the whole process. */
let samlKey: ReturnType<typeof newSamlKey> | undefined;

/** Adds the app to an org, and returns it with what the example at `url` has to know. */
export async function addSamlApp(org: TestOrg, url: string, people: readonly OrgPerson[]) {
  samlKey ??= newSamlKey("Test org");
  const wanted = { acsUrl: `${url}/saml/acs`, audience: `${url}/saml/metadata`, attributeStatements: [] };
  const signOn = await samlSignOn("Test org", wanted, await samlKey);
  assert.equal(signOn.kind, "saml");
  const app: SamlApp = Object.assign(addApp(org, signOn, [...people]), { signOn });
  const settings = {
    idpEntityId: `http://www.okta.com/${signOn.externalKey}`,
    ssoUrl: `${org.url}/app/${app.name}/${signOn.externalKey}/sso/saml`,
    certificate: signOn.certificate,
  };
  return { app, settings };
}
