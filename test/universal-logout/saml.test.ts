import assert from "node:assert/strict";
import { createPrivateKey } from "node:crypto";
import { landingPath } from "../../src/web/home.ts";
import { onOneDatabase } from "../helpers/databases.ts";
import { assertRedirect } from "../helpers/pages.ts";
import { type RevokingOrg, revocationToken, startRevokingOrg } from "../helpers/revocation.ts";
import { idpEntityId, useSamlSite } from "../helpers/saml-site.ts";

const path = "/global-token-revocation";

describe("Universal Logout of a SAML session", () => {
  onOneDatabase((use) => {
    const site = useSamlSite(use, { insecureAllowPrivateNetwork: true });
    let org: RevokingOrg;
    before(async () => {
      org = await startRevokingOrg();
    });
    after(() => org.close());

    /** Signs a person in at a new connection, and revokes with the key of its certificate. */
    async function revoked(name: string, subject: object, settings = {}, deviation = {}): Promise<number> {
      const appInstanceId = `0oa${name}`;
      const connection = await site().connect({ appInstanceId, orgUrl: org.issuer, ...settings });
      const browser = site().app.client();
      assertRedirect(
        await site().signIn(browser, `${name}@acme.example`, deviation, connection),
        landingPath,
      );
      const key = createPrivateKey(site().key.privateKey);
      const token = await revocationToken(org, appInstanceId, site().app.url + path, { key });
      const headers = { "content-type": "application/json", authorization: `Bearer ${token}` };
      const body = JSON.stringify({ sub_id: subject });
      const { status } = await site().app.client().send("POST", path, headers, body);
      assert.equal((await browser.get("/me")).status, status === 204 ? 401 : 200);
      return status;
    }

    it("finds the person by e-mail address", async () => {
      assert.equal(await revoked("mail", { format: "email", email: "MAIL@acme.example" }), 204);
    });

    it("finds the person by issuer and NameID, ignoring case", async () => {
      const subject = { format: "iss_sub", iss: idpEntityId, sub: "Named@acme.example" };
      assert.equal(await revoked("named", subject), 204);
    });

    it("finds the person by the org, by either of its names, and NameID", async () => {
      const alias = "https://login.acme.example";
      for (const [index, iss] of [org.issuer, `${org.issuer}/`, alias, `${alias}/`].entries()) {
        const subject = { format: "iss_sub", iss, sub: `org${index}@acme.example` };
        assert.equal(await revoked(`org${index}`, subject, { orgUrlAlias: alias }), 204, iss);
      }
      const byAttribute = {
        fields: (all: { attributes: Record<string, string[]> }) => {
          all.attributes.oktaId = ["00u-org"];
        },
      };
      const subject = { format: "iss_sub", iss: org.issuer, sub: "orgid@acme.example" };
      assert.equal(await revoked("orgid", subject, { subjectAttribute: "oktaId" }, byAttribute), 204);
    });

    it("finds the person by issuer and NameID even if an attribute is the subject", async () => {
      const byAttribute = {
        fields: (all: { attributes: Record<string, string[]> }) => {
          all.attributes.oktaId = ["00u-attribute"];
        },
      };
      const settings = { subjectAttribute: "oktaId" };
      const subject = { format: "iss_sub", iss: idpEntityId, sub: "attribute@acme.example" };
      assert.equal(await revoked("attribute", subject, settings, byAttribute), 204);
    });

    it("does nothing for a person of another issuer, or whom the connection does not know", async () => {
      const elsewhere = { format: "iss_sub", iss: "http://www.okta.com/exkOTHER", sub: "stays@acme.example" };
      assert.equal(await revoked("stays", elsewhere), 404);
      const settings = { subjectAttribute: "oktaId" };
      const byAttribute = {
        fields: (all: { attributes: Record<string, string[]> }) => {
          all.attributes.oktaId = ["00u-stranger"];
        },
      };
      const other = { format: "iss_sub", iss: idpEntityId, sub: "stays@acme.example" };
      assert.equal(await revoked("stranger", other, settings, byAttribute), 404);
      const unknown = { format: "iss_sub", iss: idpEntityId, sub: "unknown@acme.example" };
      assert.equal(await revoked("nameless", unknown, settings, byAttribute), 404);
    });
  });
});
