import assert from "node:assert/strict";
import { InvalidError } from "../../src/errors.ts";
import { parseIdpMetadata } from "../../src/saml/idp-metadata.ts";
import { createSigningKey } from "../helpers/certificates.ts";
import {
  entityDescriptor,
  idpDescriptor,
  idpMetadata,
  nextCertificate,
  signingCertificate,
} from "../helpers/idp-metadata.ts";
import { wildMetadata } from "../helpers/wild-metadata.ts";
import { createChain } from "./certificate-chain.ts";

const certificates = { signing: signingCertificate, other: nextCertificate };
const ssoUrl = "https://acme.okta.example/app/exk1/sso/saml?redirect=1";
const md = "urn:oasis:names:tc:SAML:2.0:metadata";
const group = (inner: string, attributes = "") =>
  `<md:EntitiesDescriptor xmlns:md="${md}"${attributes}>${inner}</md:EntitiesDescriptor>`;
const entity = (entityId: string, certificate = signingCertificate) =>
  entityDescriptor({ entityId, keys: [["signing", certificate]] });
const serviceProvider = () => entity("https://sp.example").replaceAll("IDPSSO", "SPSSO");
const past = new Date(Date.now() - 60_000).toISOString();
const future = new Date(Date.now() + 3_600_000).toISOString();
const valuesOf = (xml: string | Uint8Array, options = {}) => parseIdpMetadata(xml, options).values;
const inEntity = (attributes: string) => entityDescriptor().replace(" entityID", ` ${attributes} entityID`);
const inRole = (attributes: string) => entityDescriptor().replace("<md:IDPSSODescriptor", `$& ${attributes}`);

function assertRefused(xml: string | Uint8Array, message: RegExp, options = {}): void {
  assert.throws(
    () => parseIdpMetadata(xml, options),
    (error) => {
      assert.ok(error instanceof InvalidError, String(error));
      assert.match(error.message, message);
      return !error.message.includes("\n");
    },
  );
}

describe("metadata in the shape of", () => {
  for (const { name, entityId, ssoUrl: address, xml } of wildMetadata) {
    it(`${name}`, () => {
      assert.deepEqual(parseIdpMetadata(xml(certificates)), {
        values: {
          idpEntityId: entityId,
          ssoUrl: address,
          requestByPost: false,
          certificates: [signingCertificate],
        },
        notes: [],
      });
    });
  }
});

describe("the encoding of metadata", () => {
  const name = "Société Générale";
  const declared = (encoding: string) =>
    `<?xml version='1.0' encoding = '${encoding}' ?>\n${entityDescriptor({ entityId: "urn:acme:é" })}<!-- ${name} -->`;
  const utf16 = (text: string, { bom, big }: { bom: boolean; big: boolean }) => {
    const bytes = Buffer.from(`${bom ? "\uFEFF" : ""}${text}`, "utf16le");
    return big ? bytes.swap16() : bytes;
  };
  const encodings: [what: string, document: Uint8Array][] = [
    ["UTF-16 LE with a byte order mark", utf16(declared("utf-16"), { bom: true, big: false })],
    ["UTF-16 BE with a byte order mark", utf16(declared("UTF-16"), { bom: true, big: true })],
    ["UTF-16 LE without a mark", utf16(declared("utf-16"), { bom: false, big: false })],
    ["UTF-16 BE without a mark", utf16(declared("UTF-16BE"), { bom: false, big: true })],
    ["UTF-16 with a mark, declared as UTF-8", utf16(declared("utf-8"), { bom: true, big: false })],
    ["UTF-8 with a byte order mark", Buffer.from(`\uFEFF${declared("UTF-8")}`)],
    ["UTF-8 with a mark, declared as ISO-8859-1", Buffer.from(`\uFEFF${declared("ISO-8859-1")}`)],
    ["UTF-8, declared as UTF-16", Buffer.from(declared("utf-16"))],
    ["UTF-8 without a declaration", Buffer.from(declared("x").replace(/^[^\n]*\n/, ""))],
    ["ISO-8859-1", Buffer.from(declared("ISO-8859-1"), "latin1")],
    ["Windows-1252", Buffer.from(declared("windows-1252"), "latin1")],
  ];
  for (const [what, document] of encodings) {
    it(`may be ${what}`, () => assert.equal(valuesOf(document).idpEntityId, "urn:acme:é"));
  }

  it("does not matter in text that is decoded already", () => {
    assert.equal(valuesOf(declared("utf-16")).idpEntityId, "urn:acme:é");
  });

  it("is refused by its name if it is not known", () => {
    assertRefused(Buffer.from(declared("x-klingon")), /in the encoding x-klingon, which cannot be read/);
  });

  it("hides no document type", () => {
    const xml = `<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>${entityDescriptor()}`;
    for (const big of [false, true])
      assertRefused(utf16(xml, { bom: true, big }), /has a document type, which is not allowed/);
  });

  it("does not change the limit of the size", () => {
    const large = `${idpMetadata()}${" ".repeat(256 * 1024)}`;
    assertRefused(utf16(large, { bom: true, big: false }), /larger than 256 KB/);
  });
});

describe("metadata of several entities", () => {
  it("is of the one that is an identity provider", () => {
    for (const xml of [
      group(entity("urn:only")),
      group(serviceProvider() + entity("urn:only")),
      group(group(serviceProvider()) + group(group(entity("urn:only")))),
    ])
      assert.equal(valuesOf(xml, { entityId: "urn:another" }).idpEntityId, "urn:only");
  });

  it("is of the one that is chosen among several", () => {
    const xml = group(entity("urn:a") + entity("urn:b", nextCertificate) + group(entity("urn:c")));
    const chosen = valuesOf(xml, { entityId: "urn:b" });
    assert.deepEqual([chosen.idpEntityId, chosen.certificates], ["urn:b", [nextCertificate]]);
    assert.equal(valuesOf(xml, { entityId: "urn:c" }).idpEntityId, "urn:c");
  });

  it("is refused with their entity IDs if none of them is chosen", () => {
    const two = group(entity("urn:a") + entity("urn:b"));
    assertRefused(two, /describes 2 identity providers: urn:a, urn:b\. Give the entity ID/);
    assertRefused(two, /describes 2 identity providers/, { entityId: "urn:c" });
    const many = group(Array.from({ length: 9 }, (_, index) => entity(`urn:${index}`)).join(""));
    assertRefused(many, /describes 9 identity providers: urn:0, urn:1, urn:2, urn:3, urn:4, …\./);
  });

  it("is refused if it describes the same one more than once, chosen or not", () => {
    const twice = entity("urn:a") + entity("urn:a", nextCertificate);
    for (const xml of [
      group(twice),
      group(group(entity("urn:a")) + entity("urn:a")),
      group(twice + entity("urn:b")),
    ])
      assertRefused(xml, /describes urn:a 2 times\. Ask for metadata/, { entityId: "urn:a" });
    assertRefused(group(twice), /describes urn:a 2 times/);
    assertRefused(group(twice + entity("urn:b")), /describes 2 identity providers: urn:a, urn:b\./);
    assert.equal(valuesOf(group(twice + entity("urn:b")), { entityId: "urn:b" }).idpEntityId, "urn:b");
  });

  it("is of the one that has not expired", () => {
    const over = (xml: string) => xml.replace(" entityID", ` validUntil="${past}"$&`);
    const old = over(entity("urn:old", nextCertificate));
    for (const xml of [
      group(old + entity("urn:now")),
      group(entity("urn:now") + old),
      group(group(entity("urn:old"), ` validUntil="${past}"`) + entity("urn:now")),
      group(entity("urn:old").replace("<md:IDPSSODescriptor", `$& validUntil="${past}"`) + entity("urn:now")),
      group(over(entity("urn:now", nextCertificate)) + entity("urn:now")),
    ]) {
      const { idpEntityId, certificates: keys } = valuesOf(xml);
      assert.deepEqual([idpEntityId, keys], ["urn:now", [signingCertificate]]);
    }
    assertRefused(group(old + entity("urn:now")), /The metadata was valid until/, { entityId: "urn:old" });
    assertRefused(group(old + old), /The metadata was valid until/);
    const unclear = entity("urn:b").replace(" entityID", ' validUntil="soon"$&');
    assertRefused(group(entity("urn:a") + unclear), /describes 2 identity providers/);
    assert.equal(valuesOf(group(entity("urn:a") + unclear), { entityId: "urn:a" }).idpEntityId, "urn:a");
  });

  it("is refused if none is an identity provider of SAML 2.0", () => {
    const old = entity("urn:old").replace("SAML:2.0:protocol", "SAML:1.1:protocol");
    for (const xml of [group(""), group(serviceProvider()), serviceProvider(), old])
      assertRefused(xml, /does not describe a SAML 2\.0 identity provider/);
  });
});

describe("metadata with several roles", () => {
  const role = (certificate: string, url: string) =>
    idpDescriptor([["signing", certificate]], [["Redirect", url]]);
  const withRoles = (...roles: string[]) =>
    `<md:EntityDescriptor entityID="urn:acme" xmlns:md="${md}">${roles.join("")}</md:EntityDescriptor>`;

  it("is read from those of SAML 2.0", () => {
    const old = role(nextCertificate, "https://old.example/").replace(
      "SAML:2.0:protocol",
      "SAML:1.1:protocol",
    );
    const now = role(signingCertificate, "https://new.example/");
    for (const xml of [withRoles(old, now), withRoles(now, old)]) {
      const { ssoUrl: address, certificates: keys } = valuesOf(xml);
      assert.deepEqual([address, keys], ["https://new.example/", [signingCertificate]]);
    }
  });

  it("has the keys of all of them, and the address of the first", () => {
    const xml = withRoles(
      role(signingCertificate, "https://a.example/"),
      role(nextCertificate, "https://b.example/"),
    );
    const { ssoUrl: address, certificates: keys } = valuesOf(xml);
    assert.deepEqual([address, keys], ["https://a.example/", [signingCertificate, nextCertificate]]);
  });

  it("is read without those that have expired", () => {
    const over = role(nextCertificate, "https://a.example/").replace(" WantAuthn", ` validUntil="${past}"$&`);
    const { certificates: keys } = valuesOf(withRoles(over, role(signingCertificate, "https://b.example/")));
    assert.deepEqual(keys, [signingCertificate]);
  });
});

describe("the end of metadata", () => {
  it("may be in the future", () => {
    for (const xml of [
      inEntity(`validUntil="${future}"`),
      inEntity(`validUntil="${future.replace("Z", "")}"`),
      inEntity('validUntil="2098-01-01T00:00:00.1234567+02:00" cacheDuration="PT1H"'),
      inRole(`validUntil="${future}"`),
      group(inEntity(`validUntil="${future}"`), ` validUntil="${future}"`),
      inEntity('validUntil=""'),
    ])
      assert.equal(valuesOf(xml).ssoUrl, ssoUrl);
  });

  it("refuses it once it has passed, wherever it is", () => {
    for (const xml of [
      inEntity(`validUntil="${past}"`),
      inEntity(`validUntil="${past.replace("Z", "")}"`),
      inEntity('validUntil="2001-01-01T00:00:00+14:00"'),
      inRole(`validUntil="${past}"`),
      group(entity("urn:a"), ` validUntil="${past}"`),
      group(group(entity("urn:a")), ` validUntil="${past}"`),
    ])
      assertRefused(xml, /The metadata was valid until 20[^ ]+\. Ask for current metadata\.$/);
  });

  it("refuses it if it is not a time", () => {
    for (const text of [
      "tomorrow",
      "2098-01-01",
      "2098-13-01T00:00:00Z",
      "2098-02-30T00:00:00Z",
      "2098-02-30T00:00:00",
    ])
      assertRefused(inEntity(`validUntil="${text}"`), /validUntil is not a time/);
  });
});

describe("the addresses in metadata", () => {
  const services = (...list: [string, string][]) =>
    idpMetadata({ services: [] }).replace(
      "</md:IDPSSODescriptor>",
      `${list
        .map(([binding, url]) => `<md:SingleSignOnService Binding="${binding}" Location="${url}"/>`)
        .join("")}</md:IDPSSODescriptor>`,
    );
  const by = (name: string) => `urn:oasis:names:tc:SAML:2.0:bindings:${name}`;
  const addressOf = (xml: string, options = {}) => {
    const { ssoUrl: address, requestByPost } = valuesOf(xml, options);
    return [address, requestByPost];
  };

  it("are those of the redirect binding, if there are any", () => {
    const [a, b, c] = ["https://a.example/", "https://b.example/", "https://c.example/?x=1&amp;y=2"];
    const post: [string, string] = [by("HTTP-POST"), a];
    assert.deepEqual(addressOf(services(post, [by("HTTP-Redirect"), b])), [b, false]);
    assert.deepEqual(addressOf(services([by("HTTP-Redirect"), b], [by("HTTP-Redirect"), a])), [b, false]);
    assert.deepEqual(addressOf(services([by("HTTP-Redirect"), ` ${c} `])), [
      "https://c.example/?x=1&y=2",
      false,
    ]);
    assert.deepEqual(addressOf(services([by("HTTP-Redirect"), "/relative"], [by("HTTP-Redirect"), b])), [
      b,
      false,
    ]);
  });

  it("are those of the POST binding otherwise", () => {
    const a = "https://a.example/";
    assert.deepEqual(addressOf(services([by("SOAP"), "https://b.example/"], [by("HTTP-POST"), a])), [
      a,
      true,
    ]);
    assert.deepEqual(addressOf(services([by("HTTP-POST"), "x"], [by("HTTP-POST"), a])), [a, true]);
    assert.deepEqual(addressOf(services([by("HTTP-Redirect"), "x"], [by("HTTP-POST"), a])), [a, true]);
  });

  it("are refused in other bindings, which the message names", () => {
    const other: [string, string][] = [
      [by("SOAP"), "https://a.example/"],
      [by("HTTP-Artifact"), "https://a.example/"],
      [by("HTTP-POST-SimpleSign"), "https://a.example/"],
      [by("SOAP"), "https://b.example/"],
    ];
    assertRefused(
      services(...other),
      /for the HTTP-Redirect or HTTP-POST binding, only for SOAP, HTTP-Artifact, HTTP-POST-SimpleSign\.$/,
    );
    assertRefused(services(), /for the HTTP-Redirect or HTTP-POST binding\.$/);
  });

  it("are https, except in development and in tests", () => {
    const xml = services([by("HTTP-Redirect"), "http://a.example/"]);
    assertRefused(xml, /address cannot be used\. The address must start with https/);
    assert.deepEqual(addressOf(xml, { allowPrivateNetwork: true }), ["http://a.example/", false]);
  });
});

describe("the certificates in metadata", () => {
  const keys = (...list: string[]) =>
    idpMetadata({
      keys: list.map((certificate) => ["signing", certificate] as const).map(([use, c]) => [use, c]),
    });

  it("may have any blanks, and the lines of PEM", () => {
    for (const text of [
      `-----BEGIN CERTIFICATE-----\n${signingCertificate}\n-----END CERTIFICATE-----`,
      `-----BEGIN X509 CERTIFICATE-----&#13;\n${signingCertificate}&#13;\n-----END X509 CERTIFICATE-----`,
      signingCertificate.replace(/.{20}/g, "$& \t&#xD;\n"),
      `<![CDATA[${signingCertificate}]]>`,
    ])
      assert.deepEqual(
        valuesOf(keys("PLACE").replace("PLACE", text.replaceAll("$", "$$$$"))).certificates,
        [signingCertificate],
        text.slice(0, 40),
      );
  });

  it("are left out and counted if they cannot be read, as long as one can be", () => {
    for (const [broken, note] of [
      [["AAAA"], /^One certificate of the metadata cannot be read\. It was left out\.$/],
      [["AAAA", "", signingCertificate.slice(0, 200)], /^3 certificates .* They were left out\.$/],
    ] as const) {
      const { values, notes } = parseIdpMetadata(keys(...broken, signingCertificate, nextCertificate));
      assert.deepEqual(values.certificates, [signingCertificate, nextCertificate]);
      assert.match(notes.join(), note);
    }
    assertRefused(keys("AAAA", ""), /A certificate of the metadata cannot be read/);
  });

  it("count once", () => {
    assert.deepEqual(valuesOf(keys(signingCertificate, signingCertificate)).certificates, [
      signingCertificate,
    ]);
  });

  it("are at most ten, of which the same one counts once", async () => {
    const many = await Promise.all(
      Array.from({ length: 11 }, async (_, index) => (await createSigningKey(`key ${index}`)).certificate),
    );
    assert.equal(valuesOf(keys(...many.slice(0, 10), ...many.slice(0, 10))).certificates.length, 10);
    assertRefused(keys(...many), /^At most 10 certificates can sign, and these are 11\.$/);
  });

  it("leave out the authorities of a chain, which sign certificates only", async () => {
    const { leaf, authority } = await createChain();
    const chain = `<ds:X509Certificate>${authority}</ds:X509Certificate>`;
    for (const xml of [
      keys(leaf).replace("</ds:X509Data>", `${chain}</ds:X509Data>`),
      keys(leaf).replace("<ds:X509Data>", `<ds:X509Data>${chain}`),
    ])
      assert.deepEqual(valuesOf(xml).certificates, [leaf]);
    const renewed = `<ds:X509Certificate>${nextCertificate}</ds:X509Certificate>`;
    const both = keys(signingCertificate).replace("</ds:X509Data>", `${renewed}</ds:X509Data>`);
    assert.deepEqual(
      valuesOf(both).certificates,
      [signingCertificate, nextCertificate],
      "two keys, no chain",
    );
  });

  it("are refused if one is signed with SHA-1 or has a short key, or if all have expired", async () => {
    const old = (await createSigningKey("old", undefined, "SHA-1")).certificate;
    const over = (await createSigningKey("over", new Date(Date.now() - 86_400_000))).certificate;
    assertRefused(keys(old), /signed with SHA-1/);
    assertRefused(keys(signingCertificate, old), /signed with SHA-1/);
    assertRefused(keys(over), /certificate ended on/);
    assert.deepEqual(valuesOf(keys(over, signingCertificate)).certificates, [over, signingCertificate]);
  });
});
