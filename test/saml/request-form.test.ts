import assert from "node:assert/strict";
import { DOMParser } from "@xmldom/xmldom";
import { SignedXml } from "xml-crypto";
import type { Connection } from "../../src/model.ts";
import { landingPath } from "../../src/web/home.ts";
import type { Answer } from "../helpers/client.ts";
import { onOneDatabase } from "../helpers/databases.ts";
import { formOn, unescaped } from "../helpers/forms.ts";
import { assertRedirect } from "../helpers/pages.ts";
import { recorded, startRecording } from "../helpers/recorded.ts";
import { keyPairsOf, useSamlSite } from "../helpers/saml-site.ts";

const ssoUrl = "https://acme.okta.example/sso?app=1&lang=en";

describe("a request by the POST binding", () => {
  onOneDatabase((use) => {
    const site = useSamlSite(use);
    const byPost = (more = {}) => site().connect({ ssoUrl, requestByPost: true, ...more });
    const leave = (connection: Connection, query = "", client = site().app.client()) =>
      client.get(`/saml/${connection.key}/login${query}`);
    function requestIn(page: Answer) {
      const { path, hidden } = formOn(page, "");
      const xml = Buffer.from(hidden.SAMLRequest ?? "", "base64").toString();
      return { path, hidden, xml, id: / ID="([^"]+)"/.exec(xml)?.[1] ?? "" };
    }

    it("leaves on a page whose form leads to the provider, with request and RelayState only", async () => {
      const page = await leave(await byPost());
      assert.equal(page.status, 200);
      const { path, hidden, xml } = requestIn(page);
      assert.equal(path, ssoUrl);
      assert.deepEqual(Object.keys(hidden), ["SAMLRequest", "RelayState"]);
      assert.ok((hidden.RelayState ?? "").length >= 32);
      assert.equal(unescaped(/ Destination="([^"]+)"/.exec(xml)?.[1] ?? ""), ssoUrl);
      assert.match(
        page.text,
        /<form method="post"[^>]* data-send-at-once>[\s\S]*<button[^>]*>Continue<\/button>/,
      );
      assert.equal(page.headers.get("cache-control"), "no-store");
    });

    it("is signed inside the XML by our key, with SHA-256", async () => {
      const connection = await byPost({ forceAuthn: true });
      const { xml } = requestIn(await leave(connection));
      assert.match(xml, / ForceAuthn="true"/);
      const root = new DOMParser().parseFromString(xml, "text/xml");
      const [signature] = Array.from(
        root.getElementsByTagNameNS("http://www.w3.org/2000/09/xmldsig#", "Signature"),
      );
      assert.ok(signature);
      assert.match(xml, /rsa-sha256"[\s\S]*xmlenc#sha256"/);
      const [{ certificate }] = await keyPairsOf(site().acme.store, connection);
      const verifier = new SignedXml({
        publicCert: `-----BEGIN CERTIFICATE-----\n${certificate}\n-----END CERTIFICATE-----`,
      });
      verifier.loadSignature(signature as unknown as Node);
      assert.ok(verifier.checkSignature(xml));
      assert.match(verifier.getSignedReferences()[0] ?? "", /AuthnRequest/);
    });

    it("lets the page's form, and no other page's, end at another origin", async () => {
      const policyOf = ({ headers }: Answer) => headers.get("content-security-policy") ?? "";
      const policy = policyOf(await leave(await byPost()));
      assert.match(policy, /form-action 'self' https:(;|$)/);
      assert.match(policy, /script-src 'self'(;|$)/);
      assert.match(
        policyOf(await leave(await byPost({ ssoUrl: "http://idp.test/" }))),
        /form-action 'self' https: http:/,
      );
      for (const other of [await leave(site().connection), await site().app.client().get("/login")])
        assert.match(policyOf(other), /form-action 'self'(;|$)/);
    });

    it("signs in once the provider answers it", async () => {
      const connection = await byPost();
      const client = site().app.client();
      const { id, hidden } = requestIn(await leave(connection, "?returnTo=/account", client));
      const response = await site().respond("ada@acme.example", {}, { connection, requestId: id });
      const done = await site().arrive(client, response, hidden.RelayState, connection);
      assertRedirect(done, "/account");
      const other = site().app.client();
      const second = requestIn(await leave(connection, "", other));
      const answer = await site().respond("ada@acme.example", {}, { connection, requestId: second.id });
      const foreign = await site().arrive(other, answer, "another state", connection);
      assert.equal(foreign.status, 403, "RelayState has to come back");
    });

    it("is escaped in the page", async () => {
      const nasty = 'https://acme.okta.example/"><script>x</script>';
      const page = await leave(await byPost({ ssoUrl: nasty }));
      assert.ok(!page.text.includes("<script>x"));
      assert.equal(requestIn(page).path, nasty);
    });

    it("is recorded by the inspector, without the RelayState", async () => {
      const connection = await byPost();
      await startRecording(site().acme.store);
      const { hidden } = requestIn(await leave(connection));
      const messages = await recorded(site().acme.store, 1);
      const text = JSON.stringify(messages);
      assert.match(text, /A form for POST https:\/\/acme\.okta\.example\/sso/);
      assert.match(text, /samlp:AuthnRequest/);
      assert.ok(!text.includes(hidden.RelayState ?? "?"));
    });

    it("is a redirect for connections that are not set so", async () => {
      const page = await leave(await site().connect({ requestByPost: false }));
      assert.equal(page.status, 302);
      assertRedirect(await site().signIn(site().app.client(), "grace@acme.example"), landingPath);
    });
  });
});
