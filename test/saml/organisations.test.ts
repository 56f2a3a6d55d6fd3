import assert from "node:assert/strict";
import { landingPath } from "../../src/web/home.ts";
import { onOneDatabase } from "../helpers/databases.ts";
import { formOn } from "../helpers/forms.ts";
import { assertRedirect } from "../helpers/pages.ts";
import { createLocalAccount, createTestTenant, testPassword } from "../helpers/people.ts";
import { useSamlSite } from "../helpers/saml-site.ts";

const email = "ada@acme.example";

/** test/web/organisations.test.ts has the rules of a browser with several sessions. */
describe("a SAML sign-in in a browser with several organisations", () => {
  onOneDatabase((use) => {
    const site = useSamlSite(use);

    it("finishes in its own organisation when it began before a switch", async () => {
      const { acme, app } = site();
      const beta = await createTestTenant(use().database);
      const owner = await createLocalAccount(acme.store, email, "owner");
      await createLocalAccount(beta.store, email);
      const client = app.client();
      assertRedirect(await client.signIn(acme.tenant.slug, email, testPassword), landingPath);
      const { id, relayState } = await site().leave(client);
      assertRedirect(await client.signIn(beta.tenant.slug, email, testPassword), landingPath);
      const response = await site().respond("newcomer@acme.example", {}, { requestId: id });
      const asked = await site().arrive(client, response, relayState);
      assertRedirect(await formOn(asked, "/finish").send(client), landingPath);
      const me = JSON.parse((await client.get("/me")).text);
      assert.equal(me.tenant.slug, acme.tenant.slug);
      const { text } = await client.get("/account");
      const offered = [...text.matchAll(/name="organisation" value="([^"]+)"/g)].map(([, one]) => one);
      const sessions = await use().database.sql()("sessions").where("user_id", owner.id);
      assert.deepEqual([offered, sessions.length], [[beta.tenant.id], 0]);
    });
  });
});
