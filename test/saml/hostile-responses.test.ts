import assert from "node:assert/strict";
import { createHmac, randomUUID } from "node:crypto";
import { deflateRawSync } from "node:zlib";
import type { RefusalReason } from "../../src/errors.ts";
import type { SamlSettings } from "../../src/model.ts";
import { keyPairsOf } from "../../src/saml/keys.ts";
import { landingPath } from "../../src/web/home.ts";
import type { Answer } from "../helpers/client.ts";
import { createTestDatabase, type TestDatabase } from "../helpers/databases.ts";
import { assertRedirect } from "../helpers/pages.ts";
import { createTestTenant } from "../helpers/people.ts";
import { assertRefused } from "../helpers/refused.ts";
import { algorithms, type Deviation, type Fields } from "../helpers/saml-response.ts";
import { type SamlSite, samlSealer, useSamlSite } from "../helpers/saml-site.ts";
import { wrappings } from "../helpers/signature-wrapping.ts";

type MadeDeviation = Deviation | ((site: SamlSite) => Deviation);
interface Case {
  name: string;
  deviation: MadeDeviation;
  reason: RefusalReason;
  settings?: Partial<SamlSettings>;
}

const hour = 3_600_000;
const { rsaSha1, rsaSha256, sha1, enveloped } = algorithms;
const hmac = "http://www.w3.org/2000/09/xmldsig#hmac-sha1";
const inclusive = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315";

const fields = (name: string, reason: RefusalReason, change: Partial<Fields>): Case => ({
  ...{ name, reason, deviation: { fields: (all: Fields) => void Object.assign(all, change) } },
});
const moved = (name: string, reason: RefusalReason, change: (now: number) => Partial<Fields>): Case => ({
  ...{ name, reason, deviation: { fields: (all: Fields) => void Object.assign(all, change(Date.now())) } },
});
const text = (name: string, reason: RefusalReason, deviation: MadeDeviation, settings = {}): Case => ({
  ...{ name, reason, deviation, settings },
});

const weakSha1 = { signatureAlgorithm: rsaSha1, digestAlgorithm: sha1 };
const signatureCases: Case[] = [
  text("SHA-1 in both signatures", "saml-sha1", { signAssertion: weakSha1, signResponse: weakSha1 }),
  text("a SHA-1 signature of the assertion", "saml-sha1", { signAssertion: { signatureAlgorithm: rsaSha1 } }),
  text("a SHA-1 signature of the response", "saml-sha1", { signResponse: { signatureAlgorithm: rsaSha1 } }),
  text("a SHA-1 digest of the assertion", "saml-sha1", { signAssertion: { digestAlgorithm: sha1 } }),
  text("a SHA-1 digest of the response", "saml-sha1", { signResponse: { digestAlgorithm: sha1 } }),
  text("no signature", "saml-signature-missing", { signAssertion: null, signResponse: null }),
  text("a signed response around an unsigned assertion", "saml-signature-missing", { signAssertion: null }),
  text(
    "a signed assertion in an unsigned response, where the response must be signed",
    "saml-signature-missing",
    { signResponse: null },
    { signed: "response" },
  ),
  text("a foreign key", "saml-signature-not-valid", ({ foreignKey }) => ({
    ...{ signAssertion: { key: foreignKey }, signResponse: { key: foreignKey } },
  })),
  text("a foreign key inside", "saml-signature-not-valid", ({ foreignKey }) => ({
    ...{ signAssertion: { key: foreignKey } },
  })),
  text("a foreign key outside", "saml-signature-not-valid", ({ foreignKey }) => ({
    ...{ signResponse: { key: foreignKey } },
  })),
  text(
    "a foreign key with our certificate in KeyInfo",
    "saml-signature-not-valid",
    ({ foreignKey, key }) => ({
      signAssertion: { key: foreignKey, certificate: key.certificatePem },
      signResponse: { key: foreignKey, certificate: key.certificatePem },
    }),
  ),
  text("an assertion that was changed after signing", "saml-signature-not-valid", {
    signedAssertion: (xml) => xml.replaceAll("@acme.example<", "@evil.example<"),
  }),
  text("a response that was changed after signing", "saml-signature-not-valid", {
    signedResponse: (xml) =>
      xml.replace(/ IssueInstant="[^"]*"/, ` IssueInstant="${new Date().toISOString()}"`),
  }),
  text("other canonicalisation", "saml-algorithm", { signAssertion: { canonicalization: inclusive } }),
  text("a transform that is not exclusive", "saml-algorithm", {
    signAssertion: { transforms: [enveloped, inclusive] },
  }),
  text("an XSLT transform", "saml-algorithm", {
    signedAssertion: (xml) =>
      xml.replace(
        "<ds:Transforms>",
        '<ds:Transforms><ds:Transform Algorithm="http://www.w3.org/TR/1999/REC-xslt-19991116"/>',
      ),
  }),
  text("no transform", "saml-algorithm", {
    signedAssertion: (xml) => xml.replace(/<ds:Transforms>.*?<\/ds:Transforms>/s, "<ds:Transforms/>"),
  }),
  text("an HMAC with the certificate", "saml-sha1", ({ key }) => ({
    signedAssertion: (xml) => withHmac(xml, key.certificate),
  })),
  text("a reference to everything", "saml-signature-not-valid", {
    signedAssertion: (xml) => xml.replace(/<ds:Reference URI="[^"]*"/, '<ds:Reference URI=""'),
  }),
  text("two signatures in the assertion", "saml-signature-not-valid", {
    signedAssertion: (xml) => xml.replace(/(<ds:Signature .*?<\/ds:Signature>)/s, "$1$1"),
  }),
  text("the signature of the assertion, in its subject", "saml-signature-not-valid", {
    signedAssertion: (xml) => {
      const [signature = ""] = /<ds:Signature .*?<\/ds:Signature>/s.exec(xml) ?? [];
      return xml.replace(signature, "").replace("</saml2:Subject>", `${signature}</saml2:Subject>`);
    },
  }),
];

const evil = "http://www.okta.com/exkEVIL";
const elsewhere = "https://evil.example/saml/acme/acs";
const addressCases: Case[] = [
  fields("another issuer of the response", "saml-issuer", { responseIssuer: evil }),
  fields("another issuer of the assertion", "saml-issuer", { issuer: evil }),
  fields("another issuer of both", "saml-issuer", { issuer: evil, responseIssuer: evil }),
  fields("no issuer of the assertion", "saml-issuer", { issuer: null }),
  fields("another audience", "saml-audience", { audience: "https://evil.example/saml/acme/metadata" }),
  fields("no audience", "saml-audience", { audience: null }),
  text("a second restriction that leaves us out", "saml-audience", {
    assertion: (xml) =>
      xml.replace(
        "</saml2:AudienceRestriction>",
        "</saml2:AudienceRestriction><saml2:AudienceRestriction><saml2:Audience>other</saml2:Audience></saml2:AudienceRestriction>",
      ),
  }),
  fields("another destination", "saml-destination", { destination: elsewhere }),
  fields("an empty destination", "saml-destination", { destination: "" }),
  fields("no destination in a signed response", "saml-destination", { destination: null }),
  fields("another recipient", "saml-recipient", { recipient: elsewhere }),
  fields("no recipient", "saml-recipient", { recipient: null }),
];

const formCases: Case[] = [
  moved("an expired assertion", "saml-expired", (now) => ({ notOnOrAfter: now - 90_000 })),
  moved("an old assertion that never ends", "saml-expired", (now) => ({
    ...{ issueInstant: now - hour, notBefore: now - hour, notOnOrAfter: now + 1000 * hour },
    confirmedUntil: now + 1000 * hour,
  })),
  moved("an expired confirmation", "saml-expired", (now) => ({ confirmedUntil: now - 90_000 })),
  moved("an assertion that is not valid yet", "saml-not-yet-valid", (now) => ({ notBefore: now + 120_000 })),
  moved("an assertion made in the future", "saml-not-yet-valid", (now) => ({ issueInstant: now + 120_000 })),
  text("no conditions", "saml-conditions", {
    assertion: (xml) => xml.replace(/<saml2:Conditions.*<\/saml2:Conditions>/s, ""),
  }),
  fields("conditions without an end", "saml-conditions", { notOnOrAfter: null }),
  text("an end that is no time", "saml-conditions", {
    assertion: (xml) => xml.replace(/(<saml2:Conditions[^>]*NotOnOrAfter=")[^"]*/, "$1tomorrow"),
  }),
  text("no confirmation", "saml-confirmation", {
    assertion: (xml) => xml.replace(/<saml2:SubjectConfirmation .*<\/saml2:SubjectConfirmation>/s, ""),
  }),
  fields("a confirmation without an end", "saml-confirmation", { confirmedUntil: null }),
  fields("a holder-of-key confirmation", "saml-confirmation", {
    method: "urn:oasis:names:tc:SAML:2.0:cm:holder-of-key",
  }),
  fields("an empty NameID", "saml-subject", { nameId: "" }),
  fields("a NameID of spaces", "saml-subject", { nameId: "   " }),
  fields("a NameID of 10 kB", "saml-subject", { nameId: "x".repeat(10_000) }),
  fields("a transient NameID", "saml-subject", {
    nameIdFormat: "urn:oasis:names:tc:SAML:2.0:nameid-format:transient",
  }),
  text("elements in the NameID", "saml-subject", {
    assertion: (xml) => xml.replace(/(<saml2:NameID[^>]*>)/, "$1<x/>"),
  }),
  text("two NameIDs", "saml-subject", {
    assertion: (xml) => xml.replace(/(<saml2:NameID[^>]*>.*?<\/saml2:NameID>)/, "$1$1"),
  }),
  text("no statement of authentication", "saml-not-a-sign-in", {
    assertion: (xml) => xml.replace(/<saml2:AuthnStatement.*<\/saml2:AuthnStatement>/s, ""),
  }),
  fields("version 1.1", "saml-version", { version: "1.1" }),
  fields("an assertion of version 1.1", "saml-version", { assertionVersion: "1.1" }),
  fields("a status that is not Success around a signed assertion", "saml-status", {
    status: "urn:oasis:names:tc:SAML:2.0:status:Responder",
  }),
  text("no e-mail address", "profile-incomplete", {
    fields: (all) => void Object.assign(all, { attributes: { firstName: ["Ada"], lastName: ["Lovelace"] } }),
  }),
  text("no names", "profile-incomplete", {
    fields: (all) => void Object.assign(all, { attributes: { email: ["ada@acme.example"] } }),
  }),
  text("names that are elements", "profile-incomplete", {
    assertion: (xml) => xml.replace(">Ada<", "><b>Ada</b><"),
  }),
];

const doctype = (declaration: string) => (xml: string) => xml.replace("?>", `?>${declaration}`);
const xmlCases: Case[] = [
  text("a comment in the NameID", "saml-comment", {
    signedResponse: (xml) =>
      xml.replace("@acme.example</saml2:NameID>", "@acme.example<!-- -->.evil</saml2:NameID>"),
  }),
  text("a comment in the NameID, signed", "saml-comment", {
    assertion: (xml) =>
      xml.replace("@acme.example</saml2:NameID>", "@acme.example<!-- -->.evil</saml2:NameID>"),
  }),
  text("a comment in an attribute", "saml-comment", {
    assertion: (xml) => xml.replace(">Ada<", ">A<!-- -->da<"),
  }),
  text("a processing instruction", "saml-comment", {
    signedResponse: (xml) => xml.replace(">Ada<", ">A<?x?>da<"),
  }),
  text("a CDATA section", "saml-comment", { assertion: (xml) => xml.replace(">Ada<", "><![CDATA[Ada]]><") }),
  text("a DOCTYPE", "saml-doctype", { signedResponse: doctype("<!DOCTYPE Response>") }),
  text("entity expansion", "saml-doctype", {
    signedResponse: doctype('<!DOCTYPE r [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'),
  }),
  text("an external entity", "saml-doctype", {
    signedResponse: doctype('<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]>'),
  }),
  text("two assertions", "saml-assertion-count", {
    signedAssertion: (xml) => xml + xml.replace(/ ID="[^"]*"/, ' ID="another"'),
  }),
  text("no assertion", "saml-assertion-count", { signedAssertion: () => "" }),
  text("an assertion beside an encrypted one", "saml-assertion-count", {
    signedAssertion: (xml) =>
      `${xml}<saml2:EncryptedAssertion xmlns:saml2="urn:oasis:names:tc:SAML:2.0:assertion"/>`,
  }),
  text("duplicate IDs", "saml-duplicate-id", {
    fields: (all) => void Object.assign(all, { assertionId: all.responseId }),
  }),
  text("deep nesting", "saml-malformed", {
    signedResponse: (xml) =>
      xml.replace("</saml2p:Response>", `${"<a>".repeat(20_000)}${"</a>".repeat(20_000)}</saml2p:Response>`),
  }),
  text("tags by the ten thousand", "saml-malformed", {
    signedResponse: (xml) => xml.replace("</saml2p:Response>", `${"<a/>".repeat(30_000)}</saml2p:Response>`),
  }),
  text("more than 256 KB", "saml-malformed", {
    fields: (all) => void Object.assign(all.attributes, { more: ["x".repeat(270_000)] }),
  }),
  text("5 MB", "saml-malformed", { encode: () => "A".repeat(5_000_000) }),
  text("XML that is not well-formed", "saml-malformed", {
    signedResponse: (xml) => xml.replace("</saml2p:Response>", ""),
  }),
  text("no base64", "saml-malformed", { encode: (xml) => xml }),
  text("deflated XML", "saml-malformed", { encode: (xml) => deflateRawSync(xml).toString("base64") }),
  text("an empty response", "saml-malformed", { encode: () => "" }),
  text("a logout response", "saml-not-a-sign-in", {
    signAssertion: null,
    signedResponse: (xml) => xml.replaceAll("saml2p:Response", "saml2p:LogoutResponse"),
  }),
];

const aes = (name: string) => `http://www.w3.org/2001/04/xmlenc#${name}`;
const encryptedBy = (
  name: string,
  options: object,
  settings: Partial<SamlSettings> = { encryptedAssertions: true },
) => ({ name, settings, reason: "saml-encryption", deviation: {}, options }) as Case & { options: object };
const encryptionCases = [
  encryptedBy("AES-CBC", { encryptionAlgorithm: aes("aes256-cbc") }),
  encryptedBy("AES-128-CBC", { encryptionAlgorithm: aes("aes128-cbc") }),
  encryptedBy("3DES", { encryptionAlgorithm: aes("tripledes-cbc") }),
  encryptedBy("RSA-1.5", { keyEncryptionAlgorithm: aes("rsa-1_5") }),
  encryptedBy("AES-GCM, though the connection takes nothing encrypted", {}, {}),
];

describe("hostile SAML responses", () => {
  describe("on SQLite", () => {
    let current: TestDatabase;
    before(async () => {
      current = await createTestDatabase("SQLite");
    });
    after(() => current.dispose());
    const site = useSamlSite(() => current);
    const newName = () => `${randomUUID()}@acme.example`;
    const refuses = (reason: RefusalReason, work: () => Promise<Answer>) =>
      assertRefused(site().app, current, reason, work);
    const made = (deviation: MadeDeviation) =>
      typeof deviation === "function" ? deviation(site()) : deviation;

    it("are told from right ones, which sign in", async () => {
      const client = site().app.client();
      assertRedirect(await site().signIn(client, newName()), landingPath);
    });

    const wrapped = Object.entries(wrappings).map(([name, signedResponse]) =>
      text(`signature wrapping ${name}`, "saml-assertion-count", { signedResponse }),
    );
    for (const { name, deviation, reason, settings } of [
      ...[signatureCases, addressCases, formCases, xmlCases, wrapped].flat(),
    ]) {
      it(`are refused: ${name}`, async () => {
        const connection = settings ? await site().connect(settings) : site().connection;
        const client = site().app.client();
        const { id, relayState } = await site().leave(client, connection);
        const response = await site().respond(newName(), made(deviation), { connection, requestId: id });
        await refuses(reason, () => site().arrive(client, response, relayState, connection));
      });
    }

    for (const { name, reason, settings, options } of encryptionCases) {
      it(`are refused: encrypted with ${name}`, async () => {
        const connection = await site().connect(settings);
        const [keyPair] = await keyPairsOf(site().acme.store, samlSealer, connection);
        const to = `-----BEGIN CERTIFICATE-----\n${keyPair.certificate}\n-----END CERTIFICATE-----`;
        const response = await site().respond(newName(), { encrypt: { to, ...options } }, { connection });
        await refuses(reason, () => site().arrive(site().app.client(), response, "", connection));
      });
    }

    it("are refused: encrypted for somebody else", async () => {
      const connection = await site().connect({ encryptedAssertions: true });
      const deviation = { encrypt: { to: site().key.certificatePem } };
      const response = await site().respond(newName(), deviation, { connection });
      await refuses("saml-encryption", () => site().arrive(site().app.client(), response, "", connection));
    });

    it("are refused: a SHA-1 signature inside the encryption", async () => {
      const connection = await site().connect({ encryptedAssertions: true });
      const [keyPair] = await keyPairsOf(site().acme.store, samlSealer, connection);
      const to = `-----BEGIN CERTIFICATE-----\n${keyPair.certificate}\n-----END CERTIFICATE-----`;
      for (const weak of [{ signatureAlgorithm: rsaSha1 }, { digestAlgorithm: sha1 }]) {
        const deviation = { encrypt: { to }, signAssertion: weak, signResponse: null };
        const response = await site().respond(newName(), deviation, { connection });
        await refuses("saml-sha1", () => site().arrive(site().app.client(), response, "", connection));
      }
    });

    it("are refused: no signature inside the encryption", async () => {
      const connection = await site().connect({ encryptedAssertions: true });
      const [keyPair] = await keyPairsOf(site().acme.store, samlSealer, connection);
      const to = `-----BEGIN CERTIFICATE-----\n${keyPair.certificate}\n-----END CERTIFICATE-----`;
      const deviation = { encrypt: { to }, signAssertion: null };
      const response = await site().respond(newName(), deviation, { connection });
      await refuses("saml-signature-missing", () =>
        site().arrive(site().app.client(), response, "", connection),
      );
    });

    describe("about a request", () => {
      const strayRequest = async (
        reason: RefusalReason,
        requestId: string,
        { client = site().app.client(), relayState = "", deviation = {} as Deviation } = {},
      ) => {
        const response = await site().respond(newName(), deviation, { requestId });
        await refuses(reason, () => site().arrive(client, response, relayState));
      };

      it("are refused: an unknown request", () => strayRequest("saml-request-unknown", "_unknown"));

      it("are refused: a request that was answered already", async () => {
        const client = site().app.client();
        const { id, relayState } = await site().leave(client);
        const first = await site().respond(newName(), {}, { requestId: id });
        assertRedirect(await site().arrive(client, first, relayState), landingPath);
        await strayRequest("saml-request-unknown", id, { client, relayState });
      });

      it("are refused: a request of another browser", async () => {
        const { id, relayState } = await site().leave(site().app.client());
        await strayRequest("saml-request-unknown", id, { relayState });
        const other = site().app.client();
        await site().leave(other);
        await strayRequest("saml-request-unknown", id, { client: other, relayState });
      });

      it("are refused: a request of another connection", async () => {
        const client = site().app.client();
        const other = await site().connect();
        const { id, relayState } = await site().leave(client, other);
        await strayRequest("saml-request-unknown", id, { client, relayState });
      });

      it("are refused: a request of another tenant", async () => {
        const client = site().app.client();
        const other = await site().connect({}, {}, await createTestTenant(current.database));
        const { id, relayState } = await site().leave(client, other);
        await strayRequest("saml-request-unknown", id, { client, relayState });
      });

      it("are refused: the request taken out of the response, or out of the assertion", async () => {
        for (const name of ["inResponseTo", "confirmedRequest"] as const) {
          const client = site().app.client();
          const { id, relayState } = await site().leave(client);
          const deviation: Deviation = {
            signResponse: null,
            fields: (all) => void Object.assign(all, { [name]: null }),
          };
          await strayRequest("saml-request-unknown", id, { client, relayState, deviation });
        }
      });

      it("are refused: another RelayState than was sent", async () => {
        const client = site().app.client();
        const { id } = await site().leave(client);
        await strayRequest("saml-request-unknown", id, { client, relayState: "/evil" });
      });

      it("are refused: no request, where the connection wants one", async () => {
        const connection = await site().connect({ idpInitiated: false });
        const response = await site().respond(newName(), {}, { connection });
        await refuses("saml-unsolicited", () => site().arrive(site().app.client(), response, "", connection));
      });

      it("are refused: an old sign-in, where a new one was asked for", async () => {
        const connection = await site().connect({ forceAuthn: true });
        const client = site().app.client();
        const old: Deviation = {
          fields: (all) => void Object.assign(all, { authnInstant: Date.now() - hour }),
        };
        await refuses("saml-expired", () => site().signIn(client, newName(), old, connection));
        assertRedirect(await site().signIn(client, newName(), {}, connection), landingPath);
      });
    });

    describe("used twice", () => {
      it("are refused, also when they begin at the provider", async () => {
        const client = site().app.client();
        const { id, relayState } = await site().leave(client);
        const answer = await site().respond(newName(), {}, { requestId: id });
        assertRedirect(await site().arrive(client, answer, relayState), landingPath);
        await refuses("saml-replayed", () => site().arrive(client, answer, relayState));

        const tile = await site().respond(newName());
        assertRedirect(await site().arrive(site().app.client(), tile), landingPath);
        await refuses("saml-replayed", () => site().arrive(site().app.client(), tile));
      });

      it("do not sign anybody in by the address of the last step", async () => {
        const client = site().app.client();
        const form = new URLSearchParams({ SAMLResponse: await site().respond(newName()) });
        const posted = await client.send("POST", `/saml/${site().connection.key}/acs`, {}, form);
        const other = site().app.client();
        await refuses("sign-in-not-started-here", () => other.get(posted.location ?? ""));
        assertRedirect(await client.get(posted.location ?? ""), landingPath);
        await refuses("sign-in-not-started-here", () =>
          site()
            .app.client()
            .get(posted.location ?? ""),
        );
      });
    });

    describe("at other addresses", () => {
      const post = (path: string, form: Record<string, string>) =>
        site().app.client().send("POST", path, { accept: "text/html" }, new URLSearchParams(form));
      const acs = () => `/saml/${site().connection.key}/acs`;

      it("are refused: by GET", async () => {
        const query = new URLSearchParams({ SAMLResponse: await site().respond(newName()) });
        await refuses("saml-not-a-sign-in", () => site().app.client().get(`${acs()}?${query}`));
        await refuses("saml-not-a-sign-in", async () => post(`${acs()}?${query}`, Object.fromEntries(query)));
      });

      it("are refused: twice in one form", async () => {
        const response = encodeURIComponent(await site().respond(newName()));
        const body = `SAMLResponse=${response}&SAMLResponse=${response}`;
        const headers = { "content-type": "application/x-www-form-urlencoded" };
        await refuses("saml-malformed", () => site().app.client().send("POST", acs(), headers, body));
      });

      it("are refused: at an OIDC connection", async () => {
        const oidc = await site().acme.connection();
        const form = { SAMLResponse: await site().respond(newName()) };
        await refuses("connection-not-active", () => post(`/saml/${oidc.key}/acs`, form));
      });

      it("are refused: at a draft and at a connection that is disabled", async () => {
        for (const wanted of [{ draft: true }, { settings: null }]) {
          const connection = await site().connect({}, wanted);
          await refuses("connection-not-active", () =>
            post(`/saml/${connection.key}/acs`, { SAMLResponse: "AAAA" }),
          );
        }
      });

      it("are refused: logout messages, signed or not, by POST and by GET", async () => {
        const message = Buffer.from('<p:LogoutRequest xmlns:p="urn:oasis:names:tc:SAML:2.0:protocol"/>');
        const form = { SAMLRequest: message.toString("base64"), RelayState: "x" };
        await refuses("saml-not-a-sign-in", () => post(acs(), form));
        const query = new URLSearchParams({
          ...{ SAMLRequest: deflateRawSync(message).toString("base64") },
          ...{ Signature: createHmac("sha256", "x").digest("base64"), SigAlg: rsaSha256 },
        });
        await refuses("saml-not-a-sign-in", () => site().app.client().get(`${acs()}?${query}`));
        const both = { ...form, SAMLResponse: await site().respond(newName()) };
        await refuses("saml-not-a-sign-in", () => post(acs(), both));
      });

      it("do not end a session by a logout message", async () => {
        const client = site().app.client();
        await site().signIn(client, newName());
        const form = new URLSearchParams({ SAMLRequest: "AAAA" });
        await client.send("POST", acs(), { accept: "text/html" }, form);
        assert.equal((await client.get("/me")).status, 200);
      });
    });

    it("ask, and do not change, when somebody else is signed in", async () => {
      const victim = site().app.client();
      const victimName = newName();
      assertRedirect(await site().signIn(victim, victimName), landingPath);
      const attacker = newName();
      const response = await site().respond(attacker);
      const page = await site().arrive(victim, response);
      assert.equal(page.status, 200);
      assert.match(page.text, new RegExp(`Continue as ${attacker}`));
      assert.match((await victim.get("/me")).text, new RegExp(victimName));
      assert.equal(await site().acme.store.users.byLoginName(attacker), null);
      const ticket = /name="ticket" value="([^"]+)"/.exec(page.text)?.[1] ?? "";
      const finish = `/saml/${site().connection.key}/finish`;
      const forged = { accept: "text/html", "sec-fetch-site": "cross-site", origin: "https://evil.example" };
      assert.equal((await victim.post(finish, { ticket }, forged)).status, 403);
      assertRedirect(await victim.post(finish, { ticket }), landingPath);
      assert.match((await victim.get("/me")).text, new RegExp(attacker));
    });

    it("names SHA-1 and where to read how to leave it", async () => {
      const client = site().app.client();
      const page = await site().signIn(client, newName(), { signAssertion: weakSha1 });
      assert.match(page.text, /SHA-1/);
      assert.match(page.text, /href="\/guides\/okta\/saml#sha-256"/);
    });

    it("names to the administrator what is missing, and not what came", async () => {
      const { app } = site();
      const name = newName();
      const page = await site().signIn(app.client(), name, {
        fields: (all) => void Object.assign(all, { attributes: { mail: [name] } }),
      });
      assert.match(page.text, /Missing: First name, Last name, E-mail\./);
      const line = app.logged.filter(({ event }) => event === "request.refused").at(-1) ?? {};
      assert.match(String(line.detail), /missing firstName, lastName, email; received mail/);
      assert.ok(!JSON.stringify(app.logged).includes(name));
    });
  });
});

/** The signature made anew with the certificate as an HMAC key: what a verifier that trusts the method would accept. */
function withHmac(xml: string, key: string): string {
  return xml
    .replace(new RegExp(`SignatureMethod Algorithm="${rsaSha256}"`), `SignatureMethod Algorithm="${hmac}"`)
    .replace(
      /<ds:SignatureValue>.*?<\/ds:SignatureValue>/s,
      `<ds:SignatureValue>${createHmac("sha1", key).update(xml).digest("base64")}</ds:SignatureValue>`,
    );
}
