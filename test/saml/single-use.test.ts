import assert from "node:assert/strict";
import { landingPath } from "../../src/web/home.ts";
import { onOneDatabase } from "../helpers/databases.ts";
import { loadInAdvance } from "../helpers/loaded-in-advance.ts";
import { assertRedirect } from "../helpers/pages.ts";
import { useSamlSite } from "../helpers/saml-site.ts";

/** test/web/single-use.test.ts lists the routes. */
describe("a GET of SAML that consumes something", () => {
  onOneDatabase((use) => {
    const site = useSamlSite(use);

    it("is not consumed at the end of a sign-in", async () => {
      const client = site().app.client();
      const { id, relayState } = await site().leave(client);
      const response = await site().respond("ada@saml.example", {}, { requestId: id });
      const form = new URLSearchParams({ SAMLResponse: response, RelayState: relayState });
      const posted = await client.send("POST", `/saml/${site().connection.key}/acs`, {}, form);
      assert.equal(posted.status, 303, posted.text);
      await loadInAdvance(client, posted.location ?? "");
      assertRedirect(await client.get(posted.location ?? ""), landingPath);
    });

    it("begins no sign-in before the person asks for it", async () => {
      const pending = async () => (await use().database.sql()("pending_logins")).length;
      const before = await pending();
      await loadInAdvance(site().app.client(), `/saml/${site().connection.key}/login`);
      assert.equal(await pending(), before);
    });
  });
});
