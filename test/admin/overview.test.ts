import assert from "node:assert/strict";
import { createToken } from "../../src/directory/provisioning-tokens.ts";
import { createSigningKey } from "../helpers/certificates.ts";
import { onOneDatabase } from "../helpers/databases.ts";
import { samlSettings } from "../helpers/people.ts";
import { useSite } from "../helpers/site.ts";

const day = 86_400_000;

describe("the console's overview", () => {
  onOneDatabase((use) => {
    const site = useSite(use);
    const textOf = async () => (await (await site().clientOf(site().owner)).get("/admin")).text;

    it("shows no warning before anything is set up", async () => {
      assert.doesNotMatch(await textOf(), /class="notice/);
    });

    it("warns of an expiring certificate and token and of a refused call, with links to them", async () => {
      const { acme } = site();
      const { certificate } = await createSigningKey("acme", new Date(Date.now() + 10 * day));
      const settings = { ...samlSettings, certificates: [certificate] };
      const { id, key } = await acme.connection({ type: "saml", settings });
      await createToken(acme.store, "default", 10);
      await acme.store.provisioningProblems.record({
        sourceId: acme.writer.source.id,
        kind: "uniqueness",
        call: "POST /Users",
        status: 409,
        detail: "Taken.",
        requestId: "r-1",
      });
      const text = await textOf();
      assert.match(
        text,
        new RegExp(`<a href="/admin/connections/${id}">${key}</a>: Its certificate expires within`),
      );
      const token = /<a href="\/admin\/provisioning">Provisioning<\/a>: (The provisioning token [^<]*)</;
      assert.match(
        token.exec(text)?.[1] ?? "",
        /\(source default\) expires on \d{1,2} \w+ \d{4}\. Create another/,
      );
      assert.match(
        text,
        /<a href="\/admin\/provisioning#problems">Provisioning<\/a>: calls from Okta were refused/,
      );
    });

    it("does not warn of a token that has a successor", async () => {
      await createToken(site().acme.store, "default", 400);
      assert.doesNotMatch(await textOf(), /The provisioning token/);
    });
  });
});
