import assert from "node:assert/strict";
import { landingPath } from "../../src/web/home.ts";
import { onEachDatabase } from "../helpers/databases.ts";
import { refusalsIn } from "../helpers/org.ts";
import { assertRedirect, factOf } from "../helpers/pages.ts";
import { useSamlSite } from "../helpers/saml-site.ts";

describe("sign-in by SAML", () => {
  onEachDatabase((use) => {
    const site = useSamlSite(use);

    it("goes to the provider with a signed request, and shows the names that came back", async () => {
      const client = site().app.client();
      assertRedirect(await site().signIn(client, "ada@acme.example"), landingPath);
      const account = await client.get("/account");
      assert.deepEqual(
        ["First name", "Last name", "E-mail"].map((name) => factOf(account, name)),
        ["Ada", "Lovelace", "ada@acme.example"],
      );
    });

    it("may begin at the provider", async () => {
      const client = site().app.client();
      const response = await site().respond("tile@acme.example");
      const answer = await site().arrive(client, response);
      assert.deepEqual(refusalsIn(site().app), []);
      assertRedirect(answer, landingPath);
    });
  });
});
