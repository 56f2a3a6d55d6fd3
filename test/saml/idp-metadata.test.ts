import assert from "node:assert/strict";
import { InvalidError } from "../../src/errors.ts";
import { parseIdpMetadata } from "../../src/saml/idp-metadata.ts";
import {
  entityDescriptor,
  type idpDescriptor,
  idpMetadata,
  nextCertificate,
  signingCertificate,
} from "../helpers/idp-metadata.ts";

const ssoUrl = "https://acme.okta.example/app/exk1/sso/saml?redirect=1";
const wrapped = (inner: string) =>
  `<md:EntitiesDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata">${inner}</md:EntitiesDescriptor>`;
const valuesOf = (xml: string) => parseIdpMetadata(xml).values;
const doctype = (more = "") => idpMetadata().replace("?>", `?>\n<!DOCTYPE md:EntityDescriptor ${more}>`);

describe("the metadata of a SAML identity provider", () => {
  it("names the provider, its address for the redirect binding and its certificate", () => {
    assert.deepEqual(valuesOf(idpMetadata()), {
      idpEntityId: "http://www.okta.com/exk1",
      ssoUrl,
      requestByPost: false,
      certificates: [signingCertificate],
    });
  });

  it("may have several signing certificates during a key change", () => {
    const keys: Parameters<typeof idpDescriptor>[0] = [
      ["signing", signingCertificate],
      ["encryption", signingCertificate],
      ["signing", nextCertificate],
    ];
    const { certificates } = valuesOf(idpMetadata({ keys }));
    assert.deepEqual(certificates, [signingCertificate, nextCertificate]);
  });

  it("may omit the use of a certificate, which includes signing", () => {
    const { certificates } = valuesOf(idpMetadata({ keys: [[null, signingCertificate]] }));
    assert.deepEqual(certificates, [signingCertificate]);
  });

  it("may have other prefixes, surrounding blanks and a byte order mark", () => {
    const renamed = `\uFEFF \n${entityDescriptor().replaceAll("md:", "m:").replace("xmlns:md", "xmlns:m")}\n `;
    assert.equal(valuesOf(renamed).ssoUrl, ssoUrl);
  });

  const refused: [string, string, RegExp][] = [
    ["a document type", doctype(), /has a document type, which is not allowed/],
    ["an external entity", doctype('[<!ENTITY x SYSTEM "file:///etc/passwd">]'), /has a document type/],
    ["a document type in lower case", doctype().replace("DOCTYPE", "doctype"), /has a document type/],
    ["one entity twice", wrapped(entityDescriptor() + entityDescriptor()), /describes http\S+exk1 2 times/],
    [
      "a service provider",
      entityDescriptor().replaceAll("IDPSSO", "SPSSO"),
      /not describe a SAML 2\.0 identity/,
    ],
    ["no certificate", idpMetadata({ keys: [] }), /holds no signing certificate/],
    [
      "a certificate for encryption only",
      idpMetadata({ keys: [["encryption", signingCertificate]] }),
      /holds no signing certificate/,
    ],
    ["a broken certificate", idpMetadata({ keys: [["signing", "AAAA"]] }), /A certificate.* cannot be read/],
    ["an empty certificate", idpMetadata({ keys: [["signing", ""]] }), /A certificate.* cannot be read/],
    ["no entity ID", idpMetadata({ entityId: " " }), /names no entity ID/],
    ["an entity ID with spaces", idpMetadata({ entityId: "acme idp" }), /entity ID has spaces/],
    ["an entity ID that is too long", idpMetadata({ entityId: "x".repeat(1025) }), /more than 1024/],
    ["an invisible character in the entity ID", idpMetadata({ entityId: "a\u200bb" }), /The entity ID/],
    [
      "no address",
      idpMetadata({ services: [] }),
      /no single sign-on address for the HTTP-Redirect or HTTP-POST/,
    ],
    ["an address that is none", idpMetadata({ services: [["Redirect", "/sso"]] }), /is not a web address/],
    [
      "an address that is a script",
      idpMetadata({ services: [["Redirect", "javascript:alert(1)"]] }),
      /is not a web address/,
    ],
    ["no XML", "this is not XML", /is not well-formed XML/],
    ["nothing", "", /is not well-formed XML/],
    ["XML that breaks off", idpMetadata().slice(0, -20), /is not well-formed XML/],
    ["an undeclared prefix", idpMetadata().replace(/ xmlns:md="[^"]*"/, ""), /metadata/],
    ["elements nested without end", "<a>".repeat(80_000), /is not well-formed XML/],
    ["deep nesting", `${"<a>".repeat(35_000)}${"</a>".repeat(35_000)}`, /no SAML metadata of one/],
    ["HTML", "<html><body>Sign in</body></html>", /no SAML metadata of one identity provider/],
    ["another namespace", entityDescriptor().replace("SAML:2.0:metadata", "x"), /no SAML metadata of one/],
    ["more than 256 KB", idpMetadata() + " ".repeat(256 * 1024), /larger than 256 KB/],
    ["more than 256 KB in bytes", `${idpMetadata()}<!--${"é".repeat(131_072)}-->`, /larger than 256 KB/],
  ];
  for (const [what, xml, message] of refused) {
    it(`is refused with ${what}, in one sentence`, () => {
      assert.throws(
        () => parseIdpMetadata(xml),
        (error) => {
          assert.ok(error instanceof InvalidError, String(error));
          assert.match(error.message, message);
          return !error.message.includes("\n");
        },
      );
    });
  }
});
