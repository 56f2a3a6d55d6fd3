import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { hashToken, randomToken, sealer } from "../../src/store/secrets.ts";

describe("a sealed secret", () => {
  const key = randomBytes(32);
  const { seal, open, prefix } = sealer(key);
  const context = "tenant/connection";
  const bytesOf = (text: string) => Buffer.from(text.slice(prefix.length), "base64url");

  for (const secret of ["s3cret", "", "Grüße 𝒜", "x".repeat(10_000)]) {
    it(`opens to the original: ${JSON.stringify(secret.slice(0, 20))}`, () => {
      assert.equal(open(seal(secret, context), context), secret);
    });
  }

  it("reveals nothing of the secret and differs each time", () => {
    const sealed = new Set(Array.from({ length: 100 }, () => seal("s3cret", context)));
    assert.equal(sealed.size, 100);
    for (const text of sealed) {
      assert.match(text, /^v2\.[0-9a-f]{8}\.[A-Za-z0-9_-]+$/);
      assert.ok(text.startsWith(prefix));
      assert.equal(bytesOf(text).includes("s3cret"), false);
    }
  });

  it("cannot be opened with another context", () => {
    const sealed = seal("s3cret", context);
    for (const other of ["tenant/another", "another/connection", "", `${context} `]) {
      assert.throws(() => open(sealed, other), other);
    }
  });

  it("cannot be opened with another key", () => {
    assert.throws(() => sealer(randomBytes(32)).open(seal("s3cret", context), context));
  });

  it("is opened by a former key, and sealed by the current one", () => {
    const next = sealer(randomBytes(32), [randomBytes(32), key]);
    assert.equal(next.open(seal("s3cret", context), context), "s3cret");
    assert.throws(() => open(next.seal("s3cret", context), context), /not configured/);
  });

  it("of an older release names no key, and is opened by any", () => {
    const old = `v1.${bytesOf(seal("s3cret", context)).toString("base64url")}`;
    assert.equal(open(old, context), "s3cret");
    assert.equal(sealer(randomBytes(32), [key]).open(old, context), "s3cret");
    assert.throws(() => sealer(randomBytes(32)).open(old, context));
  });

  it("names its key, but tells nothing of it", () => {
    assert.equal(sealer(Buffer.from(key)).prefix, prefix);
    assert.notEqual(sealer(randomBytes(32)).prefix, prefix);
    assert.ok(!key.toString("hex").includes(prefix.slice(3, 11)));
  });

  it("cannot be opened after any bit was flipped", () => {
    const bytes = bytesOf(seal("s3cret", context));
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const changed = Buffer.from(bytes);
      changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7));
      assert.throws(() => open(prefix + changed.toString("base64url"), context), `bit ${bit}`);
    }
  });

  it("cannot be opened if a part is missing", () => {
    const bytes = bytesOf(seal("s3cret", context));
    for (let length = 0; length < bytes.length; length++) {
      const short = bytes.subarray(0, length).toString("base64url");
      assert.throws(() => open(prefix + short, context), `${length} bytes`);
    }
  });
});

describe("hashToken", () => {
  it("is SHA-256 in base64url", () => {
    // FIPS 180-2, appendix B.1: ba7816bf 8f01cfea 414140de 5dae2223 b00361a3 96177a9c b410ff61 f20015ad
    assert.equal(hashToken("abc"), "ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0");
  });
});

describe("randomToken", () => {
  it("returns a new 256-bit token that fits in a URL each time", () => {
    const tokens = Array.from({ length: 100 }, randomToken);
    assert.equal(new Set(tokens).size, 100);
    for (const token of tokens) assert.match(token, /^[A-Za-z0-9_-]{43}$/);
  });
});
