import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import type { RefusalReason } from "../../src/errors.ts";
import { onOneDatabase } from "../helpers/databases.ts";
import type { Deviation } from "../helpers/hostile-provider.ts";
import { useHostileSite } from "../helpers/hostile-sign-in.ts";

type Raw = NonNullable<NonNullable<Deviation["raw"]>["token"]>;

const json = (status: number, error: string, description = "", headers = {}): Raw => ({
  status,
  headers,
  body: JSON.stringify({ error, error_description: description }),
});
const challenge = { "www-authenticate": 'Basic realm="org", error="invalid_client"' };

/** invalid_client in the form of one provider or the other. */
const clientRefused = (type: string, status: number, body: object): Raw => ({
  status,
  headers: { "content-type": type },
  body: JSON.stringify(body),
});
const invalidClient = { error: "invalid_client" };

const client = "provider-client-refused";
const notAllowed = "provider-client-not-allowed";
const redirect = "provider-redirect-refused";
const code = "provider-answer-not-valid";
const sentences: Partial<Record<RefusalReason, RegExp>> = {
  [client]: /does not accept the client ID or the client secret that is set up here/,
  [notAllowed]: /The application in your identity provider does not allow this kind of sign-in/,
  [redirect]: /does not know the address to which it should send you back/,
};

/** Answers of the token endpoints of providers. */
const cases: [name: string, answer: Raw, reason: RefusalReason, rule: string][] = [
  [
    "Okta: a wrong secret",
    json(401, "invalid_client", "The client secret is invalid."),
    client,
    "client-accepted",
  ],
  [
    "Entra: an expired secret",
    json(401, "invalid_client", "AADSTS7000222: expired"),
    client,
    "client-accepted",
  ],
  ["a challenge (RFC 6749 §5.2)", json(401, "invalid_client", "", challenge), client, "client-accepted"],
  ["Cognito: 400 for a wrong secret", json(400, "invalid_client"), client, "client-accepted"],
  ["Keycloak: a wrong secret", json(401, "unauthorized_client", "Invalid client"), client, "client-accepted"],
  ["Auth0: a wrong secret", json(401, "access_denied", "Unauthorized"), client, "client-accepted"],
  ["a 401 that is a page", { status: 401, body: "<h1>No</h1>" }, client, "client-accepted"],
  ["a page that is JSON", clientRefused("text/html", 400, invalidClient), client, "client-accepted"],
  ["a text that is JSON", clientRefused("text/plain", 400, invalidClient), client, "client-accepted"],
  ["a problem", clientRefused("application/problem+json", 400, invalidClient), client, "client-accepted"],
  [
    "a problem with 401",
    clientRefused("application/problem+json", 401, invalidClient),
    client,
    "client-accepted",
  ],
  ["an error with 200", clientRefused("application/json", 200, invalidClient), client, "client-accepted"],
  [
    "Okta: the format of its own API",
    clientRefused("application/json", 400, { errorCode: "invalid_client", errorSummary: "Invalid value" }),
    client,
    "client-accepted",
  ],
  ["Salesforce: an unknown client", json(400, "invalid_client_id"), client, "client-accepted"],
  ["capital letters", json(400, "INVALID_CLIENT"), client, "client-accepted"],
  [
    "a page that is JSON about the code",
    clientRefused("text/html", 400, { error: "invalid_grant" }),
    code,
    "code-accepted",
  ],
  ["a client without the code flow", json(400, "unauthorized_client"), notAllowed, "client-authorized"],
  ["a grant type that is off", json(400, "unsupported_grant_type"), notAllowed, "client-authorized"],
  ["a scope that is off", json(400, "invalid_scope"), notAllowed, "client-authorized"],
  ["Google: another redirect URI", json(400, "redirect_uri_mismatch"), redirect, "redirect-accepted"],
  [
    "Okta: another redirect URI",
    json(400, "invalid_grant", "The 'redirect_uri' does not match the redirection URI used in the request."),
    redirect,
    "redirect-accepted",
  ],
  [
    "Keycloak: another redirect URI",
    json(400, "invalid_grant", "Incorrect redirect_uri"),
    redirect,
    "redirect-accepted",
  ],
  ["a code that has expired", json(400, "invalid_grant", "The code has expired."), code, "code-accepted"],
  [
    "a PKCE verifier that does not match",
    json(400, "invalid_grant", "PKCE verification failed."),
    code,
    "code-accepted",
  ],
  ["a request that it does not understand", json(400, "invalid_request"), code, "code-accepted"],
];

onOneDatabase((use) => {
  describe("an error of a provider's token endpoint", () => {
    const site = useHostileSite(use);
    const lastRefusal = () => site().app.logged.findLast(({ event }) => event === "request.refused");

    for (const [name, answer, reason, rule] of cases) {
      it(`has its reason, its sentence and its code in the log: ${name}`, async () => {
        const journey = await site().journey({ raw: { token: answer } });
        const page = await site().refuses(reason, () => site().signIn(journey, `00u-${randomUUID()}`));
        assert.match(page.text, sentences[reason] ?? /could not be trusted/);
        const line = lastRefusal();
        assert.equal(line?.rule, rule);
        assert.match(
          JSON.stringify(line),
          /the provider answered (400|401)|unexpected HTTP response status code/,
        );
      });
    }

    it("tells a person whose code was refused to start again", async () => {
      const journey = await site().journey({ raw: { token: json(400, "invalid_grant") } });
      const page = await site().signIn(journey);
      assert.match(page.text, /works once and for a short time\. Start again from the sign-in page\./);
      assert.match(JSON.stringify(lastRefusal()), /400 invalid_grant/);
    });
  });

  describe("an error in a callback", () => {
    const site = useHostileSite(use);
    const lastDetail = () => site().app.logged.findLast(({ event }) => event === "request.refused")?.detail;

    const codes: [name: string, error: string, logged: string][] = [
      ["a code", "access_denied", "access_denied"],
      ["a vendor's code", "temporarily_unavailable", "temporarily_unavailable"],
      ["a code with a space and a line break", "no way\nout", "no?way?out"],
      ["a script", "<script>alert(1)</script>", "?script?alert?1??/script?"],
      ["a text that is too long", "x".repeat(5_000), "x".repeat(64)],
      ["an address of a person", "ada@acme.example", "ada?acme.example"],
    ];
    for (const [name, error, logged] of codes) {
      for (const state of ["", "&state=unknown"]) {
        it(`keeps its code in the log ${state ? "with an unknown state" : "without a state"}: ${name}`, async () => {
          const { client: browser, connection } = await site().journey();
          const path = `/oidc/${connection.key}/callback?error=${encodeURIComponent(error)}${state}`;
          const page = await site().refuses("sign-in-not-started-here", () => browser.get(path));
          assert.ok(String(lastDetail()).endsWith(`it answered ${logged}`), String(lastDetail()));
          assert.ok(!page.text.includes("alert(1)"));
        });
      }
    }

    for (const error of ["invalid_client", "invalid_client_id"]) {
      it(`says that the provider refuses the client: ${error}`, async () => {
        const journey = await site().journey({
          callback: (url) => {
            url.searchParams.delete("code");
            url.searchParams.set("error", error);
          },
        });
        const page = await site().refuses(client, () => site().signIn(journey));
        assert.match(page.text, sentences[client] as RegExp);
        assert.ok(String(lastDetail()).endsWith(`it answered ${error}`), String(lastDetail()));
      });
    }

    it("is not invented: a callback without one has none in the log", async () => {
      const { client: browser, connection } = await site().journey();
      await site().refuses("sign-in-not-started-here", () => browser.get(`/oidc/${connection.key}/callback`));
      assert.doesNotMatch(String(lastDetail()), /it answered/);
    });
  });
});
