import assert from "node:assert/strict";
import { createVerify, X509Certificate } from "node:crypto";
import { blockUser } from "../../src/directory/access.ts";
import {
  deleteProvisionedUser,
  provisionUser,
  updateProvisionedUser,
} from "../../src/directory/provisioning.ts";
import { addDomain } from "../../src/directory/tenants.ts";
import { landingPath } from "../../src/web/home.ts";
import { createSigningKey } from "../helpers/certificates.ts";
import { onEachDatabase } from "../helpers/databases.ts";
import { leavingTo, refusalsIn } from "../helpers/org.ts";
import { assertRedirect, factOf } from "../helpers/pages.ts";
import { provisioned } from "../helpers/people.ts";
import { assertRefused } from "../helpers/refused.ts";
import { algorithms, type Deviation } from "../helpers/saml-response.ts";
import { keyPairsOf, useSamlSite } from "../helpers/saml-site.ts";

describe("sign-in by SAML", () => {
  onEachDatabase((use) => {
    const site = useSamlSite(use);
    const client = () => site().app.client();
    const userOf = (loginName: string) => site().acme.store.users.byLoginName(loginName);

    it("signs in through the provider, and shows the names that it sent", async () => {
      const browser = client();
      assertRedirect(await site().signIn(browser, "ada@acme.example"), landingPath);
      const account = await browser.get("/account");
      assert.deepEqual(
        ["First name", "Last name", "E-mail", "Signed in with"].map((name) => factOf(account, name)),
        ["Ada", "Lovelace", "ada@acme.example", "Single sign-on (SAML)"],
      );
    });

    it("sends a request signed with RSA-SHA256, without options that were not asked for", async () => {
      const { url, xml, relayState } = await site().leave(client());
      const { app, connection } = site();
      assert.match(xml, new RegExp(`AssertionConsumerServiceURL="${app.url}/saml/${connection.key}/acs"`));
      assert.match(xml, new RegExp(`<saml:Issuer[^>]*>${app.url}/saml/${connection.key}/metadata<`));
      assert.match(xml, / ProtocolBinding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"/);
      assert.doesNotMatch(xml, /ForceAuthn|IsPassive|RequestedAuthnContext|Format=/);
      assert.match(relayState, /^[\w-]{40,}$/);
      const [pair] = await keyPairsOf(site().acme.store, connection);
      const { publicKey } = new X509Certificate(Buffer.from(pair.certificate, "base64"));
      assert.equal(url.searchParams.get("SigAlg"), algorithms.rsaSha256);
      const [signed = "", signature = ""] = url.search.slice(1).split("&Signature=");
      const verify = createVerify("sha256").update(signed);
      assert.ok(verify.verify(publicKey, decodeURIComponent(signature), "base64"));
    });

    it("sends ForceAuthn if the connection asks for it", async () => {
      const connection = await site().connect({ forceAuthn: true });
      assert.match((await site().leave(client(), connection)).xml, / ForceAuthn="true"/);
    });

    it("returns to the requested page without telling the provider", async () => {
      const browser = client();
      const { id, relayState, url } = await site().leave(browser, undefined, "?returnTo=%2Faccount%3Fx%3D1");
      assert.doesNotMatch(url.href, /account/);
      const response = await site().respond("deep@acme.example", {}, { requestId: id });
      assertRedirect(await site().arrive(browser, response, relayState), "/account?x=1");
    });

    it("follows a RelayState from the provider within this site only", async () => {
      const cases = {
        "/account": "/account",
        [`${site().app.url}/account?x=1`]: "/account?x=1",
        "https://evil.example/": landingPath,
        "//evil.example/": landingPath,
        "/\\evil.example": landingPath,
        "javascript:alert(1)": landingPath,
        "": landingPath,
      };
      for (const [relayState, path] of Object.entries(cases)) {
        const response = await site().respond("tile@acme.example");
        assertRedirect(await site().arrive(client(), response, relayState), path);
      }
    });

    it("works in two tabs at once", async () => {
      const browser = client();
      const [first, second] = [await site().leave(browser), await site().leave(browser)];
      for (const { id, relayState } of [second, first]) {
        const response = await site().respond("tabs@acme.example", {}, { requestId: id });
        assertRedirect(await site().arrive(browser, response, relayState), landingPath);
      }
    });

    it("works if the browser rejects Secure cookies over http", async () => {
      const browser = client();
      const { id, relayState } = await site().leave(browser);
      assert.ok(browser.cookies.delete("__Host-saml-request"));
      const response = await site().respond("plain@acme.example", {}, { requestId: id });
      assertRedirect(await site().arrive(browser, response, relayState), landingPath);
    });

    it("is among the sign-in options of a verified domain", async () => {
      const { store } = site().acme;
      await store.domains.markVerified(await addDomain(store, "acme.example"));
      const browser = client();
      const page = await browser.post("/login", { email: "x@acme.example", remember: "on" });
      const { key } = site().connection;
      const open = (await store.connections.list()).filter(({ status }) => status === "active");
      if (open.length === 1) assert.match(leavingTo(page), new RegExp(`^/saml/${key}/login`));
      else assert.match(page.text, new RegExp(`value="/saml/${key}/login"`));
    });

    it("finds the same user again, ignoring the case of the name", async () => {
      assertRedirect(await site().signIn(client(), "grace@acme.example"), landingPath);
      const first = await userOf("grace@acme.example");
      assertRedirect(await site().signIn(client(), "Grace@Acme.example"), landingPath);
      assert.equal((await userOf("grace@acme.example"))?.id, first?.id);
    });

    it("keeps an account through a rename by SCIM, and creates a new one for the next owner of the old name", async () => {
      const { store, writer } = site().acme;
      const user = await provisionUser(store, writer, provisioned("old@acme.example"));
      assertRedirect(await site().signIn(client(), "old@acme.example"), landingPath);
      await updateProvisionedUser(store, writer, user.id, { loginName: "new@acme.example" });
      assertRedirect(await site().signIn(client(), "new@acme.example"), landingPath);
      assert.equal((await userOf("new@acme.example"))?.id, user.id);
      assertRedirect(await site().signIn(client(), "old@acme.example"), landingPath);
      assert.notEqual((await userOf("old@acme.example"))?.id, user.id);
    });

    it("refuses inactive, blocked, deleted and local accounts, and new people if just-in-time creation is off", async () => {
      const { store, writer } = site().acme;
      const refuses = async (
        reason: Parameters<typeof assertRefused>[2],
        name: string,
        connection = site().connection,
      ) =>
        await assertRefused(site().app, use(), reason, () => site().signIn(client(), name, {}, connection));
      const gone = await provisionUser(store, writer, provisioned("gone@acme.example"));
      assertRedirect(await site().signIn(client(), "gone@acme.example"), landingPath);
      await updateProvisionedUser(store, writer, gone.id, { active: false });
      await refuses("user-inactive", "gone@acme.example");
      await updateProvisionedUser(store, writer, gone.id, { active: true });
      await blockUser(store, gone.id);
      await refuses("user-blocked", "gone@acme.example");
      await deleteProvisionedUser(store, writer, gone.id);
      await refuses("user-deleted", "gone@acme.example");
      await refuses("account-conflict", "owner@acme.example");
      await refuses(
        "just-in-time-off",
        "unknown@acme.example",
        await site().connect({}, { justInTime: false }),
      );
    });

    it("accepts a signature of the assertion alone, and of the response alone if the connection says so", async () => {
      assertRedirect(await site().signIn(client(), "one@acme.example", { signResponse: null }), landingPath);
      const connection = await site().connect({ signed: "response" });
      const deviation = { signAssertion: null };
      assertRedirect(await site().signIn(client(), "two@acme.example", deviation, connection), landingPath);
    });

    it("accepts SHA-512, half a minute of clock skew, and a response without an issuer", async () => {
      const sha512 = {
        signatureAlgorithm: "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512",
        digestAlgorithm: "http://www.w3.org/2001/04/xmlenc#sha512",
      };
      const strong = { signAssertion: sha512, signResponse: sha512 };
      assertRedirect(await site().signIn(client(), "sha512@acme.example", strong), landingPath);
      const now = Date.now();
      for (const change of [
        { notOnOrAfter: now - 30_000, confirmedUntil: now - 30_000 },
        { notBefore: now + 30_000, issueInstant: now + 30_000 },
        { responseIssuer: null },
      ]) {
        const deviation: Deviation = { fields: (all) => void Object.assign(all, change) };
        assertRedirect(await site().signIn(client(), "clocks@acme.example", deviation), landingPath);
      }
    });

    it("accepts either certificate while a provider changes its key", async () => {
      const next = await createSigningKey("next");
      const { key } = site();
      const connection = await site().connect({ certificates: [next.certificate, key.certificate] });
      for (const signing of [key, next]) {
        const deviation = { signAssertion: { key: signing }, signResponse: { key: signing } };
        assertRedirect(
          await site().signIn(client(), "rotated@acme.example", deviation, connection),
          landingPath,
        );
      }
    });

    it("decrypts encrypted assertions", async () => {
      const { store } = site().acme;
      const connection = await site().connect({ encryptedAssertions: true });
      const [pair] = await keyPairsOf(store, connection);
      const to = `-----BEGIN CERTIFICATE-----\n${pair.certificate}\n-----END CERTIFICATE-----`;
      for (const encryptionAlgorithm of [
        "http://www.w3.org/2009/xmlenc11#aes128-gcm",
        "http://www.w3.org/2009/xmlenc11#aes256-gcm",
      ] as const) {
        const encrypt = { to, encryptionAlgorithm };
        const answer = await site().signIn(client(), "secret@acme.example", { encrypt }, connection);
        assertRedirect(answer, landingPath);
      }
      const unsignedOutside = { encrypt: { to }, signResponse: null };
      assertRedirect(
        await site().signIn(client(), "secret@acme.example", unsignedOutside, connection),
        landingPath,
      );
    });

    it("decrypts a key that is encrypted with either kind of RSA-OAEP", async () => {
      const connection = await site().connect({ encryptedAssertions: true });
      const [pair] = await keyPairsOf(site().acme.store, connection);
      const to = `-----BEGIN CERTIFICATE-----\n${pair.certificate}\n-----END CERTIFICATE-----`;
      const keyEncryptionAlgorithm = "http://www.w3.org/2009/xmlenc11#rsa-oaep";
      for (const encrypt of [
        { to, keyEncryptionAlgorithm },
        { to, keyEncryptionAlgorithm, keyEncryptionDigest: "sha256" },
        { to, keyEncryptionAlgorithm, keyEncryptionDigest: "sha256", keyEncryptionMgf: "sha256" },
        { to, keyEncryptionDigest: "sha256" },
      ]) {
        for (const rest of [{}, { signResponse: null }]) {
          const answer = await site().signIn(client(), "oaep@acme.example", { encrypt, ...rest }, connection);
          assertRedirect(answer, landingPath);
        }
      }
    });

    it("accepts exclusive canonicalization with comments, as Amazon sends it", async () => {
      const { enveloped, exclusive, withComments } = algorithms;
      for (const [canonicalization, transform] of [
        [withComments, withComments],
        [withComments, exclusive],
        [exclusive, withComments],
      ] as const) {
        const signing = { canonicalization, transforms: [enveloped, transform] };
        // The signatures list the prefix `xs`, so that its declaration counts although no name uses it.
        const assertion = (xml: string) => xml.replace("<saml2:Assertion ", '$&xmlns:xs="urn:listed" ');
        const deviation = { signAssertion: signing, signResponse: signing, assertion };
        assertRedirect(await site().signIn(client(), "amazon@acme.example", deviation), landingPath);
        const unlisted = (xml: string) => xml.replace("urn:listed", "urn:other");
        await assertRefused(site().app, use(), "saml-signature-not-valid", () =>
          site().signIn(client(), "amazon@acme.example", { ...deviation, signedResponse: unlisted }),
        );
      }
    });

    it("accepts several subject confirmations of which one is for this sign-in", async () => {
      const other = (xml: string) =>
        xml
          .replace(/Recipient="[^"]*"/, 'Recipient="https://other.example/acs"')
          .replace("cm:bearer", "cm:holder-of-key");
      const deviation: Deviation = {
        assertion: (xml) =>
          xml.replace(
            /<saml2:SubjectConfirmation .*<\/saml2:SubjectConfirmation>/s,
            (valid) => `${other(valid)}${valid}${other(valid)}`,
          ),
      };
      assertRedirect(await site().signIn(client(), "several@acme.example", deviation), landingPath);
    });

    it("accepts a byte order mark, and UTF-16", async () => {
      for (const encode of [
        (xml: string) => Buffer.from(`\uFEFF${xml}`).toString("base64"),
        (xml: string) => Buffer.from(`\uFEFF${xml}`, "utf16le").toString("base64"),
      ]) {
        assertRedirect(await site().signIn(client(), "marked@acme.example", { encode }), landingPath);
      }
    });

    it("finds a provisioned user by the attribute that names the subject", async () => {
      const { store, writer } = site().acme;
      const connection = await site().connect({ subjectAttribute: "oktaId" });
      const user = await provisionUser(
        store,
        writer,
        provisioned("key@acme.example", { sourceKey: "00u-key" }),
      );
      const by = (id: string): Deviation => ({
        fields: (all) => void Object.assign(all.attributes, { oktaId: [id] }),
      });
      assertRedirect(
        await site().signIn(client(), "other@acme.example", by("00u-key"), connection),
        landingPath,
      );
      assert.equal((await store.identities.find(connection.id, "00u-key"))?.userId, user.id);
      await assertRefused(site().app, use(), "saml-subject", () =>
        site().signIn(client(), "other@acme.example", {}, connection),
      );
    });

    it("reads attributes by the connection's names, and grants a role only while it is sent", async () => {
      const { store } = site().acme;
      const attributeNames = { givenName: "urn:oid:2.5.4.42", loginName: "uid" };
      const roleMapping = { name: "groups", adminValues: ["Product admins"] };
      const connection = await site().connect({ attributeNames, roleMapping });
      const sent = (groups: string[]): Deviation => ({
        fields: (all) => {
          const { firstName = [], ...rest } = all.attributes;
          all.attributes = { ...rest, "urn:oid:2.5.4.42": firstName, uid: ["mapped"], groups };
        },
      });
      assertRedirect(
        await site().signIn(client(), "m@acme.example", sent(["a", "Product admins"]), connection),
        landingPath,
      );
      const user = await userOf("mapped");
      assert.deepEqual([user?.givenName, await store.roles.effective(user?.id ?? "")], ["Ada", "admin"]);
      assertRedirect(await site().signIn(client(), "m@acme.example", sent([]), connection), landingPath);
      assert.equal(await store.roles.effective(user?.id ?? ""), "member");
    });

    it("tells two connections with one certificate apart by issuer and audience", async () => {
      const other = await site().connect({ idpEntityId: "http://www.okta.com/exkOTHER" });
      const response = await site().respond("mixed@acme.example", {}, { connection: other });
      await assertRefused(site().app, use(), "saml-issuer", () => site().arrive(client(), response));
      const sameIssuer = await site().connect();
      const elsewhere = await site().respond("mixed@acme.example", {}, { connection: sameIssuer });
      await assertRefused(site().app, use(), "saml-destination", () => site().arrive(client(), elsewhere));
      const readdressed = await site().respond(
        "mixed@acme.example",
        {
          fields: (all) => {
            all.destination = `${site().app.url}/saml/${site().connection.key}/acs`;
            all.recipient = all.destination;
          },
        },
        { connection: sameIssuer },
      );
      await assertRefused(site().app, use(), "saml-audience", () => site().arrive(client(), readdressed));
      assert.equal(refusalsIn(site().app).at(-1), "saml-audience");
    });
  });
});
