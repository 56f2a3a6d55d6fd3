import assert from "node:assert/strict";
import { newSamlKey } from "okta-stand-in/keys";
import { assign, deactivatePerson } from "okta-stand-in/people";
import type { Visitor } from "okta-stand-in/visitor";
import { browserAt, type RunningExample, startExample, throughOrg } from "./example.ts";

interface PostedResponse extends Record<string, string> {
  SAMLResponse: string;
  RelayState: string;
}

describe("signing in to the example", () => {
  let example: RunningExample;
  beforeEach(async () => {
    example = await startExample();
    const { org, oidcApp, ada, bob } = example;
    await assign(org, oidcApp, [ada.id, bob.id]);
    assert.equal(await rowsIn("users"), 2);
  });
  afterEach(() => example.close());

  async function rowsIn(table: string): Promise<number> {
    const [row] = await example.sql(table).count({ count: "*" });
    return Number(row?.count);
  }

  /** Leaves for the org, and returns the form that its page posts. */
  async function samlResponse(browser: Visitor, person = example.ada): Promise<PostedResponse> {
    const { location } = await browser.get("/saml/login");
    return await formOf(location ?? "", person);
  }

  async function formOf(url: string, person = example.ada): Promise<PostedResponse> {
    const { page } = await throughOrg(example, await example.org.signedIn(person), url);
    const value = (name: string) => new RegExp(`name="${name}" value="([^"]*)"`).exec(page)?.[1] ?? "";
    assert.match(page, new RegExp(`action="${example.url}/saml/acs"`));
    return { SAMLResponse: value("SAMLResponse"), RelayState: value("RelayState") };
  }

  /** Leaves for the org, and returns the path at which the browser comes back. */
  async function oidcCallback(
    browser: Visitor,
    change: (url: string) => string = (url) => url,
  ): Promise<string> {
    const { location } = await browser.get("/oidc/login");
    const atOrg = await example.org.signedIn(example.ada);
    const { pathname, search } = new URL((await throughOrg(example, atOrg, change(location ?? ""))).url);
    assert.equal(pathname, "/oidc/callback");
    return pathname + search;
  }

  const postTo = (browser: Visitor, form: PostedResponse) =>
    browser.post("/saml/acs", form, { origin: example.org.url });

  async function assertSignedIn(browser: Visitor, email: string): Promise<void> {
    assert.equal((await browser.get("/")).text, `Signed in as ${email}.\n`);
  }

  async function assertRefused(answer: Awaited<ReturnType<Visitor["get"]>>, reason: string): Promise<void> {
    assert.deepEqual([answer.status, answer.text], [403, `Sign-in refused: ${reason}\n`]);
    assert.equal(await rowsIn("sessions"), 0);
    assert.equal(example.logged.length, 1);
  }

  describe("by SAML", () => {
    it("starts a session for the user of the table, and keeps hashes only", async () => {
      const browser = browserAt(example);
      const answer = await postTo(browser, await samlResponse(browser));
      assert.deepEqual([answer.status, answer.location], [303, "/"]);
      await assertSignedIn(browser, "Ada@acme.example");
      const [session] = await example.sql("sessions").join("users", "users.id", "user_id");
      assert.equal(session.external_id, example.ada.id);
      assert.match(session.token_hash, /^[0-9a-f]{64}$/);
      assert.ok(!answer.headers.get("set-cookie")?.includes(session.token_hash));
      assert.deepEqual([await rowsIn("consumed_assertions"), await rowsIn("pending_sign_ins")], [1, 0]);
    });

    it("ends the session at sign-out", async () => {
      const browser = browserAt(example);
      await postTo(browser, await samlResponse(browser));
      await browser.post("/sign-out");
      assert.equal((await browser.get("/")).status, 401);
      assert.equal(await rowsIn("sessions"), 0);
    });

    it("refuses a replayed response", async () => {
      const browser = browserAt(example);
      const form = await samlResponse(browser);
      await postTo(browser, form);
      await browser.post("/sign-out");
      await assertRefused(await postTo(browser, form), "saml-replayed");
    });

    it("refuses a response that is signed by another key", async () => {
      Object.assign(example.samlApp.signOn, await newSamlKey("Another org"));
      const browser = browserAt(example);
      await assertRefused(await postTo(browser, await samlResponse(browser)), "saml-signature-not-valid");
      assert.equal(await rowsIn("consumed_assertions"), 0);
    });

    it("refuses a response to the request of another browser", async () => {
      const form = await samlResponse(browserAt(example));
      await assertRefused(await postTo(browserAt(example), form), "saml-request-unknown");
    });

    it("refuses a changed RelayState", async () => {
      const browser = browserAt(example);
      const form = { ...(await samlResponse(browser)), RelayState: "another" };
      await assertRefused(await postTo(browser, form), "saml-request-unknown");
    });

    it("refuses a form that is too large, and one that is not a response", async () => {
      const browser = browserAt(example);
      const large = { SAMLResponse: "A".repeat(600_000), RelayState: "" };
      assert.equal((await postTo(browser, large)).status, 413);
      example.logged.splice(0);
      await assertRefused(await postTo(browser, { SAMLResponse: "A", RelayState: "" }), "saml-malformed");
    });

    it("refuses a NameID that is too long to be a name", async () => {
      example.ada.login = "a".repeat(501);
      const browser = browserAt(example);
      await assertRefused(await postTo(browser, await samlResponse(browser)), "saml-subject");
    });

    it("begins a sign-in of its own when the person clicks the tile", async () => {
      const { name, id } = example.samlApp;
      const browser = browserAt(example);
      const tile = await formOf(`${example.org.url}/home/${name}/${id}/aln1`);
      const answer = await postTo(browser, tile);
      assert.deepEqual([answer.status, answer.location], [303, "/saml/login"]);
      assert.equal(await rowsIn("consumed_assertions"), 0);
      await postTo(browser, await samlResponse(browser));
      await assertSignedIn(browser, "Ada@acme.example");
    });

    it("refuses a person whom SCIM did not create", async () => {
      await example.sql("users").where({ external_id: example.ada.id }).delete();
      const browser = browserAt(example);
      await assertRefused(await postTo(browser, await samlResponse(browser)), "just-in-time-off");
    });
  });

  describe("by OpenID Connect", () => {
    it("starts a session for the user of the table", async () => {
      const browser = browserAt(example);
      const answer = await browser.get(await oidcCallback(browser));
      assert.deepEqual([answer.status, answer.location], [303, "/"]);
      await assertSignedIn(browser, "Ada@acme.example");
      const [session] = await example.sql("sessions").join("users", "users.id", "user_id");
      assert.equal(session.external_id, example.ada.id);
      assert.equal(await rowsIn("pending_sign_ins"), 0);
    });

    it("finds the user by Okta's id after a change of the address", async () => {
      await example
        .sql("users")
        .where({ external_id: example.ada.id })
        .update({ email: "ada.l@acme.example" });
      const browser = browserAt(example);
      await browser.get(await oidcCallback(browser));
      await assertSignedIn(browser, "ada.l@acme.example");
    });

    it("refuses an id that two users have", async () => {
      await example.sql("users").insert({
        email: "eve@acme.example",
        created_at: 1,
        external_id: example.ada.id,
      });
      const browser = browserAt(example);
      await assertRefused(await browser.get(await oidcCallback(browser)), "account-conflict");
    });

    it("refuses an answer with a wrong state", async () => {
      const browser = browserAt(example);
      const path = (await oidcCallback(browser)).replace(/state=[^&]*/, "state=wrong");
      await assertRefused(await browser.get(path), "sign-in-not-started-here");
    });

    it("refuses an answer that another browser began", async () => {
      const path = await oidcCallback(browserAt(example));
      await assertRefused(await browserAt(example).get(path), "sign-in-not-started-here");
    });

    it("refuses a replayed answer", async () => {
      const browser = browserAt(example);
      const path = await oidcCallback(browser);
      await browser.get(path);
      await browser.post("/sign-out");
      await assertRefused(await browser.get(path), "sign-in-not-started-here");
    });

    it("refuses an answer that comes too late", async () => {
      const browser = browserAt(example);
      const path = await oidcCallback(browser);
      await example.sql("pending_sign_ins").update({ expires_at: Date.now() - 1 });
      await assertRefused(await browser.get(path), "sign-in-not-started-here");
    });

    it("refuses an ID token with a wrong nonce", async () => {
      const browser = browserAt(example);
      const path = await oidcCallback(browser, (url) => url.replace(/nonce=[^&]*/, "nonce=wrong"));
      await assertRefused(await browser.get(path), "provider-answer-not-valid");
    });
  });

  it("refuses a deactivated user by either protocol", async () => {
    await example.client.patch("/Users/1", { op: "replace", value: { active: false } });
    const [row] = await example.sql("users").where({ id: 1 });
    assert.ok(row.disabled_at > 0);
    const browser = browserAt(example);
    await assertRefused(await browser.get(await oidcCallback(browser)), "user-inactive");
    example.logged.splice(0);
    await assertRefused(await postTo(browser, await samlResponse(browser)), "user-inactive");
  });

  it("ends the sessions of a user whom the org deactivates", async () => {
    const [adas, bobs] = [browserAt(example), browserAt(example)];
    await adas.get(await oidcCallback(adas));
    await postTo(bobs, await samlResponse(bobs, example.bob));
    await assertSignedIn(bobs, "bob@acme.example");
    await deactivatePerson(example.org, example.ada.id);
    assert.equal((await adas.get("/")).status, 401);
    assert.equal(await rowsIn("sessions"), 1);
    await assertSignedIn(bobs, "bob@acme.example");
  });

  it("ignores the session of a disabled user, even if its row is there", async () => {
    const browser = browserAt(example);
    await browser.get(await oidcCallback(browser));
    await example.sql("users").where({ external_id: example.ada.id }).update({ disabled_at: 1 });
    assert.equal((await browser.get("/")).status, 401);
  });
});
