import assert from "node:assert/strict";
import { brand } from "../../config/brand.ts";
import { redact } from "../../src/inspector/redaction.ts";
import type { Message } from "../../src/recording.ts";
import { message } from "../helpers/messages.ts";

const secret = "correct horse battery";
const jwt = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl";
const accessToken = "oinat_Zm9yIHRlc3RzIG9ubHkgYW5kIG5vdGhpbmcgZWxzZQ";
const apiKey = `${brand.apiKeyPrefix}Zm9yIHRlc3RzIG9ubHkgYW5kIG5vdGhpbmcgZWxzZQ`;
const agentSecret = "oinagent_Zm9yIHRlc3RzIG9ubHkgYW5kIG5vdGhpbmcgZWxzZQ";
const token = "oinscim_Zm9yIHRlc3RzIG9ubHkgYW5kIG5vdGhpbmcgZWxzZQ";

const json = (value: unknown): Partial<Message> => ({ request: { head: [], json: value } });
const head = (line: string): Partial<Message> => ({ request: { head: [line] } });

/** Messages with a secret, by its place. */
const places: [string, Partial<Message>][] = [
  ["a password", json({ userName: "ada", password: secret })],
  ["a password in another case", json({ PassWord: secret })],
  ["a password in an extension", json({ "urn:example:User": { legacyPassword: secret } })],
  ["a value nested below a secret name", json({ credentials: { list: [{ value: secret }] } })],
  ["a number as a password", json({ password: 918_273_645 })],
  ["PATCH by path", json({ Operations: [{ op: "replace", path: "password", value: secret }] })],
  [
    "PATCH by full path",
    json({
      Operations: [{ op: "add", path: "urn:ietf:params:scim:schemas:core:2.0:User:password", value: secret }],
    }),
  ],
  ["PATCH without a path", json({ Operations: [{ op: "replace", value: { password: secret } }] })],
  ["Bulk", json({ Operations: [{ method: "POST", path: "/Users", data: { password: secret } }] })],
  ["a filter in the address", head(`GET /Users?filter=password eq "${secret}"`)],
  ["a filter in an escaped text", head(`GET /Users?filter=password eq "a\\"${secret}"`)],
  ["a filter in a body", json({ filter: `userName eq "a" or password sw "${secret}"` })],
  ["an Authorization header", head(`Authorization: Bearer ${secret}`)],
  ["a raw token in a header", head(`Authorization: ${secret}`)],
  ["a cookie", head(`Cookie: a=${secret}`)],
  ["a code in an address", head(`GET /callback?code=${secret.replaceAll(" ", "-")}&state=x`)],
  ["a state in an address", head(`GET /callback?x=1&state=${secret.replaceAll(" ", "-")}`)],
  ["a form", head(`grant_type=authorization_code&code_verifier=${secret.replaceAll(" ", "-")}`)],
  ["tokens of a token response", json({ access_token: secret, id_token: secret, refresh_token: secret })],
  ["a JWT anywhere", json({ comment: `see ${jwt} there` })],
  ["a provisioning token anywhere", json({ comment: `mine is ${token}` })],
  ["an access token anywhere", json({ comment: `mine is ${accessToken}` })],
  ["an API key anywhere", json({ comment: `mine is ${apiKey}` })],
  ["an agent's secret anywhere", json({ comment: `mine is ${agentSecret}` })],
  ["a token that is bound to a key, anywhere", json({ comment: `DPoP ${secret.replaceAll(" ", "-")}` })],
  ["a proof of possession in a header", head(`DPoP: ${jwt}`)],
  [
    "an assertion and a secret in a form",
    json({ assertion: secret, client_secret: secret, client_assertion: secret }),
  ],
  ["a bearer token anywhere", json({ comment: `Bearer ${secret.replaceAll(" ", "-")}` })],
  ["a member's name", json({ [token]: true })],
];

/** Messages that repeat the secret without its name. */
const echoes: [string, Partial<Message>][] = [
  ["the answer", { response: { head: [], json: { detail: `"${secret}" is too short` } } }],
  ["a check", { checks: [{ name: "n", verdict: "failed", detail: `found ${secret}` }] }],
  ["the summary", { summary: `400 ${secret}` }],
  ["the people", { people: [secret] }],
  ["XML", { response: { head: [], xml: `<a>${secret}</a>` } }],
  ["the first lines", { response: { head: [`X-Echo: ${secret}`] } }],
];

describe("redaction", () => {
  for (const [place, changes] of places) {
    it(`removes ${place}`, () => {
      const kept = JSON.stringify(redact(message(changes)));
      for (const value of [
        secret,
        secret.replaceAll(" ", "-"),
        "918273645",
        jwt,
        token,
        accessToken,
        apiKey,
        agentSecret,
      ])
        assert.ok(!kept.includes(value), kept);
      assert.match(kept, /\[redacted\]/);
    });
  }

  for (const [place, changes] of echoes) {
    it(`also removes a secret of the request from ${place}`, () => {
      const kept = JSON.stringify(redact(message({ ...json({ password: secret }), ...changes })));
      assert.ok(!kept.includes(secret), kept);
    });

    it(`removes a value that was declared secret from ${place}`, () => {
      const kept = JSON.stringify(redact(message({ ...changes, secrets: [secret] })));
      assert.ok(!kept.includes(secret), kept);
    });
  }

  const sources: [string, Partial<Message>][] = [
    ["a filter in the address", head(`GET /Users?filter=password eq "${secret}"`)],
    ["a filter in a body", json({ filter: `password eq "${secret}"` })],
    ["a header", head(`Authorization: Bearer ${secret}`)],
    ["a parameter", head(`GET /callback?code=${secret.replaceAll(" ", "-")}&x=1`)],
    ["PATCH", json({ Operations: [{ op: "add", path: "password", value: secret }] })],
  ];
  for (const [place, changes] of sources) {
    it(`removes a secret found in ${place} from the rest of the message`, () => {
      const values = [secret, secret.replaceAll(" ", "-")];
      const kept = JSON.stringify(
        redact(message({ ...changes, people: values, summary: values.join(", ") })),
      );
      assert.equal(
        values.filter((value) => kept.includes(value)).length,
        1,
        "only the one that the message does not declare",
      );
    });
  }

  it("keeps values that are not secret", () => {
    const value = {
      userName: "ada@acme.example",
      active: true,
      changePassword: { supported: true },
      token_type: "Bearer",
      emails: [{ value: "ada@acme.example", type: "work", primary: true }],
      displayName: "Basic training",
      Operations: [{ op: "replace", path: "name.givenName", value: "Ada" }],
      nothing: null,
    };
    assert.deepEqual(redact(message(json(value))).request?.json, value);
    assert.deepEqual(redact(message({ people: ["ada", "00u1"] })).people, ["ada", "00u1"]);
    const line = 'GET /scim/v2/Users?filter=userName eq "ada"&startIndex=1';
    assert.deepEqual(redact(message(head(line))).request?.head, [line]);
  });

  it("keeps the scheme of an Authorization header, because a wrong one is a common mistake", () => {
    for (const scheme of ["Bearer", "DPoP"]) {
      const { request } = redact(message(head(`Authorization: ${scheme} ${secret}`)));
      assert.deepEqual(request?.head, [`Authorization: ${scheme} [redacted]`]);
    }
  });

  it("keeps a member named __proto__", () => {
    const kept = redact(message(json(JSON.parse('{"__proto__": {"a": 1}}'))));
    assert.equal(JSON.stringify(kept.request?.json), '{"__proto__":{"a":1}}');
  });
});

describe("the size of a redacted message", () => {
  const large: [string, unknown][] = [
    ["a long text", "x".repeat(5_000_000)],
    ["a long list", Array.from({ length: 100_000 }, (_, value) => ({ value: String(value) }))],
    ["a list of long texts", Array.from({ length: 1_000 }, () => "x".repeat(1_000))],
    ["many members", Object.fromEntries(Array.from({ length: 50_000 }, (_, at) => [`m${at}`, at]))],
    ["deep nesting", JSON.parse("[".repeat(5_000) + "]".repeat(5_000))],
    ["long secrets", { password: Array.from({ length: 20_000 }, (_, at) => `secret ${at}`) }],
  ];
  for (const [what, value] of large) {
    it(`is bounded for ${what}, and so is the CPU time`, () => {
      const before = process.cpuUsage();
      const kept = redact(message(json({ value })));
      const { user, system } = process.cpuUsage(before);
      assert.ok(user + system < 500_000, `took ${user + system} µs`);
      assert.ok(JSON.stringify(kept.request).length < 80_000);
    });
  }

  it("is bounded for the first lines, XML, checks and people", () => {
    const many = Array.from({ length: 10_000 }, () => "y".repeat(1_000));
    const kept = redact(
      message({
        request: { head: many, xml: many.join("") },
        response: null,
        people: many,
        checks: many.map((name) => ({ name, verdict: "passed", detail: name })),
      }),
    );
    assert.ok(JSON.stringify(kept).length < 400_000);
  });

  it("says how much was left out", () => {
    const kept = redact(message(json(Array.from({ length: 250 }, (_, at) => at)))).request?.json;
    assert.deepEqual((kept as unknown[]).slice(98), [98, 99, "150 more"]);
    const text = redact(message(json("z".repeat(3_000)))).request?.json;
    assert.match(String(text), /^z{1000}… \(3000 characters\)$/);
  });
});
