import "reflect-metadata";
import assert from "node:assert/strict";
import { webcrypto } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { X509CertificateGenerator } from "@peculiar/x509";
import type { RuleId } from "oin-kit/check/rules/all";
import { runCheck } from "oin-kit/check/run";
import { assertFound } from "../../helpers/check-faults.ts";
import { idpMetadata, nextCertificate, signingCertificate } from "../../helpers/idp-metadata.ts";
import { checkout } from "../../helpers/readiness.ts";

const dayMs = 86_400_000;

/** A provider's certificate with the fault that a test wants. */
async function certificate({ hash = "SHA-256", bits = 2048, days = 3650, from = -10 } = {}): Promise<string> {
  const algorithm = {
    name: "RSASSA-PKCS1-v1_5",
    hash,
    publicExponent: new Uint8Array([1, 0, 1]),
    modulusLength: bits,
  };
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const made = await X509CertificateGenerator.createSelfSigned({
    serialNumber: "01",
    name: "CN=acme",
    keys,
    signingAlgorithm: algorithm,
    notBefore: new Date(Date.now() + from * dayMs),
    notAfter: new Date(Date.now() + days * dayMs),
  });
  return Buffer.from(made.rawData).toString("base64");
}

const signature = `<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:SignedInfo>
<ds:SignatureMethod Algorithm="http://www.w3.org/2000/09/xmldsig#rsa-sha1"/></ds:SignedInfo></ds:Signature>`;
const encryption =
  '<md:EncryptionMethod Algorithm="http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p">' +
  '<ds:DigestMethod xmlns:ds="http://www.w3.org/2000/09/xmldsig#" Algorithm="http://www.w3.org/2000/09/xmldsig#sha1"/></md:EncryptionMethod>';

interface Case {
  name: string;
  xml: () => string | Promise<string>;
  fails?: RuleId[];
  warns?: RuleId[];
}

const cases: Case[] = [
  { name: "no fault in good metadata", xml: () => idpMetadata() },
  {
    name: "no fault in an expired certificate next to a valid one",
    xml: async () =>
      idpMetadata({
        keys: [
          ["signing", await certificate({ days: -1 })],
          ["signing", nextCertificate],
        ],
      }),
  },
  {
    name: "no fault in SHA-1 as the digest of OAEP, which is not a signature",
    xml: () =>
      idpMetadata({
        keys: [
          ["signing", signingCertificate],
          ["encryption", signingCertificate],
        ],
      }).replaceAll("</ds:KeyInfo>", `</ds:KeyInfo>${encryption}`),
  },
  {
    name: "a certificate that is signed with SHA-1",
    xml: async () => idpMetadata({ keys: [["signing", await certificate({ hash: "SHA-1" })]] }),
    fails: ["idp-sha256"],
  },
  {
    name: "a signature with SHA-1",
    xml: () => idpMetadata().replace("<md:IDPSSODescriptor", `${signature}<md:IDPSSODescriptor`),
    fails: ["idp-sha256"],
  },
  {
    name: "an expired certificate",
    xml: async () => idpMetadata({ keys: [["signing", await certificate({ days: -1 })]] }),
    fails: ["idp-certificate"],
  },
  {
    name: "a certificate that is not valid yet",
    xml: async () => idpMetadata({ keys: [["signing", await certificate({ from: 2 })]] }),
    fails: ["idp-certificate"],
  },
  {
    name: "a certificate that expires soon",
    xml: async () => idpMetadata({ keys: [["signing", await certificate({ days: 20 })]] }),
    warns: ["idp-certificate"],
  },
  {
    name: "a key of 1024 bits",
    xml: async () => idpMetadata({ keys: [["signing", await certificate({ bits: 1024 })]] }),
    warns: ["idp-key-size"],
  },
  {
    name: "a missing signing certificate",
    xml: () => idpMetadata({ keys: [["encryption", signingCertificate]] }),
    fails: ["idp-certificate"],
  },
  {
    name: "an http address",
    xml: () => idpMetadata({ services: [["Redirect", "http://acme.okta.example/sso"]] }),
    fails: ["idp-sso"],
  },
  { name: "a missing address", xml: () => idpMetadata({ services: [] }), fails: ["idp-sso"] },
  { name: "a missing entity ID", xml: () => idpMetadata({ entityId: "" }), fails: ["idp-metadata"] },
  {
    name: "a document type",
    xml: () => idpMetadata().replace("<md:Entity", "<!DOCTYPE x><md:Entity"),
    fails: ["idp-metadata"],
  },
  { name: "text that is not XML", xml: () => "<md:EntityDescriptor", fails: ["idp-metadata"] },
];

describe("oin:check of an identity provider's metadata", () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "starter-check-"));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  const check = (idpMetadata: string) =>
    runCheck(
      {
        url: null,
        scimUrl: null,
        scimToken: null,
        connections: [],
        areas: ["idp-metadata"],
        idpMetadata,
      },
      checkout,
    );

  for (const { name, xml, fails, warns } of cases) {
    it(`finds ${name}`, async () => {
      const file = join(folder, "metadata.xml");
      writeFileSync(file, await xml());
      assertFound(await check(file), fails ?? [], warns);
    });
  }

  it("also reads a URL, and reports one that does not respond", async () => {
    const server: Server = createServer((req, res) => {
      res.writeHead(req.url === "/metadata" ? 200 : 404, { "content-type": "application/xml" });
      res.end(idpMetadata());
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    assertFound(await check(`${url}/metadata`), []);
    assertFound(await check(`${url}/elsewhere`), ["idp-metadata"]);
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    await assert.rejects(check(join(folder, "nowhere.xml")), /cannot be read/);
  });
});
