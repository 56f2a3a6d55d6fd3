import assert from "node:assert/strict";
import { RuleBrokenError } from "policy-list/policy";
import { consume } from "saml-policy/consume";
import type { Encryption, EncryptionRecipient } from "./encryption.ts";
import { keepAll, type MemoryPorts, memoryPorts } from "./ports.ts";
import { type Difference, otherKey, postedForm, serviceProvider, spKey } from "./response.ts";

const us: EncryptionRecipient = { certificatePem: spKey.certificatePem };
const other: EncryptionRecipient = { certificatePem: otherKey.certificatePem };

const accepts = async (
  encryption: Partial<Encryption>,
  { difference = {}, ports = {} }: { difference?: Difference; ports?: Partial<MemoryPorts> } = {},
) => {
  const posted = await postedForm({ encryption, ...difference });
  const { assertion } = await consume(posted, serviceProvider, memoryPorts(ports), keepAll);
  assert.equal(assertion.nameId, "ada@example.com");
};

const refuses = async (rule: string, difference: Difference, found?: RegExp) => {
  const run = consume(await postedForm(difference), serviceProvider, memoryPorts(), keepAll);
  await assert.rejects(run, (error) => {
    assert.ok(error instanceof RuleBrokenError, String(error));
    assert.equal(error.rule.id, rule, error.message);
    assert.equal(error.rule.reason, "saml-encryption");
    if (found) assert.match(error.found ?? "", found);
    return true;
  });
};

/** As the products send it, with AES-GCM. */
const shapes: Record<string, Partial<Encryption>> = {
  "Entra and ADFS": { recipients: [us] },
  Okta: { recipients: [us], place: "retrieved" },
  "Shibboleth, for one recipient": {
    recipients: [{ ...us, name: serviceProvider.entityId }],
    place: "retrieved",
  },
  "Shibboleth, for several recipients": {
    recipients: [
      { ...other, name: "https://other.example" },
      { ...us, name: serviceProvider.entityId },
    ],
    place: "named",
  },
  "Keycloak, by its default": {
    recipients: [{ ...us, method: "rsa-oaep", digest: "sha256", mask: "sha256" }],
  },
  "Keycloak, with AES-192": { content: "aes192-gcm" },
  "AES-128": { content: "aes128-gcm" },
};

const paddings: Partial<EncryptionRecipient>[] = [
  { method: "rsa-oaep-mgf1p", digest: null },
  { method: "rsa-oaep-mgf1p", digest: "sha1" },
  { method: "rsa-oaep-mgf1p", digest: "sha256" },
  { method: "rsa-oaep-mgf1p", digest: "sha512" },
  { method: "rsa-oaep-mgf1p", digest: "sha256", label: Buffer.from("label").toString("base64") },
  { method: "rsa-oaep", digest: null },
  { method: "rsa-oaep", digest: "sha1", mask: "sha1" },
  { method: "rsa-oaep", digest: "sha256" },
  { method: "rsa-oaep", digest: "sha256", mask: "sha1" },
  { method: "rsa-oaep", digest: "sha1", mask: "sha256" },
  { method: "rsa-oaep", digest: "sha256", mask: "sha256" },
  { method: "rsa-oaep", digest: "sha512", mask: "sha384" },
  { method: "rsa-oaep", digest: "sha512", mask: "sha512" },
  { method: "rsa-oaep", digest: "sha256", mask: "sha256", label: Buffer.from("label").toString("base64") },
];

describe("an encrypted assertion", () => {
  for (const [sender, encryption] of Object.entries(shapes)) {
    it(`is decrypted in the shape of ${sender}`, () => accepts(encryption));
  }

  for (const padding of paddings) {
    const { method, digest = "sha1", mask = null, label } = padding;
    it(`is decrypted by ${method}, digest ${digest}, mask ${mask}, ${label ? "a" : "no"} label`, () =>
      accepts({ recipients: [{ ...us, ...padding }] }));
  }

  for (const place of ["inside", "retrieved", "named"] as const) {
    it(`is decrypted if the response alone is signed, and the key is ${place}`, async () => {
      const seen: string[] = [];
      const difference = { encryption: { place }, signAssertion: false };
      const ports = memoryPorts({ onVerified: (xml) => seen.push(xml) });
      const sp = { ...serviceProvider, signed: "response" as const };
      const { assertion } = await consume(await postedForm(difference), sp, ports, keepAll);
      assert.equal(assertion.nameId, "ada@example.com");
      assert.match(seen.join(), /^<a:Assertion /);
    });
  }

  it("is decrypted with each of the private keys", () =>
    accepts({}, { ports: { decryptionKeys: async () => [otherKey.privateKey, spKey.privateKey] } }));

  for (const [position, recipients] of Object.entries({
    first: [us, other, other],
    second: [other, us, other],
    last: [...Array.from({ length: 7 }, () => other), us],
  })) {
    it(`is decrypted with our key, the ${position} of several`, () => accepts({ recipients }));
  }

  it("is decrypted with our key next to another recipient's that is not allowed", () =>
    accepts({ recipients: [{ ...other, method: "rsa-1_5" }, us] }));

  it("may begin with a byte order mark", () =>
    accepts({}, { difference: { signedAssertion: (xml) => `\uFEFF${xml}` } }));

  const oaep: Partial<EncryptionRecipient> = { method: "rsa-oaep", digest: "sha256", mask: "sha256" };
  const methods: [what: string, encryption: Partial<Encryption>, found: RegExp][] = [
    ["AES-CBC", { content: "aes256-cbc" }, /aes256-cbc/],
    ["RSA-1.5", { recipients: [{ ...us, method: "rsa-1_5" }] }, /rsa-1_5/],
    [
      "RSA-1.5 for each of several",
      { recipients: [us, other].map((to) => ({ ...to, method: "rsa-1_5" })) },
      /rsa-1_5/,
    ],
    [
      "a digest of the padding that is not allowed",
      { recipients: [{ ...us, ...oaep, digest: "sha384" }] },
      /sha384/,
    ],
    ["a mask that the method rules out", { recipients: [{ ...us, mask: "sha256" }] }, /mgf1sha256/],
    ["no key", { recipients: [] }, /aes256-gcm$/],
  ];
  for (const [what, encryption, found] of methods) {
    it(`is refused before a private key is used if it has ${what}`, async () => {
      const decryptionKeys = async () => assert.fail("asked for keys");
      const run = consume(
        await postedForm({ encryption }),
        serviceProvider,
        memoryPorts({ decryptionKeys }),
        keepAll,
      );
      await assert.rejects(
        run,
        (error) => error instanceof RuleBrokenError && error.rule.id === "encryption-methods",
      );
      await refuses("encryption-methods", { encryption }, found);
    });
  }

  for (const method of [{ method: "rsa-1_5" }, { ...oaep, mask: "sha224" }] as const) {
    it(`is not decrypted by ${method.method} with mask ${"mask" in method ? method.mask : null}, even if another recipient's method is allowed`, () =>
      refuses("decryption", { encryption: { recipients: [{ ...us, ...method }, other] } }));
  }

  it("is refused if it is for another service provider, and the log says that no key opened it", () =>
    refuses("decryption", { encryption: { recipients: [other] } }, /opened 0$/));

  it("is refused if its bytes were changed, and the log says that they do not belong to the key", () =>
    refuses(
      "decryption",
      {
        encryption: {},
        signResponse: false,
        response: (xml) =>
          xml.replace(/(<xenc:CipherValue>)(.)/, (_all, tag, first) => `${tag}${first === "A" ? "B" : "A"}`),
      },
      /does not belong/,
    ));

  it("is refused if its bytes are too few", () =>
    refuses("decryption", {
      encryption: {},
      signResponse: false,
      response: (xml) => xml.replace(/<xenc:CipherValue>[^<]+/, "<xenc:CipherValue>AAAA"),
    }));

  it("is refused if there is a second content", () =>
    refuses("encryption-methods", {
      encryption: {},
      signResponse: false,
      response: (xml) =>
        xml.replace(
          /<xenc:EncryptedData .*<\/xenc:EncryptedData>/s,
          (content) => `${content}${content.replaceAll(/ Id="[^"]*"/g, "")}`,
        ),
    }));
});
