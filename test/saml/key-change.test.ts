import assert from "node:assert/strict";
import { randomUUID, verify, X509Certificate } from "node:crypto";
import { DOMParser } from "@xmldom/xmldom";
import type { Connection } from "../../src/model.ts";
import { landingPath } from "../../src/web/home.ts";
import type { Client } from "../helpers/client.ts";
import { onEachDatabase } from "../helpers/databases.ts";
import { submit } from "../helpers/forms.ts";
import { assertRedirect } from "../helpers/pages.ts";
import { assertRefused } from "../helpers/refused.ts";
import { useSamlSite } from "../helpers/saml-site.ts";

/**
 * The drill of docs/how-to/rotate-secrets.md: the provider verifies our requests and encrypts its assertions, and nothing
 * fails while our key changes.
 */
describe("a change of our SAML key", () => {
  onEachDatabase((use) => {
    const site = useSamlSite(use);
    let owner: Client;
    let connection: Connection;
    before(async () => {
      owner = await site().clientOf(site().owner);
      connection = await site().connect({ encryptedAssertions: true });
    });

    /** The certificates in our metadata, in their order, as the provider's administrator downloads them. */
    async function published(): Promise<string[]> {
      const { text } = await site().app.client().get(`/saml/${connection.key}/metadata`);
      const keys = new DOMParser().parseFromString(text, "text/xml").getElementsByTagName("md:KeyDescriptor");
      const signing = [...keys].filter((key) => key.getAttribute("use") !== "encryption");
      return signing.map(({ textContent }) => String(textContent).trim());
    }
    const pem = (certificate: string) =>
      `-----BEGIN CERTIFICATE-----\n${certificate}\n-----END CERTIFICATE-----`;

    /** A sign-in at a provider that trusts these certificates, and encrypts for one of them. */
    async function signIn({ trusts, encryptsFor }: { trusts: string[]; encryptsFor: string }) {
      const client = site().app.client();
      const { id, relayState, url } = await site().leave(client, connection);
      // The signature is over the query as it was sent (SAML Bindings §3.4.4.1).
      const [signed = "", signature = ""] = url.search.slice(1).split("&Signature=");
      const bytes = Buffer.from(decodeURIComponent(signature), "base64");
      const isTrusted = trusts.some((certificate) =>
        verify("sha256", Buffer.from(signed), new X509Certificate(pem(certificate)).publicKey, bytes),
      );
      assert.ok(isTrusted, "the provider verifies the request");
      const deviation = { encrypt: { to: pem(encryptsFor) } };
      const name = `${randomUUID()}@acme.example`;
      const response = await site().respond(name, deviation, { connection, requestId: id });
      return await site().arrive(client, response, relayState, connection);
    }
    const press = (step: string) =>
      submit(owner, `/admin/connections/${connection.id}?tab=settings`, `/keys/${step}`);

    it("interrupts nothing, if the provider gets the next certificate in between", async () => {
      const [first = ""] = await published();
      assertRedirect(await signIn({ trusts: [first], encryptsFor: first }), landingPath);

      await press("begin");
      const [signing, next = ""] = await published();
      assert.equal(signing, first);
      assertRedirect(await signIn({ trusts: [first], encryptsFor: first }), landingPath);
      assertRedirect(await signIn({ trusts: [first, next], encryptsFor: next }), landingPath);

      await press("end");
      assert.deepEqual(await published(), [next]);
      assertRedirect(await signIn({ trusts: [first, next], encryptsFor: next }), landingPath);
      await assertRefused(site().app, use(), "saml-encryption", () =>
        signIn({ trusts: [next], encryptsFor: first }),
      );
    });
  });
});
