import assert from "node:assert/strict";
import { createPrivateKey } from "node:crypto";
import type { Connection } from "../../src/model.ts";
import { createSigningKey } from "../helpers/certificates.ts";
import { onEachDatabase } from "../helpers/databases.ts";
import { samlSettings } from "../helpers/saml-settings.ts";
import { alias, spellings, useCalledSite } from "./called-site.ts";

const app = "0oasaml";
const { idpEntityId } = samlSettings;

describe("the names in a call to Universal Logout of a SAML connection", () => {
  onEachDatabase((use) => {
    const site = useCalledSite(use);
    let saml: Connection;
    before(async () => {
      const { acme, org } = site();
      const ofApp = { appInstanceId: app, orgUrl: org.issuer, orgUrlAlias: alias, certificates: [] };
      saml = await acme.connection({ type: "saml", settings: { ...samlSettings, ...ofApp } });
    });

    it("the SCIM id names a person, with the entity ID or a name of the org as issuer", async () => {
      const { org, provision, ends } = site();
      const user = await provision();
      for (const iss of [idpEntityId, org.issuer, alias])
        assert.ok(await ends(user, { format: "iss_sub", iss, sub: user.id }, app), iss);
      assert.ok(!(await ends(user, { format: "iss_sub", iss: "https://evil.example", sub: user.id }, app)));
      assert.ok(!(await ends(user, { format: "iss_sub", iss: idpEntityId, sub: user.id })), "by OIDC");
    });

    it("the NameID names a person next to the subject of another connection, ignoring case", async () => {
      const { acme, oidc, org, provision, ends, call } = site();
      const user = await provision();
      await acme.store.identities.add(oidc.id, "00u-subject", user.id);
      await acme.store.identities.add(saml.id, user.loginName, user.id);
      assert.ok(await ends(user, { format: "iss_sub", iss: org.issuer, sub: "00u-subject" }));
      const name = { format: "iss_sub", iss: idpEntityId, sub: user.loginName.toUpperCase() };
      assert.equal(await call({ ...name, iss: "http://www.okta.com/exkOTHER" }, app), 404);
      assert.ok(await ends(user, name, app));
    });

    for (const [what, spell, isAccepted] of spellings) {
      it(`an issuer of the subject is ${isAccepted ? "accepted" : "refused"} ${what}`, async () => {
        const { acme, provision, ends } = site();
        const user = await provision();
        await acme.store.identities.add(saml.id, user.loginName, user.id);
        const byNameId = { format: "iss_sub", iss: spell(idpEntityId), sub: user.loginName };
        assert.equal(await ends(user, byNameId, app), isAccepted);
      });
    }

    it("an entity ID that itself ends with a slash is known with and without it", async () => {
      const { acme, org, provision, ends } = site();
      const entityId = "https://sts.example/tenant/";
      const ofApp = { appInstanceId: "0oaslash", orgUrl: org.issuer, certificates: [] };
      const connection = await acme.connection({
        type: "saml",
        settings: { ...samlSettings, idpEntityId: entityId, ...ofApp },
      });
      const user = await provision();
      await acme.store.identities.add(connection.id, user.loginName, user.id);
      const named = (iss: string) => ends(user, { format: "iss_sub", iss, sub: user.loginName }, "0oaslash");
      assert.ok(await named(entityId));
      assert.ok(await named("https://sts.example/tenant"));
      assert.ok(!(await named("https://sts.example/tenant//")));
      assert.ok(!(await named("https://sts.example")));
    });

    it("a token is valid by the key of the certificate, and by the keys that the org publishes", async () => {
      const { acme, org, provision, ends } = site();
      const { certificate, privateKey } = await createSigningKey("okta");
      const ofApp = { appInstanceId: "0oacertified", orgUrl: org.issuer, certificates: [certificate] };
      await acme.connection({ type: "saml", settings: { ...samlSettings, ...ofApp } });
      const user = await provision();
      const subject = { format: "opaque", id: user.id };
      const byCertificate = { key: createPrivateKey(privateKey), header: { kid: undefined } };
      for (const parts of [byCertificate, {}]) assert.ok(await ends(user, subject, "0oacertified", parts));
    });
  });
});
