import assert from "node:assert/strict";
import { provisionUser } from "../../src/directory/provisioning.ts";
import { landingPath } from "../../src/web/home.ts";
import { onEachDatabase } from "../helpers/databases.ts";
import { assertRedirect, factOf } from "../helpers/pages.ts";
import { provisioned } from "../helpers/people.ts";
import { assertRefused } from "../helpers/refused.ts";
import { useSamlSite } from "../helpers/saml-site.ts";

describe("deceptive names in a SAML sign-in", () => {
  onEachDatabase((use) => {
    const site = useSamlSite(use);
    const client = () => site().app.client();
    const refused = (reason: Parameters<typeof assertRefused>[2], nameId: string) =>
      assertRefused(site().app, use(), reason, () => site().signIn(client(), nameId));
    const userOf = (loginName: string) => site().acme.store.users.byLoginName(loginName);

    for (const [name, says] of Object.entries({
      "o\u202e@inb.test": /U\+202E RIGHT-TO-LEFT OVERRIDE, which cannot be seen/,
      "o\u200b@inb.test": /U\+200B ZERO WIDTH SPACE, which cannot be seen/,
      "o\n@inb.test": /U\+000A LINE FEED, which cannot be seen/,
    })) {
      it(`refuses the login name ${JSON.stringify(name)}, and says why`, async () => {
        assert.match((await refused("login-name-not-valid", name)).text, says);
      });
    }

    it("removes invisible characters from profile fields", async () => {
      const deviation = {
        fields(fields: { attributes: Record<string, string[]> }) {
          fields.attributes.firstName = ["Gr\u202eace"];
        },
      };
      const browser = client();
      assertRedirect(await site().signIn(browser, "grace@acme.example", deviation), landingPath);
      assert.equal((await userOf("grace@acme.example"))?.givenName, "Grace");
      assert.equal(factOf(await browser.get("/account"), "First name"), "Grace");
    });

    it("does not sign in to an account with a look-alike name", async () => {
      assertRedirect(await site().signIn(client(), "fiona@acme.example"), landingPath);
      await refused("account-conflict", "ﬁona@acme.example");
      const { store, writer } = site().acme;
      await provisionUser(store, writer, provisioned("office@acme.example"));
      await refused("account-conflict", "oﬃce@acme.example");
      assertRedirect(await site().signIn(client(), "OFFICE@acme.example"), landingPath);
      assertRedirect(await site().signIn(client(), "FIONA@acme.example"), landingPath);
    });

    it("finds an account by its own name, and creates no look-alike", async () => {
      assertRedirect(await site().signIn(client(), "ﬂora@acme.example"), landingPath);
      const flora = await userOf("flora@acme.example");
      assert.equal(flora?.loginName, "ﬂora@acme.example");
      assertRedirect(await site().signIn(client(), "ﬂora@acme.example"), landingPath);
      await refused("account-conflict", "flora@acme.example");
    });
  });
});
