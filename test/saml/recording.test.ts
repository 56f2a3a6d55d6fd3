import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { startSignInTest } from "../../src/directory/sign-in-tests.ts";
import type { StoredMessage } from "../../src/store/tenant/inspector.ts";
import { onOneDatabase } from "../helpers/databases.ts";
import { recorded, startRecording } from "../helpers/recorded.ts";
import type { Deviation, Fields } from "../helpers/saml-response.ts";
import { keyPairsOf, useSamlSite } from "../helpers/saml-site.ts";

const person = "ada@acme.example";
const fields = (change: (all: Fields) => void): Deviation => ({ fields: change });
const outline = (messages: StoredMessage[]) =>
  messages.map(({ step, verdict, file }) => [step, verdict, file].join(" "));

/** A response, its defect, and the summary that names the rule. */
const failures: [what: string, deviation: Deviation, summary: RegExp][] = [
  [
    "another audience",
    fields((all) => {
      all.audience = "https://other.example";
    }),
    /audience is this application, in every restriction \(expected http\S+, found https:\/\/other\.example\)/,
  ],
  [
    "another destination",
    fields((all) => {
      all.destination = "https://other.example/acs";
    }),
    /sent to this address \(expected http\S+, found https:\/\/other\.example\/acs\)/,
  ],
  [
    "another issuer",
    fields((all) => {
      all.responseIssuer = "http://www.okta.com/other";
    }),
    /is the connection's provider \(.*found http:\/\/www\.okta\.com\/other\)/,
  ],
  [
    "a status other than Success",
    fields((all) => {
      all.status = "urn:oasis:names:tc:SAML:2.0:status:Responder";
    }),
    /provider says Success/,
  ],
  [
    "an old assertion",
    fields((all) => {
      all.notOnOrAfter = Date.now() - 3_600_000;
    }),
    /has not expired, and is at most 10 minutes old \(it ended \d+ s ago\)/,
  ],
  [
    "no e-mail address",
    fields((all) => {
      delete all.attributes.email;
    }),
    /All required attributes have a value/,
  ],
  ["no signature", { signAssertion: null, signResponse: null }, /is signed/],
  [
    "a changed name",
    { signedAssertion: (xml) => xml.replaceAll(person, "eve@acme.example") },
    /certificate of the connection verifies every signature/,
  ],
  ["a document type", { signedResponse: (xml) => `<!DOCTYPE a>${xml}` }, /no document type/],
  ["malformed XML", { encode: () => Buffer.from("<a").toString("base64") }, /is well-formed/],
  ["no base64", { encode: () => "%%%" }, /is base64/],
];

describe("the inspector's record of a SAML sign-in", () => {
  onOneDatabase((use) => {
    const site = useSamlSite(use);
    const store = () => site().acme.store;
    before(() => startRecording(store()));

    it("has the request, the response with every check, and the sign-in", async () => {
      await site().signIn(site().app.client(), person);
      const messages = await recorded(store(), 3);
      assert.deepEqual(outline(messages), [
        "Authentication request passed src/saml/routes.ts",
        "Response passed src/saml/sign-in.ts",
        "Sign-in passed src/directory/sign-in.ts",
      ]);
      const [request, response, end] = messages;
      assert.match(request?.response?.xml ?? "", /^<samlp:AuthnRequest [^>]+>\n {2}<saml:Issuer [^>]*>http/);
      assert.match(response?.request?.xml ?? "", /\n {2}<saml2:Assertion |\n {2}<saml:Assertion /);
      assert.ok((response?.checks.length ?? 0) > 25);
      assert.ok(response?.checks.every(({ verdict }) => verdict === "passed"));
      assert.deepEqual([response?.person, end?.person], [person, person]);
      assert.equal(response?.connectionKey, site().connection.key);
      assert.equal(end?.summary, "Signed in, found by just-in-time");
    });

    it("is one flow, from the request by the response to the sign-in", async () => {
      await site().signIn(site().app.client(), person);
      await site().signIn(site().app.client(), person);
      const messages = await recorded(store(), 6);
      const flows = messages.map(({ flow }) => flow - (messages[0]?.flow ?? 0));
      assert.deepEqual(flows, [0, 0, 0, 3, 3, 3]);
      assert.deepEqual(
        messages
          .slice(0, 3)
          .map(({ route, method, code }) => [method, route.from, route.to, route.carried, code]),
        [
          ["GET", "product", "okta", true, 302],
          ["POST", "okta", "product", true, 303],
          ["GET", "browser", "product", false, 303],
        ],
      );
    });

    it("is one flow if the sign-in began at the provider, and if the person is asked first", async () => {
      const browser = site().app.client();
      await site().arrive(browser, await site().respond(person));
      assert.equal(new Set((await recorded(store(), 2)).map(({ flow }) => flow)).size, 1);
      const page = await site().arrive(browser, await site().respond("grace@acme.example"));
      const [, ticket = ""] = /name="ticket" value="([^"]+)"/.exec(page.text) ?? [];
      await browser.post(`/saml/${site().connection.key}/finish`, { ticket });
      const asked = await recorded(store(), 3);
      assert.deepEqual(
        asked.map(({ method, step }) => `${method} ${step}`),
        ["POST Response", "GET Sign-in", "POST Sign-in"],
      );
      assert.equal(new Set(asked.map(({ flow }) => flow)).size, 1);
    });

    it("is one flow with the request that a refused response answers", async () => {
      const wrong = fields((all) => {
        all.audience = "https://other.example";
      });
      await site().signIn(site().app.client(), person, wrong);
      const messages = await recorded(store(), 2);
      assert.deepEqual(
        messages.map(({ verdict }) => verdict),
        ["passed", "failed"],
      );
      assert.equal(new Set(messages.map(({ flow }) => flow)).size, 1);
    });

    it("is a flow of its kind for a test sign-in", async () => {
      const draft = await site().connect({}, { draft: true });
      const browser = site().app.client();
      const testId = await startSignInTest(store(), draft.id, null);
      const { id, relayState } = await site().leave(browser, draft, `?test=${testId}`);
      const response = await site().respond(person, {}, { connection: draft, requestId: id });
      await site().arrive(browser, response, relayState, draft);
      const messages = await recorded(store(), 2);
      assert.deepEqual(
        messages.map(({ flow, flowKind }) => [flow - (messages[0]?.flow ?? 0), flowKind]),
        [
          [0, "test"],
          [0, "test"],
        ],
      );
    });

    it("shows the values of mapped attributes only", async () => {
      const send = (name: string) =>
        site().signIn(
          site().app.client(),
          person,
          fields((all) => {
            all.attributes[name] = ["Top Secret Project"];
          }),
        );
      await send("project");
      const hidden = JSON.stringify(await recorded(store(), 3));
      assert.ok(
        !hidden.includes("Top Secret") && hidden.includes("[not mapped]") && hidden.includes("Lovelace"),
      );
      await send("displayName");
      assert.match(JSON.stringify(await recorded(store(), 3)), /Top Secret/);
    });

    it("contains no signature, RelayState or ticket that could be replayed", async () => {
      const { app, leave, respond, connection } = site();
      const browser = app.client();
      const { id, relayState, url } = await leave(browser);
      const response = await respond(person, {}, { requestId: id });
      const form = new URLSearchParams({ SAMLResponse: response, RelayState: relayState });
      const manners = { origin: "https://acme.okta.example", "sec-fetch-site": "cross-site" };
      const posted = await browser.send("POST", `/saml/${connection.key}/acs`, manners, form);
      await browser.get(posted.location ?? "");
      const xml = Buffer.from(response, "base64").toString();
      const signatures = [...xml.matchAll(/<ds:(?:SignatureValue|DigestValue)>([^<]+)</g)].map(
        ([, value]) => value,
      );
      assert.ok(signatures.length >= 2);
      const ticket = new URL(posted.location ?? "", app.url).searchParams.get("ticket");
      const secrets = [...signatures, ticket, relayState, url.searchParams.get("Signature"), response];
      const kept = JSON.stringify(await recorded(store(), 3));
      for (const secret of secrets) assert.ok(secret && !kept.includes(secret), String(secret));
    });

    it("shows the target of a sign-in that began at the provider", async () => {
      await site().arrive(site().app.client(), await site().respond(person), "/account");
      const [response] = await recorded(store(), 2);
      assert.deepEqual(response?.request?.json, { RelayState: "/account" });
    });

    it("shows a decrypted assertion once its signature is verified, and never the ciphertext", async () => {
      const connection = await site().connect({ encryptedAssertions: true });
      const [{ certificate }] = await keyPairsOf(store(), connection);
      const to = new X509Certificate(Buffer.from(certificate, "base64")).toString();
      await site().signIn(site().app.client(), person, { encrypt: { to } }, connection);
      const [, response] = await recorded(store(), 3);
      const xml = response?.request?.xml ?? "";
      assert.match(
        xml,
        /EncryptedAssertion[\s\S]*<xenc:CipherValue>\[redacted\]<[\s\S]*\n\n<saml2?:Assertion/,
      );
      assert.ok(xml.includes(person));
    });

    for (const [what, deviation, summary] of failures) {
      it(`names the rule that refused a response with ${what}`, async () => {
        await site().signIn(site().app.client(), person, deviation);
        const response = (await recorded(store(), 2)).find(({ step }) => step === "Response");
        assert.equal(response?.verdict, "failed");
        assert.match(response?.summary ?? "", summary);
        const verdicts = response?.checks.map(({ verdict }) => verdict) ?? [];
        assert.equal(verdicts.indexOf("failed"), verdicts.length - 1, "nothing is checked after it");
      });
    }

    it("says why the provider refused, with every code and the message, in record and log", async () => {
      const codes = "urn:oasis:names:tc:SAML:2.0:status:";
      const status = `<saml2p:Status><saml2p:StatusCode Value="${codes}Responder"><saml2p:StatusCode Value="${codes}AuthnFailed"/></saml2p:StatusCode><saml2p:StatusMessage>Policy denies it\n for ${person}</saml2p:StatusMessage></saml2p:Status>`;
      const response = (xml: string) => xml.replace(/<saml2p:Status>.*<\/saml2p:Status>/, status);
      await site().signIn(site().app.client(), person, { response });
      const record = (await recorded(store(), 2)).find(({ step }) => step === "Response");
      const told = `${codes}Responder / ${codes}AuthnFailed: Policy denies it for [address]`;
      assert.ok(record?.checks.at(-1)?.detail?.endsWith(told), record?.summary);
      const line = site().app.logged.findLast(({ event }) => event === "request.refused");
      assert.ok(String(line?.detail).endsWith(told), String(line?.detail));
    });

    it("shows a response in UTF-16 with a byte order mark", async () => {
      const encode = (xml: string) => Buffer.from(`\uFEFF${xml}`, "utf16le").toString("base64");
      await site().signIn(site().app.client(), person, { encode });
      const [, response] = await recorded(store(), 3);
      assert.match(response?.request?.xml ?? "", /^<saml2p:Response /);
      assert.ok(response?.checks.every(({ verdict }) => verdict === "passed"));
    });

    it("reports a replayed response, and a refusal by the directory", async () => {
      const response = await site().respond(person);
      await site().arrive(site().app.client(), response);
      await site().arrive(site().app.client(), response);
      assert.match((await recorded(store(), 3)).at(-1)?.summary ?? "", /was not used before/);
      const connection = await site().connect({}, { justInTime: false });
      await site().signIn(site().app.client(), "new@acme.example", {}, connection);
      const end = (await recorded(store(), 3)).at(-1);
      assert.equal(end?.summary, "Failed: The directory lets the person in (just-in-time-off)");
    });
  });
});
