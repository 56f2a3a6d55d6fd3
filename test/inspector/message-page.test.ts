import assert from "node:assert/strict";
import { redact } from "../../src/inspector/redaction.ts";
import type { User } from "../../src/model.ts";
import type { Message } from "../../src/recording.ts";
import { prepareMessage } from "../../src/store/tenant/inspector.ts";
import type { Client } from "../helpers/client.ts";
import { onOneDatabase } from "../helpers/databases.ts";
import { message } from "../helpers/messages.ts";
import { createLocalAccount } from "../helpers/people.ts";
import { useSite } from "../helpers/site.ts";

const home = "/admin/inspector";
const views = ["decoded", "sent", "headers"];

/** The text of a page as a reader copies it. */
function readable(html: string): string {
  const text = html
    .replace(/<button[^>]*class="term"[^>]*>\?<\/button>/g, "")
    .replace(/<[^>]+>/g, "")
    .replaceAll("&#34;", '"')
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">");
  return text.replaceAll("&#39;", "'").replaceAll("&amp;", "&");
}

describe("the page of a message", () => {
  onOneDatabase((use) => {
    const site = useSite(use);
    let client: Client;
    let admin: User;

    before(async () => {
      const { store } = site().acme;
      admin = await createLocalAccount(store, "admin@acme.example", "admin");
      client = await site().clientOf(admin);
      await store.inspector.recordUntil(Date.now() + 3_600_000);
    });

    /** Adds a message as the recorder does, and returns its pages by view. */
    async function pagesOf(changes: Partial<Message>): Promise<Record<string, string>> {
      const { store } = site().acme;
      await store.inspector.add([prepareMessage(redact(message(changes)), Date.now())], 0);
      const { lastSeq: seq } = await store.inspector.state();
      const pages = await Promise.all(
        views.map(async (view) => {
          const page = await client.get(`${home}/${seq}?view=${view}`);
          assert.equal(page.status, 200);
          return [view, page.text] as const;
        }),
      );
      return Object.fromEntries(pages);
    }

    it("shows a form as pairs, a JWT in its parts, and explains claims and times", async () => {
      const at = Date.UTC(2026, 10, 29, 20);
      const { decoded = "", sent = "" } = await pagesOf({
        protocol: "oidc",
        at,
        request: {
          head: ["POST https://acme.okta.example/token"],
          form: { grant_type: "code", code: "abcdef" },
        },
        response: {
          head: ["200 OK"],
          json: { id_token: "abcdef" },
          jwts: [
            { place: "id_token", header: { alg: "RS256" }, claims: { aud: "0oa1", exp: at / 1000 + 3540 } },
          ],
        },
      });
      for (const page of [decoded, sent]) {
        assert.match(readable(page), /grant_type=code\ncode=\[redacted\]/);
        assert.match(readable(page), /"aud": "0oa1"/);
      }
      assert.match(decoded, /29 Nov 2026, 20:59:00 UTC, in 59 min/);
      const [, term] = /popovertarget="([^"]+)" data-aside aria-label="What is aud\?"/.exec(decoded) ?? [];
      assert.match(readable(decoded), /The audience: for whom the token is/);
      assert.ok(decoded.includes(`id="${term}" popover`), "the button opens the term");
      assert.match(decoded, /href="https:\/\/www\.rfc-editor\.org\/rfc\/rfc7519#section-4\.1\.3"/);
      assert.match(readable(sent), /JWT in id_token: signature[\s\S]*"\[redacted\]"/);
      assert.doesNotMatch(sent, /class="term"|in 59 min/);
    });

    it("shows JSON as JSON, indented", async () => {
      const { decoded = "", sent = "" } = await pagesOf({
        request: { head: ["PATCH /x"], json: { a: { b: 1 } } },
      });
      for (const page of [decoded, sent])
        assert.ok(readable(page).includes('{\n  "a": {\n    "b": 1\n  }\n}'), page);
    });

    // SAML {
    it("shows XML as XML, indented", async () => {
      const xml = '<a>\n  <b C="d"/>\n</a>';
      const { decoded = "", sent = "" } = await pagesOf({ response: { head: ["200 OK"], xml } });
      for (const page of [decoded, sent]) assert.ok(readable(page).includes(xml), page);
    });
    // SAML }

    it("has no section for an empty query, and says what a decision is", async () => {
      const { decoded = "" } = await pagesOf({ request: { head: ["GET /x"], query: {} } });
      assert.doesNotMatch(decoded, /the request&#39;s query/);
      const decision = await pagesOf({ request: null, response: null });
      assert.match(decision.decoded ?? "", /it has no message/);
    });

    it("lists headers with what they mean", async () => {
      const { headers = "" } = await pagesOf({ request: { head: ["GET /x", 'If-Match: W/"1"'] } });
      assert.match(readable(headers), /If-Match: W\/"1"/);
      assert.match(readable(headers), /only if the resource still has this version/);
    });

    it("begins with the failed check, its remedy and the person's sentence, and opens its group alone", async () => {
      const { decoded = "" } = await pagesOf({
        verdict: "failed",
        checks: [
          {
            name: "The form",
            verdict: "passed",
            detail: null,
            group: "Transport",
            citation: "RFC 6749 §3.1",
          },
          {
            ...{ name: "The provider accepts the client", verdict: "failed", detail: "found invalid_client" },
            ...{ group: "Token response", reason: "provider-client-refused" },
          },
        ],
      });
      assert.ok(decoded.indexOf('id="failure"') < decoded.indexOf('class="code'));
      const text = readable(decoded);
      assert.match(text, /Failed: The provider accepts the client[\s\S]*found invalid_client/);
      assert.match(
        text,
        /What to do: Enter the client ID and an active client secret on the connection's page\./,
      );
      assert.match(text, /The person read: “Your identity provider does not accept the client ID/);
      assert.match(
        decoded,
        /<details class="check-group done">[\s\S]*?Transport<\/span><span class="count">1 passed/,
      );
      assert.match(decoded, /<details class="check-group problem" open>[\s\S]*?Token response</);
      assert.match(
        decoded,
        /href="https:\/\/www\.rfc-editor\.org\/rfc\/rfc6749#section-3\.1">RFC 6749 §3\.1</,
      );
    });

    it("shows messages of earlier versions, whose checks have no group", async () => {
      const { decoded = "" } = await pagesOf({ checks: [{ name: "One", verdict: "passed", detail: "two" }] });
      assert.match(decoded, /passed: <\/span>One<br><span class="muted">two</);
    });

    it("links the person if they are one of the organisation, and no one else", async () => {
      const known = await pagesOf({ person: admin.loginName });
      assert.ok(known.decoded?.includes(`href="/admin/people/${admin.id}">${admin.loginName}<`));
      const unknown = await pagesOf({ person: "eve@other.example" });
      assert.match(unknown.decoded ?? "", /<dd>eve@other\.example<\/dd>/);
      const group = await pagesOf({ person: null, people: ["Engineering", admin.loginName] });
      assert.ok(!group.decoded?.includes("<dt>Person</dt>"));
    });

    it("leads to the previous and the next message of its flow", async () => {
      const flow = { kind: "sign-in", keys: [`state ${Date.now()}`] } as const;
      const at = Date.now();
      for (const [index, step] of ["one", "two", "three"].entries())
        await pagesOf({ step, flow, at: at + index });
      const { lastSeq } = await site().acme.store.inspector.state();
      const [first, second, third] = [2, 1, 0].map((earlier) => `${home}/${lastSeq - earlier}`);
      const { text } = await client.get(String(second));
      assert.ok(text.includes(`href="${first}" rel="prev"`) && text.includes(`href="${third}" rel="next"`));
      assert.doesNotMatch((await client.get(String(first))).text, /rel="prev"/);
    });

    it("offers a request that one can repeat as a command, with our address", async () => {
      const request = { head: ["GET /scim/v2/Users"], query: { filter: 'userName eq "ada"' } };
      const { decoded = "" } = await pagesOf({ request: { ...request, isRepeatable: true } });
      const command = `curl --globoff -X GET '${site().app.url}/scim/v2/Users' \\\n  --url-query 'filter=userName eq "ada"'`;
      assert.ok(readable(decoded).includes(command), readable(decoded));
      assert.doesNotMatch((await pagesOf({ request })).decoded ?? "", /curl/);
    });

    it("contains no secret in any view or command, wherever it was", async () => {
      const secret = "correct-horse-battery-staple";
      const parts: Message["request"][] = [
        { head: [`POST /x?code=${secret}`, `Authorization: Bearer ${secret}`] },
        { head: ["POST /x"], query: { code: secret, filter: `password eq "${secret}"` } },
        { head: ["POST /x"], form: { client_secret: secret, refresh_token: secret, assertion: [secret] } },
        { head: ["POST /x"], form: { SAMLResponse: secret } }, // SAML
        { head: ["POST /x"], json: { password: secret, nested: { token: [secret] } } },
        { head: ["POST /x"], jwts: [{ place: "id_token", header: {}, claims: { nonce: secret } }] },
      ];
      for (const part of parts) {
        const request = { xml: `<a>${secret}</a>`, ...(part ?? assert.fail()), isRepeatable: true };
        const pages = await pagesOf({
          request,
          response: { head: ["200 OK", `Echo: ${secret}`], json: { echo: secret } },
          person: secret,
          summary: secret,
          facts: [{ label: secret, value: secret }],
          checks: [{ name: "One", verdict: "failed", detail: secret }],
        });
        for (const [view, text] of Object.entries(pages))
          assert.ok(!text.includes(secret), `${view} of ${JSON.stringify(part)}`);
        assert.match(pages.decoded ?? "", /curl --globoff/);
      }
    });

    // SAML {
    it("stays small for a large response", async () => {
      const xml = `<r>\n${'  <Attribute Name="group">\n    <AttributeValue>x</AttributeValue>\n  </Attribute>\n'.repeat(300)}</r>`;
      const { decoded = "" } = await pagesOf({ protocol: "saml", request: { head: ["POST /acs"], xml } });
      assert.ok(decoded.length < 300_000, `${decoded.length} characters`);
    });
    // SAML }
  });
});
