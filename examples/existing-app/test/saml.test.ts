import assert from "node:assert/strict";
import { newSamlKey } from "okta-stand-in/keys";
import type { Visitor } from "okta-stand-in/visitor";
import { browserAt, throughOrg } from "./example.ts";
import { useSignIns } from "./sign-ins.ts";

interface PostedResponse extends Record<string, string> {
  SAMLResponse: string;
  RelayState: string;
}

describe("signing in to the example by SAML", () => {
  const { example, rowsIn, assertSignedIn, assertRefused } = useSignIns();

  /** Leaves for the org, and returns the form that its page posts. */
  async function samlResponse(browser: Visitor): Promise<PostedResponse> {
    const { location } = await browser.get("/saml/login");
    return await formOf(location ?? "");
  }

  async function formOf(url: string): Promise<PostedResponse> {
    const { org, ada } = example();
    const { page } = await throughOrg(example(), await org.signedIn(ada), url);
    const value = (name: string) => new RegExp(`name="${name}" value="([^"]*)"`).exec(page)?.[1] ?? "";
    assert.match(page, new RegExp(`action="${example().url}/saml/acs"`));
    return { SAMLResponse: value("SAMLResponse"), RelayState: value("RelayState") };
  }

  const postTo = (browser: Visitor, form: PostedResponse) =>
    browser.post("/saml/acs", form, { origin: example().org.url });

  it("starts a session for the user of the table, and keeps hashes only", async () => {
    const browser = browserAt(example());
    const answer = await postTo(browser, await samlResponse(browser));
    assert.deepEqual([answer.status, answer.location], [303, "/"]);
    await assertSignedIn(browser, "Ada@acme.example");
    const [session] = await example().sql("sessions").join("users", "users.id", "user_id");
    assert.equal(session.external_id, example().ada.id);
    assert.match(session.token_hash, /^[0-9a-f]{64}$/);
    assert.ok(!answer.headers.get("set-cookie")?.includes(session.token_hash));
    assert.deepEqual([await rowsIn("consumed_assertions"), await rowsIn("pending_sign_ins")], [1, 0]);
  });

  it("ends the session at sign-out", async () => {
    const browser = browserAt(example());
    await postTo(browser, await samlResponse(browser));
    await browser.post("/sign-out");
    assert.equal((await browser.get("/")).status, 401);
    assert.equal(await rowsIn("sessions"), 0);
  });

  it("refuses a replayed response", async () => {
    const browser = browserAt(example());
    const form = await samlResponse(browser);
    await postTo(browser, form);
    await browser.post("/sign-out");
    await assertRefused(await postTo(browser, form), "saml-replayed");
  });

  it("refuses a response that is signed by another key", async () => {
    Object.assign(example().samlApp.signOn, await newSamlKey("Another org"));
    const browser = browserAt(example());
    await assertRefused(await postTo(browser, await samlResponse(browser)), "saml-signature-not-valid");
    assert.equal(await rowsIn("consumed_assertions"), 0);
  });

  it("refuses a response to the request of another browser", async () => {
    const form = await samlResponse(browserAt(example()));
    await assertRefused(await postTo(browserAt(example()), form), "saml-request-unknown");
  });

  it("refuses a changed RelayState", async () => {
    const browser = browserAt(example());
    const form = { ...(await samlResponse(browser)), RelayState: "another" };
    await assertRefused(await postTo(browser, form), "saml-request-unknown");
  });

  it("refuses a form that is too large, and one that is not a response", async () => {
    const browser = browserAt(example());
    const large = { SAMLResponse: "A".repeat(600_000), RelayState: "" };
    assert.equal((await postTo(browser, large)).status, 413);
    example().logged.splice(0);
    await assertRefused(await postTo(browser, { SAMLResponse: "A", RelayState: "" }), "saml-malformed");
  });

  it("refuses a NameID that is too long to be a name", async () => {
    example().ada.login = "a".repeat(501);
    const browser = browserAt(example());
    await assertRefused(await postTo(browser, await samlResponse(browser)), "saml-subject");
  });

  it("begins a sign-in of its own when the person clicks the tile", async () => {
    const { name, id } = example().samlApp;
    const browser = browserAt(example());
    const tile = await formOf(`${example().org.url}/home/${name}/${id}/aln1`);
    const answer = await postTo(browser, tile);
    assert.deepEqual([answer.status, answer.location], [303, "/saml/login"]);
    assert.equal(await rowsIn("consumed_assertions"), 0);
    await postTo(browser, await samlResponse(browser));
    await assertSignedIn(browser, "Ada@acme.example");
  });

  it("refuses a person whom SCIM did not create", async () => {
    await example().sql("users").where({ external_id: example().ada.id }).delete();
    const browser = browserAt(example());
    await assertRefused(await postTo(browser, await samlResponse(browser)), "just-in-time-off");
  });

  it("refuses a deactivated user", async () => {
    await example().client.patch("/Users/1", { op: "replace", value: { active: false } });
    const browser = browserAt(example());
    await assertRefused(await postTo(browser, await samlResponse(browser)), "user-inactive");
  });
});
