import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { attributes } from "../../config/attributes.ts";
import { InvalidError } from "../../src/errors.ts";
import { checkIssuer } from "../../src/oidc/issuer.ts";
import { landingPath } from "../../src/web/home.ts";
import { type OtherProvider, providerGuide, providers } from "../../tools/guide/src/providers.ts";
import { onOneDatabase } from "../helpers/databases.ts";
import { assertRedirect } from "../helpers/pages.ts";
import { useSamlSite } from "../helpers/saml-site.ts";

const guideOf = (provider: OtherProvider) => providerGuide(provider, "https://app.example.com");

/** The SAML attributes that a guide tells the provider to send. */
const sentBy = ({ saml }: OtherProvider) =>
  attributes.flatMap(({ field, samlAttribute }) =>
    samlAttribute !== null && field !== null && field in saml.attributes.sources
      ? [{ field, samlAttribute }]
      : [],
  );

describe("the guides for other identity providers", () => {
  it("are one for each, on less than two pages, with sources", () => {
    assert.deepEqual(
      providers.map(({ id }) => id),
      ["entra", "google", "onelogin"],
    );
    for (const provider of providers) {
      const guide = guideOf(provider);
      assert.ok(guide.split(/\s+/).length < 800, provider.id);
      assert.ok(provider.sources.length >= 2);
      for (const [, url] of provider.sources) assert.ok(guide.includes(`](${url})`), url);
    }
  });

  it("have the addresses that the code serves", () => {
    for (const provider of providers) {
      const guide = guideOf(provider);
      for (const path of ["/saml/{connection}/acs", "/saml/{connection}/metadata"])
        assert.ok(guide.includes(`\`https://app.example.com${path}\``), path);
      assert.equal(guide.includes("`https://app.example.com/scim/v2`"), provider.scim !== null);
    }
  });

  it("ask for every attribute without which a sign-in fails", () => {
    const needed = attributes.filter(
      ({ requiredAtSignIn, samlAttribute }) => requiredAtSignIn && samlAttribute,
    );
    assert.ok(needed.length > 0);
    for (const provider of providers)
      for (const { field, samlAttribute } of needed) {
        assert.ok(sentBy(provider).some((sent) => sent.field === field));
        assert.ok(guideOf(provider).includes(`| \`${samlAttribute}\` |`), `${provider.id}: ${samlAttribute}`);
      }
  });

  // The suites of SCIM replay these files: entra.test.ts and messages of other clients.
  it("promise provisioning by those whose recorded messages the suites of SCIM replay, and by no others", () => {
    const recorded = readdirSync("test/fixtures").map((name) => name.replace(".json", ""));
    for (const { id, scim } of providers) assert.equal(recorded.includes(id), scim !== null, id);
  });

  for (const { id, oidc } of providers) {
    it(`say that the issuer of ${id} is refused, and it is`, () => {
      assert.throws(() => checkIssuer(oidc.issuer, false), InvalidError);
    });
  }

  onOneDatabase((use) => {
    const site = useSamlSite(use);

    for (const provider of providers) {
      it(`name attributes of ${provider.id} with which a person signs in`, async () => {
        const client = site().app.client();
        const values = { givenName: "Mila", familyName: "Novak", email: `mila@${provider.id}.example` };
        const sent = sentBy(provider).map(({ field, samlAttribute }) => [
          samlAttribute,
          [{ ...values, displayName: "Mila Novak" }[field as keyof typeof values] ?? ""],
        ]);
        const answer = await site().signIn(client, values.email, {
          fields(fields) {
            fields.attributes = Object.fromEntries(sent);
          },
          // The choice of each guide: the assertion alone is signed.
          signResponse: null,
        });
        assertRedirect(answer, landingPath);
        const { user } = JSON.parse((await client.get("/me")).text);
        assert.deepEqual(
          [user.loginName, user.givenName, user.familyName],
          [values.email, values.givenName, values.familyName],
        );
      });
    }

    it("say that SHA-1 is refused, and it is", async () => {
      const algorithm = "http://www.w3.org/2000/09/xmldsig#rsa-sha1";
      const { key } = site();
      const answer = await site().signIn(site().app.client(), "sha1@onelogin.example", {
        signAssertion: { key, signatureAlgorithm: algorithm },
      });
      assert.equal(answer.status, 403);
    });
  });
});
