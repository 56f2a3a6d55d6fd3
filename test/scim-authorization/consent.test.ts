import assert from "node:assert/strict";
import {
  createProvisioningClient,
  revokeProvisioningClient,
} from "../../src/directory/provisioning-clients.ts";
import type { Client } from "../helpers/client.ts";
import { onOneDatabase } from "../helpers/databases.ts";
import { submit } from "../helpers/forms.ts";
import { codeGrant, errorIn, fieldsOf, leadsTo, tokensIn, useOktaSite } from "../helpers/okta-connect.ts";
import { assertRedirect } from "../helpers/pages.ts";
import { createLocalAccount, createTestTenant, testPassword } from "../helpers/people.ts";
import { answerOf } from "../helpers/seen.ts";
import { plantSession } from "../helpers/site.ts";

describe("the consent to provisioning", () => {
  onOneDatabase((use) => {
    const site = useOktaSite(use);
    const sourcesOf = async () => (await site().acme.store.sources.list()).map(({ name }) => name);

    it("asks for a sign-in first, which leads back to the question", async () => {
      const { app, acme, askUrl } = site();
      const browser = app.client();
      const asked = await browser.get(askUrl());
      assert.equal(asked.status, 303);
      const login = new URL(asked.location ?? "", app.url);
      const returnTo = login.searchParams.get("returnTo") ?? "";
      assert.equal(returnTo, askUrl());
      const form = { loginName: "owner@acme.example", password: testPassword, returnTo };
      const signedIn = await browser.post(`/login/password/${acme.tenant.slug}`, form);
      assert.equal(signedIn.location, askUrl());
      assert.equal((await browser.get(signedIn.location ?? "")).status, 200);
    });

    it("says who asks, for which organisation, and what Okta will be able to do", async () => {
      const { browser, askUrl, acme } = site();
      const page = await (await browser()).get(askUrl());
      assert.ok(page.text.includes(`Let Okta provision ${acme.tenant.name}?`));
      assert.match(page.text, /create, change and deactivate people/);
      assert.match(page.text, /signed in as owner@acme\.example/);
      assert.equal(page.headers.get("cache-control"), "no-store");
      assert.match(
        page.headers.get("content-security-policy") ?? "",
        /form-action 'self';.*frame-ancestors 'none'/,
      );
    });

    it("gives no code when the person cancels, and says so to Okta", async () => {
      const { browser, askUrl } = site();
      const person = await browser();
      const page = await person.get(askUrl());
      const answer = leadsTo(await person.post(askUrl(), { ...fieldsOf(page), decision: "cancel" }));
      assert.equal(answer.get("error"), "access_denied");
      assert.equal(answer.get("state"), "okta's state");
      assert.equal(answer.get("code"), null);
    });

    it("records the owner's decision, and creates the source when Okta redeems the code", async () => {
      const { allow, browser, token, acme } = site();
      const code = (await allow(await browser(), {}, { source: "Second app" })).get("code") ?? "";
      const [entry] = await acme.store.activity.latest(1);
      assert.deepEqual([entry?.action, entry?.actor], ["grant.allowed", "owner@acme.example"]);
      assert.ok(!(await sourcesOf()).includes("Second app"));
      tokensIn(await token(codeGrant(code)));
      assert.ok((await sourcesOf()).includes("Second app"));
    });

    it("shows the form again for a source whose name is not acceptable", async () => {
      const { browser, askUrl } = site();
      const person = await browser();
      const page = await person.get(askUrl());
      const posted = await person.post(askUrl(), { ...fieldsOf(page), decision: "allow", source: " " });
      assert.equal(posted.status, 303);
      assert.match((await answerOf(person, posted)).text, /must have 1 to 100 characters/);
    });

    for (const role of ["admin", "member"] as const) {
      it(`is refused to a person who is ${role}, who can sign in as another one or go back`, async () => {
        const { acme, browser, askUrl } = site();
        const user = await createLocalAccount(acme.store, `${role}@acme.example`, role);
        const person = await browser(user);
        const page = await person.get(askUrl());
        assert.equal(page.status, 403);
        assert.match(page.text, /Only an owner can allow this/);
        const shown = `${acme.tenant.id}/${user.id}`;
        const forged = await person.post(askUrl(), { shown, source: "x", decision: "allow" });
        assert.equal(forged.status, 403);
        const back = leadsTo(await person.post(askUrl(), { decision: "cancel" }));
        assert.equal(back.get("error"), "access_denied");
      });
    }

    const codes = async () => (await use().database.sql()("provisioning_codes")).length;
    /** The owner's browser after some minutes, and the fields of the question that was opened before. */
    async function stale(minutes = 15) {
      const person = await site().browser();
      const fields = fieldsOf(await person.get(site().askUrl()));
      const signedInAt = Date.now() - minutes * 60_000;
      await use().database.sql()("sessions").update({ created_at: signedInAt });
      return { person, fields };
    }
    const signInAgain = (person: Client, page: string) =>
      submit(person, page, `/login/password/${site().acme.tenant.slug}`, { password: testPassword });

    it("waits for a new sign-in after 15 minutes, which leads back to Okta's whole request", async () => {
      const { askUrl } = site();
      const { person } = await stale();
      const asked = await person.get(askUrl());
      assertRedirect(asked, `/login/again?${new URLSearchParams({ returnTo: askUrl() })}`);
      assertRedirect(await signInAgain(person, asked.location ?? ""), askUrl());
      assert.equal((await person.get(askUrl())).status, 200);
    });

    it("gives no code after 15 minutes, but when the form is sent after a new sign-in", async () => {
      const { askUrl, token } = site();
      const { person, fields } = await stale();
      const before = await codes();
      const posted = await person.post(askUrl(), { ...fields, decision: "allow" });
      assertRedirect(posted, "/login/again");
      assert.equal(await codes(), before);
      await signInAgain(person, "/login/again");
      const answer = leadsTo(await submit(person, "/login/again", askUrl()));
      assert.equal(answer.get("state"), "okta's state");
      tokensIn(await token(codeGrant(answer.get("code") ?? "")));
    });

    it("can be cancelled without a new sign-in", async () => {
      const { person, fields } = await stale();
      const left = leadsTo(await person.post(site().askUrl(), { ...fields, decision: "cancel" }));
      assert.equal(left.get("error"), "access_denied");
    });

    it("waits sooner if the console wants a more recent sign-in", async () => {
      const { acme, askUrl } = site();
      const { person } = await stale(5);
      assert.equal((await person.get(askUrl())).status, 200);
      await acme.store.sessions.changePolicy({ adminFreshMinutes: 5 });
      assert.equal((await person.get(askUrl())).status, 303);
      await acme.store.sessions.changePolicy({ adminFreshMinutes: null });
    });

    it("lets a person with the wrong account sign out, and come back to the question", async () => {
      const { browser, askUrl } = site();
      const person = await browser();
      const posted = await person.post(askUrl(), { decision: "switch" });
      assert.equal(posted.status, 303);
      assert.equal(new URLSearchParams(posted.location?.split("?")[1]).get("returnTo"), askUrl());
      assert.equal((await person.get("/account")).status, 303, "signed out");
    });

    it("is not given for an organisation that the page did not show", async () => {
      const { browser, askUrl, app } = site();
      const bravo = await createTestTenant(use().database);
      const owner = await createLocalAccount(bravo.store, "owner@bravo.example", "owner");
      const person = await browser();
      const page = await person.get(askUrl());
      // In another tab, the person signs in to another organisation.
      person.cookies.set("session", await plantSession(use(), bravo.tenant, owner));
      const posted = await person.post(askUrl(), { ...fieldsOf(page), decision: "allow" });
      assert.equal(posted.status, 303);
      const again = await answerOf(person, posted);
      assert.match(again.text, /another account since this page was opened/);
      assert.ok(again.text.includes(bravo.tenant.name));
      assert.equal(app.logged.findLast(({ rule }) => rule)?.rule, "consent-same");
      assert.deepEqual(await bravo.store.provisioningGrants.list(), []);
    });

    it("is not given by another site", async () => {
      const { browser, askUrl, acme, owner } = site();
      const person = await browser();
      const form = { shown: `${acme.tenant.id}/${owner.id}`, source: "default", decision: "allow" };
      for (const headers of [{ "sec-fetch-site": "cross-site", origin: "https://evil.example" }]) {
        const posted = await person.post(askUrl(), form, headers);
        assert.equal(posted.status, 403);
        assert.doesNotMatch(posted.text, /code=/);
      }
      assert.equal((await person.get(`${askUrl()}&decision=allow`)).status, 200, "a GET only asks");
    });

    it("belongs to the session of the person, and not to a planted one", async () => {
      const { app, acme, askUrl } = site();
      const browser = app.client();
      browser.cookies.set("session", "s%3Aplanted.signature");
      const asked = await browser.get(askUrl());
      assert.equal(asked.status, 303, "a planted session is not signed in");
      const form = { loginName: "owner@acme.example", password: testPassword, returnTo: askUrl() };
      await browser.post(`/login/password/${acme.tenant.slug}`, form);
      assert.notEqual(browser.cookies.get("session"), "s%3Aplanted.signature");
    });

    for (const [name, more, error] of [
      ["a token", { response_type: "token" }, "unsupported_response_type"],
      ["nothing", { response_type: undefined }, "unsupported_response_type"],
      [
        "a plain challenge",
        { code_challenge: "a".repeat(43), code_challenge_method: "plain" },
        "invalid_request",
      ],
      ["a challenge without a method", { code_challenge: "a".repeat(43) }, "invalid_request"],
      ["a short challenge", { code_challenge: "abc", code_challenge_method: "S256" }, "invalid_request"],
      ["a method without a challenge", { code_challenge_method: "S256" }, "invalid_request"],
      ["another scope", { scope: "scim tasks.write" }, "invalid_scope"],
    ] as const) {
      it(`is not asked for if Okta wants ${name}: Okta gets ${error}`, async () => {
        const { app, askUrl } = site();
        const answer = await app.client().get(askUrl(more));
        assert.equal(answer.status, 303);
        const url = new URL(answer.location ?? "");
        assert.equal(url.host, "system-admin.okta.com");
        assert.deepEqual(
          [url.searchParams.get("error"), url.searchParams.get("state")],
          [error, "okta's state"],
        );
      });
    }

    it("tells Okta of a mistake in a posted form by a page, because a form may not end at another origin", async () => {
      const { browser, askUrl, app } = site();
      const person = await browser();
      const form = { ...fieldsOf(await person.get(askUrl())), decision: "allow" };
      const posted = await person.post(askUrl({ response_type: "token" }), form);
      assert.equal(posted.location, null);
      const answer = leadsTo(posted);
      assert.deepEqual(
        [answer.get("error"), answer.get("state")],
        ["unsupported_response_type", "okta's state"],
      );
      assert.equal(answer.get("code"), null);
      assert.match(posted.text, /Back to Okta/);
      assert.equal(app.logged.findLast(({ rule }) => rule)?.event, "scim_authorization.refused");
    });

    for (const [name, rule, address] of [
      [
        "an unknown client",
        "authorize-client",
        (url: string) => url.replace(/client_id=[^&]*/, "client_id=scim_x"),
      ],
      [
        "two redirect URIs",
        "authorize-once",
        (url: string) => `${url}&redirect_uri=https%3A%2F%2Fevil.example`,
      ],
      ["two states", "authorize-once", (url: string) => `${url}&state=2`],
      ["a very long state", "authorize-short", (url: string) => `${url}${"x".repeat(2000)}`],
    ] as const) {
      it(`is not asked for with ${name}: a page says so, by ${rule}`, async () => {
        const { app, askUrl } = site();
        const page = await app.client().get(address(askUrl()));
        assert.equal(page.status, 400);
        assert.equal(page.location, null);
        assert.equal(app.logged.findLast((line) => line.rule)?.rule, rule);
      });
    }

    it("ends for all customers when the operator revokes the client", async () => {
      const { connect, app, askUrl, client, refresh, acme } = site();
      const tokens = await connect();
      await revokeProvisioningClient(use().database, client.clientId);
      assert.equal((await app.client().get(askUrl())).status, 400);
      assert.equal(errorIn(await refresh(tokens.refresh_token)), "invalid_client");
      const headers = { authorization: `Bearer ${tokens.access_token}` };
      assert.equal((await app.client().send("GET", "/scim/v2/Users", headers)).status, 401);
      assert.ok((await acme.store.provisioningGrants.list()).every(({ endedAt }) => endedAt !== null));
      await createProvisioningClient(use().database);
    });
  });
});
