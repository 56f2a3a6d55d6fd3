import assert from "node:assert/strict";
import { samlUrls } from "../../src/endpoints.ts";
import { accessTokenStore } from "../../src/store/access-tokens.ts";
import { hashToken } from "../../src/store/secrets.ts";
import { onEachDatabase } from "../helpers/databases.ts";
import { lastRefusal, signIdJag, type TokenAnswer, useAgentSite } from "../helpers/id-jag.ts";
import { createLocalAccount } from "../helpers/people.ts";
import { samlSettings } from "../helpers/saml-settings.ts";

/** test/cross-app-access/hostile-assertions.ts has the subjects that are refused. */
describe("an access token for an ID-JAG of a SAML connection", () => {
  onEachDatabase((use) => {
    const site = useAgentSite(use);
    const ownerOf = async ({ access_token }: TokenAnswer) =>
      (await accessTokenStore(use().database).find(hashToken(access_token))) ?? assert.fail("a dead token");

    it("is issued for a person of a SAML connection, named by all three parts of sub_id", async () => {
      const { app, agent, acme } = site();
      const samlOrg = await site().startOrg();
      const settings = { ...samlSettings, appInstanceId: "exk1", orgUrl: samlOrg.issuer };
      const connection = await acme.connection({ type: "saml", settings });
      const bob = await createLocalAccount(acme.store, "bob@acme.example");
      await acme.store.identities.add(connection.id, "bob@acme.example", bob.id);
      const subject = {
        format: "saml-nameid",
        issuer: settings.idpEntityId,
        nameid: "bob@acme.example",
        sp_name_qualifier: samlUrls(app.url, connection.key).entityId,
      };
      const send = async (sub_id: object | undefined) =>
        await site().send(
          await signIdJag(samlOrg, app.url, agent.clientId, { claims: { sub: "00u9", sub_id } }),
        );
      const answer = await send(subject);
      assert.equal(answer.status, 200, answer.text);
      assert.equal((await ownerOf(JSON.parse(answer.text) as TokenAnswer)).user.id, bob.id);
      const wrong: [object | undefined, string][] = [
        [undefined, "subject-named"],
        [{ ...subject, issuer: "http://www.okta.com/exk2" }, "subject-named"],
        [{ ...subject, sp_name_qualifier: app.url }, "subject-named"],
        [{ ...subject, format: "email" }, "subject-named"],
        [{ ...subject, nameid: undefined }, "subject-named"],
        [{ ...subject, nameid: "eve@acme.example" }, "person-admitted"],
      ];
      for (const [sub_id, rule] of wrong) {
        assert.equal((await send(sub_id)).status, 400);
        assert.equal(lastRefusal(app).rule, rule);
      }
      await acme.store.connections.update(connection.id, {
        settings: { ...settings, subjectAttribute: "employeeNumber" },
      });
      assert.equal((await send(subject)).status, 400);
      assert.equal(lastRefusal(app).rule, "subject-named");
    });
  });
});
