import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { onEachDatabase } from "../helpers/databases.ts";
import { assertRefused } from "../helpers/refused.ts";
import { useSamlSite } from "../helpers/saml-site.ts";

describe("characters that a database cannot hold", () => {
  onEachDatabase((use) => {
    const site = useSamlSite(use);

    for (const relayState of ["r\0s", "\0", "/me\0", "\u0001\uFFFF"]) {
      it(`do no harm in RelayState: ${JSON.stringify(relayState)}`, async () => {
        const form = new URLSearchParams({ SAMLResponse: "PGE+", RelayState: relayState });
        const path = `/saml/${site().connection.key}/acs`;
        await assertRefused(site().app, use(), "saml-malformed", () =>
          site().app.client().send("POST", path, { accept: "text/html" }, form),
        );
        const response = await site().respond(`${randomUUID()}@acme.example`);
        const { status } = await site().arrive(site().app.client(), response, relayState);
        assert.equal(status, 303);
      });
    }

    for (const path of ["login?test=%00", "finish?ticket=%00", "login?returnTo=%00"]) {
      it(`do no harm in the address: ${path}`, async () => {
        const { status } = await site().app.client().get(`/saml/${site().connection.key}/${path}`);
        assert.ok(status < 500, String(status));
      });
    }

    it("do no harm in the key of a connection", async () => {
      const client = site().app.client();
      const form = new URLSearchParams({ SAMLResponse: "PGE+" });
      const answers = [
        await client.send("POST", "/saml/a%00b/acs", { accept: "text/html" }, form),
        await client.get("/saml/a%00b/login"),
        await client.get("/saml/a%00b/metadata"),
        await client.get("/oidc/a%00b/login"),
      ];
      assert.deepEqual(
        answers.map(({ status }) => status),
        [404, 404, 404, 404],
      );
    });

    for (const [name, deviation, settings] of [
      ["the NameID", (xml: string) => xml.replaceAll("@acme.example<", "&#0;@acme.example<"), {}],
      [
        "the attribute that names the person",
        (xml: string) => xml.replace(/(AttributeValue[^>]*>)/, "$1&#0;"),
        { subjectAttribute: "email" },
      ],
    ] as const) {
      it(`make a response malformed by a reference in ${name}`, async () => {
        const connection = await site().connect(settings);
        const response = await site().respond(
          `${randomUUID()}@acme.example`,
          { assertion: deviation },
          { connection },
        );
        await assertRefused(site().app, use(), "saml-malformed", () =>
          site().arrive(site().app.client(), response, "", connection),
        );
      });
    }
  });
});
