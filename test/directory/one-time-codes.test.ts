import assert from "node:assert/strict";
import {
  authenticatorCode,
  base32,
  hotp,
  newRecoveryCodes,
  recoveryCodeHash,
  timeStepOf,
  timeStepOfCode,
} from "../../src/directory/one-time-codes.ts";

const rfcKey = Buffer.from("12345678901234567890");

describe("one-time codes", () => {
  it("are those of RFC 4226, appendix D", () => {
    const expected = "755224 287082 359152 969429 338314 254676 287922 162583 399871 520489".split(" ");
    assert.deepEqual(
      expected.map((_code, counter) => hotp(rfcKey, counter)),
      expected,
    );
  });

  it("are those of RFC 6238, appendix B, in their last six digits", () => {
    const vectors: [seconds: number, code: string][] = [
      [59, "94287082"],
      [1111111109, "07081804"],
      [1111111111, "14050471"],
      [1234567890, "89005924"],
      [2000000000, "69279037"],
      [20000000000, "65353130"],
    ];
    for (const [seconds, code] of vectors)
      assert.equal(hotp(rfcKey, timeStepOf(seconds * 1000)), code.slice(-6), String(seconds));
  });

  it("are accepted one time step early or late, and not two", () => {
    const at = 1_000_000_000_000;
    const now = timeStepOf(at);
    for (const step of [now - 1, now, now + 1])
      assert.equal(timeStepOfCode(rfcKey, hotp(rfcKey, step), at), step);
    for (const step of [now - 2, now + 2]) assert.equal(timeStepOfCode(rfcKey, hotp(rfcKey, step), at), null);
    for (const code of ["", "1", "12345678"]) assert.equal(timeStepOfCode(rfcKey, code, at), null);
  });

  it("may be typed in groups", () => {
    assert.equal(authenticatorCode(" 123 456 "), "123456");
    for (const wrong of ["12345", "1234567", "12345a", "１２３４５６"])
      assert.equal(authenticatorCode(wrong), null);
  });

  it("encode their key as RFC 4648 does", () => {
    assert.deepEqual(
      ["f", "fo", "foo", "foob", "fooba", "foobar"].map((text) => base32(Buffer.from(text))),
      ["MY", "MZXQ", "MZXW6", "MZXW6YQ", "MZXW6YTB", "MZXW6YTBOI"],
    );
  });
});

describe("recovery codes", () => {
  it("are ten different ones of 120 bits, typed in any case and with any separators", () => {
    const codes = newRecoveryCodes();
    assert.equal(new Set(codes).size, 10);
    for (const code of codes) assert.match(code, /^([a-z2-7]{6}-){3}[a-z2-7]{6}$/);
    const [code = ""] = codes;
    assert.equal(
      recoveryCodeHash("ada", ` ${code.toUpperCase().replaceAll("-", " ")}`),
      recoveryCodeHash("ada", code),
    );
  });

  it("have another hash for another person", () => {
    assert.notEqual(recoveryCodeHash("ada", "a"), recoveryCodeHash("grace", "a"));
  });
});
