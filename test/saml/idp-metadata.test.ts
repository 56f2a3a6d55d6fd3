import assert from "node:assert/strict";
import { InvalidError } from "../../src/errors.ts";
import { parseIdpMetadata } from "../../src/saml/idp-metadata.ts";
import {
  entityDescriptor,
  idpDescriptor,
  idpMetadata,
  nextCertificate,
  signingCertificate,
} from "../helpers/idp-metadata.ts";

const ssoUrl = "https://acme.okta.example/app/exk1/sso/saml?redirect=1";
const wrapped = (inner: string) =>
  `<md:EntitiesDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata">${inner}</md:EntitiesDescriptor>`;
const twoProviders = entityDescriptor().replace(
  "</md:EntityDescriptor>",
  `${idpDescriptor([["signing", signingCertificate]], [["Redirect", ssoUrl]])}</md:EntityDescriptor>`,
);
const doctype = (more = "") => idpMetadata().replace("?>", `?>\n<!DOCTYPE md:EntityDescriptor ${more}>`);

describe("the metadata of a SAML identity provider", () => {
  it("names the provider, its address for the redirect binding and its certificate", () => {
    assert.deepEqual(parseIdpMetadata(idpMetadata()), {
      idpEntityId: "http://www.okta.com/exk1",
      ssoUrl,
      certificates: [signingCertificate],
    });
  });

  it("may have several signing certificates during a key change", () => {
    const keys: Parameters<typeof idpDescriptor>[0] = [
      ["signing", signingCertificate],
      ["encryption", signingCertificate],
      ["signing", nextCertificate],
    ];
    const { certificates } = parseIdpMetadata(idpMetadata({ keys }));
    assert.deepEqual(certificates, [signingCertificate, nextCertificate]);
  });

  it("may omit the use of a certificate, which includes signing", () => {
    const { certificates } = parseIdpMetadata(idpMetadata({ keys: [[null, signingCertificate]] }));
    assert.deepEqual(certificates, [signingCertificate]);
  });

  it("may have other prefixes, surrounding blanks and a byte order mark", () => {
    const renamed = `\uFEFF \n${entityDescriptor().replaceAll("md:", "m:").replace("xmlns:md", "xmlns:m")}\n `;
    assert.equal(parseIdpMetadata(renamed).ssoUrl, ssoUrl);
  });

  const refused: [string, string, RegExp][] = [
    ["a document type", doctype(), /has a document type, which is not allowed/],
    ["an external entity", doctype('[<!ENTITY x SYSTEM "file:///etc/passwd">]'), /has a document type/],
    ["a document type in lower case", doctype().replace("DOCTYPE", "doctype"), /has a document type/],
    ["two providers in one entity", twoProviders, /exactly one SAML identity provider/],
    [
      "several entities",
      wrapped(entityDescriptor() + entityDescriptor()),
      /no SAML metadata of one identity/,
    ],
    ["a service provider", entityDescriptor().replaceAll("IDPSSO", "SPSSO"), /exactly one SAML identity/],
    ["no certificate", idpMetadata({ keys: [] }), /holds no signing certificate/],
    [
      "a certificate for encryption only",
      idpMetadata({ keys: [["encryption", signingCertificate]] }),
      /holds no signing certificate/,
    ],
    ["a broken certificate", idpMetadata({ keys: [["signing", "AAAA"]] }), /A certificate.* cannot be read/],
    ["an empty certificate", idpMetadata({ keys: [["signing", ""]] }), /A certificate.* cannot be read/],
    ["no entity ID", idpMetadata({ entityId: " " }), /names no entity ID/],
    ["no address", idpMetadata({ services: [] }), /no single sign-on address for the HTTP-Redirect binding/],
    ["the POST binding only", idpMetadata({ services: [["POST", ssoUrl]] }), /HTTP-Redirect binding/],
    ["an address that is none", idpMetadata({ services: [["Redirect", "/sso"]] }), /HTTP-Redirect binding/],
    [
      "an address that is a script",
      idpMetadata({ services: [["Redirect", "javascript:alert(1)"]] }),
      /HTTP-Redirect binding/,
    ],
    ["no XML", "this is not XML", /is not well-formed XML/],
    ["nothing", "", /is not well-formed XML/],
    ["XML that breaks off", idpMetadata().slice(0, -20), /is not well-formed XML/],
    ["an undeclared prefix", idpMetadata().replace(/ xmlns:md="[^"]*"/, ""), /metadata/],
    ["HTML", "<html><body>Sign in</body></html>", /no SAML metadata of one identity provider/],
    ["another namespace", entityDescriptor().replace("SAML:2.0:metadata", "x"), /no SAML metadata of one/],
    ["more than 256 KB", idpMetadata() + " ".repeat(256 * 1024), /larger than 256 KB/],
    ["more than 256 KB in bytes", idpMetadata({ entityId: "é".repeat(131_072) }), /larger than 256 KB/],
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
