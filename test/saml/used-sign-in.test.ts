import assert from "node:assert/strict";
import { landingPath } from "../../src/web/home.ts";
import { onOneDatabase } from "../helpers/databases.ts";
import { assertRedirect } from "../helpers/pages.ts";
import { useSamlSite } from "../helpers/saml-site.ts";

onOneDatabase((use) => {
  describe("going back to the end of a SAML sign-in", () => {
    const site = useSamlSite(use);

    it("sends a signed-in person on, and refuses anyone else", async () => {
      const client = site().app.client();
      const response = await site().respond("back@acme.example");
      const form = new URLSearchParams({ SAMLResponse: response });
      const posted = await client.send("POST", `/saml/${site().connection.key}/acs`, {}, form);
      const finish = posted.location ?? "";
      assertRedirect(await client.get(finish), landingPath);
      assertRedirect(await client.get(finish), landingPath);
      assert.equal((await site().app.client().get(finish)).status, 403);
      await client.post("/logout");
      assert.equal((await client.get(finish)).status, 403);
    });
  });
});
