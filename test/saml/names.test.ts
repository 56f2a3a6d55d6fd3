import assert from "node:assert/strict";
import { provisionUser } from "../../src/directory/provisioning.ts";
import { startSignInTest } from "../../src/directory/sign-in-tests.ts";
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

describe("names in a SAML sign-in", () => {
  onEachDatabase((use) => {
    const site = useSamlSite(use);
    const userOf = (loginName: string) => site().acme.store.users.byLoginName(loginName);
    const emailAddress = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress";
    let people = 0;

    /** Signs a new person in with these attributes and an address. */
    async function signedIn(attributes: Record<string, string[]>, more: object = {}) {
      const email = `person-${people++}@acme.example`;
      const deviation = {
        fields: (all: object) =>
          void Object.assign(all, { attributes: { email: [email], ...attributes } }, more),
      };
      const browser = site().app.client();
      assertRedirect(await site().signIn(browser, email, deviation), landingPath);
      const user = (await userOf(email)) ?? assert.fail();
      return { email, user, browser };
    }

    it("are optional: a person without a last name signs in, and so does one without any", async () => {
      const { user } = await signedIn({ firstName: ["Madonna"] });
      assert.deepEqual([user.givenName, user.familyName], ["Madonna", null]);
      const nameless = await signedIn({});
      const { givenName, familyName, displayName } = nameless.user;
      assert.deepEqual([givenName, familyName, displayName], [null, null, null]);
      assert.ok((await nameless.browser.get("/account")).text.includes(nameless.email));
    });

    const empty: [what: string, values: string[]][] = [
      ["an attribute without values", []],
      ["an empty value", [""]],
      ["a value of spaces", ["   "]],
      ["a value of hidden characters", ["\u200b\u202e"]],
      ["a value with child elements", ["<b>Lovelace</b>"]],
    ];
    for (const [what, values] of empty) {
      it(`are absent if the provider sends ${what}`, async () => {
        const { user } = await signedIn({ firstName: ["Ada"], lastName: values });
        assert.deepEqual([user.givenName, user.familyName], ["Ada", null]);
      });
    }

    it("are the first value that is not blank", async () => {
      const { user } = await signedIn({
        firstName: ["", "Ada", "Augusta"],
        lastName: ["\u200b", "Lovelace"],
      });
      assert.deepEqual([user.givenName, user.familyName], ["Ada", "Lovelace"]);
    });

    it("are cut if they are overlong, at the first sign-in and at the next", async () => {
      const long = `${"x".repeat(498)}👩‍💻${"y".repeat(20_000)}`;
      const { email, user } = await signedIn({ firstName: [long], lastName: [long], displayName: [long] });
      const cut = "x".repeat(498);
      assert.deepEqual([user.givenName, user.familyName, user.displayName], [cut, cut, cut]);
      const again = {
        fields: (all: object) =>
          void Object.assign(all, { attributes: { email: [email], displayName: [long] } }),
      };
      assertRedirect(await site().signIn(site().app.client(), email, again), landingPath);
      const next = await userOf(email);
      assert.deepEqual([next?.givenName, next?.familyName, next?.displayName], [null, null, cut]);
    });

    it("are optional in a test sign-in, which shows them as not sent", async () => {
      const { store } = site().acme;
      const draft = await site().connect({}, { draft: true });
      const id = await startSignInTest(store, draft.id, site().owner.id);
      const browser = site().app.client();
      const { id: requestId, relayState } = await site().leave(browser, draft, `?test=${id}`);
      const email = "tested@acme.example";
      const deviation = {
        fields: (all: object) => void Object.assign(all, { attributes: { email: [email] } }),
      };
      const response = await site().respond(email, deviation, { connection: draft, requestId });
      assert.match((await site().arrive(browser, response, relayState, draft)).text, /understand each other/);
    });

    it("come with the NameID alone, if its format says that it is an e-mail address", async () => {
      const nothing = { attributes: {}, nameIdFormat: emailAddress };
      const { email, user } = await signedIn({}, nothing);
      assert.equal(user.email, email);
      const unspecified = { fields: (all: object) => void Object.assign(all, { attributes: {} }) };
      await assertRefused(site().app, use(), "profile-incomplete", () =>
        site().signIn(site().app.client(), "unspecified@acme.example", unspecified),
      );
    });
  });
});
