import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { DOMParser } from "@xmldom/xmldom";
import { SignedXml } from "xml-crypto";
import { changeSettings, removeConnection } from "../../src/directory/connections.ts";
import { createLog } from "../../src/log.ts";
import type { Connection, SamlSettings } from "../../src/model.ts";
import { beginKeyChange, endKeyChange } from "../../src/saml/keys.ts";
import { refreshMetadata, refreshOld } from "../../src/saml/metadata-refresh.ts";
import { findConnectionWarnings } from "../../src/trust/connection-warnings.ts";
import { landingPath } from "../../src/web/home.ts";
import { createSigningKey, pooledKeys, type SigningKey } from "../helpers/certificates.ts";
import { onEachDatabase } from "../helpers/databases.ts";
import { entityDescriptor, idpMetadata, signingCertificate } from "../helpers/idp-metadata.ts";
import { assertRedirect } from "../helpers/pages.ts";
import { createTestTenant } from "../helpers/people.ts";
import { assertRefused } from "../helpers/refused.ts";
import { idpEntityId, keyPairsOf, readRequest, samlSealer, useSamlSite } from "../helpers/saml-site.ts";

const limits = { allowPrivateNetwork: true };
const silent = createLog("silent");
const hour = 3_600_000;
const nothing = async () => undefined;
const groupOf = (first: string, attributes: string, ...more: string[]) =>
  `<g:EntitiesDescriptor xmlns:g="urn:oasis:names:tc:SAML:2.0:metadata" ${attributes}>${[first.replace(/^<\?.*\?>/, ""), ...more].join("")}</g:EntitiesDescriptor>`;
/** A certificate with other bytes in one place, in hex. */
function certificateWith(before: string, after: string): string {
  const hex = Buffer.from(signingCertificate, "base64").toString("hex");
  assert.equal(hex.split(before).length, 2);
  return Buffer.from(hex.replace(before, after), "hex").toString("base64");
}
/** Certificates that OpenSSL parses, and in which it fails later. */
const unreadable = {
  // id-ecPublicKey, 1.2.840.10045.2.1 (RFC 5480 §2.1.1), with another end.
  "a key of an unknown algorithm": certificateWith("2a8648ce3d0201", "2a8648ce3d027f"),
  "an end in month 13": certificateWith("323132363130", "323132363133"),
  // The body's length of 0x133 in seven bytes instead of two (X.690 §10.1), and the whole length.
  "a length that is not DER": certificateWith("3082018d30820133", "30820192308700000000000133"),
};
const expired = () =>
  idpMetadata({ entityId: idpEntityId }).replace(" entityID", ' validUntil="2020-01-01T00:00:00Z"$&');

describe("SAML metadata", () => {
  onEachDatabase((use) => {
    const site = useSamlSite(use, { insecureAllowPrivateNetwork: true });
    let idp: Server;
    let next: SigningKey;
    let served: { status: number; xml: string | Buffer };
    let asked = 0;
    let beforeAnswer: (path: string) => Promise<unknown> = nothing;
    before(async () => {
      next = await createSigningKey("next");
      idp = createServer(async (req, res) => {
        asked++;
        await beforeAnswer(req.url ?? "");
        res.writeHead(served.status).end(served.xml);
      });
      await new Promise<void>((resolve) => idp.listen(0, "127.0.0.1", resolve));
    });
    after(() => new Promise((resolve) => idp.close(resolve)));
    beforeEach(() => {
      served = { status: 200, xml: metadataOf([site().key.certificate, next.certificate]) };
      beforeAnswer = nothing;
    });

    const metadataOf = (certificates: string[], entityId = idpEntityId) =>
      idpMetadata({ entityId, keys: certificates.map((certificate) => ["signing", certificate] as const) });
    const metadataUrl = () => `http://127.0.0.1:${(idp.address() as AddressInfo).port}/metadata`;
    const settingsOf = async ({ id }: Connection) =>
      (await site().acme.store.connections.byId(id))?.settings as SamlSettings;
    const get = async ({ key }: Connection) => (await site().app.client().get(`/saml/${key}/metadata`)).text;
    const certificatesIn = (xml: string) =>
      [...xml.matchAll(/X509Certificate>([^<]+)</g)].map(([, text]) => text);
    const read = (connection: Connection) =>
      refreshMetadata(site().acme.store, connection as Parameters<typeof refreshMetadata>[1], limits);

    describe("of the application", () => {
      it("is served at the entity ID, for drafts too, with address and key", async () => {
        for (const connection of [site().connection, await site().connect({}, { settings: null })]) {
          const xml = await get(connection);
          const base = `${site().app.url}/saml/${connection.key}`;
          assert.match(xml, new RegExp(` entityID="${base}/metadata"`));
          assert.match(xml, new RegExp(`HTTP-POST" Location="${base}/acs"`));
          assert.match(xml, / AuthnRequestsSigned="true" WantAssertionsSigned="true"/);
          assert.match(xml, /nameid-format:unspecified/);
          assert.doesNotMatch(xml, /SingleLogoutService|use="encryption"/);
          const pairs = await keyPairsOf(site().acme.store, connection);
          assert.deepEqual(certificatesIn(xml), [pairs[0].certificate]);
        }
      });

      it("has an encryption key, for safe methods only, if the connection accepts encrypted assertions", async () => {
        const xml = await get(await site().connect({ encryptedAssertions: true }));
        assert.match(xml, /use="encryption".*aes256-gcm.*rsa-oaep-mgf1p/);
        assert.doesNotMatch(xml, /-cbc|rsa-1_5/);
      });

      it("is signed if the connection asks for it", async () => {
        const xml = await get(await site().connect({ signMetadata: true }));
        const signature = new DOMParser()
          .parseFromString(xml, "text/xml")
          .getElementsByTagName("ds:Signature")[0];
        const verifier = new SignedXml({
          publicCert: `-----BEGIN CERTIFICATE-----\n${certificatesIn(xml).at(-1)}\n-----END CERTIFICATE-----`,
        });
        verifier.loadSignature(String(signature));
        assert.ok(verifier.checkSignature(xml));
        assert.match(
          xml,
          /SignatureMethod Algorithm="http:\/\/www.w3.org\/2001\/04\/xmldsig-more#rsa-sha256"/,
        );
      });

      it("publishes the next key in addition to the signing key until the change ends", async () => {
        const { store } = site().acme;
        const connection = await site().connect();
        const [first] = await keyPairsOf(store, connection);
        const maker = { sealer: samlSealer, generateKeys: pooledKeys };
        await beginKeyChange(store, maker, connection, nothing);
        await assert.rejects(beginKeyChange(store, maker, connection, nothing), { code: "stale" });
        const published = certificatesIn(await get(connection));
        assert.deepEqual([published.length, published[0]], [2, first.certificate]);
        const signedBy = async () => {
          const answer = await site().app.client().get(`/saml/${connection.key}/login`);
          return readRequest(answer.location ?? "").url.searchParams.get("Signature");
        };
        assert.ok(await signedBy());
        await endKeyChange(store, connection, nothing);
        await assert.rejects(endKeyChange(store, connection, nothing), { code: "stale" });
        assert.deepEqual(certificatesIn(await get(connection)), [published[1]]);
        const [now] = await keyPairsOf(store, connection);
        assert.deepEqual([now.generation, now.certificate], [2, published[1]]);
      });

      it("has one key if several requests come first at once", async () => {
        const connection = await site().connect();
        const all = await Promise.all([1, 2, 3].map(() => keyPairsOf(site().acme.store, connection)));
        assert.equal(new Set(all.map(([pair]) => pair.certificate)).size, 1);
        assert.equal(all.flat().length, 3);
      });
    });

    describe("of the provider", () => {
      it("is read again when old, and updates certificates and address", async () => {
        const { key } = site();
        const connection = await site().connect({ metadataUrl: metadataUrl() });
        await refreshOld(use().database, limits, silent);
        const fresh = await settingsOf(connection);
        assert.deepEqual(fresh.certificates, [key.certificate, next.certificate]);
        assert.match(fresh.ssoUrl, /redirect=1$/);
        assert.equal(fresh.metadataRead?.problem, null);
        const before = asked;
        await refreshOld(use().database, limits, silent);
        assert.equal(asked, before);
        await refreshOld(use().database, limits, silent, () => Date.now() + 13 * hour);
        assert.equal(asked, before + 1);
      });

      it("is read again for the other tenants if a connection is deleted while its own is read", async () => {
        const tenants = [site().acme, await createTestTenant(use().database)];
        const made = await Promise.all(
          tenants.map(async (tenant, index) => {
            const metadataPath = `/metadata?of=${index}`;
            const settings = { metadataUrl: new URL(metadataPath, metadataUrl()).href };
            return { tenant, metadataPath, ...(await site().connect(settings, {}, tenant)) };
          }),
        );
        let removed: string | undefined;
        beforeAnswer = async (path) => {
          const one = made.find(({ metadataPath }) => metadataPath === path);
          if (!one || removed !== undefined) return;
          removed = one.id;
          await removeConnection(one.tenant.store, one.id);
        };
        await refreshOld(use().database, limits, silent);
        const [other, more] = made.filter(({ id }) => id !== removed);
        assert.ok(other && !more);
        const settings = (await other.tenant.store.connections.byId(other.id))?.settings as SamlSettings;
        assert.deepEqual(settings.certificates, [site().key.certificate, next.certificate]);
      });

      for (const [name, answer, problem] of [
        ["cannot be read", { status: 500, xml: "" }, /answered 500/],
        ...Object.entries(unreadable).map(
          ([what, certificate]) =>
            [
              `has a certificate with ${what}`,
              { status: 200, xml: idpMetadata({ entityId: idpEntityId, keys: [["signing", certificate]] }) },
              /A certificate of the metadata cannot be read/,
            ] as const,
        ),
        ["is not metadata", { status: 200, xml: "<html/>" }, /no SAML metadata/],
        ["has expired", { status: 200, xml: expired() }, /was valid until 2020/],
        [
          "has expired, in a group",
          { status: 200, xml: groupOf(idpMetadata(), 'validUntil="2020-01-01T00:00:00Z"') },
          /2020/,
        ],
        [
          "is of several other providers",
          {
            status: 200,
            xml: groupOf(
              entityDescriptor({ entityId: "http://a.example" }),
              "",
              entityDescriptor({ entityId: "http://b.example" }),
            ),
          },
          /describes 2/,
        ],
        [
          "is of another provider",
          { status: 200, xml: idpMetadata({ entityId: "http://www.okta.com/exkNEW" }) },
          /another provider/,
        ],
      ] as const) {
        it(`keeps the former values, and the problem, if it ${name}`, async () => {
          const connection = await site().connect({ metadataUrl: metadataUrl() });
          const before = await settingsOf(connection);
          served = answer;
          const { problem: said } = await read(connection);
          assert.match(said ?? "", problem);
          const { metadataRead, ...after } = await settingsOf(connection);
          assert.deepEqual(after, before);
          assert.match(metadataRead?.problem ?? "", problem);
          const stored = await site().acme.store.connections.list();
          const warnings = findConnectionWarnings(stored.filter(({ id }) => id === connection.id));
          assert.match(warnings.map(({ text }) => text).join(), problem, "health says it, too");
          assertRedirect(
            await site().signIn(site().app.client(), `${connection.key}@acme.example`, {}, connection),
            landingPath,
          );
        });
      }

      it("is read in UTF-16, from the group that has the provider among others, and may change to POST", async () => {
        const connection = await site().connect({ metadataUrl: metadataUrl() });
        const keys: [null, string][] = [[null, next.certificate]];
        const ours = entityDescriptor({
          entityId: idpEntityId,
          keys,
          services: [["POST", "https://post.example/"]],
        });
        served = {
          status: 200,
          xml: Buffer.from(`\uFEFF${groupOf(entityDescriptor(), "", ours)}`, "utf16le"),
        };
        assert.equal((await read(connection)).problem, null);
        const { ssoUrl, requestByPost, certificates } = await settingsOf(connection);
        assert.deepEqual(
          [ssoUrl, requestByPost, certificates],
          ["https://post.example/", true, [next.certificate]],
        );
        served = { status: 200, xml: metadataOf([next.certificate]) };
        await read(connection);
        assert.equal((await settingsOf(connection)).requestByPost, false);
      });

      it("takes no certificate that the console would refuse, and keeps a note on one that cannot be read", async () => {
        const connection = await site().connect({ metadataUrl: metadataUrl() });
        const old = await createSigningKey("old", undefined, "SHA-1");
        served = { status: 200, xml: metadataOf([old.certificate]) };
        assert.match((await read(connection)).problem ?? "", /SHA-1/);
        assert.deepEqual((await settingsOf(connection)).certificates, [site().key.certificate]);
        for (const certificate of ["AAAA", ...Object.values(unreadable)]) {
          served = { status: 200, xml: metadataOf([certificate, next.certificate]) };
          assert.equal((await read(connection)).problem, null);
          const { certificates, metadataRead } = await settingsOf(connection);
          assert.deepEqual(certificates, [next.certificate]);
          assert.match(metadataRead?.notes?.join() ?? "", /cannot be read\. It was left out/);
        }
      });

      it("does not undo a change made while it was read", async () => {
        const connection = await site().connect({ metadataUrl: metadataUrl() });
        const elsewhere = {
          ...(await settingsOf(connection)),
          metadataUrl: null,
          ssoUrl: "https://by.hand.example/",
        };
        await changeSettings(site().acme.store, connection.id, elsewhere);
        await read(connection);
        assert.deepEqual(await settingsOf(connection), elsewhere);
      });

      it("is read for a new key if no certificate verifies a response, but not repeatedly", async () => {
        const byNext = { signAssertion: { key: next }, signResponse: { key: next } };
        const connection = await site().connect({ metadataUrl: metadataUrl() });
        assertRedirect(
          await site().signIn(site().app.client(), "new@acme.example", byNext, connection),
          landingPath,
        );
        const before = asked;
        const { foreignKey } = site();
        const forged = { signAssertion: { key: foreignKey }, signResponse: { key: foreignKey } };
        await assertRefused(site().app, use(), "saml-signature-not-valid", () =>
          site().signIn(site().app.client(), "forged@acme.example", forged, connection),
        );
        assert.equal(asked, before);
      });

      it("fixes the subject attribute once a connection is active", async () => {
        const { store } = site().acme;
        const connection = await site().connect();
        const changed = { ...(await settingsOf(connection)), subjectAttribute: "oktaId" };
        await assert.rejects(changeSettings(store, connection.id, changed), /cannot change after activation/);
        const draft = await site().connect({}, { draft: true });
        const after = await changeSettings(store, draft.id, { ...changed });
        assert.equal(after.subjectKind, "source-key");
      });
    });
  });
});
