import assert from "node:assert/strict";
import { createHmac, randomUUID } from "node:crypto";
import { once } from "node:events";
import { connect } from "node:net";
import { deflateRawSync } from "node:zlib";
import { policy } from "saml-policy/policy";
import type { RefusalReason } from "../../src/errors.ts";
import type { SamlSettings } from "../../src/model.ts";
import { landingPath } from "../../src/web/home.ts";
import type { Answer } from "../helpers/client.ts";
import { createTestDatabase, type TestDatabase } from "../helpers/databases.ts";
import { deviationOf, hostileResponses } from "../helpers/hostile-responses.ts";
import { refusalsIn } from "../helpers/org.ts";
import { assertRedirect } from "../helpers/pages.ts";
import { createTestTenant } from "../helpers/people.ts";
import { assertRefused } from "../helpers/refused.ts";
import { algorithms, type Deviation } from "../helpers/saml-response.ts";
import { keyPairsOf, useSamlSite } from "../helpers/saml-site.ts";

const hour = 3_600_000;
const { rsaSha1, rsaSha256, sha1 } = algorithms;
const weakSha1 = { signatureAlgorithm: rsaSha1, digestAlgorithm: sha1 };

const rules = policy.flatMap((phase) => phase.rules);
/** Rules that no case of this file breaks. packages/saml-policy/test/policy.test.ts has an input for each of them. */
const notHere = [
  "encrypted-keys",
  "decrypted-text",
  "decrypted-doctype",
  "decrypted-characters",
  "decrypted-nesting",
  "decrypted-well-formed",
  "decrypted-signature-place",
  "decrypted-signature-method",
  "decrypted-digest-method",
  "decrypted-canonicalization",
  "decrypted-transforms",
  "decrypted-reference",
  "signed-assertion",
  "test-request",
  "subject-attribute",
];
const aes = (name: string) => `http://www.w3.org/2001/04/xmlenc#${name}`;
const unsafe = "encryption-methods";
const encryptedBy = (
  name: string,
  rule: string,
  options: object,
  settings: Partial<SamlSettings> = { encryptedAssertions: true },
) => ({ name, rule, settings, options, reason: "saml-encryption" as const });
const encryptionCases = [
  encryptedBy("AES-CBC", unsafe, { encryptionAlgorithm: aes("aes256-cbc") }),
  encryptedBy("AES-128-CBC", unsafe, { encryptionAlgorithm: aes("aes128-cbc") }),
  encryptedBy("3DES", unsafe, { encryptionAlgorithm: aes("tripledes-cbc") }),
  encryptedBy("RSA-1.5", unsafe, { keyEncryptionAlgorithm: aes("rsa-1_5") }),
  encryptedBy("AES-GCM, at a connection that accepts nothing encrypted", "encryption-accepted", {}, {}),
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
    const broken = new Set<string>();

    /** Asserts a refusal. Returns the id of the rule that refused, by its name in the log; null if no rule did. */
    async function refuses(reason: RefusalReason, work: () => Promise<Answer>): Promise<string | null> {
      const { app } = site();
      await assertRefused(app, current, reason, work);
      const line = app.logged.filter(({ event }) => event === "request.refused").at(-1);
      const detail = String(line?.detail);
      const rule = rules.find(({ name }) => detail === name || detail.startsWith(`${name}: `));
      if (rule) broken.add(rule.id);
      return rule?.id ?? null;
    }

    it("accepts a valid response", async () => {
      const client = site().app.client();
      assertRedirect(await site().signIn(client, newName()), landingPath);
    });

    for (const hostile of hostileResponses) {
      const {
        name,
        settings,
        refusal: [reason, rule],
      } = hostile;
      it(`refuses a response with ${name}`, async () => {
        const connection = settings ? await site().connect(settings) : site().connection;
        const client = site().app.client();
        const { id, relayState } = await site().leave(client, connection);
        const response = await site().respond(newName(), deviationOf(hostile, site()), {
          connection,
          requestId: id,
        });
        const refusedBy = await refuses(reason, () =>
          site().arrive(client, response, relayState, connection),
        );
        assert.equal(refusedBy, rule);
      });
    }

    for (const { name, reason, rule, settings, options } of encryptionCases) {
      it(`refuses encryption with ${name}`, async () => {
        const connection = await site().connect(settings);
        const [keyPair] = await keyPairsOf(site().acme.store, connection);
        const to = `-----BEGIN CERTIFICATE-----\n${keyPair.certificate}\n-----END CERTIFICATE-----`;
        const response = await site().respond(newName(), { encrypt: { to, ...options } }, { connection });
        const refusedBy = await refuses(reason, () =>
          site().arrive(site().app.client(), response, "", connection),
        );
        assert.equal(refusedBy, rule);
      });
    }

    it("refuses an assertion encrypted for another service provider", async () => {
      const connection = await site().connect({ encryptedAssertions: true });
      const deviation = { encrypt: { to: site().key.certificatePem } };
      const response = await site().respond(newName(), deviation, { connection });
      await refuses("saml-encryption", () => site().arrive(site().app.client(), response, "", connection));
    });

    it("refuses a SHA-1 signature inside the encryption", async () => {
      const connection = await site().connect({ encryptedAssertions: true });
      const [keyPair] = await keyPairsOf(site().acme.store, connection);
      const to = `-----BEGIN CERTIFICATE-----\n${keyPair.certificate}\n-----END CERTIFICATE-----`;
      for (const weak of [{ signatureAlgorithm: rsaSha1 }, { digestAlgorithm: sha1 }]) {
        const deviation = { encrypt: { to }, signAssertion: weak, signResponse: null };
        const response = await site().respond(newName(), deviation, { connection });
        await refuses("saml-sha1", () => site().arrive(site().app.client(), response, "", connection));
      }
    });

    it("refuses a missing signature inside the encryption", async () => {
      const connection = await site().connect({ encryptedAssertions: true });
      const [keyPair] = await keyPairsOf(site().acme.store, connection);
      const to = `-----BEGIN CERTIFICATE-----\n${keyPair.certificate}\n-----END CERTIFICATE-----`;
      const deviation = { encrypt: { to }, signAssertion: null };
      const response = await site().respond(newName(), deviation, { connection });
      await refuses("saml-signature-missing", () =>
        site().arrive(site().app.client(), response, "", connection),
      );
    });

    for (const [name, reason, signedAssertion] of [
      [
        "a second assertion inside the encryption",
        "saml-assertion-count",
        (xml: string) => xml.replace("</saml2:Assertion>", '<saml2:Assertion ID="x"/></saml2:Assertion>'),
      ],
      [
        "duplicate IDs inside the encryption",
        "saml-duplicate-id",
        (xml: string) =>
          xml.replace(/<saml2:Subject>/, `<saml2:Subject ID="${/ ID="([^"]*)/.exec(xml)?.[1]}">`),
      ],
      ["an encrypted element that is not an assertion", "saml-assertion-count", () => "<x/>"],
      [
        "a comment inside the encryption",
        "saml-comment",
        (xml: string) =>
          xml.replace("@acme.example</saml2:NameID>", "@acme.example<!-- -->.evil</saml2:NameID>"),
      ],
    ] as const) {
      it(`refuses ${name}`, async () => {
        const connection = await site().connect({ encryptedAssertions: true });
        const [keyPair] = await keyPairsOf(site().acme.store, connection);
        const to = `-----BEGIN CERTIFICATE-----\n${keyPair.certificate}\n-----END CERTIFICATE-----`;
        const response = await site().respond(
          newName(),
          { encrypt: { to }, signedAssertion },
          { connection },
        );
        await refuses(reason, () => site().arrive(site().app.client(), response, "", connection));
      });
    }

    describe("that names a request", () => {
      const strayRequest = async (
        reason: RefusalReason,
        requestId: string,
        { client = site().app.client(), relayState = "", deviation = {} as Deviation } = {},
      ) => {
        const response = await site().respond(newName(), deviation, { requestId });
        await refuses(reason, () => site().arrive(client, response, relayState));
      };

      it("refuses a response to an unknown request", () => strayRequest("saml-request-unknown", "_unknown"));

      it("refuses a second response to a request", async () => {
        const client = site().app.client();
        const { id, relayState } = await site().leave(client);
        const first = await site().respond(newName(), {}, { requestId: id });
        assertRedirect(await site().arrive(client, first, relayState), landingPath);
        await strayRequest("saml-request-unknown", id, { client, relayState });
      });

      it("refuses a response to a request of another browser", async () => {
        const { id, relayState } = await site().leave(site().app.client());
        await strayRequest("saml-request-unknown", id, { relayState });
        const other = site().app.client();
        await site().leave(other);
        await strayRequest("saml-request-unknown", id, { client: other, relayState });
      });

      it("refuses a response to a request of another connection", async () => {
        const client = site().app.client();
        const other = await site().connect();
        const { id, relayState } = await site().leave(client, other);
        await strayRequest("saml-request-unknown", id, { client, relayState });
      });

      it("refuses a response to a request of another tenant", async () => {
        const client = site().app.client();
        const other = await site().connect({}, {}, await createTestTenant(current.database));
        const { id, relayState } = await site().leave(client, other);
        await strayRequest("saml-request-unknown", id, { client, relayState });
      });

      it("refuses a response from which InResponseTo was removed, in one of both places", async () => {
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

      it("refuses another RelayState than the one sent", async () => {
        const client = site().app.client();
        const { id } = await site().leave(client);
        await strayRequest("saml-request-unknown", id, { client, relayState: "/evil" });
      });

      it("refuses an unsolicited response if the connection allows none", async () => {
        const connection = await site().connect({ idpInitiated: false });
        const response = await site().respond(newName(), {}, { connection });
        await refuses("saml-unsolicited", () => site().arrive(site().app.client(), response, "", connection));
      });

      it("refuses an old authentication if the request asked for a new one", async () => {
        const connection = await site().connect({ forceAuthn: true });
        const client = site().app.client();
        const old: Deviation = {
          fields: (all) => void Object.assign(all, { authnInstant: Date.now() - hour }),
        };
        await refuses("not-signed-in-again", () => site().signIn(client, newName(), old, connection));
        assertRedirect(await site().signIn(client, newName(), {}, connection), landingPath);
      });
    });

    describe("that is replayed", () => {
      it("refuses the second use, even if the sign-in began at the provider", async () => {
        const client = site().app.client();
        const { id, relayState } = await site().leave(client);
        const answer = await site().respond(newName(), {}, { requestId: id });
        assertRedirect(await site().arrive(client, answer, relayState), landingPath);
        await refuses("saml-replayed", () => site().arrive(client, answer, relayState));

        const tile = await site().respond(newName());
        assertRedirect(await site().arrive(site().app.client(), tile), landingPath);
        await refuses("saml-replayed", () => site().arrive(site().app.client(), tile));
      });

      it("signs in only the browser that brought the response, and only once", async () => {
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

      it("refuses a response by GET or in the query", async () => {
        const query = new URLSearchParams({ SAMLResponse: await site().respond(newName()) });
        await refuses("saml-not-a-sign-in", () => site().app.client().get(`${acs()}?${query}`));
        await refuses("saml-not-a-sign-in", async () => post(`${acs()}?${query}`, Object.fromEntries(query)));
      });

      it("refuses two responses in one form", async () => {
        const response = encodeURIComponent(await site().respond(newName()));
        const body = `SAMLResponse=${response}&SAMLResponse=${response}`;
        const headers = { "content-type": "application/x-www-form-urlencoded" };
        await refuses("saml-malformed", () => site().app.client().send("POST", acs(), headers, body));
      });

      it("refuses a response at an OIDC connection", async () => {
        const oidc = await site().acme.connection();
        const form = { SAMLResponse: await site().respond(newName()) };
        await refuses("connection-not-active", () => post(`/saml/${oidc.key}/acs`, form));
      });

      it("refuses a response at a draft and at a connection without settings", async () => {
        for (const wanted of [{ draft: true }, { settings: null }]) {
          const connection = await site().connect({}, wanted);
          await refuses("connection-not-active", () =>
            post(`/saml/${connection.key}/acs`, { SAMLResponse: "AAAA" }),
          );
        }
      });

      it("refuses logout messages, signed or not, by POST and by GET", async () => {
        const message = Buffer.from('<p:LogoutRequest xmlns:p="urn:oasis:names:tc:SAML:2.0:protocol"/>');
        const form = { SAMLRequest: message.toString("base64"), RelayState: "x" };
        await refuses("saml-not-a-sign-in", () => post(acs(), form));
        const query = new URLSearchParams({
          SAMLRequest: deflateRawSync(message).toString("base64"),
          Signature: createHmac("sha256", "x").digest("base64"),
          SigAlg: rsaSha256,
        });
        await refuses("saml-not-a-sign-in", () => site().app.client().get(`${acs()}?${query}`));
        const both = { ...form, SAMLResponse: await site().respond(newName()) };
        await refuses("saml-not-a-sign-in", () => post(acs(), both));
      });

      it("does not end a session because of a logout message", async () => {
        const client = site().app.client();
        await site().signIn(client, newName());
        const form = new URLSearchParams({ SAMLRequest: "AAAA" });
        await client.send("POST", acs(), { accept: "text/html" }, form);
        assert.equal((await client.get("/me")).status, 200);
      });
    });

    it("refuses a large Content-Length without reading the body", async () => {
      const { hostname, port } = new URL(site().app.url);
      const socket = connect(Number(port), hostname === "localhost" ? "127.0.0.1" : hostname);
      socket.write(
        [
          ...[
            `POST /saml/${site().connection.key}/acs HTTP/1.1`,
            `Host: ${hostname}:${port}`,
            "Accept: text/html",
          ],
          ...[
            "Content-Type: application/x-www-form-urlencoded",
            "Content-Length: 5000000",
            "",
            "SAMLResponse=",
          ],
        ].join("\r\n"),
      );
      const [answer] = (await once(socket, "data")) as [Buffer];
      socket.destroy();
      assert.match(answer.toString(), /^HTTP\/1\.1 403 /);
      assert.equal(refusalsIn(site().app).at(-1), "saml-malformed");
    });

    it("asks before it changes who is signed in", async () => {
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

    it("names SHA-1, and links to the guide for SHA-256", async () => {
      const client = site().app.client();
      const page = await site().signIn(client, newName(), { signAssertion: weakSha1 });
      assert.match(page.text, /SHA-1/);
      assert.match(page.text, /href="\/guides\/okta\/saml#sha-256"/);
    });

    it("names the missing attributes, and no received values", async () => {
      const { app } = site();
      const name = newName();
      const page = await site().signIn(app.client(), name, {
        fields: (all) => void Object.assign(all, { attributes: { mail: [name] } }),
      });
      assert.match(page.text, /Missing: E-mail\./);
      const line = app.logged.filter(({ event }) => event === "request.refused").at(-1) ?? {};
      assert.match(String(line.detail), /missing email; received mail/);
      assert.ok(!JSON.stringify(app.logged).includes(name));
    });

    describe("and the policy", () => {
      it("has a case for every rule but those that only the package tests", () => {
        const missing = rules.map(({ id }) => id).filter((id) => !broken.has(id));
        assert.deepEqual(missing, notHere);
      });
    });
  });
});
