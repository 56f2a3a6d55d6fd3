import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { curlOf } from "../../src/inspector/curl.ts";
import { redact } from "../../src/inspector/redaction.ts";
import type { MessagePart } from "../../src/recording.ts";
import { message } from "../helpers/messages.ts";

const origin = "https://app.example";
const token = "oinscim_Zm9yIHRlc3RzIG9ubHkgYW5kIG5vdGhpbmcgZWxzZQ";

/** The command of a request as the page has it: after redaction. */
function commandOf(request: MessagePart): string | null {
  return curlOf(redact(message({ request })).request, origin);
}

/** The words that a shell makes of a command: "curl" is a function that prints them, and each secret is set. */
function wordsOf(command: string | null, shell = "bash"): string[] {
  const script = `curl() { printf '%s\\0' "$@"; }; TOKEN=the-token CLIENT_SECRET=the-secret\n${command ?? assert.fail()}`;
  return execFileSync(shell, ["-c", script], { encoding: "utf8" }).split("\0").slice(0, -1);
}

const scimCall: MessagePart = {
  head: ["POST /scim/v2/Users", `Authorization: Bearer ${token}`, "Content-Type: application/scim+json"],
  json: { userName: "ada", password: "correct horse battery" },
  isRepeatable: true,
};

/** Values that a sender chooses so that a shell runs them, or that curl takes for a file or a pattern. */
const hostile = [
  "'; touch /tmp/owned; '",
  '"; touch /tmp/owned; "',
  "$(touch /tmp/owned)",
  "`touch /tmp/owned`",
  "\\",
  "\\'; touch /tmp/owned #",
  "a\nb",
  "$TOKEN",
  "@/etc/passwd",
  "-o/tmp/owned",
  "{a,b}[1-9]*?~",
  "!!",
  "\u0003\u001b[201~touch /tmp/owned\r",
  "'\u0000'",
  "\u202Eevil\u{e0041}",
  "&|;<>()",
  "ü€😀",
];

describe("a message as a cURL command", () => {
  it("has the address, the headers and the body, and variables in place of secrets", () => {
    const command = commandOf(scimCall);
    assert.equal(
      command?.split("\n", 3).join("\n"),
      `curl --globoff -X POST 'https://app.example/scim/v2/Users' \\
  -H 'Authorization: Bearer '"$TOKEN" \\
  -H 'Content-Type: application/scim+json' \\`,
    );
    const words = wordsOf(command);
    assert.ok(words.includes("Authorization: Bearer the-token"));
    assert.deepEqual(JSON.parse(words.at(-1) ?? ""), { userName: "ada", password: "the-token" });
    for (const secret of [token, "correct horse battery"]) assert.ok(!command?.includes(secret));
  });

  it("names the variable of a form's field after the field", () => {
    const form = { grant_type: "x", client_secret: "correct horse battery" };
    const command = commandOf({ head: ["POST /oauth2/token"], form, isRepeatable: true });
    assert.ok(wordsOf(command).includes("client_secret=the-secret"), String(command));
    assert.ok(!command?.includes("correct horse"));
  });

  for (const value of hostile) {
    it(`quotes ${JSON.stringify(value)} in every place`, () => {
      const words = wordsOf(
        commandOf({
          head: [`GET /scim/v2/Users/${value.replaceAll("\n", "")}`, `X-Name: ${value}`],
          query: { filter: value, [`${value}=`]: "x" },
          form: { field: value },
          isRepeatable: true,
        }),
      );
      // Redaction replaces a NUL, which PostgreSQL cannot store.
      const stored = value.replaceAll("\0", "\ufffd");
      assert.ok(words.includes(`filter=${stored}`), JSON.stringify(words));
      assert.ok(words.includes(`field=${stored}`), JSON.stringify(words));
      assert.ok(words.includes(`${encodeURIComponent(`${stored}=`)}=x`), JSON.stringify(words));
      assert.equal(words.filter((word) => word === "-X").length, 1);
    });

    it(`quotes ${JSON.stringify(value)} in JSON`, () => {
      const words = wordsOf(commandOf({ ...scimCall, json: { [`${value}.`]: value } }));
      const stored = value.replaceAll("\0", "\ufffd");
      assert.deepEqual(JSON.parse(words.at(-1) ?? ""), { [`${stored}.`]: stored });
    });
  }

  it("is plain POSIX shell without control characters", () => {
    assert.deepEqual(wordsOf(commandOf(scimCall), "sh"), wordsOf(commandOf(scimCall)));
  });

  for (const value of hostile.filter((one) => one.includes("'"))) {
    it(`runs nothing of ${JSON.stringify(value)} in a shell that knows no escapes`, () => {
      const form = { field: `\u0007${value}` };
      const command = commandOf({ head: ["POST /oauth2/token"], form, isRepeatable: true });
      // The words before the value, and the value as one.
      const [words, expected] = ["sh", "bash"].map((shell) => wordsOf(command, shell));
      assert.equal(words?.length, expected?.length);
      assert.deepEqual(words?.slice(0, -1), expected?.slice(0, -1));
    });
  }

  const others: [string, MessagePart | null][] = [
    ["a message of a browser", { head: ["GET /oidc/acme/callback"], query: { code: "x" } }],
    ["a decision without a message", null],
    ["a request without its first line", { head: [], isRepeatable: true }],
  ];
  for (const [what, request] of others) {
    it(`does not exist for ${what}`, () => assert.equal(curlOf(request, origin), null));
  }
});
