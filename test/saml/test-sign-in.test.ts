import assert from "node:assert/strict";
import { latestSignInTest, startSignInTest } from "../../src/directory/sign-in-tests.ts";
import type { Connection } from "../../src/model.ts";
import { onOneDatabase } from "../helpers/databases.ts";
import { refusalsIn } from "../helpers/org.ts";
import { headingOf } from "../helpers/pages.ts";
import type { Deviation } from "../helpers/saml-response.ts";
import { samlSealer, useSamlSite } from "../helpers/saml-site.ts";

describe("a test sign-in by SAML", () => {
  onOneDatabase((use) => {
    const site = useSamlSite(use);
    let draft: Connection;
    before(async () => {
      draft = await site().connect({}, { draft: true });
    });

    const start = () => startSignInTest(site().acme.store, draft.id, null);
    const latest = () => latestSignInTest(site().acme.store, samlSealer, draft.id);

    async function run(deviation: Deviation = {}) {
      const client = site().app.client();
      const { id, relayState } = await site().leave(client, draft, `?test=${await start()}`);
      const response = await site().respond("ada@acme.example", deviation, {
        connection: draft,
        requestId: id,
      });
      const page = await site().arrive(client, response, relayState, draft);
      assert.equal((await client.get("/me")).status, 401, "a test signs no one in");
      return page;
    }

    it("shows the attributes that a draft received and their mapping, and signs no one in", async () => {
      const page = await run();
      assert.equal(headingOf(page), "The test has ended");
      const test = await latest();
      assert.equal(test?.result.problem, null);
      assert.ok(
        test?.result.values.some(({ name, value }) => name === "NameID" && value === "ada@acme.example"),
      );
      assert.deepEqual(
        test?.result.mapped.slice(0, 4).map(({ label, name }) => [label, name]),
        [
          ["Login name", "NameID"],
          ["First name", "firstName"],
          ["Last name", "lastName"],
          ["E-mail", "email"],
        ],
      );
      assert.ok(test?.outcome && "user" in test.outcome);
      assert.ok((await site().acme.store.connections.byId(draft.id))?.testedAt);
      assert.equal(await site().acme.store.users.byLoginName("ada@acme.example"), null);
    });

    it("shows the values that the sign-in uses: the first name that is not blank, and the NameID as address", async () => {
      const nameIdFormat = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress";
      const attributes = { firstName: ["\u200b", "Ada"], lastName: ["", "Lovelace"] };
      await run({ fields: (fields) => void Object.assign(fields, { attributes, nameIdFormat }) });
      const result = (await latest())?.result;
      assert.equal(result?.problem, null);
      assert.deepEqual(
        result?.mapped.map(({ name, value }) => [name, value]),
        [
          ["NameID", "ada@acme.example"],
          ["firstName", "Ada"],
          ["lastName", "Lovelace"],
          ["NameID", "ada@acme.example"],
          ["displayName", null],
        ],
      );
      const { profile, loginName } = result?.identity ?? assert.fail();
      assert.deepEqual([profile.email, loginName], ["ada@acme.example", "ada@acme.example"]);
    });

    it("shows an overlong address as missing, as the sign-in that it refuses", async () => {
      await run({ fields: ({ attributes }) => void Object.assign(attributes, { email: ["a".repeat(501)] }) });
      const result = (await latest())?.result;
      assert.equal(result?.problem?.reason, "profile-incomplete");
      assert.equal(result?.mapped.find(({ label }) => label === "E-mail")?.value, null);
    });

    it("shows the reason if the policy refuses", async () => {
      const audience = "https://another.example";
      await run({ fields: (fields) => void Object.assign(fields, { audience }) });
      assert.equal((await latest())?.result.problem?.reason, "saml-audience");
    });

    it("does not work if the session has ended at the provider, even within the clock skew", async () => {
      const { testedAt } = (await site().acme.store.connections.byId(draft.id)) ?? assert.fail();
      for (const ago of [1, 30_000, 90_000]) {
        const sessionEndsAt = Date.now() - ago;
        const page = await run({ fields: (fields) => void Object.assign(fields, { sessionEndsAt }) });
        assert.match(page.text, /The sign-in does not work/);
        assert.equal((await latest())?.result.problem?.reason, "provider-session-ended");
      }
      assert.equal((await site().acme.store.connections.byId(draft.id))?.testedAt, testedAt);
    });

    it("shows every status code and the message if the provider refuses", async () => {
      const codes = "urn:oasis:names:tc:SAML:2.0:status:";
      const status = `<saml2p:StatusCode Value="${codes}Requester"><saml2p:StatusCode Value="${codes}NoPassive"/></saml2p:StatusCode><saml2p:StatusMessage>Sign in first</saml2p:StatusMessage>`;
      await run({ response: (xml) => xml.replace(/<saml2p:StatusCode [^>]*>/, status) });
      const problem = (await latest())?.result.problem;
      assert.equal(problem?.reason, "saml-status");
      assert.ok(problem?.detail?.endsWith(`${codes}Requester / ${codes}NoPassive: Sign in first`));
    });

    it("shows the attributes even if a required one is missing", async () => {
      await run({ fields: ({ attributes }) => void Reflect.deleteProperty(attributes, "email") });
      const result = (await latest())?.result;
      assert.equal(result?.problem?.reason, "profile-incomplete");
      assert.ok(result?.values.some(({ name, value }) => name === "NameID" && value === "ada@acme.example"));
    });

    it("refuses an unsolicited response at a draft, and one for a test that it does not answer", async () => {
      const client = site().app.client();
      const response = await site().respond("ada@acme.example", {}, { connection: draft });
      assert.equal((await site().arrive(client, response, "", draft)).status, 403);
      assert.equal(refusalsIn(site().app).at(-1), "connection-not-active");
      const testId = await start();
      const page = await site().arrive(client, response, testId, draft);
      assert.match(page.text, /The sign-in does not work/);
      assert.equal((await latest())?.result.problem?.reason, "saml-request-unknown");
    });

    it("refuses a test that is not under way", async () => {
      const client = site().app.client();
      assert.equal((await client.get(`/saml/${draft.key}/login?test=unknown`)).status, 403);
      assert.equal(refusalsIn(site().app).at(-1), "sign-in-not-started-here");
    });
  });
});
