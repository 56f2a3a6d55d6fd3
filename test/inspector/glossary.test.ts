import assert from "node:assert/strict";
import { everyTerm, termOf } from "../../src/inspector/glossary.ts";
import { specificationUrl } from "../../src/inspector/specifications.ts";
import { instantOf, timeNote } from "../../src/inspector/times.ts";

describe("the glossary of the inspector", () => {
  it("says each term in one or two short sentences, with its source", () => {
    for (const { name, text, source } of everyTerm()) {
      assert.match(text, /^[A-Z`].{10,140}\.$/, name);
      assert.ok(source.length > 5, name);
    }
    const ids = everyTerm().map(({ id }) => id);
    assert.equal(new Set(ids).size, ids.length);
  });

  it("tells the same name apart by its place, and ignores its case", () => {
    assert.match(termOf("scim", "startindex")?.text ?? "", /first result/);
    assert.notEqual(termOf("claim", "scope")?.text, termOf("parameter", "scope")?.text);
    assert.equal(termOf("claim", "constructor"), null);
  });

  const links: [string, string | null][] = [
    ["RFC 7519 §4.1.3", "https://www.rfc-editor.org/rfc/rfc7519#section-4.1.3"],
    ["RFC 6749 §5.2, invalid_client", "https://www.rfc-editor.org/rfc/rfc6749#section-5.2"],
    ["RFC 6749 appendix A", "https://www.rfc-editor.org/rfc/rfc6749"],
    ["Core §3.1.3.7, 9", "https://openid.net/specs/openid-connect-core-1_0.html#rfc.section.3.1.3.7"],
    // SAML {
    [
      "SAML Core §2.5.1.4, Profiles §4.1.4.2",
      "https://docs.oasis-open.org/security/saml/v2.0/saml-core-2.0-os.pdf",
    ],
    // SAML }
    ["SSF §4.1.6", "https://openid.net/specs/openid-sharedsignals-framework-1_0-final.html#section-4.1.6"],
    ["CAEP §3.3.1", "https://openid.net/specs/openid-caep-1_0-final.html#section-3.3.1"],
    ["Collisions of SHA-1; Okta: SHA-256 only", null],
    ["", null],
  ];
  for (const [citation, url] of links) {
    it(`links ${JSON.stringify(citation)} to ${url}`, () => assert.equal(specificationUrl(citation), url));
  }
});

describe("times in messages", () => {
  const at = Date.UTC(2026, 10, 29, 20, 0, 0);
  const cases: [string, string, string | null][] = [
    ["exp", String(at / 1000 + 3_540), "29 Nov 2026, 20:59:00 UTC, in 59 min"],
    ["iat", String(at / 1000 - 4), "29 Nov 2026, 19:59:56 UTC, 4 s earlier"],
    ["auth_time", String(at / 1000), "29 Nov 2026, 20:00:00 UTC, now"],
    ["NotOnOrAfter", "2026-11-29T20:05:00.000Z", "29 Nov 2026, 20:05:00 UTC, in 5 min"], // SAML
    ["exp", "99999999999999999999", null],
    ["exp", "soon", null],
    ["NotBefore", "yesterday", null], // SAML
    ["sub", "1795982400", null],
  ];
  for (const [name, value, note] of cases) {
    it(`explain ${name} ${value} ${note === null ? "not at all" : `as ${note}`}`, () => {
      const instant = instantOf(name, value);
      assert.equal(instant === null ? null : timeNote(instant, at), note);
    });
  }
});
